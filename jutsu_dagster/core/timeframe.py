"""Timeframes: how long a bar is, on which days a market has bars, and how its rows are keyed."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import date, datetime, timedelta

import numpy as np

from jutsu_dagster.core.bars import PRICE_FIELDS, TimeArray
from jutsu_dagster.core.calendar import sessions_between

ETF_DAILY = "etf_daily"
CRYPTO_15M = "crypto_15m"
_SECONDS_A_DAY = 86_400
_DAY = timedelta(days=1)


def utc_days(first: date, last: date) -> TimeArray:
    """Return every date from ``first`` to ``last``, both inclusive, datetime64[D]."""
    return np.arange(np.datetime64(first, "D"), np.datetime64(last + _DAY, "D"))


@dataclass(frozen=True, slots=True)
class Timeframe:
    """How often a market has a bar, and on which days.

    Attributes
    ----------
    name : str
        As strategies name it: ``1d``, ``15m``.
    bars_a_day : int
        Bars of a symbol on an open day, evenly spaced from 00:00 UTC.
    time : str
        Column of its rows that holds a bar's time, datetime64: ``date`` of a session, or
        ``timestamp`` of the bar's open in UTC.
    aliases : tuple of str
        Other names that files may give that column.
    has_splits : bool
        Whether rows have a column ``split``.
    open_days : callable of (first, last)
        The days on which the market is open, both inclusive, datetime64[D].
    due : str
        What the time of every bar is: ``a session of XNYS``.
    """

    name: str
    bars_a_day: int
    time: str
    aliases: tuple[str, ...]
    has_splits: bool
    open_days: Callable[[date, date], TimeArray]
    due: str

    @property
    def numbers(self) -> tuple[str, ...]:
        """The columns of its rows that hold numbers."""
        return (*PRICE_FIELDS, "volume", *(("split",) if self.has_splits else ()))

    @property
    def columns(self) -> tuple[str, ...]:
        """The columns of its rows, in order."""
        return (self.time, "symbol", *self.numbers)

    @property
    def step(self) -> timedelta:
        """The length of a bar."""
        return _DAY / self.bars_a_day

    @property
    def is_intraday(self) -> bool:
        """Whether a day has more than one bar."""
        return self.bars_a_day > 1

    def times(self, first: date, last: date) -> TimeArray:
        """Return the time of every bar due from ``first`` to ``last``, datetime64[s]."""
        days = self.open_days(first, last).astype("datetime64[s]")
        seconds = np.arange(self.bars_a_day) * (_SECONDS_A_DAY // self.bars_a_day)
        times: TimeArray = (days[:, None] + seconds.astype("timedelta64[s]")).ravel()
        return times

    def first_whole_day(self, first_bar: datetime) -> date:
        """Return the first day that has all its bars, if ``first_bar`` is the first of all."""
        return (first_bar + _DAY - self.step).date()

    def last_whole_day(self, last_bar: datetime) -> date:
        """Return the last day that has all its bars, if ``last_bar`` is the last of all."""
        return (last_bar + self.step).date() - _DAY


DAILY = Timeframe("1d", 1, "date", (), True, sessions_between, "a session of XNYS")
QUARTER_HOURS = Timeframe(
    name="15m",
    bars_a_day=96,
    time="timestamp",
    aliases=("date", "ts", "time"),
    has_splits=False,
    open_days=utc_days,
    due="on the 15-minute grid",
)
# The table of each market. A table of another name holds daily bars.
_TABLES = {ETF_DAILY: DAILY, CRYPTO_15M: QUARTER_HOURS}


def timeframe_of(table: str) -> Timeframe:
    """Return the timeframe of the rows of a market table."""
    return _TABLES.get(table, DAILY)


def table_of(name: str) -> str:
    """Return the market table with bars of a timeframe; of an intraday one, that of the coins."""
    return ETF_DAILY if name == DAILY.name else CRYPTO_15M
