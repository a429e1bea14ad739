"""Rows of bars as the market store holds them: their schemas, their hashes, their queries."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from datetime import date
from functools import cache, reduce
from typing import Any

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.dataset as ds
from deltalake import DeltaTable

from jutsu_dagster.core.bars import Bars
from jutsu_dagster.core.timeframe import DAILY, QUARTER_HOURS, Timeframe

_HASHED = (*DAILY.numbers[:-1], "splits")
_UTC = pa.timestamp("us", tz="UTC")


@cache
def schema_of(timeframe: Timeframe) -> pa.Schema:
    """Return the columns of a table: a row's day, its time if a day has many, its partition."""
    time = [("timestamp", _UTC)] if timeframe.is_intraday else []
    numbers = [(name, pa.float64()) for name in timeframe.numbers]
    # Replacing a day rewrites at most the files of its partition: a year, or a month.
    partition = (partition_of(timeframe), pa.string() if timeframe.is_intraday else pa.int32())
    return pa.schema([("date", pa.date32()), *time, ("symbol", pa.string()), *numbers, partition])


def partition_of(timeframe: Timeframe) -> str:
    """Return the name of the column that a table is partitioned by."""
    return "month" if timeframe.is_intraday else "year"


def timeframe_of_rows(frame: pd.DataFrame) -> Timeframe:
    """Return the timeframe of rows, from the name of their time."""
    return QUARTER_HOURS if QUARTER_HOURS.time in frame else DAILY


def hash_days(frame: pd.DataFrame) -> dict[date, str]:
    """Return the content hash of each day in ``frame``: equal rows, in any order, equal hashes."""
    timeframe = timeframe_of_rows(frame)
    rows = sorted_rows(frame, timeframe)
    times = rows[timeframe.time].to_numpy()
    days = times.astype("datetime64[D]")
    numbers = np.ascontiguousarray(rows[list(timeframe.numbers)].to_numpy(np.float64))
    symbols = rows["symbol"].tolist()
    starts = np.flatnonzero(np.r_[True, days[1:] != days[:-1]][: len(days)]).tolist()
    stops = [*starts[1:], len(days)]
    return {
        days[lo].item(): _digest(
            "\n".join(symbols[lo:hi]).encode(),
            numbers[lo:hi].tobytes(),
            # A day alone tells the time of a daily bar.
            *([times[lo:hi].tobytes()] if timeframe.is_intraday else []),
        )
        for lo, hi in zip(starts, stops, strict=False)
    }


def content_hash(bars: Bars) -> str:
    """Return a hash of the bars: symbols, times, prices, volume, splits."""
    head = ["\n".join(bars.symbols).encode(), bars.timestamps.astype("datetime64[s]").tobytes()]
    arrays = [getattr(bars, name) for name in _HASHED]
    return _digest(*head, *(np.ascontiguousarray(array).tobytes() for array in arrays))


def _digest(*parts: bytes) -> str:
    return hashlib.sha256(b"\0".join(parts)).hexdigest()[:16]


def sorted_rows(frame: pd.DataFrame, timeframe: Timeframe) -> pd.DataFrame:
    """Return the rows by time and symbol, in the store's columns and types, numbered from 0."""
    if frame.empty:
        return _empty(timeframe)
    time = timeframe.time
    rows = frame[list(timeframe.columns)].assign(
        **{time: pd.to_datetime(frame[time]).astype("datetime64[s]")},
        symbol=frame["symbol"].astype("str"),
    )
    return rows.sort_values([time, "symbol"], ignore_index=True, kind="stable")


def to_arrow(rows: pd.DataFrame, timeframe: Timeframe) -> pa.Table:
    """Return sorted rows as a table of the timeframe's schema."""
    times = rows[timeframe.time].to_numpy()
    days = times.astype("datetime64[D]")
    columns = [pa.array(days)]
    if timeframe.is_intraday:
        columns.append(pa.array(times.astype("datetime64[us]")).cast(_UTC))
        partition = pa.array(np.datetime_as_string(days, unit="M").tolist(), pa.string())
    else:
        years = days.astype("datetime64[Y]").astype(np.int32) + 1970
        partition = pa.array(years, pa.int32())
    columns.append(pa.array(rows["symbol"].tolist(), pa.string()))
    columns += [pa.array(rows[name].to_numpy(np.float64)) for name in timeframe.numbers]
    return pa.Table.from_arrays([*columns, partition], schema=schema_of(timeframe))


def days_between(first: date, last: date, timeframe: Timeframe) -> str:
    """Return the SQL predicate of the rows dated ``first`` to ``last``, both inclusive."""
    name, lo, hi = _partitions(timeframe, first, last)
    return f"{name} >= {lo!r} AND {name} <= {hi!r} AND date >= '{first}' AND date <= '{last}'"


def read_rows(
    delta: DeltaTable,
    timeframe: Timeframe,
    symbols: Sequence[str] | None,
    first: date | None,
    last: date | None,
) -> pd.DataFrame:
    """Return the stored rows of these symbols and dates, sorted; None means no limit."""
    tests: list[Any] = []
    if first is not None:
        name, lo, _ = _partitions(timeframe, first, first)
        tests += [ds.field(name) >= lo, ds.field("date") >= pa.scalar(first)]
    if last is not None:
        name, hi, _ = _partitions(timeframe, last, last)
        tests += [ds.field(name) <= hi, ds.field("date") <= pa.scalar(last)]
    if symbols is not None:
        tests.append(ds.field("symbol").isin(list(symbols)))
    chosen = reduce(lambda a, b: a & b, tests) if tests else None
    found = delta.to_pyarrow_dataset().to_table(columns=list(timeframe.columns), filter=chosen)
    time = found[timeframe.time].cast(pa.timestamp("s"))
    return sorted_rows(found.set_column(0, timeframe.time, time).to_pandas(), timeframe)


def read_spans(delta: DeltaTable) -> pd.DataFrame:
    """Return symbol, first (date), last (date) and rows of all rows, sorted by symbol."""
    table = delta.to_pyarrow_dataset().to_table(columns=["symbol", "date"])
    table = table.set_column(0, "symbol", pc.cast(table["symbol"], pa.string()))
    found = table.group_by("symbol").aggregate(
        [("date", "min"), ("date", "max"), ("date", "count")]
    )
    spans: pd.DataFrame = found.sort_by("symbol").to_pandas()
    spans = spans[["symbol", "date_min", "date_max", "date_count"]]
    return spans.set_axis(["symbol", "first", "last", "rows"], axis=1)


def _partitions(timeframe: Timeframe, first: date, last: date) -> tuple[str, Any, Any]:
    """Return the partition column, and its values on two days."""
    if timeframe.is_intraday:
        return "month", f"{first:%Y-%m}", f"{last:%Y-%m}"
    return "year", first.year, last.year


@cache
def _empty(timeframe: Timeframe) -> pd.DataFrame:
    return pd.DataFrame(
        {
            timeframe.time: pd.Series([], dtype="datetime64[s]"),
            "symbol": pd.Series([], dtype="str"),
            **{name: pd.Series([], dtype=np.float64) for name in timeframe.numbers},
        }
    )
