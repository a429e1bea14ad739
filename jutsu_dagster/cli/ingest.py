"""``jutsu ingest``: bars of a range of days through the market asset, in this process."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import UTC, date, datetime, timedelta

from jutsu_dagster.cli.console import progress, say
from jutsu_dagster.cli.instance import instance
from jutsu_dagster.cli.project import Project
from jutsu_dagster.cli.runs import run_range
from jutsu_dagster.core.errors import ConfigError, DataError
from jutsu_dagster.core.timeframe import timeframe_of
from jutsu_dagster.pipeline.ingest import CRYPTO_15M, ETF_DAILY
from jutsu_dagster.pipeline.quality import check_days
from jutsu_dagster.pipeline.reach import last_day
from jutsu_dagster.registry.universe import (
    crypto_symbols,
    entries_on,
    etf_symbols,
    market_anchor,
    market_faults,
)
from jutsu_dagster.sources.base import Listing, MarketSource

_DAY = timedelta(days=1)
# A run costs more than fetching this many days again.
_GAP = timedelta(days=15)
_MARGIN = timedelta(days=120)


def ingest(
    project: Project,
    first: date | None = None,
    last: date | None = None,
    *,
    force: bool = False,
    quiet: bool = False,
) -> dict[str, object]:
    """Materialize the market assets for the days that are missing or at fault.

    Parameters
    ----------
    project : Project
    first, last : date, optional
        UTC dates, inclusive. By default from the first session that any active strategy reads
        to the last day that is over and that the source has.
    force : bool
        Fetch days again that are there.
    quiet : bool

    Returns
    -------
    dict
        What was done to the daily bars; under ``crypto_15m`` the same of the 15-minute bars,
        where strategies read such.

    Raises
    ------
    ConfigError, DataError, RunFailedError
    """
    faults = market_faults(project.registry)
    if faults:
        raise ConfigError(faults)
    done: dict[str, object] = {}
    symbols, coins = etf_symbols(project.registry), crypto_symbols(project.registry)
    if symbols:
        done = _ingest(project, ETF_DAILY, project.source, symbols, first, last, force, quiet)
    if coins:
        done[CRYPTO_15M] = _ingest(
            project, CRYPTO_15M, project.crypto_source, coins, first, last, force, quiet
        )
    return done


def _ingest(
    project: Project,
    table: str,
    source: MarketSource,
    symbols: Sequence[str],
    first: date | None,
    last: date | None,
    force: bool,
    quiet: bool,
) -> dict[str, object]:
    """Materialize one market asset."""
    timeframe = timeframe_of(table)
    listings = source.listings(symbols)
    begins = min(listing.first for listing in listings.values())
    ends = last_day(source, symbols, timeframe)
    yesterday = datetime.now(UTC).date() - _DAY
    entries = entries_on(project.registry, timeframe.name)
    needed = min(market_anchor(entry) for entry in entries)
    if not timeframe.is_intraday:
        # Variants one step aside have longer warm-ups than their parents.
        needed = max(needed - _MARGIN, project.registry.settings.market_start)
    # A range of days is asked of the ETFs, which go back further.
    if first is None or (timeframe.is_intraday and first < begins):
        first = max(first or needed, begins)
        if first > needed and not quiet:
            say(f"{source.name} starts on {begins}; the strategies would read from {needed} on")
    # A vendor's last session may lie days back: the closed days after it are still recorded.
    closed = 0 if timeframe.is_intraday else _closed_tail(ends, yesterday)
    last = last or (yesterday if (yesterday - ends).days <= closed else ends)
    if last > yesterday:
        raise DataError(f"{last} is not over yet; ask up to {yesterday} (UTC)")
    total = 0
    if first <= last:
        total = _materialize(project, table, source, listings, first, last, force, quiet)
    elif not timeframe.is_intraday:
        raise DataError(f"the range {first} to {last} is empty")
    if not quiet:
        what = f"{total} days ingested" if total else "nothing to ingest: every day is there"
        what = what if first <= last else f"nothing to ingest before {first}"
        say(f"{table}: {what}; {source.name}, {min(first, last)} to {last}")
    return {
        "source": source.name,
        "synthetic": source.synthetic,
        "first": first.isoformat(),
        "last": last.isoformat(),
        "days_ingested": total,
        "table_version": project.store.version(table) if project.store.exists(table) else None,
    }


def _materialize(
    project: Project,
    table: str,
    source: MarketSource,
    listings: Mapping[str, Listing],
    first: date,
    last: date,
    force: bool,
    quiet: bool,
) -> int:
    """Run the asset over the days that are missing or at fault; return how many."""
    from dagster import AssetKey

    from jutsu_dagster.definitions import INGEST_JOB

    key = AssetKey(["market", table])
    held = project.store.source(table)
    with instance(project.settings) as opened:
        done = opened.get_materialized_partitions(key)
        if force or held != source.name:
            if held is not None and held != source.name and not quiet:
                say(f"the store holds bars of {held}; {source.name} replaces all of them")
            done = set()
        else:
            # Days that a check found wanting, or that lack a symbol registered since.
            done -= _at_fault(project, table, listings, first, last)
        spans = _missing(first, last, done)
        for a, b in spans:
            count = (b - a).days + 1
            with progress(f"ingesting {a} to {b}", count, shown=not quiet) as advance:
                run_range(
                    opened, project.definitions, INGEST_JOB, [key], a.isoformat(),
                    b.isoformat(), partitions=count, progress=advance,
                )  # fmt: skip
    return sum((b - a).days + 1 for a, b in spans)


def _closed_tail(ends: date, yesterday: date) -> int:
    """Return how many days after ``ends`` are closed in a row, up to ``yesterday``."""
    from jutsu_dagster.core.calendar import is_session

    day = ends
    while day < yesterday and not is_session(day + _DAY):
        day += _DAY
    return (day - ends).days


def _at_fault(
    project: Project, table: str, listings: Mapping[str, Listing], first: date, last: date
) -> set[str]:
    """Return the stored days that break a blocking check, missing bars included."""
    found = check_days(project.store, table, tuple(listings), listings, first, last)
    return {finding.day.isoformat() for finding in found if finding.severity == "ERROR"}


def _missing(first: date, last: date, done: set[str]) -> list[tuple[date, date]]:
    """Return the ranges of days that are not in ``done``; one range over a short gap."""
    spans: list[tuple[date, date]] = []
    day = first
    while day <= last:
        if day.isoformat() not in done:
            if spans and day - spans[-1][1] <= _GAP:
                spans[-1] = (spans[-1][0], day)
            else:
                spans.append((day, day))
        day += _DAY
    return spans
