"""Where alerts go: apprise's services, each in a thread of its own and never for long.

An apprise URL is a secret almost anywhere in it: token as host, webhook in the path, key in the
query. Nothing of it is shown but scheme and host, and what a service says goes through the same
sieve.
"""

from __future__ import annotations

import logging
import re
import threading
import time
from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal
from urllib.parse import unquote

if TYPE_CHECKING:
    from apprise import Apprise, NotifyType

Severity = Literal["critical", "warning", "info"]

_BETWEEN_URLS = re.compile(r"\s+|,\s*(?=[A-Za-z0-9]+://)")
_SCHEME = re.compile(r"([A-Za-z0-9]{1,32})://")
_HOST = re.compile(r"[A-Za-z0-9]+://(?:[^/?#]*@)?((?:[\w-]+\.)+[\w-]+|localhost)(:\d+)?(?=[/?#]|$)")
# Shorter pieces of a URL are words and numbers that would tear holes into every message.
_SECRET_LENGTH = 4
# Every library that writes URLs into its log while it sends.
_TALKERS = ("apprise", "urllib3.connectionpool", "requests_oauthlib.oauth1_session")


@dataclass(frozen=True, slots=True)
class Delivery:
    """What came of one URL.

    Attributes
    ----------
    url : str
        As it may be shown: ``2: json://example.org/…``, with its position.
    fault : str or None
        Why nothing arrived; None if it did.
    """

    url: str
    fault: str | None = None


def split_urls(text: str | None) -> tuple[str, ...]:
    """Return the URLs of ``JUTSU_ALERT_URLS``, divided by white space or commas.

    A comma inside a URL (``mailto://…?to=a,b``) stays: only one before a scheme divides.
    """
    parts = (part.strip(",") for part in _BETWEEN_URLS.split(text or ""))
    return tuple(part for part in parts if part)


def check(urls: Sequence[str]) -> list[Delivery]:
    """Return for each URL whether apprise has a service for it; nothing is sent."""
    shown = _shown(urls)
    services = [_service(url) for url in urls]
    return [
        Delivery(name, None if service else "is no apprise URL, or lacks a part its service needs")
        for name, service in zip(shown, services, strict=True)
    ]


def deliver(
    urls: Sequence[str], severity: Severity, title: str, body: str, timeout: float
) -> list[Delivery]:
    """Send a plain text to every URL at once, and wait ``timeout`` seconds at most in all.

    Parameters
    ----------
    urls : sequence of str
    severity : {"critical", "warning", "info"}
        Shown by services that know colours or priorities.
    title, body : str
    timeout : float
        Seconds. What has not answered by then is left behind; it dies with the process.

    Returns
    -------
    list of Delivery
        In the order of ``urls``; never raises for what a service does.
    """
    until = time.monotonic() + timeout
    results = check(urls)
    senders: dict[int, _Sender] = {}
    for at, url in enumerate(urls):
        if results[at].fault is None:
            senders[at] = _Sender(url, severity, title, body)
            senders[at].start()
    for at, sender in senders.items():
        sender.join(max(0.0, until - time.monotonic()))
        late = f"no answer within {timeout:g} s"
        results[at] = Delivery(results[at].url, late if sender.is_alive() else sender.fault)
    return results


def without_secrets(text: str, urls: Sequence[str]) -> str:
    """Return ``text`` with every piece of a URL that could be a secret replaced by ``…``."""
    shown = " ".join(_shown(urls))
    pieces = {
        piece
        for url in urls
        for form in (url, unquote(url))
        for piece in (form, *re.split(r"[/:@?&=,+#\s]+", form))
        if len(piece) >= _SECRET_LENGTH and piece not in shown
    }
    for piece in sorted(pieces, key=len, reverse=True):
        text = text.replace(piece, "…")
    return text


def _shown(urls: Sequence[str]) -> list[str]:
    return [f"{position}: {_form(url)}" for position, url in enumerate(urls, start=1)]


def _form(url: str) -> str:
    scheme = _SCHEME.match(url)
    if scheme is None:
        return "…"
    # Only a dotted name is a host: apprise knows many services whose "host" is a token or topic.
    host = _HOST.match(url)
    return f"{scheme[0]}{host[1]}{host[2] or ''}/…" if host else f"{scheme[0]}…"


class _Sender(threading.Thread):
    """One service at work; a daemon, so that a hanging one cannot keep the process from ending."""

    def __init__(self, url: str, severity: Severity, title: str, body: str) -> None:
        super().__init__(name="jutsu-alert", daemon=True)
        self._url = url
        self._severity = severity
        self._title = title
        self._body = body
        self.fault: str | None = "it did not begin"

    def run(self) -> None:
        """Send, and keep why it failed."""
        from apprise import NotifyFormat

        said: list[str] = []
        _HUSH.said = said
        try:
            service = _service(self._url)
            sent = service is not None and bool(
                service.notify(
                    body=self._body,
                    title=self._title,
                    notify_type=_kind(self._severity),
                    body_format=NotifyFormat.TEXT,
                )
            )
        except Exception as error:  # noqa: BLE001  (a service's plugin may raise anything)
            sent = False
            said.append(f"{type(error).__name__}: {error}")
        reason = "; ".join(dict.fromkeys(said)) or "the service refused it and gave no reason"
        self.fault = None if sent else without_secrets(reason, [self._url])


class _Hush(logging.Filter, threading.local):
    """Keeps what libraries log while they send out of all logs: it holds whole URLs."""

    said: list[str] | None = None

    def __init__(self) -> None:
        super().__init__()

    def filter(self, record: logging.LogRecord) -> bool:
        """Let pass what other threads say; keep our own warnings as reasons."""
        if self.said is None:
            return True
        if record.levelno >= logging.WARNING:
            self.said.append(record.getMessage().strip())
        return False


_HUSH = _Hush()


def _service(url: str) -> Apprise | None:
    """Return apprise with this one service, None if it knows none for the URL."""
    import apprise

    for name in _TALKERS:
        logging.getLogger(name).addFilter(_HUSH)
    before, _HUSH.said = _HUSH.said, []
    try:
        # With neither, it sends in the calling thread, which is ours to leave behind; in its own
        # pool a hanging service would keep the process from ending.
        asset = apprise.AppriseAsset(app_id="jutsu", async_mode=False, service_timeout=0)
        # One URL as it stands: add() alone would divide it at commas once more.
        plugin = apprise.Apprise.instantiate(url, asset=asset)
        return apprise.Apprise(plugin, asset=asset) if plugin else None
    finally:
        _HUSH.said = before


def _kind(severity: Severity) -> NotifyType:
    from apprise import NotifyType

    kinds = {"critical": NotifyType.FAILURE, "warning": NotifyType.WARNING}
    return kinds.get(severity, NotifyType.INFO)
