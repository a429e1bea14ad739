"""``jutsu up`` for real: the servers start, answer, and are gone when they should be."""

from __future__ import annotations

import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

import jutsu_dagster
from jutsu_dagster.cli import _guard
from jutsu_dagster.cli.web import ask, location_fault

PROJECT = Path(jutsu_dagster.__file__).parents[1]

DEFINITIONS = """
import os
import time

import dagster as dg


@dg.asset
def slow() -> None:
    \"\"\"Runs until it is killed.\"\"\"
    print("webserver", os.environ["JUTSU_WEBSERVER_URL"])
    time.sleep(300)


defs = dg.Definitions(assets=[slow], jobs=[dg.define_asset_job("night", [slow])])
"""

STARTER = """
import sys
from jutsu_dagster.cli.launch import up
from jutsu_dagster.core.errors import JutsuError
from jutsu_dagster.settings import Settings
try:
    sys.exit(up(Settings(), lambda line: print(line, flush=True), port=int(sys.argv[1]),
                api_port=int(sys.argv[2]), module="tiny_definitions"))
except JutsuError as error:
    sys.exit(f"jutsu: {error}")
"""

LAUNCH = """mutation { launchRun(executionParams: {mode: "default", selector: {
  repositoryLocationName: "jutsu_dagster", repositoryName: "__repository__", jobName: "night"}}) {
  __typename ... on LaunchRunSuccess { run { runId } } ... on PythonError { message } } }"""
STATUSES = "{ runsOrError { ... on Runs { results { runId status } } } }"


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def until(condition: Callable[[], bool], seconds: float) -> bool:
    end = time.monotonic() + seconds
    while time.monotonic() < end:
        if condition():
            return True
        time.sleep(0.1)
    return False


class Running:
    """One `jutsu up` over a tiny module, with the group of its children."""

    def __init__(self, home: Path) -> None:
        self.home = home
        self.port, self.api_port = free_port(), free_port()
        (home / "tiny_definitions.py").write_text(DEFINITIONS)
        self.output = home / "up.txt"
        environment = {
            k: v for k, v in os.environ.items() if not k.startswith(("JUTSU_", "DAGSTER"))
        }
        with self.output.open("w") as output:
            self.process = subprocess.Popen(
                [sys.executable, "-c", STARTER, str(self.port), str(self.api_port)],
                env={**environment, "JUTSU_HOME": str(home), "PYTHONPATH": str(PROJECT)},
                stdout=output,
                stderr=subprocess.STDOUT,
                cwd=home,
            )
        until(lambda: "API are at" in self.said or self.process.poll() is not None, 60)
        if "API are at" not in self.said:
            self.process.kill()
            self.process.wait()
            pytest.fail(f"not started: {self.said}")
        self.group = next(
            os.getpgid(int(pid))
            for pid in self.children()
            if os.getsid(int(pid)) == os.getsid(self.process.pid)
        )

    @property
    def said(self) -> str:
        return self.output.read_text()

    def children(self) -> list[str]:
        tasks = Path(f"/proc/{self.process.pid}/task/{self.process.pid}/children")
        return tasks.read_text().split()

    def statuses(self) -> list[str]:
        answer = ask("127.0.0.1", self.port, "/graphql", {"query": STATUSES})
        return [run["status"] for run in answer["data"]["runsOrError"]["results"]]

    def gone(self) -> bool:
        return not _guard.alive(self.group)


@pytest.fixture
def running(tmp_path: Path) -> Iterator[Running]:
    started = Running(tmp_path)
    yield started
    started.process.kill()
    started.process.wait()
    assert until(started.gone, 10)


def test_up_serves_and_every_process_is_gone_ten_seconds_after_sigterm(running: Running) -> None:
    assert location_fault("127.0.0.1", running.port) is None
    assert ask("127.0.0.1", running.api_port, "/api/health")["status"] == "ok"
    for port in (running.port, running.api_port):
        assert f"http://127.0.0.1:{port}" in running.said
    assert "POST is off until JUTSU_API_TOKEN is set" in running.said
    answer = ask("127.0.0.1", running.port, "/graphql", {"query": LAUNCH})
    assert answer["data"]["launchRun"]["__typename"] == "LaunchRunSuccess", answer
    assert until(lambda: running.statuses() == ["STARTED"], 20), running.statuses()

    begun = time.monotonic()
    running.process.send_signal(signal.SIGTERM)
    assert running.process.wait(timeout=10) == 0, running.said
    assert running.gone()
    assert time.monotonic() - begun < 10


def test_children_die_with_a_parent_killed_by_force_and_the_next_start_fails_its_runs(
    running: Running,
) -> None:
    ask("127.0.0.1", running.port, "/graphql", {"query": LAUNCH})
    assert until(lambda: running.statuses() == ["STARTED"], 20), running.statuses()
    # The worker is not to report anything itself: as if the machine had stopped.
    os.killpg(running.group, signal.SIGSTOP)
    running.process.kill()
    running.process.wait()
    assert until(running.gone, 10)

    again = Running(running.home)
    assert again.statuses() == ["FAILURE"]
    again.process.send_signal(signal.SIGINT)
    assert again.process.wait(timeout=10) == 0


@pytest.mark.parametrize(
    ("module", "name"), [(b"dagster._daemon", "daemon"), (b"jutsu_dagster.cli.serve", "api")]
)
def test_a_dead_part_stops_all_with_its_last_lines_and_code_1(
    running: Running, module: bytes, name: str
) -> None:
    victim = next(
        pid for pid in running.children() if module in Path(f"/proc/{pid}/cmdline").read_bytes()
    )
    os.kill(int(victim), signal.SIGKILL)
    assert running.process.wait(timeout=10) == 1
    assert f"the {name} was killed by signal 9" in running.said
    assert running.gone()


@pytest.mark.parametrize("option", ["--port", "--api-port"])
def test_a_taken_port_is_named_with_the_way_out(
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capfd: pytest.CaptureFixture[str],
    option: str,
) -> None:
    from jutsu_dagster.cli.app import main

    monkeypatch.setenv("JUTSU_HOME", str(tmp_path))
    with socket.socket() as other:
        other.bind(("127.0.0.1", 0))
        other.listen()
        port = other.getsockname()[1]
        free = {"--port": str(free_port()), "--api-port": str(free_port()), option: str(port)}
        assert main(["up", *(word for pair in free.items() for word in pair)]) == 2
    assert f"port {port} on 127.0.0.1 is taken" in (said := capfd.readouterr().err)
    assert f"with {option}" in said


def test_both_cannot_have_one_port(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]
) -> None:
    from jutsu_dagster.cli.app import main

    monkeypatch.setenv("JUTSU_HOME", str(tmp_path))
    port = str(free_port())
    assert main(["up", "--port", port, "--api-port", port]) == 2
    assert "must differ" in capfd.readouterr().err
