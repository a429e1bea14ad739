"""Rows of the ledger as pages show them: sessions without their JSON, orders a page at a time."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any, cast

import numpy as np
import pandas as pd
from sqlalchemy import (
    CompoundSelect,
    Engine,
    Row,
    Select,
    Table,
    and_,
    case,
    func,
    literal,
    null,
    select,
    union_all,
)

from jutsu_dagster.core.account import AccountKey, Mode
from jutsu_dagster.storage import exploration_models, models
from jutsu_dagster.storage.attempt import attempted

_SNAPSHOTS = cast("Table", models.PerformanceSnapshot.__table__).c
_TRADES = cast("Table", models.Trade.__table__).c
_CLOSINGS = cast("Table", exploration_models.ExplorationTrade.__table__).c
_DAYS = cast("Table", exploration_models.ExplorationDay.__table__).c

ALLOCATION, DIRECTIONAL = "allocation", "directional"


@dataclass(frozen=True, slots=True)
class Wanted:
    """Which executed orders are asked for; None where it does not matter.

    Attributes
    ----------
    mode : Mode
    strategy_ids : sequence of str, optional
    symbol : str, optional
    side : "BUY" or "SELL", optional
        Of a directional account: what its order was, an opening of a long one a BUY.
    first, last : date, optional
        Both inclusive.
    """

    mode: Mode
    strategy_ids: Sequence[str] | None = None
    symbol: str | None = None
    side: str | None = None
    first: date | None = None
    last: date | None = None


def sessions(engine: Engine, account: AccountKey, last: date | None = None) -> pd.DataFrame:
    """Return an allocation account's closes, earliest first.

    Columns ``session`` (datetime64[s]), ``total_equity``, ``baseline_value``, ``daily_return``,
    ``cumulative_return``, ``drawdown`` (fractions), ``cell`` (0 for none), ``trend``, ``vol``.
    """
    columns = (
        _SNAPSHOTS.snapshot_date.label("session"), _SNAPSHOTS.total_equity,
        _SNAPSHOTS.baseline_value, _SNAPSHOTS.daily_return, _SNAPSHOTS.cumulative_return,
        _SNAPSHOTS.drawdown, func.coalesce(_SNAPSHOTS.strategy_cell, 0).label("cell"),
        _SNAPSHOTS.trend_state.label("trend"), _SNAPSHOTS.vol_state.label("vol"),
    )  # fmt: skip
    query = (
        select(*columns)
        .where(
            _SNAPSHOTS.strategy_id == account.strategy_id,
            _SNAPSHOTS.mode == account.mode,
            _SNAPSHOTS.snapshot_source == "session",
        )
        .order_by(_SNAPSHOTS.snapshot_date)
    )
    if last is not None:
        query = query.where(_SNAPSHOTS.snapshot_date <= last)
    kinds = dict.fromkeys(
        ("total_equity", "baseline_value", "daily_return", "cumulative_return", "drawdown"),
        "float64",
    )
    return _frame(engine, query, "session", kinds | {"cell": "int64"})


def last_close(
    engine: Engine, account: AccountKey, last: date | None = None
) -> Mapping[str, Any] | None:
    """Return an allocation account's last close up to a day, if there is one.

    ``session``, ``daily_return`` (a fraction), ``cell``, ``trend``, ``vol``; None for none.
    """
    query = (
        select(
            _SNAPSHOTS.snapshot_date.label("session"), _SNAPSHOTS.daily_return,
            _SNAPSHOTS.strategy_cell.label("cell"), _SNAPSHOTS.trend_state.label("trend"),
            _SNAPSHOTS.vol_state.label("vol"),
        )
        .where(
            _SNAPSHOTS.strategy_id == account.strategy_id,
            _SNAPSHOTS.mode == account.mode,
            _SNAPSHOTS.snapshot_source == "session",
            *([_SNAPSHOTS.snapshot_date <= last] if last is not None else []),
        )
        .order_by(_SNAPSHOTS.snapshot_date.desc())
        .limit(1)
    )  # fmt: skip
    found = _rows(engine, query)
    return dict(found[0]._mapping) if found else None  # noqa: SLF001


def days(
    engine: Engine, account: AccountKey, last: date | None = None, *, track: str = ""
) -> pd.DataFrame:
    """Return the days of an account that counts results as fractions, earliest first.

    Columns ``session`` (datetime64[s]), ``total_equity``, ``initial_capital``, ``last_close``
    (money), ``drawdown`` (a fraction), ``position`` (-1, 0 or 1), ``exp_trades``.
    """
    columns = (
        _DAYS.day.label("session"), _DAYS.equity.label("total_equity"), _DAYS.initial_capital,
        _DAYS.last_close, _DAYS.drawdown, _DAYS.position_dir.label("position"), _DAYS.exp_trades,
    )  # fmt: skip
    query = (
        select(*columns)
        .where(
            _DAYS.strategy_id == account.strategy_id,
            _DAYS.mode == account.mode,
            _DAYS.track == track,
        )
        .order_by(_DAYS.day)
    )
    if last is not None:
        query = query.where(_DAYS.day <= last)
    kinds = dict.fromkeys(
        ("total_equity", "initial_capital", "last_close", "drawdown"), "float64"
    ) | dict.fromkeys(("position", "exp_trades"), "int64")
    return _frame(engine, query, "session", kinds)


def executed(
    engine: Engine,
    wanted: Wanted,
    limit: int | None = None,
    offset: int = 0,
    *,
    newest: bool = True,
) -> list[dict[str, Any]]:
    """Return executed orders of accounts of both kinds, those asked for, a page of them."""
    orders = _orders(wanted).subquery()
    keys = (orders.c.date, orders.c.time, orders.c.strategy_id, orders.c.sequence)
    query = select(orders).order_by(*(key.desc() if newest else key for key in keys))
    if limit is not None:
        query = query.limit(limit)
    return [dict(row._mapping) for row in _rows(engine, query.offset(offset))]  # noqa: SLF001


def count_executed(engine: Engine, wanted: Wanted) -> int:
    """Return how many executed orders there are of those asked for."""
    query = select(func.count()).select_from(_orders(wanted).subquery())
    return int(_rows(engine, query)[0][0])


def latest_mark(engine: Engine, account: AccountKey) -> Mapping[str, Any] | None:
    """Return an account's last valuation between sessions; None where there is none."""
    query = (
        select(
            _SNAPSHOTS.snapshot_time, _SNAPSHOTS.snapshot_date, _SNAPSHOTS.total_equity,
            _SNAPSHOTS.daily_return,
        )
        .where(
            _SNAPSHOTS.strategy_id == account.strategy_id,
            _SNAPSHOTS.mode == account.mode,
            _SNAPSHOTS.snapshot_source.in_(("refresh", "eod")),
        )
        .order_by(_SNAPSHOTS.snapshot_time.desc())
        .limit(1)
    )  # fmt: skip
    found = _rows(engine, query)
    return dict(found[0]._mapping) if found else None  # noqa: SLF001


