"""Paper accounts as research reads them: closed trades, fills, how far each goes; cut at a day."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any, NamedTuple, cast

from sqlalchemy import Engine, Select, Table, func, select

from jutsu_dagster.storage import journal_models, models
from jutsu_dagster.storage.attempt import attempted
from jutsu_dagster.storage.exploration_log import DAYS, TRADES

_SNAPSHOTS = cast("Table", models.PerformanceSnapshot.__table__)
_FILLS = cast("Table", models.Trade.__table__)
_RUNS = cast("Table", journal_models.StrategyRun.__table__)
_DIRECTIONAL = (DAYS.c.mode == "paper", DAYS.c.track == "")
_SESSIONS = (_SNAPSHOTS.c.mode == "paper", _SNAPSHOTS.c.snapshot_source == "session")


@dataclass(frozen=True, slots=True)
class Reach:
    """How far a paper account goes.

    Attributes
    ----------
    first, last : date
        Its first and its last recorded day, up to the day asked about.
    bars : int
        What it has seen on them; sessions, of an account that decides weights.
    """

    first: date
    last: date
    bars: int


@dataclass(frozen=True, slots=True)
class Holding:
    """What an account held at the close of a session: shares, and their value in money."""

    shares: dict[str, int]
    values: dict[str, float]


class Fill(NamedTuple):
    """One executed order of an account that decides weights; as the columns of the same names."""

    trade_date: date
    symbol: str
    side: str
    shares: int
    fill_price: float
    commission: float
    portfolio_value_before: float | None
    portfolio_value_after: float | None
    cash_before: float | None
    cash_after: float | None
    realised_pnl: float | None
    strategy_cell: int | None
    trend_state: str | None
    vol_state: str | None


def reaches(engine: Engine, ids: Sequence[str], until: date) -> dict[str, Reach]:
    """Return how far paper accounts go up to a day, of either kind; one without days is left out.

    Raises
    ------
    LedgerError
        If the ledger cannot be read; so do all functions here.
    """
    day = DAYS.c.day
    directional = (
        select(DAYS.c.strategy_id, func.min(day), func.max(day), func.sum(DAYS.c.bars))
        .where(*_DIRECTIONAL, DAYS.c.strategy_id.in_(ids), day <= until)
        .group_by(DAYS.c.strategy_id)
    )
    session = _SNAPSHOTS.c.snapshot_date
    allocating = (
        select(_SNAPSHOTS.c.strategy_id, func.min(session), func.max(session), func.count())
        .where(*_SESSIONS, _SNAPSHOTS.c.strategy_id.in_(ids), session <= until)
        .group_by(_SNAPSHOTS.c.strategy_id)
    )
    rows = [*_rows(engine, directional), *_rows(engine, allocating)]
    return {row[0]: Reach(row[1], row[2], int(row[3])) for row in rows}


def directional_trades(engine: Engine, ids: Sequence[str], until: date) -> list[dict[str, Any]]:
    """Return openings and closings of directional paper accounts up to a day, in order.

    Rows as ``research.trades.read_trades`` takes them.
    """
    table = TRADES.c
    shown = (
        table.strategy_id, table.ts, table.type, table.symbol, table.dir, table.pct,
        table.exit_reason, table.regime, table.bars_open,
    )  # fmt: skip
    query = (
        select(*shown)
        .where(table.mode == "paper", table.track == "", table.strategy_id.in_(ids))
        .where(table.day <= until)
        .order_by(table.strategy_id, table.day, table.sequence)
    )
    names = [column.name for column in shown]
    return [dict(zip(names, row, strict=True)) for row in _rows(engine, query)]


def sessions(engine: Engine, strategy_id: str, until: date) -> list[date]:
    """Return the recorded paper sessions of an account that decides weights, in order."""
    day = _SNAPSHOTS.c.snapshot_date
    query = select(day).where(*_SESSIONS, _SNAPSHOTS.c.strategy_id == strategy_id, day <= until)
    return [row[0] for row in _rows(engine, query.order_by(day))]


def fills(engine: Engine, strategy_id: str, until: date) -> list[Fill]:
    """Return the executed paper orders of an account that decides weights, in order."""
    table = _FILLS.c
    query = (
        select(*(table[name] for name in Fill._fields))
        .where(table.strategy_id == strategy_id, table.mode == "paper", table.trade_date <= until)
        .order_by(table.trade_date, table.sequence)
    )
    return [Fill(*row) for row in _rows(engine, query)]


def holdings(engine: Engine, strategy_id: str, until: date) -> dict[date, Holding]:
    """Return what an account held at the close of each session on which it traded."""
    table, traded = _SNAPSHOTS.c, _FILLS.c
    on = select(traded.trade_date).where(
        traded.strategy_id == strategy_id, traded.mode == "paper", traded.trade_date <= until
    )
    query = select(table.snapshot_date, table.positions, table["values"]).where(
        *_SESSIONS, table.strategy_id == strategy_id, table.snapshot_date.in_(on)
    )
    return {row[0]: Holding(row[1], row[2]) for row in _rows(engine, query)}


def failures(engine: Engine, ids: Sequence[str], until: date) -> dict[str, tuple[date, str]]:
    """Return on which day the newest attempt at each paper account failed, and why.

    An account whose newest attempt up to a day went well is left out.
    """
    table = _RUNS.c
    query = (
        select(table.strategy_id, table.partition, table.status, table.error)
        .where(table.mode == "paper", table.strategy_id.in_(ids))
        .where(table.partition <= until.isoformat())
        .order_by(table.partition)
    )
    newest = {row.strategy_id: row for row in _rows(engine, query)}
    return {
        id_: (date.fromisoformat(row.partition), row.error or row.status)
        for id_, row in newest.items()
        if row.status != "ok"
    }


def _rows(engine: Engine, query: Select[Any]) -> Any:
    def read() -> Any:
        with engine.connect() as connection:
            return connection.execute(query).all()

    return attempted(engine, "read the ledger", read)
