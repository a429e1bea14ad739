"""Plateau of one strategy: its neighbours one by one, and two parameters together."""

from __future__ import annotations

import math
from dataclasses import asdict, dataclass
from typing import Any

import numpy as np
import pandas as pd

from jutsu_dagster.core.bars import FloatArray
from jutsu_dagster.pipeline.lookback import markdown as md
from jutsu_dagster.pipeline.lookback.candidates import Candidates, Pair
from jutsu_dagster.pipeline.lookback.report import Report, head
from jutsu_dagster.pipeline.lookback.run import Run
from jutsu_dagster.registry.config import StrategyConfig
from jutsu_dagster.reporting.plateau_plots import heat_svg, neighbours_svg
from jutsu_dagster.research.lookback.measures import known, metric_of, summary, written
from jutsu_dagster.research.lookback.plateau import Aside, Neighbour, heat, profile, verdict

TOOL = "plateau"
FLOOR = 0.7


@dataclass(frozen=True, slots=True)
class PlateauOptions:
    """How far aside, by which metric, and which two parameters together, if any."""

    steps: int = 1
    metric: str = "sharpe"
    pair: str | None = None
    pair_steps: int = 3


@dataclass(frozen=True, eq=False, slots=True)
class PairRun:
    """Two parameters together: their sets as drawn up, their grid, and their run."""

    candidates: Candidates
    pair: Pair
    run: Run


def plateau(
    config: StrategyConfig,
    run: Run,
    source: str,
    options: PlateauOptions,
    together: PairRun | None = None,
) -> Report:
    """Say what is left of the strategy one step aside of it.

    Raises
    ------
    LookbackError
        If the metric is unknown.
    """
    measure = metric_of(options.metric)
    asides = [
        Aside(at, name, steps, one.changed.get(name, _entries(one.changed, name)))
        for at, one in enumerate(run.sets)
        for name, steps in one.steps.items()
    ]
    held = float(measure(run.baseline, run.held))
    around = profile(run.returns, held, asides, options.metric, run.basis)
    own = measure(run.returns[:, 0], run.basis)
    found: dict[str, Any] = {
        "parent": summary(run.returns[:, 0], run.basis),
        "buy_and_hold": summary(run.baseline, run.held),
        "metric": options.metric,
        "parent_metric": known(float(own)),
        "verdict": verdict(around),
        "neighbours": [_row(config, one) for one in around],
    }
    document = head(TOOL, config, run, source, asdict(options)) | {"results": found}
    plots = {"neighbours": _plot(config, around, known(float(own)), options)}
    frames = {"neighbours": _frame(found["neighbours"])}
    if together is not None:
        places = _places(together)
        scores = measure(together.run.returns, together.run.basis)
        grid = heat(places, scores, tuple(len(side) for side in together.pair.levels))  # type: ignore[arg-type]
        found["pair"] = {
            "names": list(together.pair.names),
            "values": [list(side) for side in together.pair.levels],
            "metric": [[known(value) for value in row] for row in grid],
            "refused": len(together.run.refused),
        }
        own_place = next(place for place, at in places.items() if at == 0)
        plots["pair"] = _heat_plot(config, together.pair, grid, own_place, options)
    return Report(TOOL, config.strategy_id, document, _page(document), frames, plots)


def _entries(changed: Any, name: str) -> Any:
    """Return the entries of a map that moved together."""
    return {key: value for key, value in changed.items() if key.startswith(f"{name}.")}


def _places(together: PairRun) -> dict[tuple[int, int], int]:
    """Return where each combination stands in the run, from which refused sets are gone."""
    rows = {one.strategy.parameter_hash: at for at, one in enumerate(together.run.sets)}
    sets = together.candidates.sets
    placed = {
        place: rows.get(sets[at].strategy.parameter_hash)
        for place, at in together.pair.places.items()
    }
    return {place: at for place, at in placed.items() if at is not None}


