"""Monte Carlo of one strategy's backtest: its days drawn again in blocks."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import asdict, dataclass
from typing import Any

import numpy as np
import pandas as pd

from jutsu_dagster.core.bars import FloatArray
from jutsu_dagster.pipeline.lookback import markdown as md
from jutsu_dagster.pipeline.lookback.report import Report, head
from jutsu_dagster.pipeline.lookback.run import Run
from jutsu_dagster.registry.config import StrategyConfig
from jutsu_dagster.reporting.lookback_plots import fan_svg
from jutsu_dagster.research.lookback.measures import LookbackError, summary
from jutsu_dagster.research.lookback.monte_carlo import (
    FALLS,
    PERCENTILES,
    Drawn,
    bootstrap,
    distributions,
    probabilities,
    require_days,
    standing,
)
from jutsu_dagster.research.statistics.resampling import block_length

TOOL = "monte-carlo"
ASSUMPTION = (
    "the days of the past are drawn again in blocks: what never happened cannot be drawn, and a"
    " strategy chosen because its past was good brings that luck along. The distributions say how"
    " much the same days could have varied, not what the next ones will be"
)


@dataclass(frozen=True, slots=True)
class DrawOptions:
    """How to draw: courses, mean block (None: by the published rule), days a course, ruin, seed."""

    draws: int = 10_000
    block: int | None = None
    horizon: int | None = None
    ruin: float = 0.5
    seed: int = 0


def require(days: int, options: DrawOptions) -> None:
    """Raise LookbackError if the options do not fit so many days."""
    if not 0 < options.ruin < 1:
        raise LookbackError(f"--ruin {options.ruin} must be between 0 and 1: a share of the start")
    require_days(days, options.block, options.horizon)


def monte_carlo(
    config: StrategyConfig,
    run: Run,
    source: str,
    options: DrawOptions,
    advance: Callable[[int], None] = lambda _done: None,
) -> Report:
    """Draw the parent's daily returns again, and measure every course.

    Raises
    ------
    LookbackError
        If there are too few days, or an option does not fit them.
    """
    returns = np.ascontiguousarray(run.returns[:, 0])
    block = options.block or block_length(returns[:, None])
    drawn = bootstrap(
        returns, run.basis, block=block, replications=options.draws, horizon=options.horizon,
        seed=options.seed, advance=advance,
    )  # fmt: skip
    observed = summary(returns, run.basis)
    found = {
        "observed": observed,
        "observed_percentile": None if drawn.horizon < len(returns) else standing(drawn, observed),
        "block": block,
        "block_rule": "given" if options.block else "Politis and White (2004), corrected (2009)",
        "horizon": drawn.horizon,
        "draws": options.draws,
        "distributions": distributions(drawn),
        "probabilities": probabilities(drawn, options.ruin),
        "assumptions": [ASSUMPTION],
    }
    document = head(TOOL, config, run, source, asdict(options)) | {"results": found}
    names = [f"p{level:02d}" for level in PERCENTILES]
    fan = pd.DataFrame(drawn.fan, columns=names)
    fan.insert(0, "day", drawn.days)
    courses = pd.DataFrame(
        {
            "total_return": drawn.total,
            "annual_return": drawn.annual,
            "sharpe": drawn.sharpe,
            "max_drawdown": drawn.drawdown,
            "lowest_equity": drawn.lowest,
        }
    )
    plots = {"fan": _plot(config, run, returns, drawn)}
    frames = {"fan": fan, "courses": courses}
    return Report(TOOL, config.strategy_id, document, _page(document), frames, plots)


def _plot(config: StrategyConfig, run: Run, returns: FloatArray, drawn: Drawn) -> str:
    title = f"{config.strategy_id}: days drawn again in blocks"
    observed = None
    if drawn.horizon == len(returns):
        observed = np.concatenate(([1.0], run.basis.equity(returns)))[drawn.days]
    return fan_svg(drawn.days, drawn.fan, observed, run.basis.per_year, title)


def _page(document: dict[str, Any]) -> str:
    found, options = document["results"], document["options"]
    seen, chance = found["observed"], found["probabilities"]
    labels = {
        "total_return": "total return",
        "annual_return": "a year",
        "sharpe": "Sharpe",
        "max_drawdown": "worst drawdown",
    }
    rows = []
    for name, label in labels.items():
        show = md.ratio if name == "sharpe" else md.percent
        values = found["distributions"][name]
        levels = [show(values[f"p{level:02d}"]) for level in PERCENTILES]
        rows.append([label, show(seen[name]), *levels])
    below = found["observed_percentile"] or {}
    falls = ", ".join(
        f"{fall:.0%}: {md.percent(chance[f'drawdown_over_{round(fall * 100)}'])}" for fall in FALLS
    )
    return md.page(
        f"Monte Carlo of {document['strategy_id']}",
        document,
        f"{found['draws']:,} courses of {found['horizon']} days, drawn from the daily returns"
        f" by the stationary bootstrap, mean block {found['block']} days ({found['block_rule']}),"
        f" seed {options['seed']}.",
        "![fan of the drawn courses](fan.svg)",
        md.table(["", "observed", *(f"{level} %" for level in PERCENTILES)], rows),
        f"Probability of a loss over the course {md.percent(chance['loss'])}, of ruin (equity"
        f" ever at {md.percent(1 - options['ruin'], 0)} of the start or below)"
        f" {md.percent(chance['ruin'])}. Probability of a drawdown deeper than {falls}. Share of"
        f" courses at or below what was observed: Sharpe {md.percent(below.get('sharpe'))}, worst"
        f" drawdown {md.percent(below.get('max_drawdown'))}.",
        "## What is assumed",
        *found["assumptions"],
    )
