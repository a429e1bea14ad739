"""Strategies that hang, crash, flood and run away: each stops only itself."""

from __future__ import annotations

import os
import signal
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from jutsu_dagster.core.errors import StrategyCrashError, StrategyTimeoutError
from jutsu_dagster.pipeline.isolation.client import Isolated
from jutsu_dagster_tests.pipeline.troubles import (
    ask,
    assert_decides_as_here,
    children,
    living,
    noted,
    shipped,
    trouble,
    wait_until_gone,
    write_home,
)

MEMORY_MB = 300


@pytest.fixture(scope="module")
def project(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    path = list(sys.path)
    yield write_home(tmp_path_factory.mktemp("troubles"))
    sys.path[:] = path
    sys.modules.pop("isolation_troubles", None)


@pytest.fixture(scope="module")
def patient() -> Iterator[Isolated]:
    with Isolated(timeout_seconds=60, memory_mb=MEMORY_MB) as isolated:
        yield isolated


@pytest.fixture
def home(project: Path, patient: Isolated) -> Iterator[Path]:
    """The project; afterwards nothing is left of the trouble, and others decide as ever."""
    yield project
    assert [pid for pid in noted(project) if living(pid)] == []
    assert_decides_as_here(patient, shipped(project))
    assert children(patient.server.pid) == []


@pytest.fixture
def impatient(patient: Isolated) -> Isolated:
    return Isolated(timeout_seconds=0.8, memory_mb=MEMORY_MB, server=patient.server)


@pytest.mark.parametrize("mode", ["sleeps", "loops", "ignores", "stops", "hangs with both"])
def test_a_hang_is_killed_after_the_timeout(home: Path, impatient: Isolated, mode: str) -> None:
    began = time.monotonic()
    with pytest.raises(StrategyTimeoutError) as caught:
        ask(impatient, trouble(home, mode))
    assert 0.8 <= time.monotonic() - began < 5
    assert str(caught.value) == (
        "v3_x: no decision after 0.8 s (settings.execution_timeout); it was killed"
    )
    if mode in ("sleeps", "loops", "ignores"):  # it says where it was
        assert "in target_weights" in str(caught.value.__cause__)


@pytest.mark.parametrize(
    ("mode", "end"),
    [
        ("crashes", r"was killed by signal 11 \(SIGSEGV\); the last it said:\nso far\nFatal"),
        ("is killed", r"was killed by signal 9 \(SIGKILL\), as the system does when memory"),
        ("ends", "ended with exit code 3 before it had decided"),
        ("ends well", "ended with exit code 0 before it had decided"),
        ("interrupts", "ended with exit code 1 .*\n(.*\n)*KeyboardInterrupt"),
        ("closes all", "ended with exit code 1"),
        ("writes everywhere", "ended with exit code 0|cannot be read"),
        ("writes without end", "gave an answer without end"),
    ],
)
def test_a_crash_is_told_by_its_signal_or_code(
    home: Path, patient: Isolated, mode: str, end: str
) -> None:
    with pytest.raises(StrategyCrashError, match=f"v3_x: its process .*{end}"):
        ask(patient, trouble(home, mode))


@pytest.mark.parametrize("mode", ["hogs", "hogs slowly"])
def test_memory_beyond_the_limit_is_refused(home: Path, patient: Isolated, mode: str) -> None:
    rule = r"v3_x: .*MemoryError.*; it needed more memory than settings.memory_limit_mb \(300\)"
    with pytest.raises(StrategyCrashError, match=rule):
        ask(patient, trouble(home, mode))


@pytest.mark.parametrize(
    "mode", ["takes its share", "prints", "leaves a grandchild", "leaves a runaway"]
)
def test_what_does_no_harm_is_borne(home: Path, patient: Isolated, mode: str) -> None:
    pid = patient.server.pid
    assert_decides_as_here(patient, trouble(home, "quiet"))
    decision = ask(patient, trouble(home, mode))
    assert (decision.codes[:5] == -1).all()
    assert (decision.codes[5:] >= 0).all()
    assert patient.server.pid == pid


def test_a_killed_server_is_started_anew(home: Path, patient: Isolated) -> None:
    ask(patient, shipped(home))
    pid = patient.server.pid
    assert pid is not None
    os.kill(pid, signal.SIGKILL)
    assert_decides_as_here(patient, shipped(home))
    assert patient.server.pid != pid
    assert ask(patient, trouble(home, "kills the server once")).codes[-1] >= 0


def test_who_kills_the_server_time_and_again_is_stopped(home: Path, patient: Isolated) -> None:
    with pytest.raises(StrategyCrashError, match=r"v3_x: the process that forks one .* died twice"):
        ask(patient, trouble(home, "kills the server"))


def test_a_server_that_does_not_answer_is_killed(
    home: Path, patient: Isolated, impatient: Isolated, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("jutsu_dagster.pipeline.isolation.client._GRACE_SECONDS", 0.1)
    ask(patient, shipped(home))
    pid = patient.server.pid
    assert pid is not None
    os.kill(pid, signal.SIGSTOP)
    with pytest.raises(StrategyTimeoutError):
        ask(impatient, shipped(home))
    assert wait_until_gone([pid]) == []
