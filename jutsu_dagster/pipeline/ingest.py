"""Source → market store, by one function for a day and for a range of days."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, timedelta

import numpy as np
import pandas as pd

from jutsu_dagster.core.bars import TimeArray
from jutsu_dagster.core.errors import DataError
from jutsu_dagster.core.timeframe import CRYPTO_15M, ETF_DAILY, Timeframe, timeframe_of
from jutsu_dagster.pipeline.reach import last_day, require_over, require_reach
from jutsu_dagster.sources.base import Listing, MarketSource
from jutsu_dagster.sources.validate import validate_rows
from jutsu_dagster.storage.market import MarketStore, hash_days

__all__ = ["CRYPTO_15M", "ETF_DAILY", "DayReport", "IngestReport", "ingest_range"]

# What the content hash of a day without rows is.
NO_ROWS = "empty"
Progress = Callable[[str], None]


@dataclass(frozen=True, slots=True)
class DayReport:
    """What one UTC date holds after its ingest.

    Attributes
    ----------
    day : date
    is_session : bool
        Whether the market is open on that date; a closed day normally has no rows.
    rows : mapping of symbol to int
        Rows stored, for every symbol asked for.
    content_hash : str
        Equal for equal content; ``NO_ROWS`` where there is none.
    missing : tuple of str
        Symbols that should have a bar on this session, and have none.
    not_listed : tuple of str
        Symbols that had not started yet, or had ended.
    uneven : tuple of str
        Symbols that have bars, but not as many as a whole day.
    begun : bool
        Whether the source has any symbol's first bar on it or before.
    """

    day: date
    is_session: bool
    rows: Mapping[str, int]
    content_hash: str
    missing: tuple[str, ...]
    not_listed: tuple[str, ...]
    uneven: tuple[str, ...] = ()
    begun: bool = True


@dataclass(frozen=True, slots=True)
class IngestReport:
    """What an ingest did.

    Attributes
    ----------
    days : tuple of DayReport
        Every calendar day of the range, in order.
    version_before : int or None
        The table's version before; None if there was no table.
    version_after : int
        Equal to ``version_before`` when nothing changed.
    first_bar, last_bar : date or None
        Of the rows fetched; None if there were none.
    changed : tuple of date
        The days whose content differs from what was stored before.
    """

    days: tuple[DayReport, ...]
    version_before: int | None
    version_after: int
    first_bar: date | None
    last_bar: date | None
    changed: tuple[date, ...]


def ingest_range(
    source: MarketSource,
    store: MarketStore,
    symbols: Sequence[str],
    first: date,
    last: date,
    *,
    table: str = ETF_DAILY,
    progress: Progress | None = None,
) -> IngestReport:
    """Fetch the bars of a range once, validate them, and replace the range in one commit.

    Parameters
    ----------
    source : MarketSource
    store : MarketStore
    symbols : sequence of str
        All symbols of the table: rows of any other symbol in the range are dropped.
    first, last : date
        UTC dates, both inclusive, closed days among them.
    table : str
        Says the timeframe too.
    progress : callable taking a line of text, optional
        Called before each step that may take a while.

    Raises
    ------
    DataError
        If the source has no such symbol, breaks a rule of bars, or does not reach over the
        range, or a market that never closes is asked for a day that is not over; nothing is
        stored then. A day of such a market before any symbol's first bar is no fault: one night
        is of all markets, and they begin at different times.
    """
    tell = progress or (lambda _line: None)
    listings = source.listings(symbols)
    timeframe = timeframe_of(table)
    sessions = timeframe.open_days(first, last)
    require_over(source, last, timeframe)
    require_reach(source, listings, _begun(sessions, listings, timeframe), timeframe)
    replaced = _replaced(source, store, table, listings, (first, last))
    tell(f"fetching {len(symbols)} symbols from {source.name}, {first} to {last}")
    rows = source.bars(symbols, first, last)
    if len(rows):
        rows = validate_rows(rows, source.name, timeframe=timeframe)
    existed = store.exists(table)
    version_before = store.version(table) if existed else None
    before = store.day_hashes(table, first, last) if existed else {}
    tell(f"storing {len(rows)} rows in {table}")
    version_after = store.write(table, rows, *replaced, source.name)
    after = hash_days(rows)
    changed = sorted(day for day in before | after if before.get(day) != after.get(day))
    times = rows[timeframe.time]
    return IngestReport(
        days=_days(rows, listings, sessions, after, timeframe, (first, last)),
        version_before=version_before,
        version_after=version_after,
        first_bar=times.min().date() if len(rows) else None,
        last_bar=times.max().date() if len(rows) else None,
        changed=tuple(changed),
    )


def _begun(sessions: TimeArray, listings: Mapping[str, Listing], timeframe: Timeframe) -> TimeArray:
    """Return the sessions that the source must have."""
    if not timeframe.is_intraday or not listings:
        return sessions
    begins = min(listing.first for listing in listings.values())
    late: TimeArray = sessions[sessions >= np.datetime64(begins, "D")]
    return late


def _replaced(
    source: MarketSource,
    store: MarketStore,
    table: str,
    listings: Mapping[str, Listing],
    span: tuple[date, date],
) -> tuple[date, date]:
    """Return the days whose rows the new ones replace: of another source, all there are.

    Raises
    ------
    DataError
        If bars of another source would go whose days the new source has and was not asked for.
    """
    first, last = span
    held = store.source(table)
    if held in (None, source.name):
        return span
    coverage = store.coverage(table)
    if not len(coverage):
        return span
    begins, ends = coverage["first"].min(), coverage["last"].max()
    oldest = min(listing.first for listing in listings.values())
    newest = last_day(source, list(listings), timeframe_of(table))
    if max(begins, oldest) < first or min(ends, newest) > last:
        raise DataError(
            f"{table} holds bars of {held} from {begins} to"
            f" {ends}; {source.name} must replace all of them at once"
            " (`jutsu ingest` does), or go to a store of its own (JUTSU_MARKET_STORE)"
        )
    return min(first, begins), max(last, ends)


def _days(
    rows: pd.DataFrame,
    listings: Mapping[str, Listing],
    sessions: TimeArray,
    hashes: Mapping[date, str],
    timeframe: Timeframe,
    span: tuple[date, date],
) -> tuple[DayReport, ...]:
    counts: dict[date, dict[str, int]] = {}
    days = rows[timeframe.time].to_numpy().astype("datetime64[D]").tolist()
    for day, symbol in zip(days, rows["symbol"].tolist(), strict=True):
        held = counts.setdefault(day, {})
        held[symbol] = held.get(symbol, 0) + 1
    is_open = set(sessions.tolist())
    begins = min((listing.first for listing in listings.values()), default=date.min)
    reports = []
    for offset in range((span[1] - span[0]).days + 1):
        day = span[0] + timedelta(days=offset)
        held = counts.get(day, {})
        listed = [symbol for symbol, listing in listings.items() if listing.covers(day)]
        absent = tuple(s for s in listed if s not in held) if day in is_open else ()
        reports.append(
            DayReport(
                day=day,
                is_session=day in is_open,
                rows={symbol: held.get(symbol, 0) for symbol in listings},
                content_hash=hashes.get(day, NO_ROWS),
                missing=absent,
                not_listed=tuple(symbol for symbol in listings if symbol not in listed),
                uneven=tuple(s for s, count in held.items() if count != timeframe.bars_a_day),
                begun=day >= begins,
            )
        )
    return tuple(reports)
