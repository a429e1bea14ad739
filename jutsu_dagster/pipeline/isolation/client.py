"""Asking a strategy for its decisions in a process of its own."""

from __future__ import annotations

import atexit
import pickle
import signal
import threading
from collections.abc import Sequence
from dataclasses import replace
from functools import partial
from pathlib import Path
from types import TracebackType
from typing import Any, Self

from jutsu_dagster.core.bars import Bars
from jutsu_dagster.core.errors import (
    DataError,
    StrategyCrashError,
    StrategyError,
    StrategyTimeoutError,
)
from jutsu_dagster.pipeline.candles import Direct
from jutsu_dagster.pipeline.direct import directions
from jutsu_dagster.pipeline.isolation import answer
from jutsu_dagster.pipeline.isolation.child import Request
from jutsu_dagster.pipeline.isolation.directions import directions_in
from jutsu_dagster.pipeline.isolation.launch import Server, search_path
from jutsu_dagster.registry.config import StrategyConfig
from jutsu_dagster.strategies.allocation import Allocation
from jutsu_dagster.strategies.base import AllocationStrategy, Strategy, code_version
from jutsu_dagster.strategies.directional import Directional, DirectionalStrategy
from jutsu_dagster.strategies.kinds import KINDS

# For the server to kill the child and reply.
_GRACE_SECONDS = 20.0
_SHOWN_LINES = 15
_LONGEST_LINE = 300
_LONGEST_TEXT = 20_000
# Lines of a crash that say nothing about the strategy.
_OURS = str(Path(__file__).parent)
_NOISE = (_OURS, "Extension modules:", 'File "<string>", line', "<truncated rest of calls>")


class ChildError(Exception):
    """What a child said about its failure: its traceback, or the last of what it printed."""


