"""What happened to proposals: rows that are only ever added, and what is still to be written."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import fields
from datetime import UTC, datetime
from typing import Any, TypeVar, cast

from sqlalchemy import Connection, Engine, Row, Select, Table, func, insert, select

from jutsu_dagster.core.account import AccountKey
from jutsu_dagster.storage import promotion_models as models
from jutsu_dagster.storage.append import in_account
from jutsu_dagster.storage.attempt import attempted
from jutsu_dagster.storage.promotion_rows import AuditRow

AUDIT = cast("Table", models.PromotionAudit.__table__)
WRITTEN = "written"
"""Of a decision that changes files: they have been changed."""

# What says nothing about how a proposal stands.
_REMARKS = (WRITTEN, "replaced")
# One writer at a time, whatever the proposal: an approval withdraws others.
_LOCK = AccountKey("promotions", "paper")
_T = TypeVar("_T")


def audit(engine: Engine, id_: str | None = None) -> list[AuditRow]:
    """Return what happened, earliest first; to one proposal if its id is given.

    Raises
    ------
    LedgerError
        If the ledger cannot be read.
    """
    query = select(*_columns()).order_by(AUDIT.c.id)
    if id_ is not None:
        query = query.where(AUDIT.c.promotion_id == id_)
    return [_row(row) for row in read(engine, query)]


def unfinished(engine: Engine) -> list[AuditRow]:
    """Return the decisions that change files and are not known to have done so, earliest first.

    There is one where a process was killed between the two; else none.
    """
    open_: dict[str, AuditRow] = {}
    for row in audit(engine):
        if row.event == WRITTEN:
            open_.pop(row.detail["token"], None)
        elif "files" in row.detail:
            open_[row.detail["token"]] = row
    return list(open_.values())


def note_written(engine: Engine, decision: AuditRow, detail: Mapping[str, Any]) -> None:
    """Log that a decision's files have been changed; a repeat logs nothing."""
    token = decision.detail["token"]

    def work(connection: Connection) -> None:
        query = select(AUDIT.c.detail).where(
            AUDIT.c.promotion_id == decision.promotion_id, AUDIT.c.event == WRITTEN
        )
        if all(found["token"] != token for (found,) in connection.execute(query)):
            words = (decision.who, decision.why)
            told = {"token": token, **detail}
            note(connection, decision.promotion_id, decision.proposal_hash, WRITTEN, words, told)

    alone(engine, work, f"note what was written for {decision.promotion_id}")


def note(
    connection: Connection,
    id_: str,
    proposal_hash: str,
    event: str,
    words: tuple[str, str],
    detail: Mapping[str, Any],
) -> None:
    """Add a row within a transaction; ``words`` are who and why."""
    count = select(func.count()).select_from(AUDIT).where(AUDIT.c.promotion_id == id_)
    values = {
        "promotion_id": id_,
        "sequence": connection.execute(count).scalar_one(),
        "event": event,
        "who": words[0],
        "why": words[1],
        "proposal_hash": proposal_hash,
        "detail": dict(detail),
        "at": datetime.now(UTC),
    }
    connection.execute(insert(AUDIT), [values])


def last_change(connection: Connection, id_: str) -> AuditRow:
    """Return, within a transaction, what made a proposal stand as it does."""
    query = select(*_columns()).where(AUDIT.c.promotion_id == id_, AUDIT.c.event.not_in(_REMARKS))
    return _row(connection.execute(query.order_by(AUDIT.c.sequence.desc()).limit(1)).one())


def alone(engine: Engine, work: Callable[[Connection], _T], doing: str) -> _T:
    """Run ``work`` in one transaction that no other writer of proposals shares."""
    return in_account(engine, _LOCK, work, doing)


def read(engine: Engine, query: Select[Any]) -> Sequence[Row[Any]]:
    """Return all rows of a query; raise LedgerError if the ledger cannot be read."""

    def work() -> Sequence[Row[Any]]:
        with engine.connect() as connection:
            return connection.execute(query).all()

    return attempted(engine, "read the promotions", work)


def _columns() -> list[Any]:
    return [AUDIT.c[each.name] for each in fields(AuditRow)]


def _row(row: Row[Any]) -> AuditRow:
    return AuditRow(**row._mapping)  # noqa: SLF001  (its public name)
