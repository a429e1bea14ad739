"""Proposals of promotions: opened by the night, closed by people or when their time is over."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import fields
from datetime import UTC, date, datetime
from typing import Any, cast

from sqlalchemy import Connection, Engine, Row, Table, insert, select, update

from jutsu_dagster.core.errors import LedgerError
from jutsu_dagster.storage import promotion_models as models
from jutsu_dagster.storage.database import plain
from jutsu_dagster.storage.promotion_rows import (
    NIGHT,
    AuditRow,
    Proposal,
    ProposalRow,
    Standing,
    Status,
    proposal_id,
)
from jutsu_dagster.storage.promotion_trail import alone, audit, last_change, note, read

__all__ = [
    "NIGHT",
    "AuditRow",
    "Proposal",
    "ProposalRow",
    "Standing",
    "Status",
    "audit",
    "close",
    "expire",
    "open_proposal",
    "proposal",
    "proposal_id",
    "proposals",
    "standings",
]

PROMOTIONS = cast("Table", models.Promotion.__table__)

# What may follow on what; all else is an end.
_NEXT: Mapping[str, frozenset[str]] = {
    "open": frozenset({"approved", "rejected", "expired", "withdrawn"}),
    "approved": frozenset({"rolled_back"}),
}


def open_proposal(engine: Engine, proposal: Proposal) -> bool:
    """Record a proposal as open.

    Returns
    -------
    bool
        False if it is recorded with this hash already, or was decided about with another: then
        nothing is written. An open one with another hash is replaced, and the log says so: what
        a person was shown of it before can no longer be approved.

    Raises
    ------
    LedgerError
        If the ledger cannot be written; so do all functions here.
    """
    values = {each.name: getattr(proposal, each.name) for each in fields(Proposal)}
    values["document"] = plain(proposal.document)

    def work(connection: Connection) -> bool:
        found = _found(connection, proposal.id)
        if found is None:
            at = datetime.now(UTC)
            connection.execute(insert(PROMOTIONS), [values | {"status": "open", "opened_at": at}])
            _note(connection, proposal, "opened", NIGHT, "every gate holds", {})
            return True
        if found.status != "open" or found.proposal_hash == proposal.proposal_hash:
            return False
        connection.execute(update(PROMOTIONS).where(PROMOTIONS.c.id == proposal.id).values(values))
        why = "the night was run again and found other numbers"
        _note(connection, proposal, "replaced", NIGHT, why, {"was": found.proposal_hash})
        return True

    return alone(engine, work, f"open the proposal {proposal.id}")


def proposals(
    engine: Engine, *, parent_id: str | None = None, status: Status | None = None
) -> list[ProposalRow]:
    """Return proposals in the order of their partitions and ids, of one parent or status."""
    asked = {"parent_id": parent_id, "status": status}
    query = (
        select(*PROMOTIONS.c)
        .where(*(PROMOTIONS.c[name] == value for name, value in asked.items() if value is not None))
        .order_by(PROMOTIONS.c.partition, PROMOTIONS.c.id)
    )
    return [_proposal(row) for row in read(engine, query)]


def proposal(engine: Engine, id_: str) -> ProposalRow | None:
    """Return one proposal, None if there is none with this id."""
    rows = read(engine, select(*PROMOTIONS.c).where(PROMOTIONS.c.id == id_))
    return _proposal(rows[0]) if rows else None


def standings(engine: Engine) -> list[Standing]:
    """Return how all proposals stand, in the order of their partitions, without their evidence."""
    query = select(*(PROMOTIONS.c[each.name] for each in fields(Standing)))
    rows = read(engine, query.order_by(PROMOTIONS.c.partition, PROMOTIONS.c.id))
    return [Standing(**row._mapping) for row in rows]  # noqa: SLF001  (its public name)


def expire(engine: Engine, before: date) -> list[str]:
    """Close every open proposal whose last day was before ``before``; return their ids."""

    def work(connection: Connection) -> list[str]:
        query = select(*PROMOTIONS.c).where(
            PROMOTIONS.c.status == "open", PROMOTIONS.c.expires_on < before
        )
        late = [_proposal(row) for row in connection.execute(query.order_by(PROMOTIONS.c.id))]
        for each in late:
            why = f"nobody decided by {each.expires_on}"
            _close(connection, each, "expired", NIGHT, why, {"before": before.isoformat()})
        return [each.id for each in late]

    return alone(engine, work, "expire proposals")


def close(  # noqa: PLR0913  (who, what, why, and what it was decided upon)
    engine: Engine,
    id_: str,
    status: Status,
    by: str,
    why: str,
    *,
    proposal_hash: str | None = None,
    detail: Mapping[str, Any] | None = None,
    withdraw: Mapping[str, str] | None = None,
) -> None:
    """Change how a proposal stands and log it, in one transaction; of two at once one wins.

    Parameters
    ----------
    engine : Engine
    id_ : str
    status : str
        approved, rejected, expired or withdrawn for an open one; rolled_back for an approved one.
    by, why : str
        At most 100 characters; any number.
    proposal_hash : str, optional
        What was decided upon; a proposal that has another by now stays as it is.
    detail : mapping, optional
        JSON for the log. A repeat with the same ``token`` in it, after a lost connection, is
        found to be done.
    withdraw : mapping of id to reason, optional
        Open proposals to withdraw with it; those that are not open any more are left alone.

    Raises
    ------
    LedgerError
        If there is no such proposal, or it does not stand where it could become that.
    """
    kept = plain(dict(detail or {}))

    def work(connection: Connection) -> None:
        row = _found(connection, id_)
        if row is None:
            raise LedgerError(f"there is no proposal {id_!r}; see jutsu promotions list")
        last = last_change(connection, id_)
        if "token" in kept and last.event == status and last.detail.get("token") == kept["token"]:
            return
        if status not in _NEXT.get(row.status, ()):
            raise LedgerError(
                f"{id_} cannot be {status.replace('_', ' ')}: it was {last.event} by {last.who} at"
                f" {last.at:%Y-%m-%d %H:%M} UTC ({last.why})"
            )
        if proposal_hash not in {None, row.proposal_hash}:
            raise LedgerError(f"{id_} was replaced meanwhile; see jutsu promotions show {id_}")
        _close(connection, row, status, by, why, kept)
        for other, reason in (withdraw or {}).items():
            rival = _found(connection, other)
            if rival is not None and rival.status == "open":
                _close(connection, rival, "withdrawn", by, reason, {"because_of": id_})

    alone(engine, work, f"close the proposal {id_}")


def _close(
    connection: Connection, row: Proposal, status: Status, by: str, why: str, detail: Any
) -> None:
    change = update(PROMOTIONS).where(PROMOTIONS.c.id == row.id)
    connection.execute(change.values(status=status, closed_at=datetime.now(UTC)))
    _note(connection, row, status, by, why, detail)


def _note(
    connection: Connection, row: Proposal, event: str, by: str, why: str, detail: Mapping[str, Any]
) -> None:
    note(connection, row.id, row.proposal_hash, event, (by, why), detail)


def _found(connection: Connection, id_: str) -> ProposalRow | None:
    row = connection.execute(select(*PROMOTIONS.c).where(PROMOTIONS.c.id == id_)).first()
    return None if row is None else _proposal(row)


def _proposal(row: Row[Any]) -> ProposalRow:
    return ProposalRow(**row._mapping)  # noqa: SLF001  (its public name)
