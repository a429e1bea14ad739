"""Exchange hours in UTC: summer and winter, half days, closed days."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta

import pytest

from jutsu_dagster.core.calendar import sessions_between
from jutsu_dagster.core.hours import NEW_YORK, in_refresh_hours, is_end_of_day, session_hours

SUMMER, WINTER = date(2024, 7, 2), date(2024, 1, 2)
# Between the two countries' clock changes, and on the Fridays before either.
CHANGES = [date(2024, 3, 8), date(2024, 3, 11), date(2024, 11, 1), date(2024, 11, 4)]
# The day before Independence Day, the day after Thanksgiving, Christmas Eve.
HALF_DAYS = [date(2024, 7, 3), date(2024, 11, 29), date(2024, 12, 24), date(2013, 7, 3)]
CLOSED = [date(2024, 7, 4), date(2024, 12, 25), date(2024, 7, 6), date(2025, 1, 9)]


def at(day: date, clock: str) -> datetime:
    """Return a moment on New York's clock."""
    return datetime.fromisoformat(f"{day}T{clock}").replace(tzinfo=NEW_YORK)


def utc(day: date, clock: str) -> datetime:
    return datetime.fromisoformat(f"{day}T{clock}").replace(tzinfo=UTC)


def refreshes(day: date) -> list[str]:
    """Return the half hours of a day at which accounts are marked, on New York's clock."""
    moments = [at(day, "00:00") + timedelta(minutes=30 * number) for number in range(48)]
    return [f"{moment:%H:%M}" for moment in moments if in_refresh_hours(moment)]


def test_hours_are_utc_and_follow_new_yorks_clock() -> None:
    assert session_hours(SUMMER) == (utc(SUMMER, "13:30"), utc(SUMMER, "20:00"))
    assert session_hours(WINTER) == (utc(WINTER, "14:30"), utc(WINTER, "21:00"))
    for day in [*CHANGES, SUMMER, WINTER]:
        assert session_hours(day) == (at(day, "09:30"), at(day, "16:00"))


@pytest.mark.parametrize("day", HALF_DAYS, ids=str)
def test_a_half_day_ends_at_one(day: date) -> None:
    assert session_hours(day) == (at(day, "09:30"), at(day, "13:00"))
    assert refreshes(day) == ["10:00", "10:30", "11:00", "11:30", "12:00", "12:30"]
    assert is_end_of_day(at(day, "13:15"))
    assert not is_end_of_day(at(day, "16:15"))


@pytest.mark.parametrize("day", CLOSED, ids=str)
def test_a_closed_day_has_no_hours(day: date) -> None:
    assert session_hours(day) is None
    assert refreshes(day) == []
    assert not is_end_of_day(at(day, "16:15"))


@pytest.mark.parametrize("day", [*CHANGES, SUMMER, WINTER], ids=str)
def test_accounts_are_marked_from_ten_to_half_past_three(day: date) -> None:
    marked = refreshes(day)
    assert (marked[0], marked[-1], len(marked)) == ("10:00", "15:30", 12)
    assert not in_refresh_hours(at(day, "09:59"))
    assert not in_refresh_hours(at(day, "15:31"))
    assert in_refresh_hours(at(day, "12:00").astimezone(UTC))


def test_the_day_ends_once_a_quarter_of_an_hour_after_the_close() -> None:
    for day in (SUMMER, WINTER):
        minutes = [at(day, "00:00") + timedelta(minutes=number) for number in range(24 * 60)]
        ends = [moment for moment in minutes if is_end_of_day(moment)]
        assert ends == [at(day, "16:15")]
        assert is_end_of_day(ends[0].astimezone(UTC) + timedelta(seconds=50))


def test_every_session_of_a_year_has_hours() -> None:
    days = [day.item() for day in sessions_between(date(2024, 1, 1), date(2024, 12, 31))]
    hours = {day: each for day in days if (each := session_hours(day)) is not None}
    assert [opens.date() for opens, _ in hours.values()] == days
    early = [day for day, (_, closes) in hours.items() if closes < at(day, "16:00")]
    assert early == HALF_DAYS[:3]
