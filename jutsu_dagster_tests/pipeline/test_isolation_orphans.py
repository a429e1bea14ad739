"""The asking process dies or forks: no process is left behind, no server shared by mistake."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from pathlib import Path

from jutsu_dagster.pipeline.isolation.client import Isolated
from jutsu_dagster_tests.pipeline.troubles import (
    assert_decides_as_here,
    children,
    living,
    noted,
    shipped,
    wait_until_gone,
    write_home,
)

_PROGRAM = """
import sys, time
from pathlib import Path
from jutsu_dagster.pipeline.isolation.client import Isolated
from jutsu_dagster_tests.pipeline.troubles import ask, shipped, trouble
home = Path(sys.argv[1])
isolated = Isolated(timeout_seconds=60)
ask(isolated, shipped(home))
(home / "server").write_text(str(isolated.server.pid))
ask(isolated, trouble(home, "hangs with both"))
"""


def test_a_killed_parent_leaves_no_process_behind(tmp_path: Path) -> None:
    home = write_home(tmp_path / "home")
    program = subprocess.Popen([sys.executable, "-c", _PROGRAM, str(home)])
    try:
        pids: list[int] = []
        until = time.monotonic() + 60
        while len(pids) < 3 and time.monotonic() < until:
            time.sleep(0.05)
            pids += noted(home)
        server = int((home / "server").read_text())
        everyone = [server, *children(server), *pids]
        assert len(set(everyone)) >= 4
        assert all(living(pid) for pid in everyone)
    finally:
        program.send_signal(signal.SIGKILL)
        program.wait()
    assert wait_until_gone(everyone) == []


def test_closing_ends_the_server_and_a_fork_of_ours_has_its_own(tmp_path: Path) -> None:
    home = write_home(tmp_path / "home")
    with Isolated(timeout_seconds=60) as isolated:
        assert_decides_as_here(isolated, shipped(home))
        pid = isolated.server.pid
        assert pid is not None
        child = os.fork()
        if not child:
            code = 1
            try:
                assert_decides_as_here(isolated, shipped(home))
                assert isolated.server.pid not in (pid, None)
                isolated.close()
                code = 0
            finally:
                os._exit(code)
        assert os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) == 0
        assert_decides_as_here(isolated, shipped(home))
        assert isolated.server.pid == pid
    assert not living(pid)
