"""Executed orders of all strategies: filtered, a page at a time, or all as CSV."""

from __future__ import annotations

import csv
import io
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any, Literal

from jutsu_dagster.pipeline.views.accounts import Json, ShownMode, points
from jutsu_dagster.pipeline.views.asked import QuestionError, require_range
from jutsu_dagster.pipeline.views.desk import ReadDesk
from jutsu_dagster.storage import view_rows
from jutsu_dagster.storage.view_rows import Wanted

Side = Literal["BUY", "SELL"]
COLUMNS = (
    "strategy_id", "mode", "kind", "date", "time", "sequence", "symbol", "side", "action",
    "shares", "fill_price", "commission", "value", "realised_pnl", "result", "gross_result",
    "regime", "trend", "vol", "reason", "bars_open", "portfolio_value_before",
    "portfolio_value_after", "cash_before", "cash_after",
)  # fmt: skip
MOST_A_PAGE = 500
_CHUNK = 1_000


@dataclass(frozen=True, slots=True)
class TradeFilter:
    """Which executed orders are asked for; None where it does not matter.

    Attributes
    ----------
    mode : "paper" or "backtest"
    strategy_ids : sequence of str
        All registered strategies if empty.
    symbol : str, optional
    side : "BUY" or "SELL", optional
    first, last : date, optional
        Both inclusive.
    """

    mode: ShownMode = "paper"
    strategy_ids: Sequence[str] = ()
    symbol: str | None = None
    side: Side | None = None
    first: date | None = None
    last: date | None = None


def trades(
    desk: ReadDesk,
    wanted: TradeFilter = TradeFilter(),
    page: int = 1,
    page_size: int = 100,
    *,
    newest: bool = True,
) -> Json:
    """Return a page of executed orders, the newest first.

    Returns
    -------
    dict
        ``trades``: rows of COLUMNS. ``kind`` is ``allocation`` (``action`` fill; shares, money)
        or ``directional`` (``action`` open or close; ``result`` and ``gross_result`` in percent
        points of the stake, ``time`` of the bar). ``value`` is shares times price. What a kind
        does not have is None. And ``total``, ``page``, ``page_size``, ``total_pages``.

    Raises
    ------
    UnknownError
        For an id that is not registered.
    QuestionError
        If the range is turned round, or the page below 1 or too long.
    """
    if page < 1:
        raise QuestionError("page", f"({page}) must be >= 1")
    if not 1 <= page_size <= MOST_A_PAGE:
        raise QuestionError("page_size", f"({page_size}) must be 1 to {MOST_A_PAGE}")
    asked = _asked(desk, wanted)
    engine = desk.ledger.engine
    total = view_rows.count_executed(engine, asked)
    rows = view_rows.executed(engine, asked, page_size, (page - 1) * page_size, newest=newest)
    return {
        "trades": [_row(row) for row in rows],
        "total": total,
        "page": page,
        "page_size": page_size,
        "total_pages": -(-total // page_size),
    }


def trades_csv(desk: ReadDesk, wanted: TradeFilter = TradeFilter()) -> Iterator[str]:
    """Yield all executed orders as CSV, oldest first, COLUMNS in the first line.

    Raises
    ------
    UnknownError, QuestionError
        As ``trades``, before the first line.
    """
    asked = _asked(desk, wanted)
    return _lines(desk, asked)


def _lines(desk: ReadDesk, asked: Wanted) -> Iterator[str]:
    rows = view_rows.executed(desk.ledger.engine, asked, newest=False)
    yield _text([COLUMNS])
    for at in range(0, len(rows), _CHUNK):
        shown = map(_row, rows[at : at + _CHUNK])
        yield _text([[_cell(row[name]) for name in COLUMNS] for row in shown])


def _asked(desk: ReadDesk, wanted: TradeFilter) -> Wanted:
    require_range(wanted.first, wanted.last)
    ids = [desk.entry(each).id for each in wanted.strategy_ids] or list(desk.registry.entries)
    return Wanted(wanted.mode, ids, wanted.symbol, wanted.side, wanted.first, wanted.last)


def _row(row: Mapping[str, Any]) -> Json:
    cell, shares = row["strategy_cell"], row["shares"]
    return {
        "strategy_id": row["strategy_id"],
        "mode": row["mode"],
        "kind": row["kind"],
        "date": row["date"].isoformat(),
        "time": row["time"] or None,
        "sequence": row["sequence"],
        "symbol": row["symbol"],
        "side": row["side"],
        "action": row["action"],
        "shares": shares,
        "fill_price": row["fill_price"],
        "commission": row["commission"],
        "value": None if shares is None else shares * row["fill_price"],
        "realised_pnl": row["realised_pnl"],
        "result": points(row["result"]),
        "gross_result": points(row["gross_result"]),
        "regime": f"Cell_{cell}" if cell else row["regime"],
        "trend": row["trend_state"],
        "vol": row["vol_state"],
        "reason": row["reason"] or None,
        "bars_open": row["bars_open"],
        **{
            name: row[name]
            for name in (
                "portfolio_value_before", "portfolio_value_after", "cash_before", "cash_after",
            )
        },
    }  # fmt: skip


def _cell(value: object) -> str:
    if value is None:
        return ""
    return repr(value) if isinstance(value, float) else str(value)


def _text(lines: Sequence[Sequence[str]]) -> str:
    file = io.StringIO()
    csv.writer(file, lineterminator="\n").writerows(lines)
    return file.getvalue()
