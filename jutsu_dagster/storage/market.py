"""The market store: bars in Delta tables, replaced by whole days, every commit a version."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, date, datetime
from pathlib import Path

import numpy as np
import pandas as pd
from deltalake import CommitProperties, DeltaTable, write_deltalake
from deltalake.exceptions import CommitFailedError, DeltaError, TableNotFoundError

from jutsu_dagster.core.align import bars_from_rows
from jutsu_dagster.core.bars import Bars
from jutsu_dagster.core.errors import DataError
from jutsu_dagster.core.timeframe import CRYPTO_15M, timeframe_of
from jutsu_dagster.storage.attempt import with_remedy
from jutsu_dagster.storage.market_rows import (
    content_hash,
    days_between,
    hash_days,
    read_rows,
    read_spans,
    sorted_rows,
    to_arrow,
)
from jutsu_dagster.storage.market_table import open_or_create, require_stored

__all__ = ["MarketStore", "content_hash", "hash_days"]

# Files beyond one a partition before a table is merged: about a month of nights.
_SPARE_FILES = 24
_ATTEMPTS = 20
# Where a commit says which source its rows came from; compactions in between say nothing.
_SOURCE = "jutsu.source"
_HISTORY = 50


class MarketStore:
    """Tables of bars under one root, each a Delta table.

    Parameters
    ----------
    url : str or Path
        A directory, or the URL of an object store (``s3://bucket/market``).
    """

    def __init__(self, url: str | Path) -> None:
        self.url = str(url).rstrip("/")

    def exists(self, table: str) -> bool:
        """Return whether anything was ever written to ``table``."""
        return DeltaTable.is_deltatable(self._path(table))

    def version(self, table: str) -> int:
        """Return the version that a reader now sees; DataError if there is no table."""
        return self._open(table).version()

    def source(self, table: str) -> str | None:
        """Return the name of the source that wrote the table last, None if nothing did."""
        if not self.exists(table):
            return None
        for commit in self._open(table).history(_HISTORY):
            if _SOURCE in commit:
                return str(commit[_SOURCE])
        return None

    def write(
        self, table: str, frame: pd.DataFrame, first: date, last: date, source: str | None = None
    ) -> int:
        """Replace every row dated ``first`` to ``last``, of all symbols, in one commit.

        Parameters
        ----------
        table : str
            Created when it does not exist.
        frame : DataFrame of the columns of the table's timeframe
            The new rows; may be empty, which leaves those days empty.
        first, last : date
            Both inclusive.
        source : str, optional
            Name of the source, kept with the commit.

        Returns
        -------
        int
            The table's version. No new one is made when the rows are what is stored already.

        Raises
        ------
        DataError
            If a row is dated outside the range, other writers would not let go, or the disk is
            full or read-only.
        """
        timeframe = timeframe_of(table)
        new = sorted_rows(frame, timeframe)
        days = new[timeframe.time].dt.date
        if len(new) and (days.iloc[0] < first or days.iloc[-1] > last):
            raise DataError(
                f"{table}: rows from {days.iloc[0]} to {days.iloc[-1]} "
                f"must lie within {first} to {last}"
            )
        wanted = hash_days(new)
        for _ in range(_ATTEMPTS):
            delta = open_or_create(self._path(table), timeframe)
            same = hash_days(read_rows(delta, timeframe, None, first, last)) == wanted
            if same and source in (None, self.source(table)):
                return delta.version()
            try:
                # Before the write, not after: a process killed in between then leaves the same
                # sequence of versions as one that was not.
                self._compact(delta)
                # The commit fails if another writer touched these days since ``delta`` opened.
                write_deltalake(
                    delta,
                    to_arrow(new, timeframe),
                    mode="overwrite",
                    predicate=days_between(first, last, timeframe),
                    commit_properties=CommitProperties({_SOURCE: source} if source else None),
                )
            except CommitFailedError:
                continue
            except (DeltaError, OSError) as error:
                reason = with_remedy(str(error))
                raise DataError(f"{self._path(table)} cannot be written: {reason}") from error
            return delta.version()
        raise DataError(f"{table}: {_ATTEMPTS} other writers came first; try again")

    def read(
        self,
        table: str,
        symbols: Sequence[str],
        first: date,
        last: date,
        version: int | None = None,
    ) -> Bars:
        """Return the bars from ``first`` to ``last``, prices as delivered, splits beside them.

        A symbol without bars in the range, because it started later say, is a column of NaN.

        Raises
        ------
        DataError
            If the table, the version or a symbol is not there.
        """
        delta = self._open(table, version)
        rows = read_rows(delta, timeframe_of(table), symbols, first, last)
        bars = bars_from_rows(rows, symbols)
        absent = [s for s in symbols if np.isnan(bars.close[:, bars.column(s)]).all()]
        if absent:
            require_stored(table, delta, absent)
        return bars

    def read_candles(
        self,
        symbols: Sequence[str],
        first: datetime,
        last: datetime,
        version: int | None = None,
        *,
        table: str = CRYPTO_15M,
    ) -> Bars:
        """Return the bars that open from ``first`` to ``last``, both inclusive.

        Parameters
        ----------
        symbols : sequence of str
        first, last : datetime
            Times at which bars open; UTC unless they say otherwise.
        version : int, optional
        table : str

        Raises
        ------
        DataError
            As for ``read``.
        """
        lo, hi = _utc(first), _utc(last)
        bars = self.read(table, symbols, lo.date(), hi.date(), version)
        start = int(np.searchsorted(bars.timestamps, np.datetime64(lo)))
        return bars.window(start, int(np.searchsorted(bars.timestamps, np.datetime64(hi), "right")))

    def rows(
        self,
        table: str,
        symbols: Sequence[str] | None = None,
        first: date | None = None,
        last: date | None = None,
        version: int | None = None,
    ) -> pd.DataFrame:
        """Return the rows as stored, sorted by time and symbol; all of them by default."""
        delta = self._open(table, version)
        return read_rows(delta, timeframe_of(table), symbols, first, last)

    def day_hashes(self, table: str, first: date, last: date) -> dict[date, str]:
        """Return a content hash of each day that has rows, over all its symbols."""
        return hash_days(self.rows(table, None, first, last))

    def coverage(self, table: str) -> pd.DataFrame:
        """Return what there is: symbol, first (date), last (date), rows; sorted by symbol."""
        return read_spans(self._open(table))

    def _path(self, table: str) -> str:
        return f"{self.url}/{table}"

    def _open(self, table: str, version: int | None = None) -> DeltaTable:
        try:
            return DeltaTable(self._path(table), version=version)
        except TableNotFoundError:
            raise DataError(f"{table}: nothing ingested yet; run `jutsu ingest`") from None
        except DeltaError as error:
            if version is None:
                raise
            newest = self._open(table).version()
            raise DataError(
                f"{table}: there is no version {version}; the newest is {newest}"
            ) from error

    def _compact(self, delta: DeltaTable) -> None:
        files = delta.file_uris()
        partitions = {file.rsplit("/", 2)[-2] for file in files}
        if len(files) <= len(partitions) + _SPARE_FILES:
            return
        delta.optimize.compact()


def _utc(time: datetime) -> datetime:
    """Return a time in UTC without its zone."""
    return time.astimezone(UTC).replace(tzinfo=None) if time.tzinfo else time