def _orders(wanted: Wanted) -> CompoundSelect[Any]:
    shared = ("portfolio_value_before", "portfolio_value_after", "cash_before", "cash_after")
    trades = select(
        _TRADES.strategy_id, literal(ALLOCATION).label("kind"), _TRADES.mode,
        _TRADES.trade_date.label("date"), literal("").label("time"), _TRADES.sequence,
        _TRADES.symbol, _TRADES.side, literal("fill").label("action"), _TRADES.shares,
        _TRADES.fill_price, _TRADES.commission, *(_TRADES[name] for name in shared),
        _TRADES.realised_pnl, null().label("result"), null().label("gross_result"),
        _TRADES.strategy_cell, _TRADES.trend_state, _TRADES.vol_state, null().label("regime"),
        _TRADES.reason, null().label("bars_open"),
    ).where(*_filters(_TRADES, _TRADES.trade_date, wanted))  # fmt: skip
    if wanted.side is not None:
        trades = trades.where(_TRADES.side == wanted.side)
    opens = _CLOSINGS.type == "open"
    long = _CLOSINGS.dir > 0
    buys = (opens & long) | (~opens & ~long)
    side = case((buys, literal("BUY")), else_=literal("SELL"))
    closings = select(
        _CLOSINGS.strategy_id, literal(DIRECTIONAL), _CLOSINGS.mode, _CLOSINGS.day,
        _CLOSINGS.ts, _CLOSINGS.sequence, _CLOSINGS.symbol, side, _CLOSINGS.type, null(),
        func.coalesce(_CLOSINGS.exit_px, _CLOSINGS.entry_px), null(), *(null() for _ in shared),
        null(), _CLOSINGS.pct, _CLOSINGS.gross_pct, null(), null(), null(), _CLOSINGS.regime,
        func.coalesce(_CLOSINGS.exit_reason, ""), _CLOSINGS.bars_open,
    ).where(_CLOSINGS.track == "", *_filters(_CLOSINGS, _CLOSINGS.day, wanted))  # fmt: skip
    if wanted.side is not None:
        closings = closings.where(buys if wanted.side == "BUY" else ~buys)
    return union_all(trades, closings)


def _filters(table: Any, day: Any, wanted: Wanted) -> list[Any]:
    found = [table.mode == wanted.mode]
    if wanted.strategy_ids is not None:
        found.append(table.strategy_id.in_(list(wanted.strategy_ids)))
    if wanted.symbol is not None:
        found.append(table.symbol == wanted.symbol)
    if wanted.first is not None:
        found.append(day >= wanted.first)
    if wanted.last is not None:
        found.append(day <= wanted.last)
    return [and_(*found)]


def _frame(engine: Engine, query: Select[Any], day: str, kinds: Mapping[str, str]) -> pd.DataFrame:
    rows = _rows(engine, query)
    names = [column["name"] for column in query.column_descriptions]
    frame = pd.DataFrame(list(map(tuple, rows)), columns=names)
    # Through NumPy: pandas reads dates one by one.
    frame[day] = np.array(frame[day], dtype="datetime64[D]").astype("datetime64[s]")
    return frame.astype(dict(kinds))


def _rows(engine: Engine, query: Any) -> Sequence[Row[Any]]:
    def read() -> Sequence[Row[Any]]:
        with engine.connect() as connection:
            return connection.execute(query).all()

    return attempted(engine, "read the ledger", read)
