"""A PostgreSQL server of our own that can be stopped and started in the middle of a test."""

from __future__ import annotations

import secrets
import signal
import socket
import subprocess
import sys
import time
from pathlib import Path
from types import TracebackType
from typing import Literal, Self

from sqlalchemy.engine import URL

from jutsu_dagster_tests.postgres.databases import Databases
from jutsu_dagster_tests.postgres.programs import Runner, UnavailableError, find

Mode = Literal["fast", "immediate"]

_SIGNALS = {"fast": signal.SIGINT, "immediate": signal.SIGQUIT}
_PROJECT = Path(__file__).parents[2]
_USER = "jutsu"
_START_SECONDS = 60.0
_STOP_SECONDS = 60.0
# Below the ports that kernels give to connections, one of which might take ours in a restart.
_PORTS = range(15_000, 32_000)
_SETTINGS = """
listen_addresses = '127.0.0.1'
unix_socket_directories = ''
shared_buffers = '32MB'
# No power cut here. But a commit is a commit, also when the server is stopped at once.
fsync = off
full_page_writes = off
# Servers have time zones; moments must not depend on them.
timezone = 'Asia/Kolkata'
log_timezone = 'UTC'
"""


class Server(Databases):
    """A throwaway PostgreSQL server on 127.0.0.1 with a password, as users have one.

    Its data are in a folder for temporary files. Folder and server are gone after ``close``, and
    also when this process dies in whatever way. As root, the server runs as ``nobody``.

    Raises
    ------
    UnavailableError
        If this machine has no PostgreSQL that we can start.
    """

    def __init__(self) -> None:
        self._runner = Runner()
        self.folder = self._runner.new_folder()
        self._data = self.folder / "data"
        self._process: subprocess.Popen[bytes] | None = None
        self._watchdog = subprocess.Popen(
            [sys.executable, "-m", "jutsu_dagster_tests.postgres.watchdog", str(self.folder)],
            cwd=_PROJECT,
            stdin=subprocess.PIPE,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
            # Out of reach of the terminal's Ctrl-C and of whoever kills our own group.
            start_new_session=True,
        )
        password = secrets.token_urlsafe(12)
        host, port = "127.0.0.1", _free_port()
        super().__init__(URL.create("postgresql+psycopg2", _USER, password, host, port, "postgres"))
        try:
            self._programs = find(self._runner, self.folder)
            self._initialise(password)
            self.start()
        except BaseException:
            self.close()
            raise

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        self.close()

    @property
    def port(self) -> int:
        """The same for the server's whole life."""
        return self._address.port or 0

    @property
    def pid(self) -> int | None:
        """The server's process, None while it is stopped."""
        return None if self._process is None else self._process.pid

    def start(self) -> None:
        """Start the server and wait until it takes connections; nothing if it runs.

        Raises
        ------
        UnavailableError
            If it does not come up, with the end of its log.
        """
        if self._process is not None and self._process.poll() is None:
            return
        with (self.folder / "server.log").open("ab") as log:
            self._process = subprocess.Popen(
                [self._programs / "postgres", "-D", self._data, "-p", str(self.port)],
                stdout=log,
                stderr=subprocess.STDOUT,
                start_new_session=True,
                **self._runner.options(self.folder),
            )
        self._tell_watchdog(str(self._process.pid))
        until = time.monotonic() + _START_SECONDS
        while not self._is_ready(self._process.pid):
            if self._process.poll() is not None or time.monotonic() > until:
                self.stop("immediate")
                raise UnavailableError(f"PostgreSQL does not start:\n{self.log()[-1500:]}")
            time.sleep(0.02)

    def stop(self, mode: Mode = "fast") -> None:
        """Stop the server; nothing if it is stopped.

        Parameters
        ----------
        mode : {"fast", "immediate"}
            Fast ends the connections and shuts down; immediate is what a crash looks like to
            clients, and the next start recovers from the log.
        """
        process = self._process
        if process is None:
            return
        process.send_signal(_SIGNALS[mode])
        try:
            process.wait(_STOP_SECONDS)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()
        self._process = None
        self._tell_watchdog("")

    def restart(self, mode: Mode = "fast") -> None:
        """Stop and start on the same port; databases and what was committed stay."""
        self.stop(mode)
        self.start()

    def create(self, name: str | None = None) -> str:
        """Make an empty database, on a server that a test left stopped too; its name."""
        self.start()
        return super().create(name)

    def drop(self, name: str) -> None:
        """Remove a database; nothing if there is none."""
        self.start()
        super().drop(name)

    def log(self) -> str:
        """Return what the server has written so far."""
        path = self.folder / "server.log"
        return path.read_text(encoding="utf-8", errors="replace") if path.exists() else ""

    def close(self) -> None:
        """End the server for good and remove its folder."""
        self.stop("immediate")
        self._watchdog.communicate()  # at the end of its input it removes the folder

    def _initialise(self, password: str) -> None:
        secret = self.folder / "password"
        secret.write_text(password, encoding="utf-8")
        self._runner.give(secret)
        options = ["--auth=scram-sha-256", "--encoding=UTF8", "--no-locale", "--no-sync"]
        self._runner.run(
            self.folder,
            self._programs / "initdb",
            f"--pgdata={self._data}",
            f"--username={_USER}",
            f"--pwfile={secret}",
            *options,
        )
        with (self._data / "postgresql.conf").open("a", encoding="utf-8") as file:
            file.write(_SETTINGS)

    def _is_ready(self, pid: int) -> bool:
        # What pg_ctl looks at: process id in the first line, state in the eighth.
        try:
            lines = (self._data / "postmaster.pid").read_text(encoding="utf-8").splitlines()
        except OSError:
            return False
        return [line.strip() for line in lines[:1] + lines[7:8]] == [str(pid), "ready"]

    def _tell_watchdog(self, line: str) -> None:
        assert self._watchdog.stdin is not None
        self._watchdog.stdin.write(f"{line}\n".encode())
        self._watchdog.stdin.flush()


def _free_port() -> int:
    """Return a port that was free a moment ago."""
    # Not the seeded generator, which may be in the same state in every process of a test run.
    for port in secrets.SystemRandom().sample(_PORTS, 100):
        with socket.socket() as probe:
            try:
                probe.bind(("127.0.0.1", port))
            except OSError:
                continue
        return port
    raise UnavailableError("no free port on 127.0.0.1")
