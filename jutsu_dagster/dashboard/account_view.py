"""Accounts of one strategy or of several: figure, metrics, regimes. Paper and backtest alike."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date
from typing import Any

from dash import html
from dash.development.base_component import Component

from jutsu_dagster.dashboard import parts
from jutsu_dagster.dashboard.answers import Answer
from jutsu_dagster.dashboard.figures import account_figure, regime_names
from jutsu_dagster.dashboard.formats import Kind
from jutsu_dagster.dashboard.legend import lines_legend, regimes_legend
from jutsu_dagster.dashboard.lines import account_line, baseline_line
from jutsu_dagster.dashboard.metric_tables import compared, headline, performed
from jutsu_dagster.dashboard.scene import Scene
from jutsu_dagster.pipeline.views.accounts import ShownMode
from jutsu_dagster.pipeline.views.asked import NothingRecordedError

Days = tuple[date | None, date | None]


def account_section(scene: Scene, ids: Sequence[str], mode: ShownMode) -> list[Component | None]:
    """Return what is shown of accounts: one of them alone, or all side by side.

    Those without anything recorded in the range are named and left out.
    """
    asked = (scene.view.first, scene.view.last)
    shown: list[str] = []
    notices: list[Component | None] = []
    for id_ in ids:
        try:
            scene.ask.equity(id_, mode, *asked)
            shown.append(id_)
        except NothingRecordedError as error:
            notices.append(parts.note("info", f"Nothing of {id_} here", *parts.said(str(error))))
    if not shown:
        return notices
    if len(shown) == 1:
        found = scene.ask.performance(shown[0], mode, *asked)
        return [
            *notices, _stale(found.body["stale"]), headline(found),
            _figure(scene, shown, mode, [asked]), performed(found, shown[0]),
            _regimes(scene, shown[0], mode),
        ]  # fmt: skip
    try:
        both = scene.ask.compare(shown, mode, *asked)
    except NothingRecordedError as error:
        words = parts.said(str(error))
        return [*notices, parts.note("info", "They have no day in common", *words)]
    stale = [year for each in both.body["details"].values() for year in each["stale"]]
    # All begin on the first day that all of them have.
    period = both.body["comparison"]["period"]
    days = [_shared(scene, id_, mode, period) for id_ in shown]
    return [*notices, _stale(stale), _figure(scene, shown, mode, days),
            compared(both, scene, shown)]  # fmt: skip


def lineages(scene: Scene, group: str, ids: Sequence[str]) -> list[Component]:
    """Return links to the lineage of each account's asset in Dagster."""
    if len(ids) == 1:
        return parts.lineage(scene.webserver, f"{group}/{ids[0]}")
    return [
        found
        for id_ in ids
        for found in parts.lineage(scene.webserver, f"{group}/{id_}", f"Lineage of {id_}")
    ]


def _shared(scene: Scene, id_: str, mode: ShownMode, period: dict[str, str]) -> Days:
    """Return what to ask of an account for a period: what is asked, where it has no other days."""
    asked = (scene.view.first, scene.view.last)
    body = scene.ask.equity(id_, mode, *asked).body
    if (body["start_date"], body["end_date"]) == (period["start_date"], period["end_date"]):
        return asked
    return date.fromisoformat(period["start_date"]), date.fromisoformat(period["end_date"])


def _figure(scene: Scene, ids: Sequence[str], mode: ShownMode, days: Sequence[Days]) -> Component:
    view, colours = scene.view, scene.colours
    curves = [
        (scene.ask.equity(id_, mode, *each), scene.ask.drawdown(id_, mode, *each))
        for id_, each in zip(ids, days, strict=True)
    ]
    lines = [
        account_line(id_, scene.look(id_), *pair) for id_, pair in zip(ids, curves, strict=True)
    ]
    symbol = scene.ask.strategy(ids[0]).body["baseline_symbol"]
    named = f"{symbol} bought and held" if symbol else "Baseline"
    may_log = all(line.value.min() > 0 for line in lines)
    log = may_log and view.one_of("scale", ("linear", "log")) == "log"
    figure = account_figure(lines, colours, baseline_line(named, *curves[0], colours), log=log)
    options = [("Linear", view.href(scale=None), not log), ("Log", view.href(scale="log"), log)]
    names = regime_names(lines)
    words = _regime_words(scene, ids[0], mode) if names else {}
    span = f"{lines[0].days[0]} to {lines[0].days[-1]}"
    label = (
        f"Equity, drawdown and regimes of {', '.join(ids)}, {span}; the tables hold the same in"
        " numbers"
    )
    return parts.card(
        lines_legend([(line.name, line.look) for line in lines], colours, named),
        parts.figure(figure, "account-figure", label),
        regimes_legend(names, words, colours) if names else None,
        html.P(_hint(curves), className="hint faint"),
        title=f"Growth, {span}" if len(lines) > 1 else "Equity",
        aside=parts.choices("Scale", options) if may_log else None,
    )


