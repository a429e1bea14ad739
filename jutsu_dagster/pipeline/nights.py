"""Which nights are still to be run: those after the last one that has its summary."""

from __future__ import annotations

import json
from datetime import date, timedelta
from pathlib import Path

from jutsu_dagster.pipeline.research.artefacts import partition_path

SUMMARY = "nightly_summary"
_DAY = timedelta(days=1)


def nights_due(home: Path, until: date) -> list[date]:
    """Return the nights up to ``until`` that are still to be run, in order.

    A night is over when its summary is written, whatever that says. Of a project without any
    only the last night is due: nights before the first are of no use to it.

    Parameters
    ----------
    home : Path
        The project.
    until : date
        The last UTC date that has ended.
    """
    over = nights_over(home, until)
    if not over:
        return [until]
    last = over[-1]
    return [last + offset * _DAY for offset in range(1, (until - last).days + 1)]


def nights_over(home: Path, until: date) -> list[date]:
    """Return the nights up to ``until`` that have a summary, in order."""
    folder = partition_path(home, SUMMARY, until).parent.parent
    found = []
    for path in folder.glob(f"*/{SUMMARY}.json"):
        try:
            day = date.fromisoformat(path.parent.name)
        except ValueError:
            continue  # not ours
        if day <= until:
            found.append(day)
    return sorted(found)


def not_ok(home: Path, day: date) -> list[str]:
    """Return the steps that a night's summary does not call OK; itself where it is illegible."""
    path = partition_path(home, SUMMARY, day)
    try:
        steps = json.loads(path.read_bytes())["steps"]
        return [step["name"] for step in steps if step["status"] != "OK"]
    except (OSError, ValueError, KeyError, TypeError):
        return [SUMMARY]
