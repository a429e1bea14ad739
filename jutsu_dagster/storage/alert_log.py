"""Alerts in the ledger: one row per cause, however often and by however many processes seen."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from typing import cast

import pandas as pd
from sqlalchemy import Connection, Table, select, update
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.exc import SQLAlchemyError

from jutsu_dagster.core.errors import LedgerError
from jutsu_dagster.storage import journal_models
from jutsu_dagster.storage.frames import columns_of, frame_of
from jutsu_dagster.storage.ledger import Ledger

_ALERTS = cast("Table", journal_models.Alert.__table__)


def note(
    ledger: Ledger, key: str, severity: str, subject: str, body: str, *, now: datetime | None = None
) -> bool:
    """Record that the cause ``key`` was seen; of several processes at once exactly one is first.

    Parameters
    ----------
    ledger : Ledger
    key : str
        Identifies the cause, at most 200 characters.
    severity, subject, body : str
        As last seen; at most 10 and 200 characters, and any number.
    now : datetime, optional
        A moment with its zone; the clock's unless given.

    Returns
    -------
    bool
        True if the cause is new. Otherwise it is counted, and its text is the new one.

    Raises
    ------
    LedgerError
        If the ledger cannot be written.
    """
    moment = now or datetime.now(UTC)
    row = {
        "dedup_key": key,
        "severity": severity,
        "subject": subject,
        "body": body,
        "count": 1,
        "delivered": False,
        "first_at": moment,
        "last_at": moment,
    }
    dialect = sqlite if ledger.engine.dialect.name == "sqlite" else postgresql
    new: sqlite.Insert | postgresql.Insert = dialect.insert(_ALERTS).values(row)
    shown = {name: new.excluded[name] for name in ("severity", "subject", "body", "last_at")}
    upsert = new.on_conflict_do_update(
        index_elements=["dedup_key"], set_=shown | {"count": _ALERTS.c.count + 1}
    ).returning(_ALERTS.c.count)
    with _transaction(ledger, f"record the alert {key}") as connection:
        return bool(connection.execute(upsert).scalar_one() == 1)


def mark_delivered(ledger: Ledger, key: str) -> None:
    """Record that somebody was told; raise LedgerError if the ledger cannot be written."""
    told = update(_ALERTS).where(_ALERTS.c.dedup_key == key).values(delivered=True)
    with _transaction(ledger, f"mark the alert {key} as delivered") as connection:
        connection.execute(told)


def is_delivered(ledger: Ledger, key: str) -> bool:
    """Return whether somebody was told of this cause."""
    query = select(_ALERTS.c.delivered).where(_ALERTS.c.dedup_key == key)
    with _transaction(ledger, f"read the alert {key}") as connection:
        return bool(connection.execute(query).scalar())


def recent(ledger: Ledger, limit: int) -> pd.DataFrame:
    """Return the last ``limit`` alerts, the latest first, with the table's columns.

    Raises
    ------
    LedgerError
        If the ledger cannot be read.
    """
    query = select(*columns_of(_ALERTS)).order_by(_ALERTS.c.last_at.desc(), _ALERTS.c.dedup_key)
    with _transaction(ledger, "read the alerts") as connection:
        return frame_of(_ALERTS, connection.execute(query.limit(limit)).all())


def undelivered(ledger: Ledger, since: datetime, limit: int) -> pd.DataFrame:
    """Return at most ``limit`` alerts seen since then that nobody was told of, earliest first."""
    query = (
        select(*columns_of(_ALERTS))
        .where(_ALERTS.c.delivered.is_(False), _ALERTS.c.last_at >= since)
        .order_by(_ALERTS.c.first_at, _ALERTS.c.dedup_key)
    )
    with _transaction(ledger, "read the alerts") as connection:
        return frame_of(_ALERTS, connection.execute(query.limit(limit)).all())


@contextmanager
def _transaction(ledger: Ledger, what: str) -> Iterator[Connection]:
    try:
        with ledger.engine.begin() as connection:
            yield connection
    except SQLAlchemyError as error:
        # Without the statement, which would repeat the whole body.
        reason = str(getattr(error, "orig", None) or error).strip()
        raise LedgerError(f"cannot {what}: {reason}") from error