def _hint(curves: Sequence[tuple[Answer, Answer]]) -> str:
    words = "Drag over the chart to choose days; double-click for all."
    fixed = [equity.body["strategy_id"] for equity, _ in curves
             if equity.body["kind"] == "directional"]  # fmt: skip
    if fixed:
        words += (
            f" {', '.join(fixed)}: every trade stakes the same money and nothing is compounded, so"
            " equity may pass below zero."
        )
    return words


def _regime_words(scene: Scene, id_: str, mode: ShownMode) -> dict[str, str]:
    rows = scene.ask.regimes(id_, mode, scene.view.first, scene.view.last).body["regimes"]
    return {
        row["regime"]: f"{row['cell']} {row['trend']}, {row['vol'].lower()} volatility"
        for row in rows
        if row["cell"] and row["trend"] and row["vol"]
    }


def _regimes(scene: Scene, id_: str, mode: ShownMode) -> Component:
    found = scene.ask.regimes(id_, mode, scene.view.first, scene.view.last)
    rows = found.body["regimes"]
    if not rows:
        return parts.card(html.P("No regime has earned anything yet.", className="faint"),
                          title="Regimes")  # fmt: skip
    table = _trade_rows(found, rows) if rows[0]["cell"] is None else _cell_rows(found, rows)
    return parts.card(table, title="What each regime earned")


def _cell_rows(found: Answer, rows: Sequence[dict[str, Any]]) -> Component:
    columns = ["Regime", "Days", "Of time", "Return", "Annualised", "Baseline", "Annualised"]
    kinds: tuple[tuple[str, Kind], ...] = (
        ("days", "count"), ("pct_of_time", "percent"), ("total_return", "change"),
        ("annualized_return", "change"), ("baseline_total_return", "change"),
        ("baseline_annualized", "change"),
    )  # fmt: skip
    body = [
        [
            f"{row['regime'].replace('_', ' ')} · {row['trend']}, {row['vol']}",
            *(parts.number(found, f"regimes/{at}/{name}", kind, toned=name == "total_return")
              for name, kind in kinds),
        ]
        for at, row in enumerate(rows)
    ]  # fmt: skip
    return parts.table(columns, body, label="Returns by regime")


def _trade_rows(found: Answer, rows: Sequence[dict[str, Any]]) -> Component:
    columns = ["Entered in", "Trades", "Won", "Win rate", "Long", "Short", "Net", "Gross"]
    kinds: tuple[tuple[str, Kind], ...] = (
        ("trades", "count"), ("winning_trades", "count"), ("win_rate", "percent"),
        ("long_trades", "count"), ("short_trades", "count"), ("total_return", "change"),
        ("gross_return", "change"),
    )  # fmt: skip
    body = [
        [
            row["regime"].replace("_", " "),
            *(
                parts.number(found, f"regimes/{at}/{name}", kind, toned=name == "total_return")
                for name, kind in kinds
            ),
        ]
        for at, row in enumerate(rows)
    ]
    return parts.table(columns, body, label="Trades by regime of entry")


def _stale(years: Sequence[str]) -> Component | None:
    if not years:
        return None
    words = ", ".join(sorted(set(years)))
    return parts.note(
        "warn", "Some years rest on an earlier version of the year before",
        f"{words}: run ", parts.command("jutsu backtest"), " to compute them again.",
    )  # fmt: skip
