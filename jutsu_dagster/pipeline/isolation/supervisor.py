"""One forked child watched to its end: answered, ended, or out of time; then nothing is left."""

from __future__ import annotations

import contextlib
import os
import selectors
import signal
import socket
import time
import traceback
from collections.abc import Callable
from dataclasses import dataclass
from typing import Literal

from jutsu_dagster.pipeline.isolation import linux
from jutsu_dagster.pipeline.isolation.answer import LENGTH
from jutsu_dagster.pipeline.isolation.child import SHOW_PLACE, settle

_TICK_SECONDS = 0.02
_PLACE_SECONDS = 0.1
_SWEEP_SECONDS = 5.0
_CHUNK = 1 << 18
_LARGEST_ANSWER = 256 << 20
_KEPT_OUTPUT = 16 << 10

Ending = Literal["answer", "exit", "timeout", "too long", "abandoned"]


@dataclass(frozen=True)
class Outcome:
    """How a child ended.

    Attributes
    ----------
    ending : {"answer", "exit", "timeout", "too long", "abandoned"}
        ``abandoned``: whoever asked is gone.
    code : int
        Its exit code; minus the number of the signal that killed it.
    output : str
        The last of what it printed, standard error included.
    answer : bytes
        Without its length.
    """

    ending: Ending
    code: int
    output: str
    answer: bytes


def supervise(run: Callable[[int], None], control: socket.socket, timeout: float) -> Outcome:
    """Fork a child that calls ``run`` with the descriptor for its answer, and see it end.

    Afterwards the child and every process it started are gone.

    Parameters
    ----------
    run : callable
    control : socket
        Where the asking process would be heard; readable means that it is gone.
    timeout : float
        Seconds.
    """
    server = os.getpid()
    answer_in, answer_out = os.pipe()
    output_in, output_out = os.pipe()
    pid = os.fork()
    if not pid:
        _child(run, server, answer_out, output_out, (control.fileno(), answer_in, output_in))
    os.close(answer_out)
    os.close(output_out)
    with contextlib.suppress(OSError):  # the child does the same; whoever comes first
        os.setpgid(pid, pid)
    watch = _Watch(pid, answer_in, output_in, control)
    try:
        ending = watch.until(time.monotonic() + timeout)
        if ending == "timeout":
            os.kill(pid, SHOW_PLACE)
            watch.until(time.monotonic() + _PLACE_SECONDS)
        code = _end(pid, watch.status)
        watch.drain()
    finally:
        watch.close()
    answer = bytes(watch.answer[LENGTH.size :]) if ending == "answer" else b""
    return Outcome(ending, code, watch.said(), answer)


def _child(
    run: Callable[[int], None], server: int, answer: int, output: int, unwanted: tuple[int, ...]
) -> None:
    code = 1
    try:
        settle(server, output, unwanted)
        run(answer)
        code = 0
    # Nothing may get past here: the child would go on as a second server.
    except BaseException:  # noqa: BLE001
        traceback.print_exc()
    finally:
        os._exit(code)


class _Watch:
    """The server's ends of a child's pipes."""

    def __init__(self, pid: int, answer: int, output: int, control: socket.socket) -> None:
        self.answer = bytearray()
        self.status: int | None = None  # once it is reaped
        self._output = bytearray()
        self._pid = pid
        self._parent = os.getppid()
        self._pipes = {answer: self.answer, output: self._output}
        self._selector = selectors.DefaultSelector()
        for pipe in self._pipes:
            os.set_blocking(pipe, False)
            self._selector.register(pipe, selectors.EVENT_READ)
        self._control = control
        self._selector.register(control, selectors.EVENT_READ)

    def until(self, deadline: float) -> Ending:
        """Return how the child ended, or "timeout" at the deadline."""
        while True:
            left = deadline - time.monotonic()
            for key, _ in self._selector.select(min(max(left, 0.0), _TICK_SECONDS)):
                if key.fileobj is self._control:
                    return "abandoned"
                self._read(key.fd)
            if self._complete():
                return "answer"
            if len(self.answer) > _LARGEST_ANSWER:
                return "too long"
            if os.getppid() != self._parent:
                return "abandoned"
            ended, status = os.waitpid(self._pid, os.WNOHANG)
            if ended:
                self.status = status
                self.drain()
                return "answer" if self._complete() else "exit"
            if left <= 0:
                return "timeout"

    def drain(self) -> None:
        """Read what the pipes still hold."""
        for pipe in self._pipes:
            while self._read(pipe):
                pass

    def said(self) -> str:
        """Return the last of what the child printed."""
        return self._output.decode(errors="replace")

    def close(self) -> None:
        """Close the pipes."""
        self._selector.close()
        for pipe in self._pipes:
            os.close(pipe)

    def _read(self, pipe: int) -> bool:
        try:
            data = os.read(pipe, _CHUNK)
        except BlockingIOError:
            return False
        kept = self._pipes[pipe]
        if kept is self._output:
            kept += data
            del kept[:-_KEPT_OUTPUT]
        elif len(kept) <= _LARGEST_ANSWER:
            kept += data
        if not data:  # ended; else it would be readable for ever
            with contextlib.suppress(KeyError):
                self._selector.unregister(pipe)
        return bool(data)

    def _complete(self) -> bool:
        if len(self.answer) < LENGTH.size:
            return False
        size: int = LENGTH.unpack_from(self.answer)[0]
        return len(self.answer) - LENGTH.size >= size


def _end(pid: int, status: int | None) -> int:
    """Kill the child, its group and what it left behind; return its exit code."""
    with contextlib.suppress(ProcessLookupError, PermissionError):
        os.killpg(pid, signal.SIGKILL)
    if status is None:
        os.kill(pid, signal.SIGKILL)  # it may have left its group
        _, status = os.waitpid(pid, 0)
    until = time.monotonic() + _SWEEP_SECONDS
    while time.monotonic() < until:
        try:
            reaped, _ = os.waitpid(-1, os.WNOHANG)
        except ChildProcessError:
            break
        if not reaped:  # orphans of the child, ours by adoption
            for orphan in linux.children():
                with contextlib.suppress(ProcessLookupError, PermissionError):
                    os.kill(orphan, signal.SIGKILL)
            time.sleep(0.001)
    return os.waitstatus_to_exitcode(status)
