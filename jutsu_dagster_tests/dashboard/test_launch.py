"""A backtest launched from the browser to its end, through a real ``jutsu up`` and a real Dagster.

It takes about a minute: Dagster's daemon looks for new backfills every 30 seconds.
"""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
import urllib.error
import urllib.request
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import expect

from jutsu_dagster.core.account import AccountKey
from jutsu_dagster_tests.dashboard.conftest import Tab
from jutsu_dagster_tests.dashboard.site import TOKEN, free_port
from jutsu_dagster_tests.homes import Home

_UP_SECONDS, _RUN_MILLISECONDS = 90.0, 150_000


class Up:
    """A running ``jutsu up``; looks like a site to a tab."""

    def __init__(self, home: Home, log: Path) -> None:
        self.port = free_port()
        self.url = f"http://127.0.0.1:{self.port}"
        self.home = home
        environment = {
            **os.environ, "JUTSU_HOME": str(home.path), "JUTSU_API_TOKEN": TOKEN,
            "PYTHONWARNINGS": "",
        }  # fmt: skip
        ports = ["--port", str(free_port()), "--api-port", str(self.port)]
        with log.open("wb") as output:
            self.process = subprocess.Popen(
                [sys.executable, "-m", "jutsu_dagster.cli.app", "up", *ports],
                env=environment, cwd=home.path, stdout=output, stderr=subprocess.STDOUT,
                start_new_session=True,
            )  # fmt: skip
        self._log = log

    def wait(self) -> None:
        """Wait until the dashboard answers."""
        until = time.monotonic() + _UP_SECONDS
        while True:
            assert self.process.poll() is None, self._log.read_text()
            assert time.monotonic() < until, self._log.read_text()
            try:
                with closing(urllib.request.urlopen(f"{self.url}/api/health", timeout=5)):  # noqa: S310
                    return
            except (urllib.error.URLError, OSError):
                time.sleep(0.2)

    def stop(self) -> None:
        """End it as Ctrl-C does."""
        self.process.send_signal(signal.SIGINT)
        try:
            self.process.wait(60)
        finally:
            if self.process.poll() is None:
                os.killpg(self.process.pid, signal.SIGKILL)


@pytest.fixture
def up(shown_home: Home, tmp_path: Path) -> Iterator[Up]:
    found = Up(shown_home, tmp_path / "up.log")
    try:
        found.wait()
        yield found
    finally:
        found.stop()


def test_a_backtest_is_launched_and_followed_to_its_end(up: Up, tab: Tab) -> None:
    key = AccountKey("v3_5d", "backtest")
    before = recorded(up.home, key)
    site: Any = up
    page = tab.open(site, "/backtest?strategies=v3_5d")
    page.click("#open-launch")
    expect(page.locator("#launch-strategy")).to_have_value("v3_5d · Hierarchical Adaptive v3.5d")
    page.click("#launch-to")
    page.get_by_role("option", name="2024", exact=True).click()
    page.fill("#launch-token", "wrong")
    page.click("#launch-go")
    expect(page.locator("#launch-said")).to_contain_text("not the right one")
    page.fill("#launch-token", TOKEN)
    page.click("#launch-go")
    progress = page.locator("#launches .launch")
    expect(progress).to_contain_text("Backtest of v3_5d, 2024 to 2024", timeout=30_000)
    # What was launched is followed after a reload too.
    page.reload()
    expect(progress).to_contain_text("0 of 1 years")
    expect(progress).to_have_attribute("data-status", "completed", timeout=_RUN_MILLISECONDS)
    expect(progress).to_contain_text("1 of 1 years")
    assert "/runs/b/" in (progress.get_by_role("link").get_attribute("href") or "")
    page.click("#launch-dismiss")
    expect(progress).to_have_count(0)
    assert recorded(up.home, key) > before


def recorded(home: Home, key: AccountKey) -> Any:
    """Return when the year 2024 was recorded."""
    found = {each.period: each.recorded_at for each in home.ledger.checkpoints(key)}
    home.ledger.close()
    return found["2024"]