def _row(config: StrategyConfig, one: Neighbour) -> dict[str, Any]:
    parent = _entry(config, one.aside.parameter)
    return {
        "parameter": one.aside.parameter,
        "parent": parent,
        "value": one.aside.value,
        "steps": one.aside.steps,
        "metric": one.metric,
        "retained": one.retained,
        "edge_kept": one.edge_kept,
        "idle": one.idle,
    }


def _entry(config: StrategyConfig, name: str) -> Any:
    value: Any = config.strategy
    for part in name.split("."):
        value = value[part] if isinstance(value, dict) else getattr(value, part)
    return value


def _frame(rows: list[dict[str, Any]]) -> pd.DataFrame:
    frame = pd.DataFrame(rows)
    return frame.assign(parent=frame["parent"].astype(str), value=frame["value"].astype(str))


def _plot(
    config: StrategyConfig, around: list[Neighbour], own: float | None, options: PlateauOptions
) -> str:
    """Plot what each neighbour keeps; its metric itself where there is nothing to keep."""
    moved = [one for one in around if not one.idle]
    shares = own is not None and own > 0
    rows = []
    for name in dict.fromkeys(one.aside.parameter for one in moved):
        marks = []
        for one in moved:
            value = one.retained if shares else one.metric
            if one.aside.parameter == name and value is not None:
                marks.append((written(one.aside.value), value, one.aside.steps))
        rows.append((name, marks))
    title = f"{config.strategy_id}: {options.metric} of its neighbours"
    if shares:
        axis = f"share of the strategy's own {options.metric} kept; red: {FLOOR:.0%}"
        return neighbours_svg(rows, title, axis, floor=FLOOR)
    axis = f"{options.metric}; black: the strategy's own, of which nothing can be kept"
    return neighbours_svg(rows, title, axis, own=own or 0.0, shown=lambda value: f"{value:.3g}")


def _heat_plot(
    config: StrategyConfig, pair: Pair, grid: FloatArray, own: tuple[int, int],
    options: PlateauOptions,
) -> str:  # fmt: skip
    labels = ([written(v) for v in pair.levels[0]], [written(v) for v in pair.levels[1]])
    title = f"{config.strategy_id}: {options.metric} by two parameters"
    return heat_svg(pair.names, labels, np.asarray(grid), own, title)


def _page(document: dict[str, Any]) -> str:
    found = document["results"]
    told, metric = found["verdict"], found["metric"]
    cliffs = ", ".join(told["cliffs"]) or "none"
    header, rows = md.summaries(
        {"strategy": found["parent"], "buy and hold": found["buy_and_hold"]}
    )
    ranked = sorted(
        (one for one in found["neighbours"] if not one["idle"]),
        key=lambda one: -math.inf if one["metric"] is None else one["metric"],
    )
    told_of = (
        f"{told['neighbours']} neighbours, {told['idle']} of them idle (they change nothing, day"
        f" for day). The worst keeps {md.percent(told['worst_retained'])} of the {metric}, the"
        f" mean is {md.percent(told['mean_retained'])}. Of the edge over buy-and-hold the worst"
        f" keeps {md.percent(told['worst_edge_kept'])}, the mean"
        f" {md.percent(told['mean_edge_kept'])}. Below a cliff (more than 30 % lost): {cliffs}."
    )
    pair = [f"![{' by '.join(found['pair']['names'])}](pair.svg)"] if "pair" in found else []
    listed = [
        [
            one["parameter"], written(one["parent"]), written(one["value"]),
            md.ratio(one["metric"]), md.percent(one["retained"]), md.percent(one["edge_kept"]),
        ]
        for one in ranked
    ]  # fmt: skip
    return md.page(
        f"Plateau of {document['strategy_id']}",
        document,
        md.table(header, rows),
        told_of,
        "![neighbours](neighbours.svg)",
        *pair,
        "## Neighbours, the worst first",
        md.table(["parameter", "parent", "value", metric, "kept", "of the edge"], listed),
    )
