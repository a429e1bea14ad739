"""The nights of research: the summary of the newest, or of one date."""

from __future__ import annotations

from datetime import UTC, date, timedelta

from jutsu_dagster.pipeline.nights import SUMMARY, nights_over
from jutsu_dagster.pipeline.research.artefacts import read
from jutsu_dagster.pipeline.views.accounts import Json
from jutsu_dagster.pipeline.views.asked import NothingRecordedError, UnknownError
from jutsu_dagster.pipeline.views.desk import ReadDesk

_SHOWN = 60


def nightly(desk: ReadDesk, day: date | None = None) -> Json:
    """Return what a night did; the newest for None.

    Returns
    -------
    dict
        ``date``, ``nights`` (up to 60 dates that have one, the newest first), and ``summary``,
        the night's ``nightly_summary.json`` as it is.

    Raises
    ------
    NothingRecordedError
        If there is no night at all.
    UnknownError
        If there is none of this date; it names those near it.
    """
    nights = nights_over(desk.home, desk.now().astimezone(UTC).date())
    if not nights:
        raise NothingRecordedError("no night has been run; run `jutsu nightly`")
    chosen = nights[-1] if day is None else day
    if chosen not in nights:
        near = sorted(nights, key=lambda each: abs(each - chosen))[:5]
        raise UnknownError("night of", chosen.isoformat(), [each.isoformat() for each in near])
    return {
        "date": chosen.isoformat(),
        "nights": [each.isoformat() for each in nights[-_SHOWN:][::-1]],
        "summary": read(desk.home, SUMMARY, chosen),
    }


def last_night(desk: ReadDesk) -> Json | None:
    """Return the newest night in short: date, overall status, and what failed; None without any.

    ``steps`` counts them by status.
    """
    until = desk.now().astimezone(UTC).date() + timedelta(days=1)
    nights = nights_over(desk.home, until)
    if not nights:
        return None
    summary = read(desk.home, SUMMARY, nights[-1])
    steps = summary.get("steps", [])
    count: dict[str, int] = {}
    for step in steps:
        count[step["status"]] = count.get(step["status"], 0) + 1
    return {
        "date": nights[-1].isoformat(),
        "steps": count,
        "failed": [step["name"] for step in steps if step["status"] == "FAILED"],
    }
