"""Reading of accounts that count results as fractions: directional strategies', all variants'."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any, cast

import pandas as pd
from sqlalchemy import Connection, Engine, Row, Select, Table, and_, func, select

from jutsu_dagster.core.account import AccountKey, Mode
from jutsu_dagster.storage import exploration_models as models
from jutsu_dagster.storage.attempt import attempted
from jutsu_dagster.storage.frames import columns_of, frame_of

DAYS = cast("Table", models.ExplorationDay.__table__)
TRADES = cast("Table", models.ExplorationTrade.__table__)
_CHUNK = 500


@dataclass(frozen=True, slots=True)
class Head:
    """Where an account stands after a recorded day; as the columns of the same names.

    Attributes
    ----------
    day : date
    opening_hash, closing_hash : str
    state : mapping
        The checkpoint: what the next day starts from.
    initial_capital, equity, peak : float
        Money.
    trades_size : int
        Bytes of the account's trades file up to this day.
    parameter_hash, data_version, data_hash, code_version : str
    symbol : str
    recorded_at : datetime
    """

    day: date
    opening_hash: str
    closing_hash: str
    state: Mapping[str, Any]
    initial_capital: float
    equity: float
    peak: float
    trades_size: int
    parameter_hash: str
    data_version: str
    data_hash: str
    code_version: str
    symbol: str
    recorded_at: datetime


_HEAD = (
    DAYS.c.day, DAYS.c.opening_hash, DAYS.c.closing_hash, DAYS.c.closing_state,
    DAYS.c.initial_capital, DAYS.c.equity, DAYS.c.peak, DAYS.c.trades_size,
    DAYS.c.parameter_hash, DAYS.c.data_version, DAYS.c.data_hash, DAYS.c.code_version,
    DAYS.c.symbol, DAYS.c.recorded_at,
)  # fmt: skip


def latest(
    engine: Engine, mode: Mode, ids: Sequence[str], *, track: str = "", before: date | None = None
) -> dict[str, Head]:
    """Return where each account stands, or stood before a day; an account without one is left out.

    Parameters
    ----------
    engine : Engine
    mode : Mode
    ids : sequence of str
    track : str
    before : date, optional
        Only days before it count.
    """

    def read() -> dict[str, Head]:
        with engine.connect() as connection:
            return latest_in(connection, mode, ids, track, before)

    return attempted(engine, "read the ledger", read)


def latest_in(
    connection: Connection, mode: Mode, ids: Sequence[str], track: str, before: date | None = None
) -> dict[str, Head]:
    """As ``latest``, within a transaction."""
    found: dict[str, Head] = {}
    for at in range(0, len(ids), _CHUNK):
        mine = and_(
            DAYS.c.strategy_id.in_(ids[at : at + _CHUNK]), DAYS.c.mode == mode,
            DAYS.c.track == track, *([DAYS.c.day < before] if before is not None else []),
        )  # fmt: skip
        last = (
            select(DAYS.c.strategy_id, func.max(DAYS.c.day).label("day"))
            .where(mine)
            .group_by(DAYS.c.strategy_id)
            .subquery()
        )
        same = and_(DAYS.c.strategy_id == last.c.strategy_id, DAYS.c.day == last.c.day)
        query = (
            select(DAYS.c.strategy_id, *_HEAD)
            .join(last, same)
            .where(DAYS.c.mode == mode, DAYS.c.track == track)
        )
        found |= {id_: Head(*rest) for id_, *rest in connection.execute(query).all()}
    return found


def recorded(
    engine: Engine, mode: Mode, ids: Sequence[str], first: date, last: date, *, track: str = ""
) -> dict[tuple[str, date], Head]:
    """Return the recorded days from ``first`` to ``last``, both inclusive, by account and day."""

    def read() -> dict[tuple[str, date], Head]:
        found: dict[tuple[str, date], Head] = {}
        with engine.connect() as connection:
            for at in range(0, len(ids), _CHUNK):
                query = select(DAYS.c.strategy_id, *_HEAD).where(
                    DAYS.c.strategy_id.in_(ids[at : at + _CHUNK]), DAYS.c.mode == mode,
                    DAYS.c.track == track, DAYS.c.day.between(first, last),
                )  # fmt: skip
                heads = ((id_, Head(*rest)) for id_, *rest in connection.execute(query))
                found |= {(id_, head.day): head for id_, head in heads}
        return found

    return attempted(engine, "read the ledger", read)


def days(engine: Engine, account: AccountKey, *, track: str = "") -> pd.DataFrame:
    """Return an account's days, earliest first; columns as the table's."""
    query = _of(DAYS, account, track).order_by(DAYS.c.day)
    return _frame(engine, DAYS, query)


def trades(
    engine: Engine,
    account: AccountKey,
    *,
    track: str = "",
    first: date | None = None,
    last: date | None = None,
) -> pd.DataFrame:
    """Return an account's openings and closings, in order; columns as the table's."""
    query = _of(TRADES, account, track).order_by(TRADES.c.day, TRADES.c.sequence)
    if first is not None:
        query = query.where(TRADES.c.day >= first)
    if last is not None:
        query = query.where(TRADES.c.day <= last)
    return _frame(engine, TRADES, query)


def summaries(engine: Engine, mode: Mode, ids: Iterable[str] | None = None) -> pd.DataFrame:
    """Return the last day of every account of a mode, by id; columns as the table's."""
    last = (
        select(DAYS.c.strategy_id, DAYS.c.track, func.max(DAYS.c.day).label("day"))
        .where(DAYS.c.mode == mode)
        .group_by(DAYS.c.strategy_id, DAYS.c.track)
        .subquery()
    )
    same = and_(
        DAYS.c.strategy_id == last.c.strategy_id,
        DAYS.c.track == last.c.track,
        DAYS.c.day == last.c.day,
    )
    query = select(*columns_of(DAYS)).join(last, same).where(DAYS.c.mode == mode)
    if ids is not None:
        query = query.where(DAYS.c.strategy_id.in_(list(ids)))
    return _frame(engine, DAYS, query.order_by(DAYS.c.strategy_id, DAYS.c.track))


