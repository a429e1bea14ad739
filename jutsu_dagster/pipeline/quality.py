"""Checks over stored bars, independent of what the source promised when they came in."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date, datetime, timedelta
from functools import cache
from typing import Literal

import numpy as np
import pandas as pd

from jutsu_dagster.core.bars import PRICE_FIELDS, BoolArray
from jutsu_dagster.core.timeframe import Timeframe, timeframe_of
from jutsu_dagster.pipeline.gaps import Hits, gaps
from jutsu_dagster.sources.base import Listing
from jutsu_dagster.storage.market import MarketStore

Severity = Literal["ERROR", "WARN"]
BIG_MOVE = 0.40
# Far enough back to find the close before the range's first session.
_REACH = timedelta(days=14)
_MIDNIGHT = datetime(1, 1, 1)  # noqa: DTZ001  (bars' times are UTC without saying so)


@dataclass(frozen=True, slots=True)
class Check:
    """One rule of stored bars; an ERROR blocks what is built on them, a WARN does not."""

    name: str
    description: str
    severity: Severity = "ERROR"


CHECKS: tuple[Check, ...] = (
    Check("present", "Every symbol has a bar on every session between its first and last"),
    Check("finite_positive", "Prices and splits are finite and > 0, volume is finite and >= 0"),
    Check("high_low", "High is at least, and low at most, both open and close"),
    Check("no_duplicate", "A symbol has one row a date"),
    Check("on_calendar", "Every bar belongs to a session of the XNYS calendar"),
    Check("big_move", "No close moves over 40 % from the one before without a split", "WARN"),
)


@cache
def checks_of(timeframe: Timeframe) -> tuple[Check, ...]:
    """Return the checks of tables of this timeframe: of intraday ones, for gaps in a day too."""
    if not timeframe.is_intraday:
        return CHECKS
    count = timeframe.bars_a_day
    said = {
        "present": "Every symbol has bars on every UTC day between its first and last",
        "finite_positive": "Prices are finite and > 0, volume is finite and >= 0",
        "no_duplicate": "A symbol has one row a time",
        "on_calendar": f"Every bar opens {timeframe.due}, UTC",
        "big_move": "No close moves over 40 % from the one before",
    }
    whole = Check("whole_day", f"Every symbol has {count} bars a day, without a gap")
    checks = [replace(one, description=said.get(one.name, one.description)) for one in CHECKS]
    return (checks[0], whole, *checks[1:])


@dataclass(frozen=True, slots=True)
class Finding:
    """One place where stored bars break a check.

    Attributes
    ----------
    check : str
        Name of the check, one of ``checks_of`` the table's timeframe.
    day : date
    symbol : str
    value : float or None
        What stands there, or the move as a fraction; None where a row is missing.
    rule : str
        Field and rule as a sentence fragment: ``close must be > 0``.
    severity : {"ERROR", "WARN"}
    time : datetime or None
        Open of the intraday bar; None where the finding is of a day.
    """

    check: str
    day: date
    symbol: str
    value: float | None
    rule: str
    severity: Severity
    time: datetime | None = None

    def __str__(self) -> str:
        shown = "" if self.value is None else f" ({self.value!r})"
        at = f"{self.time:%Y-%m-%d %H:%M}" if self.time else self.day
        return f"{self.symbol} {at}: {self.rule}{shown}"


def check_days(
    store: MarketStore,
    table: str,
    symbols: Sequence[str],
    listings: Mapping[str, Listing],
    first: date,
    last: date,
) -> list[Finding]:
    """Check the stored rows of ``symbols`` from ``first`` to ``last``, both inclusive.

    Parameters
    ----------
    store : MarketStore
    table : str
    symbols : sequence of str
        Symbols that must be there.
    listings : mapping of symbol to Listing
        When each of them trades; a symbol that is not named trades always.
    first, last : date

    Returns
    -------
    list of Finding
        In the order of ``CHECKS``, then day and symbol; empty if all is well.

    Raises
    ------
    DataError
        If the table does not exist.
    """
    timeframe = timeframe_of(table)
    time = timeframe.time
    reached = store.rows(table, symbols, first - _REACH, last)
    within = reached[time] >= pd.Timestamp(first)
    rows = reached[within]
    due = pd.DatetimeIndex(timeframe.times(first, last))
    one = "time" if timeframe.is_intraday else "date"
    hits = [
        *gaps(rows, symbols, listings, due, timeframe),
        *_bad_values(rows, timeframe),
        *_bad_ranges(rows),
        ("no_duplicate", rows[_twice(rows, time)], f"has more than one row on this {one}", None),
        ("on_calendar", rows[~rows[time].isin(due)], f"is not {timeframe.due}", None),
        *_big_moves(reached, within),
    ]
    checks = {check.name: (place, check) for place, check in enumerate(checks_of(timeframe))}
    found = [
        finding
        for check, bad, rule, field in hits
        for finding in _list(checks[check][1], bad, rule, field)
    ]
    return sorted(found, key=lambda f: (checks[f.check][0], f.day, f.symbol, f.time or _MIDNIGHT))


def _list(check: Check, bad: pd.DataFrame, rule: str, field: str | None) -> list[Finding]:
    values = [float(value) for value in bad[field]] if field else [None] * len(bad)
    rules = bad[rule].tolist() if rule in bad else [rule] * len(bad)
    of_day = "date" in bad
    times = bad["date"] if of_day else bad["timestamp"]
    return [
        Finding(
            check.name,
            time.date(),
            symbol,
            value,
            said,
            check.severity,
            None if of_day else time.to_pydatetime(),
        )
        for time, symbol, value, said in zip(times, bad["symbol"], values, rules, strict=True)
    ]


def _bad_values(rows: pd.DataFrame, timeframe: Timeframe) -> Hits:
    for field in timeframe.numbers:
        value = rows[field].to_numpy(np.float64)
        low = value < 0 if field == "volume" else value <= 0
        rule = "must be finite and >= 0" if field == "volume" else "must be finite and > 0"
        yield "finite_positive", rows[~np.isfinite(value) | low], f"{field} {rule}", field


def _bad_ranges(rows: pd.DataFrame) -> Hits:
    open_, high, low, close = (rows[name].to_numpy(np.float64) for name in PRICE_FIELDS)
    above = high < np.fmax(open_, close)
    below = low > np.fmin(open_, close)
    yield "high_low", rows[above], "high must be >= open and close", "high"
    yield "high_low", rows[below], "low must be <= open and close", "low"


def _big_moves(reached: pd.DataFrame, within: pd.Series[bool]) -> Hits:
    before = reached.groupby("symbol")["close"].shift()
    # A zero close is a finding of its own, and no base for a move.
    before = before.where(before > 0)
    split = reached.get("split", 1.0)
    move = reached["close"] * split / before - 1
    bad = reached.assign(move=move)[within & (move.abs() > BIG_MOVE)]
    allowed = ", splits allowed for" if "split" in reached else ""
    yield "big_move", bad, f"close moved over 40 % from the one before{allowed}", "move"


def _twice(rows: pd.DataFrame, time: str) -> BoolArray:
    """Return a mask of every further row of a time and symbol that has one already."""
    return rows.duplicated([time, "symbol"]).to_numpy(np.bool_)
