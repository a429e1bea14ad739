"""``jutsu up``: Dagster, and the API with the dashboard, as one group of processes."""

from __future__ import annotations

import fcntl
import json
import os
import socket
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

from jutsu_dagster.cli.instance import instance, locked
from jutsu_dagster.cli.processes import Group, StopSignals, group
from jutsu_dagster.cli.serve import HOST as API_HOST
from jutsu_dagster.cli.web import ask, check_port, location_fault, reachable
from jutsu_dagster.core.errors import JutsuError

if TYPE_CHECKING:
    from jutsu_dagster.settings import Settings

Say = Callable[[str], None]

DEFINITIONS = "jutsu_dagster.definitions"
LOCATION = "jutsu_dagster"

_START_SECONDS = 120.0
_TICK_SECONDS = 0.1


def up(
    settings: Settings,
    say: Say,
    host: str = "127.0.0.1",
    port: int = 3000,
    module: str = DEFINITIONS,
    *,
    api_port: int = 8000,
    schedules: bool = False,
) -> int:
    """Run Dagster and the API until a signal comes or a part of it dies.

    Parameters
    ----------
    settings : Settings
    say : callable of str
        Gets one line of progress at a time.
    host, port : str, int
        Where Dagster's webserver listens.
    module : str
        The module with the definitions.
    api_port : int
        Where the API and the dashboard listen, on the loopback whatever ``host`` is.
    schedules : bool
        Whether schedules and watches run; what was switched by hand in the UI stays as it is.

    Returns
    -------
    int
        0 after SIGINT, SIGTERM or SIGHUP, 1 if a process died by itself. No process is left.

    Raises
    ------
    JutsuError
        If a port is taken, or ``jutsu up`` runs already for this project.
    """
    address = f"http://{reachable(host)}:{port}"
    with _only_one(settings, address):
        if port == api_port:
            raise JutsuError(f"--port and --api-port are both {port}; they must differ")
        check_port(host, port)
        check_port(API_HOST, api_port, "--api-port")
        home = settings.home.resolve()
        # A short path: a socket's may have 107 characters, the project's folder any number.
        with (
            instance(settings),
            tempfile.TemporaryDirectory(prefix="jutsu-") as folder,
            group(
                settings.state_dir / "logs",
                _environment(settings, address, schedules=schedules),
                home,
            ) as (
                children,
                signals,
            ),
        ):
            servers = _Servers(children, signals, say)
            code = servers.start(host, port, Path(folder), module, home)
            if code is None:
                code = servers.start_api(api_port, token=settings.api_token is not None)
            return servers.watch() if code is None else code


@contextmanager
def _only_one(settings: Settings, address: str) -> Iterator[None]:
    path = settings.dagster_home / ".up.lock"
    with locked(path, fcntl.LOCK_EX | fcntl.LOCK_NB) as file:
        if file is None:
            message = (
                f"`jutsu up` runs already for this project: {path.read_text(encoding='utf-8')}"
            )
            raise JutsuError(message)
        file.truncate(0)
        file.write(f"{address}, process {os.getpid()}")
        file.flush()
        yield


def _environment(settings: Settings, address: str, *, schedules: bool) -> dict[str, str]:
    return {
        **os.environ,
        "DAGSTER_HOME": str(settings.dagster_home.resolve()),
        "JUTSU_HOME": str(settings.home.resolve()),
        "JUTSU_WEBSERVER_URL": address,
        "JUTSU_SCHEDULES": "1" if schedules or settings.schedules else "0",
        "PYTHONUNBUFFERED": "1",
    }


class _Servers:
    """The four processes, started in order and watched."""

    def __init__(self, children: Group, signals: StopSignals, say: Say) -> None:
        self._children = children
        self._signals = signals
        self._say = say

    def start(self, host: str, port: int, folder: Path, module: str, home: Path) -> int | None:
        """Start all and say where they are; an exit code if the end came first."""
        begun = time.monotonic()
        code_socket, workspace = folder / "code", folder / "workspace.yaml"
        server = {"socket": str(code_socket), "location_name": LOCATION}
        workspace.write_text(json.dumps({"load_from": [{"grpc_server": server}]}), encoding="utf-8")
        python = [sys.executable, "-m"]
        target = ["--module-name", module, "--working-directory", str(home)]

        # One code server for both the others: the definitions are loaded once, and its proxy can
        # load them again when the UI or the API asks for it.
        self._say("starting Dagster")
        self._children.start(
            "code_server",
            [*python, "dagster", "code-server", "start", "--socket", str(code_socket), *target],
        )
        code = self._wait(lambda: _accepts(code_socket))
        if code is not None:
            return code
        place = ["-h", host, "-p", str(port)]
        self._children.start(
            "webserver", [*python, "dagster_webserver", "-w", str(workspace), *place]
        )
        self._children.start("daemon", [*python, "dagster._daemon", "run", "-w", str(workspace)])
        code = self._wait(lambda: ask(host, port, "/server_info") is not None)
        if code is not None:
            return code
        took = time.monotonic() - begun
        self._say(f"Dagster is at http://{reachable(host)}:{port} ({took:.0f} s; Ctrl-C stops it)")
        fault = location_fault(host, port)
        if fault is not None:
            self._say(f"but it cannot load the definitions:\n{fault}")
        return None

    def start_api(self, port: int, *, token: bool) -> int | None:
        """Start the API with the dashboard and say where it is; as ``start``."""
        self._children.start("api", [sys.executable, "-m", "jutsu_dagster.cli.serve", str(port)])
        code = self._wait(lambda: ask(API_HOST, port, "/api/health") is not None)
        if code is not None:
            return code
        off = "" if token else "; POST is off until JUTSU_API_TOKEN is set"
        self._say(
            f"Dashboard and API are at http://{API_HOST}:{port} (documentation: /api/docs{off})"
        )
        return None

    def watch(self) -> int:
        """Wait for the end and return its exit code."""
        while (code := self._ended()) is None:
            time.sleep(_TICK_SECONDS)
        return code

    def _wait(self, ready: Callable[[], bool]) -> int | None:
        until = time.monotonic() + _START_SECONDS
        while not ready():
            if (code := self._ended()) is not None:
                return code
            if time.monotonic() > until:
                self._say(f"it did not start in {_START_SECONDS:.0f} s; see {self._children.logs}")
                return 1
            time.sleep(_TICK_SECONDS)
        return None

    def _ended(self) -> int | None:
        if self._signals.received is not None:
            self._say("stopping")
            return 0
        death = self._children.dead()
        if death is None:
            return None
        name, code = death
        how = f"was killed by signal {-code}" if code < 0 else f"stopped with exit code {code}"
        self._say(
            f"the {name.replace('_', ' ')} {how}, so everything stops; its last lines, from "
            f"{self._children.log_of(name)}:\n{self._children.tail(name)}"
        )
        return 1


def _accepts(path: Path) -> bool:
    with socket.socket(socket.AF_UNIX) as probe:
        return probe.connect_ex(str(path)) == 0
