"""Rows of bars as the market store holds them: their schema, their hashes, their queries."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from datetime import date
from functools import reduce
from typing import Any

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.dataset as ds
from deltalake import DeltaTable

from jutsu_dagster.core.bars import Bars

COLUMNS = ("date", "symbol", "open", "high", "low", "close", "volume", "split")
_NUMBERS = COLUMNS[2:]
SCHEMA = pa.schema(
    [("date", pa.date32()), ("symbol", pa.string())]
    + [(name, pa.float64()) for name in _NUMBERS]
    # The partition: replacing a day rewrites at most the files of its year.
    + [("year", pa.int32())]
)


def hash_days(frame: pd.DataFrame) -> dict[date, str]:
    """Return the content hash of each day in ``frame``: equal rows, in any order, equal hashes."""
    rows = sorted_rows(frame)
    days = rows["date"].to_numpy().astype("datetime64[D]")
    numbers = np.ascontiguousarray(rows[list(_NUMBERS)].to_numpy(np.float64))
    symbols = rows["symbol"].tolist()
    starts = np.flatnonzero(np.r_[True, days[1:] != days[:-1]][: len(days)]).tolist()
    stops = [*starts[1:], len(days)]
    return {
        days[lo].item(): _digest("\n".join(symbols[lo:hi]).encode(), numbers[lo:hi].tobytes())
        for lo, hi in zip(starts, stops, strict=False)
    }


def content_hash(bars: Bars) -> str:
    """Return a hash of the bars: symbols, times, prices, volume, splits."""
    arrays = [getattr(bars, name) for name in _NUMBERS[:-1]] + [bars.splits]
    head = ["\n".join(bars.symbols).encode(), bars.timestamps.astype("datetime64[s]").tobytes()]
    return _digest(*head, *(np.ascontiguousarray(array).tobytes() for array in arrays))


def _digest(*parts: bytes) -> str:
    return hashlib.sha256(b"\0".join(parts)).hexdigest()[:16]


def sorted_rows(frame: pd.DataFrame) -> pd.DataFrame:
    """Return the rows by date and symbol, in the store's columns and types, numbered from 0."""
    if frame.empty:
        return _EMPTY
    rows = frame[list(COLUMNS)].assign(
        date=pd.to_datetime(frame["date"]).astype("datetime64[s]"),
        symbol=frame["symbol"].astype("str"),
    )
    return rows.sort_values(["date", "symbol"], ignore_index=True, kind="stable")


def to_arrow(rows: pd.DataFrame) -> pa.Table:
    """Return sorted rows as a table of ``SCHEMA``."""
    days = rows["date"].to_numpy().astype("datetime64[D]")
    years = days.astype("datetime64[Y]").astype(np.int32) + 1970
    columns = [pa.array(days), pa.array(rows["symbol"].tolist(), pa.string())]
    columns += [pa.array(rows[name].to_numpy(np.float64)) for name in _NUMBERS]
    return pa.Table.from_arrays([*columns, pa.array(years, pa.int32())], schema=SCHEMA)


def days_between(first: date, last: date) -> str:
    """Return the SQL predicate of the rows dated ``first`` to ``last``, both inclusive."""
    years = f"year >= {first.year} AND year <= {last.year}"
    return f"{years} AND date >= '{first}' AND date <= '{last}'"


def read_rows(
    delta: DeltaTable, symbols: Sequence[str] | None, first: date | None, last: date | None
) -> pd.DataFrame:
    """Return the stored rows of these symbols and dates, sorted; None means no limit."""
    tests: list[Any] = []
    if first is not None:
        tests += [ds.field("year") >= first.year, ds.field("date") >= pa.scalar(first)]
    if last is not None:
        tests += [ds.field("year") <= last.year, ds.field("date") <= pa.scalar(last)]
    if symbols is not None:
        tests.append(ds.field("symbol").isin(list(symbols)))
    chosen = reduce(lambda a, b: a & b, tests) if tests else None
    found = delta.to_pyarrow_dataset().to_table(columns=list(COLUMNS), filter=chosen)
    day = found["date"].cast(pa.timestamp("s"))
    return sorted_rows(found.set_column(0, "date", day).to_pandas())


_EMPTY = pd.DataFrame(
    {
        "date": pd.Series([], dtype="datetime64[s]"),
        "symbol": pd.Series([], dtype="str"),
        **{name: pd.Series([], dtype=np.float64) for name in _NUMBERS},
    }
)