class Isolated:
    """Decisions in child processes: a hang, a crash or too much memory stops only its strategy.

    A context manager, for as many strategies as wanted; entering starts the server, so that it
    gets ready while the caller reads bars. A decision equals one made in this process to the bit.

    Parameters
    ----------
    timeout_seconds : float
        How long a decision may take, the strategy's imports included.
    memory_mb : int
        MiB that it may allocate beyond what is loaded already; Linux only.
    server : Server, optional
        To be used with others; ended by its owner.
    """

    def __init__(
        self, timeout_seconds: float = 300.0, memory_mb: int = 4096, server: Server | None = None
    ) -> None:
        self.timeout_seconds = timeout_seconds
        self.memory_mb = memory_mb
        self.server = server or Server()
        self._owned = server is None

    def __enter__(self) -> Self:
        self.server.start()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.close()

    def close(self) -> None:
        """End the server, if it is this object's own."""
        if self._owned:
            self.server.close()

    def decide(
        self, config: StrategyConfig, strategy: AllocationStrategy, bars: Bars
    ) -> Allocation:
        """Return the strategy's decisions, made in a child process that ends with this call.

        Raises
        ------
        StrategyError
            As in this process: what the strategy raised, or weights that cannot be.
        StrategyTimeoutError
            If it did not decide in time; it and all it started was killed.
        StrategyCrashError
            If its process ended, or needed too much memory.
        """
        name = config.strategy_id
        header, raw = self._asked(_request(config, strategy, bars), name)
        try:
            return answer.allocation_in(header, raw, f"{name}: {config.class_name}", bars)
        except answer.UnreadableError as error:
            raise _unreadable(name, error) from error

    def direct_of(self, config: StrategyConfig) -> Direct:
        """Return who asks directional strategies of a configuration's class.

        Our own classes are asked in this process, which is faster for many sets; a user's in a
        child process, as ``decide`` does, with the same errors.
        """
        if config.class_name in KINDS:
            return partial(directions, config)
        return partial(self._direct, config)

    def _direct(
        self, config: StrategyConfig, strategies: Sequence[DirectionalStrategy], bars: Bars
    ) -> list[Directional]:
        name = config.strategy_id
        sets = tuple((one.model_dump(), one.parameter_hash) for one in strategies)
        request = replace(_request(config, config.strategy, bars), sets=sets)
        header, raw = self._asked(request, name)
        try:
            return directions_in(
                header, raw, f"{name}: {config.class_name}", len(strategies), len(bars)
            )
        except answer.UnreadableError as error:
            raise _unreadable(name, error) from error

    def _asked(self, request: Request, name: str) -> tuple[dict[str, Any], memoryview]:
        """Return the header and the bytes of an answer that is no failure."""
        asked = {"timeout": self.timeout_seconds, "memory_mb": self.memory_mb}
        try:
            outcome, body = self.server.exchange(
                asked, pickle.dumps(request, protocol=5), self.timeout_seconds + _GRACE_SECONDS
            )
        except TimeoutError:
            raise self._too_late(name) from None
        except StrategyCrashError as error:
            raise StrategyCrashError(f"{name}: {error}") from error.__cause__
        said = _last_lines(outcome["output"])
        if outcome["ending"] == "timeout":
            raise self._too_late(name) from ChildError(said)
        if outcome["ending"] != "answer":
            endless = outcome["ending"] == "too long"
            how = "gave an answer without end" if endless else _ended(outcome["code"])
            after = f"; the last it said:\n{said}" if said else ""
            raise StrategyCrashError(f"{name}: its process {how}{after}")
        try:
            header, raw = answer.decode(body)
        except answer.UnreadableError as error:
            raise _unreadable(name, error) from error
        if "failure" in header:
            traceback = str(header.get("traceback"))[:_LONGEST_TEXT]
            raise self._failed(name, header) from ChildError(traceback)
        return header, raw

    def _too_late(self, name: str) -> StrategyTimeoutError:
        return StrategyTimeoutError(
            f"{name}: no decision after {self.timeout_seconds:g} s"
            " (settings.execution_timeout); it was killed"
        )

    def _failed(self, name: str, header: dict[str, Any]) -> StrategyError | DataError:
        failure, message = str(header["failure"]), str(header.get("message"))[:_LONGEST_TEXT]
        if not header.get("told"):
            message = f"{name}: {failure}: {message}"
        if header.get("memory"):
            return StrategyCrashError(
                f"{message.rstrip(': ')}; it needed more memory than settings.memory_limit_mb"
                f" ({self.memory_mb})"
            )
        return DataError(message) if failure == "DataError" else StrategyError(message)


def _request(config: StrategyConfig, strategy: Strategy, bars: Bars) -> Request:
    return Request(
        dict(config.document),
        config.path.absolute(),
        config.home.absolute() if config.home else None,
        bars,
        strategy.parameter_hash,
        code_version(type(strategy)),
        search_path(),
    )


def _unreadable(name: str, error: answer.UnreadableError) -> StrategyCrashError:
    return StrategyCrashError(f"{name}: its process gave an answer that cannot be read ({error})")


def _ended(code: int) -> str:
    if code >= 0:
        return f"ended with exit code {code} before it had decided"
    try:
        known = f" ({signal.Signals(-code).name})"
    except ValueError:
        known = ""
    hint = ", as the system does when memory runs out" if -code == signal.SIGKILL else ""
    return f"was killed by signal {-code}{known}{hint}"


def _last_lines(output: str) -> str:
    lines = [
        line[:_LONGEST_LINE]
        for line in output.splitlines()
        if line.strip() and not any(noise in line for noise in _NOISE)
    ]
    return "\n".join(lines[-_SHOWN_LINES:])


_shared: Server | None = None
_sharing = threading.Lock()


def shared(timeout_seconds: float = 300.0, memory_mb: int = 4096) -> Isolated:
    """Return an Isolated on the one server of this process, which ends with the process."""
    global _shared  # noqa: PLW0603  (one per process is the point)
    with _sharing:
        if _shared is None:
            _shared = Server()
            atexit.register(_shared.close)
    return Isolated(timeout_seconds, memory_mb, _shared)
