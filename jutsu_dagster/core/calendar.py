"""The XNYS exchange calendar: which UTC dates are sessions."""

from __future__ import annotations

import warnings
from datetime import UTC, date, datetime, timedelta
from functools import cache
from typing import TYPE_CHECKING

import numpy as np

from jutsu_dagster.core.bars import TimeArray
from jutsu_dagster.core.errors import DataError

if TYPE_CHECKING:
    from exchange_calendars import ExchangeCalendar

FIRST_YEAR = 1990
_NONE: TimeArray = np.empty(0, dtype="datetime64[D]")


@cache
def _calendar(last_year: int) -> ExchangeCalendar:
    import exchange_calendars

    with warnings.catch_warnings():
        # exchange_calendars 4 under pandas 3.1: "Series.values ... drops timezone".
        warnings.simplefilter("ignore", DeprecationWarning)
        return exchange_calendars.get_calendar(
            "XNYS", start=f"{FIRST_YEAR}-01-01", end=f"{last_year}-12-31"
        )


@cache
def _sessions(last_year: int) -> TimeArray:
    sessions: TimeArray = _calendar(last_year).sessions.to_numpy().astype("datetime64[D]")
    return sessions


def exchange_calendar(day: date) -> ExchangeCalendar:
    """Return a calendar that reaches over ``day``."""
    return _calendar(max(day.year, datetime.now(UTC).year + 1))


def sessions_between(first: date, last: date) -> TimeArray:
    """Return the XNYS sessions from ``first`` to ``last``, both inclusive, datetime64[D]."""
    if first.year < FIRST_YEAR:
        raise DataError(f"{first} is before {FIRST_YEAR}, where the XNYS calendar here begins")
    # One calendar serves all: built up to the end of next year unless a later one is asked for.
    known = _sessions(max(last.year, datetime.now(UTC).year + 1))
    lo = np.searchsorted(known, np.datetime64(first, "D"))
    hi = np.searchsorted(known, np.datetime64(last, "D"), side="right")
    return known[lo:hi]


def is_session(day: date) -> bool:
    """Return whether XNYS holds a session on ``day``."""
    return len(sessions_between(day, day)) == 1


def sessions_before(day: date, count: int) -> TimeArray:
    """Return the last ``count`` sessions strictly before ``day``, oldest first."""
    # 1.45 calendar days a session, plus slack for holidays.
    reach = max(date(FIRST_YEAR, 1, 1), day - timedelta(days=int(count * 1.6) + 30))
    found = sessions_between(reach, day - timedelta(days=1))[-count:] if count else _NONE
    if len(found) < count:
        raise DataError(f"there are no {count} XNYS sessions before {day} since {FIRST_YEAR}")
    return found
