"""Runs of the project's jobs in this process, on the real Dagster instance, with progress."""

from __future__ import annotations

import os
import threading
import uuid
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

from jutsu_dagster.core.errors import JutsuError

if TYPE_CHECKING:
    from dagster import AssetKey, DagsterEvent, DagsterInstance, Definitions

# Called with how many materializations there are so far.
Progress = Callable[[int], None]
# Called with the events of steps, and with materializations, as they come.
Told = Callable[["Sequence[DagsterEvent]"], None]
# Ranges above this many partitions record their plan in one event instead of one a partition.
_LONG_RANGE = 400
_LOOK_SECONDS = 0.3
_OURS = "jutsu_dagster."
_INTERRUPTED = "DagsterExecutionInterruptedError"


class RunFailedError(JutsuError):
    """A run failed; the message is what its first failed step said.

    Attributes
    ----------
    run_id : str or None
    """

    def __init__(self, message: str, run_id: str | None = None) -> None:
        super().__init__(message)
        self.run_id = run_id


def run_range(
    opened: DagsterInstance,
    definitions: Definitions,
    job: str,
    keys: Sequence[AssetKey],
    first: str,
    last: str,
    *,
    partitions: int,
    progress: Progress | None = None,
    told: Told | None = None,
) -> str:
    """Materialize ``keys`` over partitions ``first`` to ``last`` in one run; return its id.

    ``progress`` is told how many materializations there are so far, or ``told`` of all events.

    Raises
    ------
    RunFailedError
        With the reason, if any step or blocking check failed. What the run had stored stays.
    KeyboardInterrupt
        If it was stopped by a signal; the run is marked as failed, what it had stored stays.
    """
    with _planned_in_one(partitions > _LONG_RANGE):
        return _run(
            opened, definitions, job, _counted(progress) if progress else told,
            asset_selection=list(keys),
            tags={
                "dagster/asset_partition_range_start": first,
                "dagster/asset_partition_range_end": last,
            },
        )  # fmt: skip


def run_partition(
    opened: DagsterInstance,
    definitions: Definitions,
    job: str,
    partition: str,
    told: Told | None = None,
) -> str:
    """Run a job for one partition, all of its assets; return the run's id.

    Parameters
    ----------
    opened : DagsterInstance
    definitions : Definitions
    job, partition : str
    told : callable, optional
        Gets the events of steps that start and end, in order, from a thread of its own.

    Raises
    ------
    RunFailedError
        If a step failed; what the others did stays.
    KeyboardInterrupt
        As ``run_range``.
    """
    return _run(opened, definitions, job, told, partition_key=partition)


def _run(
    opened: DagsterInstance,
    definitions: Definitions,
    job: str,
    told: Told | None,
    **what: Any,
) -> str:
    from jutsu_dagster.defs.live_runs import living

    run_id = str(uuid.uuid4())
    with living(Path(opened.root_directory), run_id), _watch(opened, run_id, told):
        result = definitions.resolve_job_def(job).execute_in_process(
            instance=opened,
            run_id=run_id,
            # Dagster's own lines stay off the terminal: the run's log in the UI has them.
            run_config={"loggers": {"console": {"config": {"log_level": "CRITICAL"}}}},
            raise_on_error=False,
            **what,
        )
    if not result.success:
        reason = _reason(result.all_events)
        if _INTERRUPTED in reason:
            # Dagster turns Ctrl-C and SIGTERM into the failure of a step; here they end it all.
            raise KeyboardInterrupt
        raise RunFailedError(f"{reason} (run {run_id})", run_id)
    return run_id


def _reason(events: Sequence[DagsterEvent]) -> str:
    """Return what the first failed step said, or what its blocking checks found."""
    checks = [
        event.asset_check_evaluation_data
        for event in events
        if event.event_type_value == "ASSET_CHECK_EVALUATION"
    ]
    found = [
        f"{check.asset_key.to_user_string()}: check {check.check_name}: {check.description}"
        for check in checks
        if not check.passed and check.blocking
    ]
    if found:
        return "\n".join(found)
    for event in events:
        if not event.is_step_failure:
            continue
        data = event.step_failure_data
        if data.user_failure_data and data.user_failure_data.description:
            return data.user_failure_data.description
        error, text = data.error, ""
        while error is not None:
            text = error.message.strip()
            if text.startswith(_OURS):
                # Says it better than what caused it, and needs no class name before it.
                return text.partition(": ")[2]
            error = error.cause
        if text:
            return text
    return "the run failed; open it in the UI for the reason"


@contextmanager
def _planned_in_one(wanted: bool) -> Iterator[None]:
    name = "DAGSTER_EMIT_PARTITION_SUBSET_IN_PLANNED_EVENTS"
    before = os.environ.get(name)
    if wanted:
        os.environ[name] = "1"
    try:
        yield
    finally:
        if wanted:
            os.environ.pop(name)
            if before is not None:
                os.environ[name] = before


def _counted(progress: Progress) -> Told:
    """Return what tells ``progress`` how many materializations there were so far."""
    count = 0

    def told(events: Sequence[DagsterEvent]) -> None:
        nonlocal count
        count += sum(event.event_type_value == "ASSET_MATERIALIZATION" for event in events)
        progress(count)

    return told


@contextmanager
def _watch(opened: DagsterInstance, run_id: str, told: Told | None) -> Iterator[None]:
    """Tell of the run's steps and materializations from a thread that reads its event log."""
    if told is None:
        yield
        return
    from dagster import DagsterEventType

    types = {
        DagsterEventType.ASSET_MATERIALIZATION, DagsterEventType.STEP_START,
        DagsterEventType.STEP_SUCCESS, DagsterEventType.STEP_FAILURE,
    }  # fmt: skip
    ended = threading.Event()

    def follow() -> None:
        cursor, more = None, True
        # Once more after the end, so that the last step is told too.
        while more:
            more = not ended.wait(_LOOK_SECONDS)
            try:
                found = opened.get_records_for_run(run_id, cursor, types, limit=1000)
            # The storage may be busy or gone; a bar that lags is worth no fault.
            except Exception:  # noqa: BLE001, S112
                continue
            cursor = found.cursor
            events = [record.event_log_entry.dagster_event for record in found.records]
            told([event for event in events if event is not None])

    thread = threading.Thread(target=follow, daemon=True)
    thread.start()
    try:
        yield
    finally:
        ended.set()
        thread.join()
