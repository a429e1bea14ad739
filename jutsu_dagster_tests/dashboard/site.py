"""A project's API and dashboard, served by this process on a port of their own."""

from __future__ import annotations

import socket
import threading
import time
from collections.abc import Callable
from datetime import datetime
from typing import Any

import uvicorn
from fastapi.testclient import TestClient

from jutsu_dagster.api.app import create_app
from jutsu_dagster.dashboard.app import create_dashboard
from jutsu_dagster.pipeline.views.desk import ReadDesk
from jutsu_dagster.settings import Settings
from jutsu_dagster_tests.homes import Home
from jutsu_dagster_tests.shown import NOW

TOKEN = "a token of the tests"  # noqa: S105
_START_SECONDS = 30.0


class Site:
    """A project, served.

    Parameters
    ----------
    home : Home
    now : callable
        The moment that it is shown at.
    **settings
        Further settings.
    """

    def __init__(
        self, home: Home, now: Callable[[], datetime] = lambda: NOW, **settings: Any
    ) -> None:
        self.home, self._now = home, now
        given = {"home": home.path, "api_token": TOKEN, **settings}
        self.settings = Settings.model_validate(given)
        self.port = free_port()
        self.url = f"http://127.0.0.1:{self.port}"
        self.start()

    def start(self) -> None:
        """Start serving, on the same port as before."""
        desk = ReadDesk(self.settings, self._now)
        dashboard: Any = create_dashboard(self.settings, desk)
        app = create_app(self.settings, desk, beside=dashboard)
        self.api = TestClient(app, base_url=self.url)
        config = uvicorn.Config(
            app, host="127.0.0.1", port=self.port, log_level="error", access_log=False,
            timeout_graceful_shutdown=1,
        )  # fmt: skip
        self._server = uvicorn.Server(config)
        self._thread = threading.Thread(target=self._server.run, daemon=True)
        self._thread.start()
        until = time.monotonic() + _START_SECONDS
        while not self._server.started:
            assert time.monotonic() < until, "the server did not start"
            assert self._thread.is_alive(), "the server ended"
            time.sleep(0.02)

    def stop(self) -> None:
        """Stop serving; connections end."""
        self._server.should_exit = True
        self._thread.join(_START_SECONDS)
        assert not self._thread.is_alive()
        self.api.close()


def free_port() -> int:
    """Return a port that nobody listens on."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port
