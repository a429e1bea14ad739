"""Bars that are not there: which are due, and which of them a table lacks."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from datetime import timedelta
from typing import Any

import pandas as pd

from jutsu_dagster.core.timeframe import Timeframe
from jutsu_dagster.sources.base import Listing

# Check, rows at fault, rule (or the column that states it row by row), column of the value.
Hits = Iterator[tuple[str, pd.DataFrame, str, str | None]]


def gaps(
    rows: pd.DataFrame,
    symbols: Sequence[str],
    listings: Mapping[str, Listing],
    due: pd.DatetimeIndex,
    timeframe: Timeframe,
) -> Hits:
    """Find the bars that are missing: a day without any, and an intraday day without all.

    Parameters
    ----------
    rows : DataFrame
        Of the range that ``due`` is of.
    symbols : sequence of str
    listings : mapping of symbol to Listing
        When each trades; one that is not named trades always.
    due : DatetimeIndex
        Every time at which a symbol that trades has a bar.
    timeframe : Timeframe
    """
    days: list[pd.DataFrame] = []
    for symbol in symbols:
        have = rows.loc[rows["symbol"] == symbol, timeframe.time]
        expected = due
        listing = listings.get(symbol)
        if listing is not None:
            expected = expected[expected >= pd.Timestamp(listing.first)]
            if listing.last is not None:
                expected = expected[expected < pd.Timestamp(listing.last + timedelta(days=1))]
        days.append(_per_day(expected, have).assign(symbol=symbol))
    found = (
        pd.concat(days) if days else _per_day(due[:0], rows[timeframe.time][:0]).assign(symbol="")
    )
    found = found.reset_index(names="date")
    one = "day" if timeframe.is_intraday else "session"
    yield "present", found[found["rows"] == 0], f"has no bar on this {one}", None
    if timeframe.is_intraday:
        count = timeframe.bars_a_day
        uneven = (found["missing"] > 0) | (found["rows"] != count)
        bad = found[uneven & (found["rows"] > 0)]
        said = [
            f"must have {count} bars, has {rows}"
            + (f"; none opens at {first:%H:%M}" if missing else "")
            for rows, missing, first in zip(bad["rows"], bad["missing"], bad["first"], strict=True)
        ]
        yield "whole_day", bad.assign(said=said), "said", None


def _per_day(expected: pd.DatetimeIndex, have: pd.Series[Any]) -> pd.DataFrame:
    """Return, for each day with a bar due, rows (that there are), missing (bars), first of them."""
    missing = expected[~expected.isin(have)]
    days = expected.normalize().unique()
    by_day = pd.Series(missing, index=missing.normalize()).groupby(level=0)
    held = have.dt.normalize().value_counts()
    return pd.DataFrame(
        {
            "rows": held.reindex(days, fill_value=0),
            "missing": by_day.size().reindex(days, fill_value=0),
            "first": by_day.min().reindex(days),
        },
        index=days,
    )
