"""Where it is remembered which causes are known: the ledger, or a file while it is out of reach."""

from __future__ import annotations

from datetime import datetime
from typing import Protocol

from jutsu_dagster.storage import alert_log
from jutsu_dagster.storage.alert_file import AlertFile, Kept
from jutsu_dagster.storage.ledger import Ledger


class Book(Protocol):
    """What remembers alerts; methods as in ``storage.alert_log``."""

    def note(self, key: str, severity: str, subject: str, body: str, *, now: datetime) -> bool:
        """Return whether the cause is new."""
        ...

    def is_delivered(self, key: str) -> bool:
        """Return whether somebody was told."""
        ...

    def mark_delivered(self, key: str) -> None:
        """Keep that somebody was told."""
        ...

    def undelivered(self, since: datetime, limit: int) -> list[Kept]:
        """Return what nobody was told of, earliest first."""
        ...


class LedgerBook:
    """The ledger's table of alerts, which takes over what the file kept in its place.

    Parameters
    ----------
    ledger : Ledger
    """

    def __init__(self, ledger: Ledger) -> None:
        self._ledger = ledger

    def take_over(self, file: AlertFile) -> None:
        """Move the file's alerts into the ledger; LedgerError leaves the file as it is."""
        kept = file.kept()
        for alert in kept:
            moment = datetime.fromisoformat(alert.at)
            self.note(alert.key, alert.severity, alert.subject, alert.body, now=moment)
            if alert.delivered:
                self.mark_delivered(alert.key)
        if kept:
            file.clear()

    def note(self, key: str, severity: str, subject: str, body: str, *, now: datetime) -> bool:
        """As ``alert_log.note``."""
        return alert_log.note(self._ledger, key, severity, subject, body, now=now)

    def is_delivered(self, key: str) -> bool:
        """As ``alert_log.is_delivered``."""
        return alert_log.is_delivered(self._ledger, key)

    def mark_delivered(self, key: str) -> None:
        """As ``alert_log.mark_delivered``."""
        alert_log.mark_delivered(self._ledger, key)

    def undelivered(self, since: datetime, limit: int) -> list[Kept]:
        """As ``alert_log.undelivered``."""
        rows = alert_log.undelivered(self._ledger, since, limit)
        return [
            Kept(
                key=row["dedup_key"],
                severity=row["severity"],
                subject=row["subject"],
                body=row["body"],
                at=row["last_at"].isoformat(),
            )
            for row in rows.to_dict("records")
        ]
