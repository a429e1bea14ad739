"""The doctor's look at alerts: whether each URL is one, and whether a test message arrives."""

from __future__ import annotations

from typing import TYPE_CHECKING

from jutsu_dagster.cli.doctor import Check

if TYPE_CHECKING:
    from jutsu_dagster.settings import Settings

NAME = "alerts"
_TIMEOUT = 10.0


def check_alerts(settings: Settings, *, send: bool = True, timeout: float = _TIMEOUT) -> Check:
    """Send a test message to every URL of ``JUTSU_ALERT_URLS``, and say which took it.

    Parameters
    ----------
    settings : Settings
    send : bool
        False only looks whether apprise knows the URLs.
    timeout : float
        Seconds for all of them together.
    """
    from jutsu_dagster.pipeline.alert_services import check, deliver, split_urls

    urls = split_urls(settings.alert_urls)
    if not urls:
        return Check(NAME, "ok", "none configured; set JUTSU_ALERT_URLS")
    body = f"A test from `jutsu doctor` for the project {settings.home.resolve().name}."
    results = deliver(urls, "info", "jutsu: test", body, timeout) if send else check(urls)
    passed = "sent" if send else "valid, nothing sent"
    detail = "\n".join(f"{result.url}: {result.fault or passed}" for result in results)
    if all(result.fault is None for result in results):
        return Check(NAME, "ok", detail)
    return Check(NAME, "fail", detail, "mend these URLs in JUTSU_ALERT_URLS")
