"""The probability of backtest overfitting of choosing among one strategy's parameter sets."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from typing import Any

import numpy as np
import pandas as pd

from jutsu_dagster.core.bars import FloatArray
from jutsu_dagster.pipeline.lookback import markdown as md
from jutsu_dagster.pipeline.lookback.candidates import Candidate, described
from jutsu_dagster.pipeline.lookback.report import Report, head
from jutsu_dagster.pipeline.lookback.run import Run
from jutsu_dagster.registry.config import StrategyConfig
from jutsu_dagster.reporting.lookback_plots import histogram_svg
from jutsu_dagster.research.lookback.distinct import distinct_columns
from jutsu_dagster.research.lookback.measures import LookbackError, sharpe, summary
from jutsu_dagster.research.statistics.deflated import (
    deflated_sharpe,
    effective_trials,
    mean_correlation,
    trial_variance,
)
from jutsu_dagster.research.statistics.overfitting import BLOCKS, overfitting
from jutsu_dagster.research.statistics.sharpe import moments

TOOL = "pbo"
_BEST = 10
# C(20, 10) are 184,756 splits already.
_MOST_BLOCKS = 20


@dataclass(frozen=True, slots=True)
class PboOptions:
    """S, the number of contiguous blocks."""

    blocks: int = BLOCKS


def require(days: int, options: PboOptions) -> None:
    """Raise LookbackError if the days cannot be cut into so many blocks."""
    blocks = options.blocks
    if blocks < 2 or blocks % 2 or blocks > _MOST_BLOCKS:  # noqa: PLR2004  # two halves
        raise LookbackError(
            f"--blocks {blocks} must be an even number from 2 to {_MOST_BLOCKS}: half of them are"
            " one side of a split"
        )
    if days < 2 * blocks:
        raise LookbackError(f"--blocks {blocks} need at least {2 * blocks} days; there are {days}")


def pbo(config: StrategyConfig, run: Run, source: str, options: PboOptions) -> Report:
    """Split the days in halves in every way, and see how the best of one does in the other.

    Sets whose returns equal another's day for day are left out: a choice between them is none.

    Raises
    ------
    LookbackError
        If there are too few days or different sets, or the number of blocks is odd.
    """
    columns = distinct_columns(run.returns)
    sets, returns = run.only(columns.tolist())
    if len(sets) < 2:  # noqa: PLR2004  # a choice
        raise LookbackError(f"all {len(run.sets)} sets behave alike: there is nothing to choose")
    require(len(run), options)
    found = overfitting(returns, options.blocks)
    assert found is not None  # noqa: S101  (enough days and sets)
    ratios = sharpe(returns, run.basis)
    best = int(np.where(np.isfinite(ratios), ratios, -np.inf).argmax())
    results = found.as_dict() | {
        "distinct": len(sets),
        "best": {"changes": dict(sets[best].changed), **summary(returns[:, best], run.basis)},
        "parent": summary(returns[:, 0], run.basis),
        "parent_rank": 1 + int((ratios > ratios[0]).sum()),
        "deflated": _deflated(returns, ratios, best),
    }
    document = head(TOOL, config, run, source, asdict(options)) | {"results": results}
    ranked = _ranked(sets, ratios)
    curves = pd.DataFrame(returns, columns=[f"set_{at}" for at in columns.tolist()])
    curves.insert(0, "date", run.days.astype(str))
    logits = results["logits"]
    title = f"{config.strategy_id}: PBO {found.pbo:.1%}, {found.splits:,} splits"
    axis = "logit of the in-sample best's rank out of sample; red: below the median"
    plots = {"logits": histogram_svg(logits["edges"], logits["counts"], title, axis)}
    frames = {"sets": ranked, "returns": curves, "logits": pd.DataFrame({"logit": found.logits})}
    return Report(TOOL, config.strategy_id, document, _page(document, ranked), frames, plots)


def _deflated(returns: FloatArray, ratios: FloatArray, best: int) -> dict[str, float | None]:
    """Return whether the best set's Sharpe ratio is above what so many trials give by luck."""
    # Per day: the scale of the variance and of the moments.
    daily = np.array([one.sharpe if (one := moments(c)) else np.nan for c in returns.T])
    variance, own, parent = trial_variance(daily), moments(returns[:, best]), moments(returns[:, 0])
    count = effective_trials(len(ratios), mean_correlation(returns))
    nothing: dict[str, float | None] = {
        "trials": len(ratios), "trials_effective": count, "dsr_best": None, "dsr_parent": None,
        "threshold_per_day": None,
    }  # fmt: skip
    if variance is None or own is None or parent is None:
        return nothing
    chance, threshold = deflated_sharpe(own, variance, count)
    return nothing | {
        "dsr_best": chance,
        "dsr_parent": deflated_sharpe(parent, variance, count)[0],
        "threshold_per_day": threshold,
    }


def _ranked(sets: Any, ratios: FloatArray) -> pd.DataFrame:
    order = np.argsort(-np.nan_to_num(ratios, nan=-np.inf), kind="stable")
    rows: list[dict[str, object]] = []
    for at in order.tolist():
        one: Candidate = sets[at]
        rows.append(
            {
                "set": described(one.changed),
                "sharpe": float(ratios[at]),
                "parameter_hash": one.strategy.parameter_hash,
            }
        )
    return pd.DataFrame(rows)


def _page(document: dict[str, Any], ranked: pd.DataFrame) -> str:
    found, luck = document["results"], document["results"]["deflated"]
    slope = md.ratio(found["slope"])
    best = ranked.head(_BEST)
    header, rows = md.summaries({"best set": found["best"], "parent": found["parent"]})
    return md.page(
        f"Probability of backtest overfitting of {document['strategy_id']}",
        document,
        f"CSCV: {found['blocks']} blocks, {found['splits']:,} splits of {found['days']} days"
        f" ({found['dropped']} oldest dropped) over {found['distinct']} sets that behave"
        " differently.",
        f"**PBO {md.percent(found['pbo'])}**: in so many splits the best set of one half was"
        f" below the median in the other. Probability of loss {md.percent(found['loss'])} (its"
        f" Sharpe ratio there at 0 or below). Slope of the out-of-sample on the in-sample"
        f" Sharpe ratio of the best {slope}: 1 would be what was seen, 0 nothing of it, below 0"
        " the better it looked the worse it did.",
        "![logits](logits.svg)",
        f"Deflated Sharpe ratio at {luck['trials']} sets"
        f" ({md.ratio(luck['trials_effective'], 1)} effective): best"
        f" {md.ratio(luck['dsr_best'])}, parent {md.ratio(luck['dsr_parent'])}."
        f" The parent is number {found['parent_rank']} by Sharpe ratio over all days.",
        md.table(header, rows),
        f"## The first {len(best)} sets by Sharpe ratio over all days",
        md.table(
            ["set", "Sharpe"],
            [[row["set"], md.ratio(row["sharpe"])] for row in best.to_dict("records")],
        ),
    )
