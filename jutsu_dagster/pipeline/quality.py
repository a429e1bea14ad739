"""Checks over stored bars, independent of what the source promised when they came in."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from typing import Literal

import numpy as np
import pandas as pd

from jutsu_dagster.core.bars import PRICE_FIELDS, BoolArray
from jutsu_dagster.core.calendar import sessions_between
from jutsu_dagster.sources.base import Listing
from jutsu_dagster.storage.market import MarketStore

Severity = Literal["ERROR", "WARN"]
BIG_MOVE = 0.40
# Far enough back to find the close before the range's first session.
_REACH = timedelta(days=14)


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
_SEVERITY = {check.name: check.severity for check in CHECKS}


@dataclass(frozen=True, slots=True)
class Finding:
    """One place where stored bars break a check.

    Attributes
    ----------
    check : str
        Name of the check, one of ``CHECKS``.
    day : date
    symbol : str
    value : float or None
        What stands there, or the move as a fraction; None where a row is missing.
    rule : str
        Field and rule as a sentence fragment: ``close must be > 0``.
    severity : {"ERROR", "WARN"}
    """

    check: str
    day: date
    symbol: str
    value: float | None
    rule: str
    severity: Severity

    def __str__(self) -> str:
        shown = "" if self.value is None else f" ({self.value!r})"
        return f"{self.symbol} {self.day}: {self.rule}{shown}"


_Hits = Iterator[tuple[str, pd.DataFrame, str, str | None]]


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
    reached = store.rows(table, symbols, first - _REACH, last)
    within = reached["date"] >= pd.Timestamp(first)
    rows = reached[within]
    sessions = pd.DatetimeIndex(sessions_between(first, last))
    hits = [
        ("present", _absent(rows, symbols, listings, sessions), "has no bar on this session", None),
        *_bad_values(rows),
        *_bad_ranges(rows),
        ("no_duplicate", rows[_twice(rows)], "has more than one row on this date", None),
        ("on_calendar", rows[~rows["date"].isin(sessions)], "is not a session of XNYS", None),
        *_big_moves(reached, within),
    ]
    order = {check.name: place for place, check in enumerate(CHECKS)}
    found = [
        finding for check, bad, rule, field in hits for finding in _list(check, bad, rule, field)
    ]
    return sorted(found, key=lambda f: (order[f.check], f.day, f.symbol))


def _list(check: str, bad: pd.DataFrame, rule: str, field: str | None) -> list[Finding]:
    values = [float(value) for value in bad[field]] if field else [None] * len(bad)
    return [
        Finding(check, day.date(), symbol, value, rule, _SEVERITY[check])
        for day, symbol, value in zip(bad["date"], bad["symbol"], values, strict=True)
    ]


def _absent(
    rows: pd.DataFrame,
    symbols: Sequence[str],
    listings: Mapping[str, Listing],
    sessions: pd.DatetimeIndex,
) -> pd.DataFrame:
    frames = []
    for symbol in symbols:
        have = pd.DatetimeIndex(rows.loc[rows["symbol"] == symbol, "date"])
        listing = listings.get(symbol)
        due = sessions
        if listing is not None:
            due = due[due >= pd.Timestamp(listing.first)]
            due = due if listing.last is None else due[due <= pd.Timestamp(listing.last)]
        frames.append(pd.DataFrame({"date": due[~due.isin(have)], "symbol": symbol}))
    return pd.concat(frames) if frames else rows[["date", "symbol"]]


def _bad_values(rows: pd.DataFrame) -> _Hits:
    for field in (*PRICE_FIELDS, "volume", "split"):
        value = rows[field].to_numpy(np.float64)
        low = value < 0 if field == "volume" else value <= 0
        rule = "must be finite and >= 0" if field == "volume" else "must be finite and > 0"
        yield "finite_positive", rows[~np.isfinite(value) | low], f"{field} {rule}", field


def _bad_ranges(rows: pd.DataFrame) -> _Hits:
    open_, high, low, close = (rows[name].to_numpy(np.float64) for name in PRICE_FIELDS)
    above = high < np.fmax(open_, close)
    below = low > np.fmin(open_, close)
    yield "high_low", rows[above], "high must be >= open and close", "high"
    yield "high_low", rows[below], "low must be <= open and close", "low"


def _big_moves(reached: pd.DataFrame, within: pd.Series[bool]) -> _Hits:
    before = reached.groupby("symbol")["close"].shift()
    # A zero close is a finding of its own, and no base for a move.
    before = before.where(before > 0)
    move = reached["close"] * reached["split"] / before - 1
    bad = reached.assign(move=move)[within & (move.abs() > BIG_MOVE)]
    yield "big_move", bad, "close moved over 40 % from the one before, splits allowed for", "move"


def _twice(rows: pd.DataFrame) -> BoolArray:
    """Return a mask of every further row of a date and symbol that has one already."""
    return rows.duplicated(["date", "symbol"]).to_numpy(np.bool_)
