from __future__ import annotations

import subprocess
import sys
import time
from pathlib import Path

import pytest

from jutsu_dagster.storage.state import TradingState, parse_state
from jutsu_dagster_tests.storage.test_state_files import START, at, files, manager_of

ROOT = Path(__file__).parents[2]
_COUNT_UP = """
import sys
from pathlib import Path
from jutsu_dagster_tests.storage.test_state_files import START, manager_of
manager = manager_of(Path(sys.argv[1]))
print("ready", flush=True)
sys.stdin.readline()
times = int(sys.argv[2])
while times:
    times -= 1
    manager.update(
        lambda state: state.model_copy(update={"account_equity": state.account_equity + 1.0})
    )
    print(times, flush=True)
"""


def start(home: Path, times: int) -> subprocess.Popen[str]:
    """Start a process that adds 1 to the equity, over and over; -1 times is for ever."""
    return subprocess.Popen(
        [sys.executable, "-W", "ignore", "-c", _COUNT_UP, str(home), str(times)],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
        cwd=ROOT,
    )


def go(process: subprocess.Popen[str]) -> None:
    assert process.stdin is not None
    assert process.stdout is not None
    assert process.stdout.readline() == "ready\n"
    process.stdin.write("go\n")
    process.stdin.flush()


def test_two_processes_that_save_at_once_lose_nothing(tmp_path: Path) -> None:
    manager = manager_of(tmp_path)
    manager.save(at(0.0))
    with start(tmp_path, 60) as one, start(tmp_path, 60) as two:
        go(one)
        go(two)
        for process in (one, two):
            process.communicate(timeout=60)
            assert process.returncode == 0
    assert manager.load().account_equity == 120.0
    kept = [parse_state(path.read_bytes(), path.name, "one") for path in manager.backups.names()]
    assert [state.account_equity for state in kept] == [float(n) for n in range(110, 120)]
    assert len(files(tmp_path)) == 11


@pytest.mark.parametrize("delay", [0.0, 0.002, 0.005, 0.009])
def test_a_writer_killed_in_the_middle_leaves_a_whole_file(
    tmp_path: Path, delay: float, caplog: pytest.LogCaptureFixture
) -> None:
    manager = manager_of(tmp_path)
    manager.save(at(0.0))
    with start(tmp_path, -1) as writer:
        go(writer)
        assert writer.stdout is not None
        done = [-int(writer.stdout.readline()) - 1 for _ in range(15)][-1]
        time.sleep(delay)
        writer.kill()
    found = manager.load()
    assert found.account_equity >= done
    assert caplog.records == []
    # The next save clears what the killed one left.
    manager.save(found.model_copy(update={"account_equity": -1.0}))
    names = [path.name for path in manager.backups.names()]
    assert files(tmp_path) == [*names, "state.json"]
    assert len(names) == 10
    newest: TradingState = parse_state(manager.backups.names()[-1].read_bytes(), "", "one")
    assert newest == found


def test_temporary_files_of_a_killed_writer_are_cleared(tmp_path: Path) -> None:
    manager = manager_of(tmp_path)
    manager.save(START)
    manager.save(at(1.0))
    for name in (".state.json.abc.tmp", "backups/.state_backup_1.json.abc.tmp"):
        (manager.path.parent / name).write_text("{")
    manager.save(at(2.0))
    assert [name for name in files(tmp_path) if name.endswith(".tmp")] == []
