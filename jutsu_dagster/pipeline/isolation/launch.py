"""The handle on a server: started when wanted, started anew when it died."""

from __future__ import annotations

import contextlib
import json
import os
import socket
import subprocess
import sys
import tempfile
import threading
from collections.abc import Mapping
from pathlib import Path
from typing import IO, Any

from jutsu_dagster.core.errors import StrategyCrashError
from jutsu_dagster.pipeline.isolation import frames

# Kernels not cached yet are compiled first.
_START_SECONDS = 600.0
_STOP_SECONDS = 5.0
_KEPT_LINES = 15
# As a program: our own search path before our own package, and no folder that -m would add.
_PROGRAM = """
import json, sys
sys.path[:] = json.loads(sys.stdin.readline())
from jutsu_dagster.pipeline.isolation.server import main
main(int(sys.argv[1]))
"""
# Threads that would be alive when the server forks: of the allocators in Arrow and deltalake.
_ENVIRONMENT = {
    "JE_ARROW_MALLOC_CONF": "background_thread:false",
    "_RJEM_MALLOC_CONF": "background_thread:false",
}


def search_path() -> tuple[str, ...]:
    """Return ``sys.path`` with folders as they read from any working directory."""
    return tuple(
        str(Path(place).absolute()) if os.access(place or ".", os.F_OK) else place
        for place in sys.path
    )


class _Process:
    """One running server and the socket to it."""

    def __init__(self) -> None:
        self.owner = os.getpid()
        self.ready = False
        self.control, theirs = socket.socketpair()
        self.errors: IO[bytes] = tempfile.TemporaryFile()  # noqa: SIM115  (until end)
        with theirs:
            self.program = subprocess.Popen(  # noqa: S603  (our own program)
                [sys.executable, "-P", "-c", _PROGRAM, str(theirs.fileno())],
                stdin=subprocess.PIPE,
                stdout=subprocess.DEVNULL,
                stderr=self.errors,
                env=_ENVIRONMENT | os.environ,
                pass_fds=[theirs.fileno()],
                start_new_session=True,
            )
        assert self.program.stdin is not None  # noqa: S101  (a pipe was asked for)
        # Should it be gone already, the first exchange tells why.
        with contextlib.suppress(BrokenPipeError), self.program.stdin as pipe:
            pipe.write(json.dumps(search_path()).encode() + b"\n")

    def exchange(
        self, header: Mapping[str, Any], body: bytes, patience: float
    ) -> tuple[dict[str, Any], bytes]:
        """Return the server's reply; raise OSError or EOFError if there is none."""
        if not self.ready:
            self.control.settimeout(_START_SECONDS)
            try:
                frames.receive(self.control)
            except TimeoutError as error:
                raise ConnectionError(f"not ready after {_START_SECONDS:g} s") from error
            self.ready = True
        self.control.settimeout(patience)
        frames.send(self.control, header, body)
        return frames.receive(self.control)

    def end(self, *, kill: bool) -> str:
        """End the server, and with it its child; return the last of what it printed."""
        self.control.close()
        if self.owner != os.getpid():  # a fork of ours has only copies
            self.program.returncode = 0
            self.errors.close()
            return ""
        if kill or not self.ready:  # it would look for the end of the socket only when ready
            self.program.kill()
        try:
            self.program.wait(_STOP_SECONDS)
        except subprocess.TimeoutExpired:
            self.program.kill()
            self.program.wait()
        with self.errors as file:
            file.seek(0)
            lines = file.read().decode(errors="replace").splitlines()
        return "\n".join(lines[-_KEPT_LINES:])


class Server:
    """A server for the decisions of this process, one at a time; threads wait for each other."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._process: _Process | None = None
        self._owner = os.getpid()

    @property
    def pid(self) -> int | None:
        """Process id of the running server, None where there is none."""
        return self._process.program.pid if self._process else None

    def start(self) -> None:
        """Start the server unless it runs, without waiting until it is ready."""
        self._own()
        with self._lock:
            self._running()

    def exchange(
        self, header: Mapping[str, Any], body: bytes, patience: float
    ) -> tuple[dict[str, Any], bytes]:
        """Send a request and return header and body of the reply.

        A server that has died is started once more, and asked again.

        Raises
        ------
        TimeoutError
            If there is no reply within ``patience`` seconds; the server is ended.
        StrategyCrashError
            If the server died twice, or cannot be started.
        """
        self._own()
        with self._lock:
            for _ in range(2):
                try:
                    return self._running().exchange(header, body, patience)
                except (EOFError, ConnectionError):
                    said = self._end(kill=True)
                # Ctrl-C or no reply: a late one would be taken for the next request's.
                except BaseException as error:
                    self._end(kill=isinstance(error, TimeoutError))
                    raise
        detail = f":\n{said}" if said else ""
        raise StrategyCrashError(f"the process that forks one for each strategy died twice{detail}")

    def close(self) -> None:
        """End the server; a later request starts another."""
        self._own()
        with self._lock:
            self._end()

    def _running(self) -> _Process:
        if self._process is None:
            self._process = _Process()
        return self._process

    def _end(self, *, kill: bool = False) -> str:
        process, self._process = self._process, None
        return process.end(kill=kill) if process else ""

    def _own(self) -> None:
        """Forget the server of the process that this one was forked from."""
        if self._owner != os.getpid():
            self._lock = threading.Lock()  # another thread may have held it
            self._owner = os.getpid()
            self._end()
