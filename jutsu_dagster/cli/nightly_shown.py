"""What ``jutsu nightly`` prints: a line a step while it works, and the closing table."""

from __future__ import annotations

import sys
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from datetime import date
from typing import TYPE_CHECKING, Any

from jutsu_dagster.cli.console import print_table, say

if TYPE_CHECKING:
    from dagster import DagsterEvent

    from jutsu_dagster.cli.project import Project
    from jutsu_dagster.cli.runs import RunFailedError

_MARKS = {"OK": "OK", "FAILED": "FAILED", "SKIPPED": "skipped"}
_LONGEST = 90


class StepLines:
    """Lines on stderr as steps end; several nights get a line a job, one night a line a step."""

    def __init__(self, night: date, *, brief: bool, quiet: bool) -> None:
        self._night, self._brief, self._quiet = night, brief, quiet
        self._done = 0
        self._failed: list[str] = []

    @contextmanager
    def job(self, name: str) -> Iterator[None]:
        """Say a job's name before, and how long it took after."""
        self._done, self._failed = 0, []
        begun = time.monotonic()
        if not self._quiet and not self._brief:
            say(f"{name} {self._night}")
        yield
        if self._quiet:
            return
        bad = f"; failed: {', '.join(self._failed)}" if self._failed else ""
        took = f"{time.monotonic() - begun:.1f} s"
        self._clear()
        say(f"  {name}: {self._done} steps, {took}{bad}" if self._brief else f"  {took}{bad}")

    def told(self, events: Sequence[DagsterEvent]) -> None:
        """Say what has ended, and at a terminal what is under way."""
        for event in events:
            step, kind = event.step_key, event.event_type_value
            if step is None:
                continue
            if kind == "STEP_START":
                self._now(step)
            elif kind in ("STEP_SUCCESS", "STEP_FAILURE"):
                self._ended(step, good=kind == "STEP_SUCCESS")

    def failed(self, error: RunFailedError) -> None:
        """Say why a job failed; the summary names the steps."""
        if not self._quiet:
            self._clear()
            say("  " + str(error).replace("\n", "\n  "))

    def _ended(self, step: str, *, good: bool) -> None:
        self._done += 1
        if not good:
            self._failed.append(step)
        if self._quiet or self._brief:
            return
        self._clear()
        say(f"  {step.replace('__', '/'):45} {'OK' if good else 'FAILED'}")

    def _now(self, step: str) -> None:
        if not self._quiet and sys.stderr.isatty():
            self._clear()
            sys.stderr.write(f"  {step.replace('__', '/')} …")
            sys.stderr.flush()

    def _clear(self) -> None:
        if sys.stderr.isatty():
            sys.stderr.write("\r\033[K")


def show_night(project: Project, nights: Sequence[date], summary: dict[str, Any]) -> None:
    """Print the last night's steps, what it brought, and where to look next."""
    rows = [
        [step["name"], _MARKS[step["status"]], _cut(step.get("error") or "")]
        for step in summary["steps"]
    ]
    print_table(f"Night of {nights[-1]}", ["step", "status", "why"], rows, numbers=False)
    for note in summary["notes"]:
        say(f"note: {note}")
    for line in _brought(project, nights[-1]):
        say(line)


def _cut(text: str) -> str:
    line = " ".join(text.split())
    return line if len(line) <= _LONGEST else f"{line[: _LONGEST - 1]}…"


def _brought(project: Project, night: date) -> list[str]:
    """Return what there is now: variants, proposals, and how to see them."""
    from jutsu_dagster.pipeline.research.artefacts import view_paths
    from jutsu_dagster.pipeline.shadow_registry import read_book

    book = read_book(project.registry, project.settings.home)
    live = book.running()
    made = [shadow for shadow in live if shadow.row.created_partition == night]
    parents: dict[str, int] = {}
    for shadow in live:
        parents[shadow.row.parent_id] = parents.get(shadow.row.parent_id, 0) + 1
    split = ", ".join(f"{parent} {count}" for parent, count in sorted(parents.items()))
    lines = [f"{len(live)} live variants ({split or 'none'}), {len(made)} of them made tonight"]
    lines.append("summary: " + str(view_paths(project.settings.home, "nightly_summary")[0]))
    lines.append(
        "next: `jutsu variants list`, `jutsu promotions list`, `jutsu up` for lineage and plots"
    )
    return lines
