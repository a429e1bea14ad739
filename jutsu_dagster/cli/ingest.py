"""``jutsu ingest``: bars of a range of days through the market asset, in this process."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import UTC, date, datetime, timedelta

from jutsu_dagster.cli.console import progress, say
from jutsu_dagster.cli.instance import instance
from jutsu_dagster.cli.project import Project
from jutsu_dagster.cli.runs import run_range
from jutsu_dagster.core.errors import ConfigError, DataError
from jutsu_dagster.pipeline.ingest import ETF_DAILY
from jutsu_dagster.pipeline.quality import check_days
from jutsu_dagster.registry.universe import etf_symbols, market_anchor, market_faults
from jutsu_dagster.sources.base import Listing

_DAY = timedelta(days=1)
# A run costs more than fetching this many days again.
_GAP = timedelta(days=15)


def ingest(
    project: Project,
    first: date | None = None,
    last: date | None = None,
    *,
    force: bool = False,
    quiet: bool = False,
) -> dict[str, object]:
    """Materialize ``market/etf_daily`` for the days that are missing or at fault.

    Parameters
    ----------
    project : Project
    first, last : date, optional
        UTC dates, inclusive. By default from the first session that any active strategy reads
        to the last day that is over and that the source has.
    force : bool
        Fetch days again that are there.
    quiet : bool

    Raises
    ------
    ConfigError, DataError, RunFailedError
    """
    faults = market_faults(project.registry)
    if faults:
        raise ConfigError(faults)
    source, symbols = project.source, etf_symbols(project.registry)
    listings = source.listings(symbols)
    begins = min(listing.first for listing in listings.values())
    ends = source.latest(symbols)["timestamp"].max().date()
    yesterday = datetime.now(UTC).date() - _DAY
    if first is None:
        needed = min(market_anchor(e) for e in project.registry.get_active_strategies())
        first = max(needed, begins)
        if first > needed and not quiet:
            say(f"{source.name} starts on {begins}; the strategies would read from {needed} on")
    # A vendor's last session may lie days back: the closed days after it are still recorded.
    last = last or (yesterday if (yesterday - ends).days <= _closed_tail(ends, yesterday) else ends)
    if last > yesterday:
        raise DataError(f"{last} is not over yet; ask up to {yesterday} (UTC)")
    if last < first:
        raise DataError(f"the range {first} to {last} is empty")
    from jutsu_dagster.definitions import INGEST_JOB
    from jutsu_dagster.defs.market import ETF_DAILY_KEY

    held = project.store.source(ETF_DAILY)
    with instance(project.settings) as opened:
        done = opened.get_materialized_partitions(ETF_DAILY_KEY)
        if force or held != source.name:
            if held is not None and held != source.name and not quiet:
                say(f"the store holds bars of {held}; {source.name} replaces all of them")
            done = set()
        else:
            # Days that a check found wanting, or that lack a symbol registered since.
            done -= _at_fault(project, symbols, listings, first, last)
        spans = _missing(first, last, done)
        total = sum((b - a).days + 1 for a, b in spans)
        for a, b in spans:
            count = (b - a).days + 1
            with progress(f"ingesting {a} to {b}", count, shown=not quiet) as advance:
                run_range(
                    opened, project.definitions, INGEST_JOB, [ETF_DAILY_KEY], a.isoformat(),
                    b.isoformat(), partitions=count, progress=advance,
                )  # fmt: skip
    if not quiet:
        what = f"{total} days ingested" if total else "nothing to ingest: every day is there"
        say(f"{what}; {source.name}, {first} to {last}")
    return {
        "source": source.name,
        "synthetic": source.synthetic,
        "first": first.isoformat(),
        "last": last.isoformat(),
        "days_ingested": total,
        "table_version": project.store.version(ETF_DAILY),
    }


def _closed_tail(ends: date, yesterday: date) -> int:
    """Return how many days after ``ends`` are closed in a row, up to ``yesterday``."""
    from jutsu_dagster.core.calendar import is_session

    day = ends
    while day < yesterday and not is_session(day + _DAY):
        day += _DAY
    return (day - ends).days


def _at_fault(
    project: Project,
    symbols: Sequence[str],
    listings: Mapping[str, Listing],
    first: date,
    last: date,
) -> set[str]:
    """Return the stored days that break a blocking check, missing bars included."""
    found = check_days(project.store, ETF_DAILY, symbols, listings, first, last)
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
