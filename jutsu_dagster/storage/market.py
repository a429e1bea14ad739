"""The market store: bars in Delta tables, replaced by whole days, every commit a version."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date
from pathlib import Path

import numpy as np
import pandas as pd
from deltalake import CommitProperties, DeltaTable, write_deltalake
from deltalake.exceptions import CommitFailedError, DeltaError, TableNotFoundError

from jutsu_dagster.core.align import bars_from_rows
from jutsu_dagster.core.bars import Bars
from jutsu_dagster.core.errors import DataError, nearest
from jutsu_dagster.storage.market_rows import (
    SCHEMA,
    content_hash,
    days_between,
    hash_days,
    read_rows,
    sorted_rows,
    to_arrow,
)

__all__ = ["MarketStore", "content_hash", "hash_days"]

# Results name the version they read, so old versions must stay readable for good.
_KEEP = {
    "delta.logRetentionDuration": "interval 36500 days",
    "delta.deletedFileRetentionDuration": "interval 36500 days",
    "delta.enableExpiredLogCleanup": "false",
}
# Files beyond one a year that a table may hold before they are merged: about a month of nights.
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
        frame : DataFrame of date, symbol, open, high, low, close, volume, split
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
            If a row is dated outside the range, or other writers would not let go.
        """
        new = sorted_rows(frame)
        days = new["date"]
        if len(new) and (days.min() < pd.Timestamp(first) or days.max() > pd.Timestamp(last)):
            raise DataError(
                f"{table}: rows from {days.min().date()} to {days.max().date()} "
                f"must lie within {first} to {last}"
            )
        wanted = hash_days(new)
        for _ in range(_ATTEMPTS):
            delta = self._open_or_create(table)
            same = hash_days(read_rows(delta, None, first, last)) == wanted
            if same and source in (None, self.source(table)):
                return delta.version()
            try:
                # Before the write, not after: a process killed in between then leaves the same
                # sequence of versions as one that was not.
                self._compact(delta)
                # The commit fails if another writer touched these days since ``delta`` opened.
                write_deltalake(
                    delta,
                    to_arrow(new),
                    mode="overwrite",
                    predicate=days_between(first, last),
                    commit_properties=CommitProperties({_SOURCE: source} if source else None),
                )
            except CommitFailedError:
                continue
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
        bars = bars_from_rows(read_rows(delta, symbols, first, last), symbols)
        absent = [s for s in symbols if np.isnan(bars.close[:, bars.column(s)]).all()]
        if absent:
            self._require(table, delta, absent)
        return bars

    def rows(
        self,
        table: str,
        symbols: Sequence[str] | None = None,
        first: date | None = None,
        last: date | None = None,
        version: int | None = None,
    ) -> pd.DataFrame:
        """Return the rows as stored, sorted by date and symbol; all of them by default."""
        return read_rows(self._open(table, version), symbols, first, last)

    def day_hashes(self, table: str, first: date, last: date) -> dict[date, str]:
        """Return a content hash of each day that has rows, over all its symbols."""
        return hash_days(self.rows(table, None, first, last))

    def coverage(self, table: str) -> pd.DataFrame:
        """Return what there is: symbol, first (date), last (date), rows; sorted by symbol."""
        rows = self.rows(table)[["symbol", "date"]]
        found = rows.groupby("symbol")["date"].agg(["min", "max", "size"]).reset_index()
        found.columns = pd.Index(["symbol", "first", "last", "rows"])
        return found.assign(first=found["first"].dt.date, last=found["last"].dt.date)

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

    def _open_or_create(self, table: str) -> DeltaTable:
        path = self._path(table)
        if not self.exists(table):
            try:
                DeltaTable.create(path, SCHEMA, partition_by=["year"], configuration=_KEEP)
            except DeltaError:
                # Another writer made it between the question and the answer.
                if not self.exists(table):
                    raise
        return DeltaTable(path)

    def _require(self, table: str, delta: DeltaTable, symbols: Sequence[str]) -> None:
        column = delta.to_pyarrow_dataset().to_table(columns=["symbol"])["symbol"]
        known = sorted(column.unique().to_pylist())
        if not known:
            raise DataError(f"{table}: holds no bars yet; run `jutsu ingest`")
        for symbol in symbols:
            if symbol not in known:
                close = nearest(symbol, known)
                hint = f" (did you mean {close!r}?)" if close else ""
                raise DataError(
                    f"{table}: has no symbol {symbol!r}{hint}; it has {', '.join(known)}. "
                    "Run `jutsu ingest` to add symbols"
                )

    def _compact(self, delta: DeltaTable) -> None:
        files = delta.file_uris()
        years = {file.rsplit("/", 2)[-2] for file in files}
        if len(files) <= len(years) + _SPARE_FILES:
            return
        delta.optimize.compact()
