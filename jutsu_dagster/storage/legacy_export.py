"""An account taken out of the ledger again: what it did since the move is written down first."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from pathlib import Path
from typing import Any, cast

from sqlalchemy import Connection, Engine, Table, delete, insert, select
from sqlalchemy.exc import DatabaseError

from jutsu_dagster.core.account import AccountKey
from jutsu_dagster.core.errors import LedgerError
from jutsu_dagster.storage import journal_models, models, schema
from jutsu_dagster.storage.append import OPENING, in_account
from jutsu_dagster.storage.atomic import write_text_atomic
from jutsu_dagster.storage.database import parse_url, sqlite_file
from jutsu_dagster.storage.ledger import Ledger
from jutsu_dagster.storage.legacy_rows import LEGACY, Row

_ACCOUNTS = tuple(
    cast("Table", model.__table__)
    for model in (
        models.PerformanceSnapshot,
        models.Trade,
        models.Checkpoint,
        journal_models.StrategyRun,
    )
)
_MOVED = (LEGACY, OPENING)


@dataclass(frozen=True, slots=True)
class LedgerRest:
    """What of the ledger was written elsewhere when an account was taken out.

    Attributes
    ----------
    exported : dict of table to int
        The account's own rows since it was moved in.
    others : int
        Rows of everything else, where the ledger has to go too.
    """

    exported: dict[str, int]
    others: int = 0


def empty_ledger(url: str, account: AccountKey, folder: Path, *, leaving: bool) -> LedgerRest:
    """Take the account out of the ledger; where that is ``leaving``, copy the rest first.

    A ledger that is not made, or not made any more, holds nothing.
    """
    path = sqlite_file(parse_url(url))
    if path is not None and not path.exists():
        return LedgerRest({})
    ledger = Ledger(url)
    try:
        if schema.recorded(ledger.engine) != schema.HEAD:
            return LedgerRest({})
        exported = take_out(ledger.engine, account, folder)
        others = copy_ledger(ledger.engine, folder / "ledger.db") if leaving else 0
    except DatabaseError as error:
        raise LedgerError(f"cannot read the ledger: {str(error.orig).strip()}") from error
    finally:
        ledger.close()
    return LedgerRest(exported, others)


def take_out(engine: Engine, account: AccountKey, folder: Path) -> dict[str, int]:
    """Remove all of the account from the ledger; what came after the move is written down first.

    Parameters
    ----------
    engine : Engine
    account : AccountKey
    folder : Path
        Gets one file of JSON lines for each table with such rows.

    Returns
    -------
    dict of table to int
        Rows written down.
    """

    def work(connection: Connection) -> dict[str, int]:
        counts = {}
        for table in _ACCOUNTS:
            rows = connection.execute(_since(table, account)).mappings().all()
            if rows:
                _write_lines(folder / f"{table.name}.jsonl", [dict(row) for row in rows])
                counts[table.name] = len(rows)
        for table in _ACCOUNTS:
            connection.execute(
                delete(table).where(
                    table.c.strategy_id == account.strategy_id, table.c.mode == account.mode
                )
            )
        return counts

    return in_account(engine, account, work, "take out the history")


def copy_ledger(engine: Engine, target: Path) -> int:
    """Copy every row of the ledger into a new SQLite ledger at ``target``; return how many."""
    target.unlink(missing_ok=True)
    copy = Ledger(f"sqlite:///{target}")
    copy.migrate()
    count = 0
    try:
        with engine.connect() as source, copy.engine.begin() as sink:
            for table in models.Base.metadata.sorted_tables:
                rows = [dict(row) for row in source.execute(select(table)).mappings()]
                if rows:
                    sink.execute(insert(table), rows)
                count += len(rows)
    except DatabaseError as error:
        raise LedgerError(f"cannot copy the ledger to {target}: {error.orig}") from error
    finally:
        copy.close()
    return count


def _since(table: Table, account: AccountKey) -> Any:
    query = select(table).where(
        table.c.strategy_id == account.strategy_id, table.c.mode == account.mode
    )
    return query.where(table.c.period.not_in(_MOVED)) if "period" in table.c else query


def _write_lines(path: Path, rows: Sequence[Row]) -> None:
    def told(value: object) -> str:
        return value.isoformat() if isinstance(value, date) else str(value)

    lines = [json.dumps(row, default=told, allow_nan=False) for row in rows]
    write_text_atomic(path, "\n".join(lines) + "\n")
