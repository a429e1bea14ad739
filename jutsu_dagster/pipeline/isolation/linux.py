"""What Linux alone offers to keep child processes in check; elsewhere these do nothing."""

from __future__ import annotations

import contextlib
import ctypes
import os
import resource
import signal
import sys
from pathlib import Path

_PROC = Path("/proc")
_PR_SET_PDEATHSIG = 1
_PR_SET_CHILD_SUBREAPER = 36
_MEGABYTE = 1 << 20


def _prctl(option: int, value: int) -> None:
    if sys.platform == "linux":
        ctypes.CDLL(None).prctl(option, *map(ctypes.c_ulong, (value, 0, 0, 0)))


def adopt_orphans() -> None:
    """Make orphaned descendants children of this process, so that none gets out of reach."""
    _prctl(_PR_SET_CHILD_SUBREAPER, 1)


def die_with_parent(parent: int) -> None:
    """Have this process killed when its parent ends; end now if that has happened already."""
    _prctl(_PR_SET_PDEATHSIG, signal.SIGKILL)
    if os.getppid() != parent:
        os._exit(1)


def be_killed_first() -> None:
    """Offer this process to the system before all others when memory runs out."""
    with contextlib.suppress(OSError):
        (_PROC / "self" / "oom_score_adj").write_text("1000")


def limit_memory(megabytes: int) -> None:
    """Let this process allocate so much more than it has now; beyond that, MemoryError.

    Data, not address space: libraries reserve many times the addresses that they use.
    """
    with contextlib.suppress(OSError, StopIteration):
        lines = (_PROC / "self" / "status").read_text().splitlines()
        data = next(int(line.split()[1]) for line in lines if line.startswith("VmData:"))
        limit = (data << 10) + megabytes * _MEGABYTE
        hard = resource.getrlimit(resource.RLIMIT_DATA)[1]
        if hard != resource.RLIM_INFINITY:
            limit = min(limit, hard)
        resource.setrlimit(resource.RLIMIT_DATA, (limit, hard))


def lift_memory_limit() -> None:
    """Take the limit back, so that running into it can be told."""
    hard = resource.getrlimit(resource.RLIMIT_DATA)[1]
    resource.setrlimit(resource.RLIMIT_DATA, (hard, hard))


def children() -> list[int]:
    """Return the ids of this process's children."""
    own, found = os.getpid(), []
    for entry in _PROC.glob("[0-9]*/stat"):
        with contextlib.suppress(OSError):  # gone meanwhile
            # After the name, which may hold spaces and brackets: state, parent.
            if int(entry.read_text().rpartition(")")[2].split()[1]) == own:
                found.append(int(entry.parent.name))
    return found
