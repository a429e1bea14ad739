"""Telling somebody: each cause once, whatever fails meanwhile, and never at the run's expense."""

from __future__ import annotations

import logging
from collections.abc import Callable, Sequence
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import cast

from jutsu_dagster.core.errors import LedgerError
from jutsu_dagster.pipeline.alert_books import Book, LedgerBook
from jutsu_dagster.pipeline.alert_causes import (
    Alert,
    data_check_failed,
    nothing_ran,
    paper_differs,
    run_failed,
    strategy_failed,
)
from jutsu_dagster.pipeline.alert_services import Severity, deliver, split_urls, without_secrets
from jutsu_dagster.settings import Settings
from jutsu_dagster.storage.alert_file import AlertFile, Kept
from jutsu_dagster.storage.ledger import Ledger

__all__ = [
    "Alert",
    "Alerts",
    "data_check_failed",
    "nothing_ran",
    "paper_differs",
    "run_failed",
    "strategy_failed",
]

_LOG = logging.getLogger(__name__)
# Seconds for all services together.
_TIMEOUT = 10.0
# What nobody was told in a week is no news; a first URL must not bring a year of it.
_STALE = timedelta(days=7)
_AT_ONCE = 20


def _clock() -> datetime:
    return datetime.now(UTC)


class Alerts:
    """Sends alerts, each cause once; no method raises, whatever is broken.

    A cause is delivered when one service took it. What none took goes out again when the cause
    comes again, or by ``retry_undelivered``. Processes of one project take turns, so that two with
    the same cause at once send it once.

    Parameters
    ----------
    urls : sequence of str
        apprise URLs; with none, alerts are recorded and logged.
    ledger : Ledger or None
        Where causes are remembered. While it is out of reach a file in ``state/`` stands in.
    home : Path
        Project folder.
    now : callable
        Returns the moment, with its zone.
    timeout : float
        Seconds that all services together may take.
    webserver_url : str or None
        Dagster's UI, for links to runs.
    """

    def __init__(
        self,
        urls: Sequence[str],
        ledger: Ledger | None,
        *,
        home: Path,
        now: Callable[[], datetime] = _clock,
        timeout: float = _TIMEOUT,
        webserver_url: str | None = None,
    ) -> None:
        self._urls = tuple(urls)
        self._now = now
        self._timeout = timeout
        self._webserver = (webserver_url or "").rstrip("/")
        self._ledger = None if ledger is None else LedgerBook(ledger)
        self._file = AlertFile(home / "state" / "alerts_unsent.jsonl")

    @classmethod
    def of(cls, settings: Settings, ledger: Ledger | None) -> Alerts:
        """Return the alerts that the settings ask for."""
        return cls(
            split_urls(settings.alert_urls),
            ledger,
            home=settings.home,
            webserver_url=settings.webserver_url,
        )

    def send(self, alert: Alert) -> bool:
        """Send an alert unless its cause was delivered before; never raise.

        Returns
        -------
        bool
            Whether a service took it now.
        """
        body = alert.body
        if alert.run_id and self._webserver:
            body = f"{body}\n\nThe run: {self._webserver}/runs/{alert.run_id}"
        try:
            with self._file.alone(self._timeout) as alone:
                return self._send(alert, body, alone=alone)
        except Exception as error:  # noqa: BLE001  (the run that reports a fault must go on)
            self._warn(f"the alert {alert.subject!r} got stuck", error)
            return False

    def retry_undelivered(self) -> int:
        """Send what no service took in the last week; return how many arrived; never raise.

        It stops at the first that fails again, so a dead service costs one timeout, not twenty.
        """
        try:
            with self._file.alone(self._timeout) as alone:
                return self._retry() if alone and self._urls else 0
        except Exception as error:  # noqa: BLE001  (as in send)
            self._warn("undelivered alerts stay so", error)
            return 0

    def _send(self, alert: Alert, body: str, *, alone: bool) -> bool:
        book, new = self._noted(alert, body, alone=alone)
        if new:
            # Whoever runs the command sees the failure itself; this is for logs that ask for it.
            _LOG.info("%s: %s\n%s", alert.severity, alert.subject, body)
        # Undelivered, with others at work for longer than they may: one of them is delivering it.
        elif not alone or book is None or book.is_delivered(alert.key):
            return False
        return self._delivered(book, alert.key, alert.severity, alert.subject, body)

    def _noted(self, alert: Alert, body: str, *, alone: bool) -> tuple[Book | None, bool]:
        """Return the book that noted the alert, and whether its cause is new there."""
        books: list[Book] = [self._file] if self._ledger is None else [self._ledger, self._file]
        for book in books:
            try:
                if alone and isinstance(book, LedgerBook):
                    book.take_over(self._file)
                new = book.note(alert.key, alert.severity, alert.subject, body, now=self._now())
            except Exception as error:  # noqa: BLE001  (what nobody can note is sent all the same)
                self._warn(f"the alert {alert.subject!r} cannot be recorded", error)
            else:
                return book, new
        return None, True

    def _delivered(
        self, book: Book | None, key: str, severity: Severity, subject: str, body: str
    ) -> bool:
        results = deliver(self._urls, severity, f"jutsu {severity}: {subject}", body, self._timeout)
        for result in results:
            if result.fault is not None:
                _LOG.warning("alert %r not sent to %s: %s", subject, result.url, result.fault)
        if all(result.fault is not None for result in results):
            return False
        try:
            if book is not None:
                book.mark_delivered(key)
        except Exception as error:  # noqa: BLE001  (it arrived; at worst it will a second time)
            self._warn(f"that the alert {subject!r} was sent cannot be recorded", error)
        return True

    def _retry(self) -> int:
        count = 0
        book, waiting = self._waiting()
        for kept in waiting:
            severity = cast("Severity", kept.severity)
            if not self._delivered(book, kept.key, severity, kept.subject, kept.body):
                break
            count += 1
        return count

    def _waiting(self) -> tuple[Book, list[Kept]]:
        since = self._now() - _STALE
        if self._ledger is not None:
            try:
                self._ledger.take_over(self._file)
                return self._ledger, self._ledger.undelivered(since, _AT_ONCE)
            except LedgerError as error:
                self._warn("the ledger's alerts cannot be read", error)
        return self._file, self._file.undelivered(since, _AT_ONCE)

    def _warn(self, what: str, error: Exception) -> None:
        reason = without_secrets(f"{type(error).__name__}: {error}", self._urls)
        _LOG.warning("%s: %s", what, reason)
