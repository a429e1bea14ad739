"""How far a source reaches: days that it cannot have, or has not yet, are refused by name."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import UTC, date, datetime, timedelta

from jutsu_dagster.core.bars import TimeArray
from jutsu_dagster.core.errors import DataError
from jutsu_dagster.core.timeframe import Timeframe
from jutsu_dagster.sources.base import Listing, MarketSource


def last_day(source: MarketSource, symbols: Sequence[str], timeframe: Timeframe) -> date:
    """Return the last day of which the source has all bars of any of the symbols."""
    return timeframe.last_whole_day(source.latest(symbols)["timestamp"].max())


def require_over(source: MarketSource, last: date, timeframe: Timeframe) -> None:
    """Raise DataError if an intraday market's last day is under way, so that its bars change."""
    today = datetime.now(UTC).date()
    if timeframe.is_intraday and last >= today:
        raise DataError(
            f"{last} is not over yet, so {source.name} cannot have all its bars;"
            f" ask up to {today - timedelta(days=1)} (UTC)"
        )


def require_reach(
    source: MarketSource,
    listings: Mapping[str, Listing],
    sessions: TimeArray,
    timeframe: Timeframe,
) -> None:
    """Raise DataError if a session lies before or beyond what the source has."""
    if not len(sessions) or not listings:
        return
    first, last = sessions[0].item(), sessions[-1].item()
    begins = min(listing.first for listing in listings.values())
    if first < begins:
        what = "whole day" if timeframe.is_intraday else "bar"
        raise DataError(
            f"{first} is before the first {what} of {source.name}, which is of {begins}; "
            f"ask from {begins} on"
        )
    trading = [symbol for symbol, listing in listings.items() if listing.last is None]
    if not trading:
        return
    ends = last_day(source, trading, timeframe)
    if last > ends:
        day = next(day for day in sessions.tolist() if day > ends)
        lacks, has = ("no bars", "its last are of")
        if timeframe.is_intraday:
            lacks, has = ("not all bars", "its last whole day is")
        raise DataError(
            f"{source.name} has {lacks} of {day} yet: {has} {ends}; "
            f"ask up to {ends}, or again when it has them"
        )
