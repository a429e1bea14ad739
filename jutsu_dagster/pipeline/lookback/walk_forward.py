"""Walk-forward of one strategy: windows, choices, the stitched account, and what it is worth."""

from __future__ import annotations

import itertools
from collections.abc import Callable
from dataclasses import asdict, dataclass
from typing import Any

import numpy as np
import pandas as pd

from jutsu_dagster.core.bars import FloatArray
from jutsu_dagster.pipeline.lookback.report import Report, head
from jutsu_dagster.pipeline.lookback.run import Run, Span, Switched
from jutsu_dagster.pipeline.lookback.walk_page import walk_page
from jutsu_dagster.registry.config import StrategyConfig
from jutsu_dagster.reporting.lookback_plots import stitched_svg
from jutsu_dagster.research.lookback.measures import known, metric_of, summary
from jutsu_dagster.research.lookback.walk_forward import (
    Step,
    efficiency,
    parent_stability,
    spliced,
    stability,
    walk,
)
from jutsu_dagster.research.lookback.windows import outside_rows, walk_windows
from jutsu_dagster.research.statistics.resampling import Sampling, paired_difference
from jutsu_dagster.research.statistics.sharpe import moments, probabilistic_sharpe

TOOL = "walk-forward"
PHASES = 4


@dataclass(frozen=True, slots=True)
class WalkOptions:
    """How to walk: days in and out of sample, whether anchored, by which metric, which seed."""

    in_sample: int = 630
    out_of_sample: int = 126
    anchored: bool = False
    metric: str = "sharpe"
    seed: int = 0


def require(days: int, options: WalkOptions) -> None:
    """Raise LookbackError if windows of these lengths do not fit so many days."""
    metric_of(options.metric)
    walk_windows(days, options.in_sample, options.out_of_sample, anchored=options.anchored)


def walk_forward(
    config: StrategyConfig,
    run: Run,
    source: str,
    options: WalkOptions,
    advance: Callable[[int], None] = lambda _done: None,
) -> Report:
    """Choose in sample, use out of sample, stitch, and compare.

    Raises
    ------
    LookbackError
        If the windows are longer than the days, or the metric is unknown.
    """
    windows = walk_windows(
        len(run), options.in_sample, options.out_of_sample, anchored=options.anchored
    )
    steps = walk(run.returns, windows, options.metric, run.basis)
    rows = outside_rows(windows)
    spans = [Span(step.chosen, step.window.split, step.window.stop) for step in steps]
    advance(1)
    account = run.follow(spans)
    advance(2)
    fixed = run.follow([Span(0, spans[0].first, spans[-1].stop)])
    advance(3)
    baseline = run.baseline[rows]
    columns = {
        "stitched": summary(account.returns, run.basis),
        "parent": summary(fixed.returns, run.basis),
        "buy_and_hold": summary(baseline, run.held),
        "without_switching_cost": summary(spliced(run.returns, steps), run.basis),
    }
    names = sorted({name for one in run.sets for name in one.changed})
    values = [[_value_of(run, at, name) for name in names] for at in range(len(run.sets))]
    found = {
        "summary": columns,
        "efficiency": efficiency(steps),
        "against_parent": _against(account.returns, fixed.returns, options.seed),
        "parent_in_sample": parent_stability(steps, len(run.sets)),
        "switches": _switches(steps, account, fixed),
        "windows": [
            _window(run, step, float(t)) for step, t in zip(steps, account.turnover, strict=True)
        ],
        "parameters": stability(names, values, steps),
        "assumptions": [run.switching],
    }
    document = head(TOOL, config, run, source, asdict(options)) | {"results": found}
    lengths = [step.window.stop - step.window.split for step in steps]
    frame = pd.DataFrame(
        {
            "date": run.days[rows].astype(str),
            "window": np.repeat(range(len(steps)), lengths),
            "chosen": np.repeat([step.chosen for step in steps], lengths),
            "stitched": account.returns,
            "parent": fixed.returns,
            "buy_and_hold": baseline,
            "without_switching_cost": spliced(run.returns, steps),
        }
    )
    plots = {"stitched": _plot(config, run, rows, steps, account.returns, fixed.returns)}
    return Report(
        TOOL, config.strategy_id, document, walk_page(document), {"stitched": frame}, plots
    )


def _value_of(run: Run, at: int, name: str) -> Any:
    """Return what a parameter is in one set, by its dotted name."""
    if name in run.sets[at].changed:
        return run.sets[at].changed[name]
    value: Any = run.sets[0].strategy
    for part in name.split("."):
        value = value[part] if isinstance(value, dict) else getattr(value, part)
    return value


def _against(own: FloatArray, parent: FloatArray, seed: int) -> dict[str, Any]:
    """Return how sure it is that the stitched days are better than the fixed parent's."""
    block, mean, ratio = paired_difference(own, parent, Sampling(seed=seed))
    found, other = moments(own), moments(parent)
    return {
        "block": block,
        "mean_difference": asdict(mean),
        "sharpe_difference_per_day": asdict(ratio),
        "psr_zero": probabilistic_sharpe(found) if found else None,
        "psr_parent": probabilistic_sharpe(found, other.sharpe) if found and other else None,
    }


def _switches(steps: tuple[Step, ...], account: Switched, fixed: Switched) -> dict[str, Any]:
    changed = sum(a.chosen != b.chosen for a, b in itertools.pairwise(steps))
    return {
        "windows": len(steps),
        "changes_of_set": changed,
        "parent_chosen": sum(step.chosen == 0 for step in steps),
        "turnover_at_switches": float(account.turnover[1:].sum()),
        "costs": account.costs,
        "parent_costs": fixed.costs,
    }


def _window(run: Run, step: Step, turnover: float) -> dict[str, Any]:
    one, days = step.window, run.days
    return {
        "in_sample": [str(days[one.first]), str(days[one.split - 1])],
        "out_of_sample": [str(days[one.split]), str(days[one.stop - 1])],
        "days": [one.split - one.first, one.stop - one.split],
        "chosen": step.chosen,
        "changes": dict(run.sets[step.chosen].changed),
        "metric": {"inside": step.inside, "outside": step.outside},
        "parent": {"inside": step.parent_inside, "outside": step.parent_outside},
        "median_outside": step.median_outside,
        "beaten_outside": step.beaten,
        "parent_rank": step.parent_rank,
        "annual_return": {"inside": step.inside_annual, "outside": step.outside_annual},
        "turnover": known(turnover),
    }


def _plot(
    config: StrategyConfig, run: Run, rows: Any, steps: tuple[Step, ...], own: FloatArray,
    parent: FloatArray,
) -> str:  # fmt: skip
    lines = {
        "stitched": run.basis.equity(own),
        "parent": run.basis.equity(parent),
        "buy and hold": run.held.equity(run.baseline[rows]),
    }
    cuts = run.days[[step.window.split for step in steps]]
    return stitched_svg(
        run.days[rows], lines, cuts, f"{config.strategy_id}: walk-forward, out of sample"
    )
