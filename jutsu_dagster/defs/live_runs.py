"""Runs of the command line hold a lock while they live, so that a dead one can be told."""

import fcntl
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import dagster as dg

DIED = "The process that ran this was killed or the machine stopped."

_FOLDER = ".live_runs"
# Between its lock file and its entry in Dagster's storage a run takes milliseconds.
_ENTRY_SECONDS = 3600.0
_RUNNING = {
    dg.DagsterRunStatus.STARTING,
    dg.DagsterRunStatus.STARTED,
    dg.DagsterRunStatus.CANCELING,
}


@contextmanager
def living(dagster_home: Path, run_id: str) -> Iterator[None]:
    """Show that the run lives, for as long as the block; the kernel ends it with the process."""
    path = dagster_home / _FOLDER / run_id
    path.parent.mkdir(parents=True, exist_ok=True)
    with path.open("w") as file:
        fcntl.flock(file, fcntl.LOCK_EX)
        try:
            yield
        finally:
            path.unlink(missing_ok=True)


def fail_dead_runs(instance: dg.DagsterInstance, dagster_home: Path) -> list[str]:
    """Mark runs as failed whose process is gone, and return their ids; others may be running.

    Dagster's daemon watches only runs that it has launched: a dead one would hold its accounts'
    pools, and the schedule would wait for it.
    """
    failed = []
    for path in sorted((dagster_home / _FOLDER).glob("*")):
        with path.open("a") as file:
            try:
                fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except BlockingIOError:
                continue
            run = instance.get_run_by_id(path.name)
            if run is not None and run.status in _RUNNING:
                instance.report_run_failed(run, DIED)
                failed.append(run.run_id)
            if run is not None or time.time() - path.stat().st_mtime > _ENTRY_SECONDS:
                path.unlink(missing_ok=True)
    return failed
