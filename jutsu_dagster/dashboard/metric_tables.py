"""Metrics of one account beside its baseline, or of several beside each other."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from dash import html
from dash.development.base_component import Component

from jutsu_dagster.dashboard import parts
from jutsu_dagster.dashboard.answers import Answer
from jutsu_dagster.dashboard.formats import Kind
from jutsu_dagster.dashboard.legend import sample
from jutsu_dagster.dashboard.scene import Scene
from jutsu_dagster.dashboard.theme import BASELINE_STROKE

_METRICS: tuple[tuple[str, str, Kind], ...] = (
    ("total_return", "Total return", "change"),
    ("cagr", "CAGR", "change"),
    ("sharpe_ratio", "Sharpe ratio", "ratio"),
    ("sortino_ratio", "Sortino ratio", "ratio"),
    ("calmar_ratio", "Calmar ratio", "ratio"),
    ("max_drawdown", "Max drawdown", "percent"),
    ("volatility", "Volatility", "percent"),
    ("final_equity", "Final equity, USD", "money"),
)
_TRADES: tuple[tuple[str, str, Kind], ...] = (
    ("total_fills", "Orders", "count"),
    ("closed_trades", "Closed trades", "count"),
    ("win_rate", "Win rate", "percent"),
    ("profit_factor", "Profit factor", "ratio"),
    ("beta", "Beta to the baseline", "ratio"),
)
# Of these a difference says something.
_DIFFERENCE: dict[Kind, Kind] = {"change": "points", "percent": "points", "ratio": "ratio_change"}


def headline(found: Answer) -> Component:
    """Return where an account stands, and its period in a few numbers."""
    now = parts.stats(
        parts.stat("Equity, USD", parts.number(found, "current/equity", "money")),
        parts.stat("Total return",
                   parts.number(found, "metrics/total_return", "change", toned=True)),
        parts.stat("CAGR", parts.number(found, "metrics/cagr", "change")),
        parts.stat("Sharpe ratio", parts.number(found, "metrics/sharpe_ratio", "ratio")),
        parts.stat("Max drawdown", parts.number(found, "metrics/max_drawdown", "percent")),
        parts.stat("Regime at the end", *_regime(found.body)),
    )  # fmt: skip
    return parts.card(now, title=period_words(found, "period"), name="headline")


def performed(found: Answer, id_: str) -> Component:
    """Return an account's metrics beside its baseline's, and its trades."""
    metrics = parts.table(
        ["Metric", id_, "Baseline", "Difference"],
        [
            [
                label,
                parts.number(found, f"metrics/{name}", kind),
                parts.number(found, f"baseline/{name}", kind),
                _difference(found, f"metrics/{name} - baseline/{name}", kind),
            ]
            for name, label, kind in _METRICS
        ],
        label="Metrics of the period beside the baseline's",
    )
    trades = parts.table(
        ["Trades", id_],
        [[label, parts.number(found, f"trades/{name}", kind)] for name, label, kind in _TRADES],
        label="Trades of the period",
    )
    return parts.card(html.Div([metrics, trades], className="two"), title="Metrics")


def compared(found: Answer, scene: Scene, ids: Sequence[str]) -> Component:
    """Return the metrics of accounts side by side, with differences and the baseline."""
    lead = ids[0]
    heads = ["Metric", *(_head(scene, id_) for id_ in ids)]
    two = len(ids) == 2  # noqa: PLR2004  (the difference has a column)
    if two:
        heads.append(html.Span([ids[1], " − ", lead], title="Second minus first"))
    grey = sample(scene.colours.baseline, BASELINE_STROKE)
    heads.append(html.Span([grey, "Baseline"], className="line-head"))
    rows = [
        [label, *_cells(found, ids, "metrics", name, kind),
         parts.number(found, f"baseline/{name}", kind)]
        for name, label, kind in _METRICS
    ]  # fmt: skip
    rows += [
        [label, *_cells(found, ids, "trades", name, kind), "–"] for name, label, kind in _TRADES
    ]
    regimes = [found.body["comparison"]["strategies"][id_]["current_regime"] for id_ in ids]
    rows.append(["Regime at the end", *((each or "–").replace("_", " ") for each in regimes),
                 *(["–"] if two else []), "–"])  # fmt: skip
    winner = found.body["comparison"]["winner"]
    said = html.P([html.Strong(f"{winner}"), " has the higher Sharpe ratio."]) if winner else None
    table = parts.table(heads, rows, label="Metrics side by side", name="compare")
    words = "" if two else f"Small: the difference to {lead}. "
    hint = html.P(f"{words}pp: percentage points.", className="hint faint")
    return parts.card(table, hint, title=period_words(found, "comparison/period"), aside=said)


def period_words(found: Answer, path: str) -> Component:
    """Return the days that an answer is about."""
    period = found.at(path)
    return html.Span(
        [f"{period['start_date']} to {period['end_date']}",
         html.Span([parts.number(found, f"{path}/trading_days", "count"), " sessions"],
                   className="faint after")],
        className="period",
    )  # fmt: skip


def _cells(
    found: Answer, ids: Sequence[str], group: str, name: str, kind: Kind
) -> list[parts.Child]:
    """Return a row's numbers; of two their difference after them, of more below each."""
    lead = ids[0]
    cells: list[parts.Child] = []
    for id_ in ids:
        value = parts.number(found, f"details/{id_}/{group}/{name}", kind)
        if id_ != lead and len(ids) > 2 and kind in _DIFFERENCE:  # noqa: PLR2004
            value = html.Div([value, html.Div(_minus(found, id_, lead, group, name, kind),
                                              className="more")])  # fmt: skip
        cells.append(value)
    if len(ids) == 2:  # noqa: PLR2004
        cells.append(_minus(found, ids[1], lead, group, name, kind))
    return cells


def _minus(found: Answer, one: str, other: str, group: str, name: str, kind: Kind) -> parts.Child:
    path = f"details/{one}/{group}/{name} - details/{other}/{group}/{name}"
    return _difference(found, path, kind)


def _difference(found: Answer, path: str, kind: Kind) -> parts.Child:
    if kind == "money":
        return "–"  # of accounts that began with other money it would say nothing
    return parts.number(found, path, _DIFFERENCE.get(kind, kind), toned=kind != "percent")


def _head(scene: Scene, id_: str) -> Component:
    line = scene.look(id_)
    name = parts.link(id_, scene.view.href(strategies=id_), "name")
    return html.Span([sample(line.colour, line.stroke), name], className="line-head")


def _regime(body: dict[str, Any]) -> tuple[str, str | None]:
    """Return the regime where an account stands, and what it means."""
    current = body["current"]
    words = [each for each in (current["trend"], current["vol"]) if each]
    meaning = f"{words[0]}, {words[1].lower()} volatility" if len(words) > 1 else None
    return (current["regime"] or "–").replace("_", " "), meaning
