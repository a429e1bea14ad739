"""Append-only accounts: a session is added once, to the end of its chain, and never rewritten."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any, TypeVar, cast

from sqlalchemy import Connection, Engine, Table, func, insert, select

from jutsu_dagster.core.account import AccountKey
from jutsu_dagster.core.errors import LedgerError
from jutsu_dagster.storage import models
from jutsu_dagster.storage.attempt import attempted
from jutsu_dagster.storage.period_rows import checkpoint_row, snapshot_rows, trade_rows

if TYPE_CHECKING:
    from jutsu_dagster.storage.records import RecordedPeriod

OPENING = "opening"
"""The period of an account that was moved in: it closes where the account then stood."""

_SNAPSHOTS = cast("Table", models.PerformanceSnapshot.__table__)
_TRADES = cast("Table", models.Trade.__table__)
_CHECKPOINTS = cast("Table", models.Checkpoint.__table__)
_T = TypeVar("_T")


def append(engine: Engine, period: RecordedPeriod) -> bool:
    """Add a period to the end of its account, whole, in one transaction.

    Returns
    -------
    bool
        False if the period is recorded already: nothing is written then, whatever it holds.

    Raises
    ------
    LedgerError
        If the account's last period does not close where this one opens.
    """
    content = (
        (_SNAPSHOTS, snapshot_rows(period)),
        (_TRADES, trade_rows(period)),
        (_CHECKPOINTS, [checkpoint_row(period)]),
    )

    def attempt(connection: Connection) -> bool:
        last = _last(connection, period.account)
        if last is not None and last.last_session >= period.first_session:
            if _recorded(connection, period.account, period.period):
                return False
            raise LedgerError(
                f"{period.account} is recorded up to {last.last_session}; {period.period} cannot"
                " be put before that: paper accounts are only ever added to"
            )
        opening = period.segment.opening
        expected = None if last is None else last.closing_hash
        if expected != (None if opening.session is None else opening.digest):
            raise LedgerError(
                f"{period.account}: {period.period} does not start where the account stands"
                f" ({'not opened yet' if last is None else f'{last.period}, {expected}'});"
                " another run may have been faster: run it again"
            )
        for table, rows in content:
            if rows:
                connection.execute(insert(table), rows)
        return True

    return in_account(engine, period.account, attempt, f"record {period.period}")


def in_account(
    engine: Engine, account: AccountKey, work: Callable[[Connection], _T], doing: str
) -> _T:
    """Run ``work`` in one transaction that no other writer of the account shares.

    A lost connection is tried again for about 15 s: ``work`` must find out for itself whether
    an earlier attempt was committed after all.

    Raises
    ------
    LedgerError
        If the database cannot be reached, is full or read-only, or refuses the rows.
    """

    def attempt() -> _T:
        with exclusive(engine, account) as connection:
            return work(connection)

    return attempted(engine, f"{doing} of {account}", attempt)


@contextmanager
def exclusive(engine: Engine, account: AccountKey) -> Iterator[Connection]:
    """Give a connection in a transaction that holds the account's lock until it commits."""
    with engine.connect() as connection:
        if connection.dialect.name == "postgresql":
            key = func.hashtextextended(str(account), 0)
            connection.execute(select(func.pg_advisory_xact_lock(key)))
        else:
            # Python's driver would begin only at the first write, after what was read before it.
            connection.exec_driver_sql("BEGIN IMMEDIATE")
        yield connection
        connection.commit()


def _last(connection: Connection, account: AccountKey) -> Any:
    table = _CHECKPOINTS.c
    query = (
        select(table.period, table.last_session, table.closing_hash)
        .where(table.strategy_id == account.strategy_id, table.mode == account.mode)
        .order_by(table.last_session.desc())
        .limit(1)
    )
    return connection.execute(query).first()


def _recorded(connection: Connection, account: AccountKey, period: str) -> bool:
    table = _CHECKPOINTS.c
    query = select(table.id).where(
        table.strategy_id == account.strategy_id,
        table.mode == account.mode,
        table.period == period,
    )
    return connection.execute(query).first() is not None
