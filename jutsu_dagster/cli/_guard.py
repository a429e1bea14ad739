"""Ends a process group when its owner says so or dies, even by ``kill -9``.

Started by ``launch.Group`` as a plain script with nothing but the standard library. It reads its
standard input, a pipe whose other end only the owner holds: one line with the group's id, then
end-of-file when the owner closes it or is gone. Then it terminates the group, and after the
grace period kills what is left.

    python _guard.py GRACE_SECONDS
"""

from __future__ import annotations

import os
import signal
import sys
import time
from pathlib import Path

_PROC = Path("/proc")


def alive(group: int) -> bool:
    """Whether the process group still has a member that is not merely waiting to be reaped."""
    if not (_PROC / "self" / "stat").exists():  # not Linux: there is no telling zombies apart
        try:
            os.killpg(group, 0)
        except ProcessLookupError:
            return False
        return True
    for entry in _PROC.iterdir():
        if not entry.name.isdigit():
            continue
        try:
            # After the name, which may hold spaces and brackets: state, parent, group.
            state, _, owner = (entry / "stat").read_text().rpartition(")")[2].split()[:3]
        except OSError:  # gone meanwhile
            continue
        if int(owner) == group and state not in "ZX":
            return True
    return False


def end(group: int, grace: float) -> None:
    """Terminate the group, wait up to ``grace`` seconds for it, then kill what is left."""
    for number, patience in ((signal.SIGTERM, grace), (signal.SIGKILL, 2.0)):
        try:
            os.killpg(group, number)
        except ProcessLookupError:
            return
        until = time.monotonic() + patience
        while time.monotonic() < until:
            if not alive(group):
                return
            time.sleep(0.05)


def main() -> None:
    """Wait for the owner's end, then end the group."""
    for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
        signal.signal(number, signal.SIG_IGN)
    group = sys.stdin.readline().strip()
    sys.stdin.read()
    if group:
        end(int(group), float(sys.argv[1]))


if __name__ == "__main__":
    main()
