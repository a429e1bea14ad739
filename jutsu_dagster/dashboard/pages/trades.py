"""Trades: executed orders of the chosen strategies, filtered, a page at a time, or all as CSV."""

from __future__ import annotations

from typing import Any
from urllib.parse import urlencode

from dash import html
from dash.development.base_component import Component

from jutsu_dagster.dashboard import parts
from jutsu_dagster.dashboard.answers import Answer, trades_query
from jutsu_dagster.dashboard.formats import Kind
from jutsu_dagster.dashboard.scene import Scene
from jutsu_dagster.pipeline.views.accounts import ShownMode
from jutsu_dagster.pipeline.views.trades import TradeFilter

_PAGE = 50
_MODES = ("paper", "backtest")
_SIDES = ("", "BUY", "SELL")
_MONEY: tuple[tuple[str, str, Kind], ...] = (
    ("shares", "Shares", "count"),
    ("fill_price", "Price", "money"),
    ("value", "Value", "money"),
    ("commission", "Commission", "money"),
    ("realised_pnl", "Realised", "money"),
)
_STAKES: tuple[tuple[str, str, Kind], ...] = (
    ("fill_price", "Price", "money"),
    ("bars_open", "Bars open", "count"),
    ("result", "Net", "change"),
    ("gross_result", "Gross", "change"),
)


def draw(scene: Scene) -> Component:
    """Return the page."""
    wanted = wanted_of(scene)
    found = scene.ask.trades(wanted, scene.view.page, _PAGE)
    query = urlencode({k: v for k, v in trades_query(wanted).items() if v}, doseq=True)
    export = html.A(
        "Export CSV", href=f"/api/trades/export?{query}", className="button quiet", id="export",
        download="trades.csv",
    )  # fmt: skip
    words = "Executed orders, the newest first. Paper only: none ever left this machine."
    return html.Div(
        [
            parts.head("Trades", words, export),
            _filters(scene, wanted),
            _list(scene, found) if found.body["total"] else _none(scene, wanted),
        ]
    )


def wanted_of(scene: Scene) -> TradeFilter:
    """Return the filter that the address asks for."""
    view = scene.view
    mode: ShownMode = "backtest" if view.one_of("mode", _MODES) == "backtest" else "paper"
    side = view.one_of("side", _SIDES)
    ids = tuple(scene.ids) if view.strategies else ()
    return TradeFilter(
        mode, ids, view.params.get("symbol") or None,
        "BUY" if side == "BUY" else "SELL" if side == "SELL" else None, view.first, view.last,
    )  # fmt: skip


def _filters(scene: Scene, wanted: TradeFilter) -> Component:
    view = scene.view
    shown = wanted.strategy_ids or list(scene.registered)
    symbols = list(dict.fromkeys(
        symbol for id_ in shown for symbol in scene.ask.strategy(id_).body["symbols"] or ()
    ))  # fmt: skip
    return html.Div(
        [
            parts.choices("Account", [
                (mode.capitalize(), view.href(mode=None if mode == "paper" else mode, page=None),
                 wanted.mode == mode) for mode in _MODES
            ]),
            parts.choices("Side", [
                (side.capitalize() or "Both sides", view.href(side=side or None, page=None),
                 (wanted.side or "") == side) for side in _SIDES
            ]),
            parts.choices("Symbol", [
                ("All symbols", view.href(symbol=None, page=None), wanted.symbol is None),
                *((symbol, view.href(symbol=symbol, page=None), wanted.symbol == symbol)
                  for symbol in symbols),
            ]),
        ],
        className="filters",
    )  # fmt: skip


def _list(scene: Scene, found: Answer) -> Component:
    body = found.body
    rows = body["trades"]
    kinds = {row["kind"] for row in rows}
    columns = _columns(kinds)
    table = parts.table(
        ["Strategy", "Time", "Symbol", "Side", *(label for _, label, _ in columns), "Why"],
        [_row(found, at, row, columns) for at, row in enumerate(rows)],
        label="Executed orders", left=4, tail=1, name="trades",
    )  # fmt: skip
    count = [parts.number(found, "total", "count"), " orders"]
    return parts.card(table, _pages(scene, found), title=count)


def _columns(kinds: set[str]) -> list[tuple[str, str, Kind]]:
    """Return the columns that the kinds on a page have."""
    groups = [_MONEY] if "allocation" in kinds else []
    groups += [_STAKES] if "directional" in kinds else []
    found = {name: (name, label, kind) for group in groups for name, label, kind in group}
    return list(found.values())


def _row(
    found: Answer, at: int, row: dict[str, Any], columns: list[tuple[str, str, Kind]]
) -> list[parts.Child]:
    toned = {"result", "realised_pnl"}
    told = row["reason"] or ""
    if row["kind"] == "directional":
        words = (row["action"], row["regime"], row["reason"])
        told = " · ".join(each.replace("_", " ") for each in words if each)
    moment = row["time"][:16].replace("T", " ") if row["time"] else row["date"]
    return [
        parts.badge(row["strategy_id"]),
        html.Time(moment, dateTime=row["time"] or row["date"]),
        row["symbol"],
        row["side"],
        *(
            parts.number(found, f"trades/{at}/{name}", kind, toned=name in toned)
            for name, _, kind in columns
        ),
        html.Span(told, className="why", title=told),
    ]


def _pages(scene: Scene, found: Answer) -> Component | None:
    page, pages = found.body["page"], found.body["total_pages"]
    if pages <= 1:
        return None
    around = sorted(
        {1, pages, *(each for each in (page - 1, page, page + 1) if 1 <= each <= pages)}
    )
    view = scene.view
    options = [(f"{each:,}", view.href(page=each if each > 1 else None), each == page)
               for each in around]  # fmt: skip
    return parts.choices("Page", options)


def _none(scene: Scene, wanted: TradeFilter) -> Component:
    filtered = wanted.symbol or wanted.side or wanted.first or wanted.last
    if filtered:
        href = scene.view.href(symbol=None, side=None, from_=None, to=None, page=None)
        return parts.empty("No order fits this filter", html.P(parts.link("Show all orders", href)))
    run = "jutsu trade" if wanted.mode == "paper" else "jutsu backtest"
    return parts.empty("No order has been executed yet", html.P(["Run ", parts.command(run), "."]))
