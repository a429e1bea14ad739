"""The nightly summary: every step, what became of it, and because of what it was skipped."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import date
from typing import Literal

from jutsu_dagster.research.trades import Json, stamp

Status = Literal["OK", "FAILED", "SKIPPED"]

# What a step says that never ran although nothing before it failed.
NOT_RUN = "was not run"


def nightly_summary(
    day: date,
    steps: Sequence[str],
    results: Mapping[str, str | None],
    needs: Mapping[str, Sequence[str]],
    notes: Sequence[str] = (),
) -> Json:
    """Return the summary of a night: ts, steps (name, status, error where not OK), notes.

    Parameters
    ----------
    day : date
        The partition.
    steps : sequence of str
        Every step, in order.
    results : mapping of step to text or None
        Of each step that ran: None where it succeeded, else why it failed.
    needs : mapping of step to steps
        What each step truly depends on.
    notes : sequence of str
    """
    rows = []
    for name in steps:
        if name in results:
            error = results[name]
            status: Status = "OK" if error is None else "FAILED"
        else:
            culprits = _culprits(name, results, needs)
            status = "SKIPPED"
            error = f"because of {', '.join(culprits)}" if culprits else NOT_RUN
        row: Json = {"name": name, "status": status}
        rows.append(row if error is None else {**row, "error": error})
    return {"ts": stamp(day), "steps": rows, "notes": list(notes)}


def _culprits(
    name: str, results: Mapping[str, str | None], needs: Mapping[str, Sequence[str]]
) -> list[str]:
    """Return the failed steps that ``name`` depends on, however far off, the nearest first."""
    found: dict[str, None] = {}
    seen = {name}
    front = list(needs.get(name, ()))
    while front:
        step = front.pop(0)
        if step in seen:
            continue
        seen.add(step)
        if results.get(step) is not None:
            found[step] = None
        elif step not in results:
            front += needs.get(step, ())
    return list(found)
