"""An earlier system's history in the ledger: put in whole, and given back to be compared."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from typing import Any, cast

from sqlalchemy import Connection, Engine, Table, func, insert, select
from sqlalchemy.exc import DatabaseError

from jutsu_dagster.core.account import AccountKey, AccountState
from jutsu_dagster.core.errors import LedgerError
from jutsu_dagster.storage import models, schema
from jutsu_dagster.storage.append import OPENING, in_account
from jutsu_dagster.storage.database import open_engine, parse_url, sqlite_file
from jutsu_dagster.storage.legacy_rows import LEGACY, Row

_SNAPSHOTS = cast("Table", models.PerformanceSnapshot.__table__)
_TRADES = cast("Table", models.Trade.__table__)
_CHECKPOINTS = cast("Table", models.Checkpoint.__table__)


def import_account(
    engine: Engine,
    account: AccountKey,
    snapshots: Sequence[Mapping[str, Any]],
    trades: Sequence[Mapping[str, Any]],
    opening: AccountState | None,
    metrics: Mapping[str, float],
) -> None:
    """Record an earlier system's history and where the account stands, in one transaction.

    Parameters
    ----------
    engine : Engine
    account : AccountKey
        Must have nothing on record.
    snapshots, trades : sequence of rows
        Of ``legacy_rows``.
    opening : AccountState or None
        None for an account that never ran: it opens as a new one.
    metrics : mapping of name to number
        Kept with the opening.

    Raises
    ------
    LedgerError
        If the account has a record, or the database refuses.
    """

    def work(connection: Connection) -> None:
        for table in (_SNAPSHOTS, _TRADES, _CHECKPOINTS):
            if count_of(connection, _of(table, account)):
                raise LedgerError(f"{account} has {table.name} on record; it cannot be moved in")
        if snapshots:
            connection.execute(insert(_SNAPSHOTS), [dict(row) for row in snapshots])
        if trades:
            connection.execute(insert(_TRADES), [dict(row) for row in trades])
        if opening is not None:
            days = len({row["snapshot_date"] for row in snapshots})
            row = _opening_row(account, opening, days, len(trades)) | {"metrics": dict(metrics)}
            connection.execute(insert(_CHECKPOINTS).values(row))

    in_account(engine, account, work, "move in the history")


def imported(engine: Engine, account: AccountKey) -> tuple[list[Row], list[Row]]:
    """Return the account's moved-in snapshots and trades, in the order of moving in."""
    with engine.connect() as connection:
        found = [
            [
                dict(row)
                for row in connection.execute(
                    _of(table, account).where(table.c.period == LEGACY).order_by(table.c.id)
                ).mappings()
            ]
            for table in (_SNAPSHOTS, _TRADES)
        ]
    return found[0], found[1]


def require_unused(url: str, account: AccountKey) -> None:
    """Do nothing if a ledger can take this account in; one that is not made yet can.

    Raises
    ------
    LedgerError
        If the account has a record, the ledger is newer than this version or cannot be read.
    """
    path = sqlite_file(parse_url(url))
    if path is not None and not path.exists():
        return
    engine = open_engine(parse_url(url))
    try:
        found = schema.recorded(engine)
        if found is not None and found > schema.HEAD:
            schema.require_current(engine)
        if found is None or found <= schema.LEGACY:
            return
        with engine.connect() as connection:
            count = count_of(connection, _of(_CHECKPOINTS, account))
    except DatabaseError as error:
        raise LedgerError(f"cannot read the ledger: {str(error.orig).strip()}") from error
    finally:
        engine.dispose()
    if count:
        raise LedgerError(
            f"{account} has {count} recorded periods; a history cannot be put before them."
            " Choose another --id"
        )


def _opening_row(account: AccountKey, state: AccountState, days: int, trades: int) -> Row:
    return {
        "strategy_id": account.strategy_id,
        "mode": account.mode,
        "period": OPENING,
        "first_session": state.session,
        "last_session": state.session,
        "opening_hash": LEGACY,
        "closing_hash": state.digest,
        "closing_state": state.to_dict(),
        "sessions": days,
        "trades": trades,
        "parameter_hash": LEGACY,
        "data_version": LEGACY,
        "data_hash": LEGACY,
        "code_version": LEGACY,
        "recorded_at": datetime.now(UTC),
    }


def _of(table: Table, account: AccountKey) -> Any:
    return select(table).where(
        table.c.strategy_id == account.strategy_id, table.c.mode == account.mode
    )


def count_of(connection: Connection, query: Any) -> int:
    """Return how many rows a query gives."""
    return int(connection.scalar(select(func.count()).select_from(query.subquery())) or 0)
