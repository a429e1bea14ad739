"""When the exchange opens and closes, early closes included, in UTC."""

from __future__ import annotations

from datetime import date, datetime, timedelta
from zoneinfo import ZoneInfo

from jutsu_dagster.core.calendar import exchange_calendar, is_session

NEW_YORK = ZoneInfo("America/New_York")
_FIRST_REFRESH = timedelta(minutes=30)
# The last refresh stands half an hour before a regular close.
_LAST_REFRESH = timedelta(minutes=30)
EOD_DELAY = timedelta(minutes=15)


def session_hours(day: date) -> tuple[datetime, datetime] | None:
    """Return open and close of the session on ``day``, in UTC; None where it is none."""
    if not is_session(day):
        return None
    calendar = exchange_calendar(day)
    opens, closes = calendar.session_open(day.isoformat()), calendar.session_close(day.isoformat())
    return opens.to_pydatetime(), closes.to_pydatetime()


def in_refresh_hours(moment: datetime) -> bool:
    """Return whether accounts are marked at ``moment``: half an hour inside a session's ends.

    From 10:00 to 15:30 New York on a regular day, to 12:30 where the exchange closes at 13:00.
    """
    hours = session_hours(moment.astimezone(NEW_YORK).date())
    return hours is not None and hours[0] + _FIRST_REFRESH <= moment <= hours[1] - _LAST_REFRESH


def is_end_of_day(moment: datetime) -> bool:
    """Return whether ``moment`` is the minute of a session's end-of-day work."""
    hours = session_hours(moment.astimezone(NEW_YORK).date())
    return hours is not None and abs(moment - hours[1] - EOD_DELAY) < timedelta(minutes=1)
