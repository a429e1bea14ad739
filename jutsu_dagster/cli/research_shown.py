"""What ``jutsu research`` prints of a report: a table or two, the rest stands in its files."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from jutsu_dagster.pipeline.lookback import markdown as md
from jutsu_dagster.research.lookback.measures import written

Shown = list[tuple[str, list[str], list[list[str]]]]

_WORST = 10


def _title(document: Mapping[str, Any], words: str) -> str:
    window = document["window"]
    return f"{document['strategy_id']}: {words}, {window['first']} to {window['last']}"


def _walk_forward(document: Mapping[str, Any]) -> Shown:
    found = document["results"]
    worth, switches = found["efficiency"], found["switches"]
    header, rows = md.summaries(found["summary"])
    facts = [
        ["windows", str(switches["windows"])],
        ["changes of set", str(switches["changes_of_set"])],
        ["efficiency, return", md.ratio(worth["return_efficiency"], 2)],
        ["efficiency, metric", md.ratio(worth["metric_efficiency"], 2)],
        ["others beaten out of sample", md.percent(worth["mean_beaten"])],
        ["parent among the best tenth in sample", md.percent(found["parent_in_sample"]["share"])],
    ]
    return [
        (_title(document, "walk-forward, out of sample only"), header, rows),
        ("Choosing", ["", "value"], facts),
    ]


def _monte_carlo(document: Mapping[str, Any]) -> Shown:
    found = document["results"]
    levels = ("p05", "p25", "p50", "p75", "p95")
    rows = []
    for name, of in found["distributions"].items():
        show = md.ratio if name == "sharpe" else md.percent
        values = [show(found["observed"][name]), *(show(of[level]) for level in levels)]
        rows.append([name.replace("_", " "), *values])
    chances = [
        [name.replace("_", " "), md.percent(value)]
        for name, value in found["probabilities"].items()
    ]
    return [
        (
            _title(document, f"{found['draws']:,} courses, mean block {found['block']} days"),
            ["", "observed", "5 %", "25 %", "50 %", "75 %", "95 %"],
            rows,
        ),
        ("Probabilities", ["", "value"], chances),
    ]


def _plateau(document: Mapping[str, Any]) -> Shown:
    found = document["results"]
    told = found["verdict"]
    moved = [one for one in found["neighbours"] if not one["idle"] and one["metric"] is not None]
    worst = sorted(moved, key=lambda one: float(one["metric"]))[:_WORST]
    rows = [
        [
            one["parameter"], written(one["parent"]), written(one["value"]),
            md.ratio(one["metric"]), md.percent(one["retained"]), md.percent(one["edge_kept"]),
        ]
        for one in worst
    ]  # fmt: skip
    facts = [
        ["neighbours, idle ones among them", f"{told['neighbours']}, {told['idle']}"],
        ["worst, mean kept", _pair(told["worst_retained"], told["mean_retained"])],
        ["worst, mean of the edge", _pair(told["worst_edge_kept"], told["mean_edge_kept"])],
        ["below a cliff", str(len(told["cliffs"]))],
    ]
    header = ["parameter", "parent", "value", found["metric"], "kept", "of the edge"]
    return [
        (_title(document, f"its worst {len(rows)} neighbours"), header, rows),
        ("Plateau", ["", "value"], facts),
    ]


def _pair(one: float | None, other: float | None) -> str:
    return f"{md.percent(one)}, {md.percent(other)}"


def _pbo(document: Mapping[str, Any]) -> Shown:
    found = document["results"]
    facts = [
        ["probability of backtest overfitting", md.percent(found["pbo"])],
        ["probability of loss out of sample", md.percent(found["loss"])],
        ["slope, out of sample on in sample", md.ratio(found["slope"])],
        ["sets that differ, of evaluated",
         f"{found['distinct']} of {document['sets']['evaluated']}"],
        ["splits, days", f"{found['splits']:,}, {found['days']}"],
        ["parent's rank by Sharpe", str(found["parent_rank"])],
    ]  # fmt: skip
    return [(_title(document, "choosing among its sets"), ["", "value"], facts)]


SHOWN: dict[str, Callable[[Mapping[str, Any]], Shown]] = {
    "walk-forward": _walk_forward,
    "monte-carlo": _monte_carlo,
    "plateau": _plateau,
    "pbo": _pbo,
}
