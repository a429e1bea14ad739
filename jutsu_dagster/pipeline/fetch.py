"""Bars fetched and checked outside Dagster, where its blocking checks guard nothing."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date

from jutsu_dagster.core.errors import DataError
from jutsu_dagster.pipeline.ingest import ETF_DAILY, IngestReport, ingest_range
from jutsu_dagster.pipeline.quality import check_days
from jutsu_dagster.sources.base import MarketSource
from jutsu_dagster.storage.market import MarketStore

_SHOWN = 10


def fetch_days(
    source: MarketSource,
    store: MarketStore,
    symbols: Sequence[str],
    first: date,
    last: date,
    table: str = ETF_DAILY,
) -> IngestReport:
    """Ingest a range of days, no further back than the source goes, and check what is stored.

    Raises
    ------
    DataError
        If the source breaks a rule of bars, or what is stored then fails a check that blocks the
        night: a session without a symbol's bar, a price that cannot be.
    """
    listings = source.listings(symbols)
    begins = min((listing.first for listing in listings.values()), default=first)
    first = max(first, begins)
    report = ingest_range(source, store, symbols, min(first, last), last, table=table)
    found = check_days(store, table, symbols, listings, first, last)
    broken = [str(finding) for finding in found if finding.severity == "ERROR"]
    if broken:
        more = f"\nand {len(broken) - _SHOWN} more" if len(broken) > _SHOWN else ""
        raise DataError(
            f"{table}: nothing is traded on bars that fail their checks:\n"
            + "\n".join(broken[:_SHOWN])
            + more
        )
    return report