def standing(engine: Engine, parent_id: str) -> pd.DataFrame:
    """Return where all variants of a parent stand: strategy_id, day, exp_trades, total_pnl."""
    mine = and_(DAYS.c.parent_id == parent_id, DAYS.c.mode == "shadow")
    last = (
        select(DAYS.c.strategy_id, func.max(DAYS.c.day).label("day"))
        .where(mine)
        .group_by(DAYS.c.strategy_id)
        .subquery()
    )
    same = and_(DAYS.c.strategy_id == last.c.strategy_id, DAYS.c.day == last.c.day)
    shown = (DAYS.c.strategy_id, DAYS.c.day, DAYS.c.exp_trades, DAYS.c.total_pnl)
    # By the whole key, a row of each account; by the parent, SQLite would go through all days.
    alone = (DAYS.c.mode == "shadow", DAYS.c.track == "")
    query = select(*shown).join(last, same).where(*alone).order_by(DAYS.c.strategy_id)

    def read() -> pd.DataFrame:
        with engine.connect() as connection:
            rows = connection.execute(query).all()
        return pd.DataFrame(rows, columns=[column.name for column in shown])

    return attempted(engine, "read the ledger", read)


def recorded_ids(engine: Engine) -> set[str]:
    """Return every id that ever had an account here."""

    def read() -> set[str]:
        with engine.connect() as connection:
            return set(connection.execute(select(DAYS.c.strategy_id).distinct()).scalars())

    return attempted(engine, "read the ledger", read)


def _of(table: Table, account: AccountKey, track: str) -> Select[Any]:
    return select(*columns_of(table)).where(
        table.c.strategy_id == account.strategy_id,
        table.c.mode == account.mode,
        table.c.track == track,
    )


def _frame(engine: Engine, table: Table, query: Select[Any]) -> pd.DataFrame:
    return frame_of(table, _rows(engine, query))


def _rows(engine: Engine, query: Select[Any]) -> Sequence[Row[Any]]:
    def read() -> Sequence[Row[Any]]:
        with engine.connect() as connection:
            return connection.execute(query).all()

    return attempted(engine, "read the ledger", read)
