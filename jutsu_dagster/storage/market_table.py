"""One Delta table of bars: how it is made, and what it says of a symbol that it lacks."""

from __future__ import annotations

from collections.abc import Sequence

from deltalake import DeltaTable
from deltalake.exceptions import DeltaError

from jutsu_dagster.core.errors import DataError, nearest
from jutsu_dagster.core.timeframe import Timeframe
from jutsu_dagster.storage.market_rows import partition_of, schema_of

# Results name the version they read, so old versions must stay readable for good.
_KEEP = {
    "delta.logRetentionDuration": "interval 36500 days",
    "delta.deletedFileRetentionDuration": "interval 36500 days",
    "delta.enableExpiredLogCleanup": "false",
}


def open_or_create(path: str, timeframe: Timeframe) -> DeltaTable:
    """Return the table at ``path``, made for bars of this timeframe if there is none."""
    if not DeltaTable.is_deltatable(path):
        partition = [partition_of(timeframe)]
        try:
            DeltaTable.create(
                path, schema_of(timeframe), partition_by=partition, configuration=_KEEP
            )
        except DeltaError:
            # Another writer made it between the question and the answer.
            if not DeltaTable.is_deltatable(path):
                raise
    return DeltaTable(path)


def require_stored(table: str, delta: DeltaTable, symbols: Sequence[str]) -> None:
    """Raise DataError unless ``table`` has a bar of every symbol; the message names the nearest."""
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
