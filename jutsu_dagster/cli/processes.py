"""A group of child processes that lives and dies with this one."""

from __future__ import annotations

import signal
import subprocess
import sys
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from types import FrameType

from jutsu_dagster.cli import _guard

GRACE_SECONDS = 6.0
"""How long children may take to end on SIGTERM before they are killed."""

_STOP_SIGNALS = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)


class StopSignals:
    """Notes SIGINT, SIGTERM and SIGHUP instead of dying of them.

    Installed before any child starts. A handled signal is at its default in a new program, an
    ignored one stays ignored: so children of a background shell, which ignores SIGINT, end too.
    """

    def __init__(self) -> None:
        self.received: int | None = None
        self._before = {number: signal.signal(number, self._note) for number in _STOP_SIGNALS}

    def _note(self, number: int, _frame: FrameType | None) -> None:
        self.received = number

    def restore(self) -> None:
        """Put the handlers back that were there before."""
        for number, handler in self._before.items():
            signal.signal(number, handler)


class Group:
    """Child processes in one process group of their own, with a guard that ends it.

    Parameters
    ----------
    logs : Path
        Folder of one ``<name>.log`` for each child; the log before it becomes ``.previous``.
    environment : mapping of str to str
        The children's whole environment.
    cwd : Path
        The children's working directory.
    """

    def __init__(self, logs: Path, environment: Mapping[str, str], cwd: Path) -> None:
        self.logs = logs
        self._environment = dict(environment)
        self._cwd = cwd
        self._leader: int | None = None
        self._children: dict[str, subprocess.Popen[bytes]] = {}
        logs.mkdir(parents=True, exist_ok=True)
        self._guard = subprocess.Popen(  # noqa: S603  (our own file)
            [sys.executable, "-I", "-S", str(Path(_guard.__file__)), str(GRACE_SECONDS)],
            stdin=subprocess.PIPE,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
            # Out of reach of the terminal's Ctrl-C and of whoever kills our own group.
            start_new_session=True,
        )

    def start(self, name: str, command: Sequence[str]) -> None:
        """Start a child, its output going to its log; the first one leads the group."""
        with self._new_log(name).open("wb") as log:
            child = subprocess.Popen(  # noqa: S603  (commands are built by the launcher)
                list(command),
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=subprocess.STDOUT,
                env=self._environment,
                cwd=self._cwd,
                process_group=self._leader or 0,
            )
        self._children[name] = child
        if self._leader is None:
            self._leader = child.pid
            assert self._guard.stdin is not None  # noqa: S101  (a pipe was asked for)
            self._guard.stdin.write(f"{child.pid}\n".encode())
            self._guard.stdin.flush()

    def dead(self) -> tuple[str, int] | None:
        """Return name and exit code of a child that ended by itself, or None."""
        for name, child in self._children.items():
            if child.poll() is not None:
                return name, child.returncode
        if self._guard.poll() is not None:
            return "guard", self._guard.returncode
        return None

    def tail(self, name: str, lines: int = 15) -> str:
        """Return the last lines of a child's log."""
        path = self.log_of(name)
        if not path.exists():
            return ""
        return "\n".join(path.read_text(encoding="utf-8", errors="replace").splitlines()[-lines:])

    def log_of(self, name: str) -> Path:
        """Where a child's output goes."""
        return self.logs / f"{name}.log"

    def stop(self) -> None:
        """End every process of the group within ten seconds; returns when they are gone."""
        assert self._guard.stdin is not None  # noqa: S101
        if self._guard.poll() is None:
            self._guard.stdin.close()  # the guard does the rest, as it would if we were killed
            until = time.monotonic() + GRACE_SECONDS + 2.5
            while self._guard.poll() is None and time.monotonic() < until:
                self._reap()
                time.sleep(0.05)
            self._guard.kill()
            self._guard.wait()
        elif self._leader is not None:
            _guard.end(self._leader, GRACE_SECONDS)
        self._reap()

    def _reap(self) -> None:
        for child in self._children.values():
            child.poll()

    def _new_log(self, name: str) -> Path:
        path = self.log_of(name)
        if path.exists():
            path.replace(path.with_suffix(".log.previous"))
        return path


@contextmanager
def group(
    logs: Path, environment: Mapping[str, str], cwd: Path
) -> Iterator[tuple[Group, StopSignals]]:
    """Give a group and the signals to watch; on leaving, every process of the group is gone."""
    signals = StopSignals()
    try:
        children = Group(logs, environment, cwd)
        try:
            yield children, signals
        finally:
            children.stop()
    finally:
        signals.restore()
