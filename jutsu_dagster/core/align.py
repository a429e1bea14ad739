"""From rows to aligned bars, and the check that no session is missing."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from datetime import date, timedelta
from typing import TYPE_CHECKING

import numpy as np

from jutsu_dagster.core.bars import PRICE_FIELDS, Bars, BoolArray, TimeArray
from jutsu_dagster.core.calendar import sessions_between
from jutsu_dagster.core.errors import DataError

if TYPE_CHECKING:
    import pandas as pd

_FIELDS = (*PRICE_FIELDS, "volume")
# So many missing sessions are named one by one; more are named by the first and the last.
_NAMED = 5


def bars_from_rows(frame: pd.DataFrame, symbols: Sequence[str]) -> Bars:
    """Align rows to bars: one time per date or timestamp present for these symbols.

    Parameters
    ----------
    frame : DataFrame of date or timestamp, symbol, open, high, low, close, volume, maybe split
        Valid rows in any order; rows of other symbols are left out.
    symbols : sequence of str
        The columns of the result; a symbol without rows becomes a column of NaN.

    Raises
    ------
    DataError
        If two rows hold the same time and symbol.
    """
    import pandas as pd  # here, because core must import fast

    asked = list(symbols)
    column = pd.Index(asked).get_indexer(pd.Index(frame["symbol"]))
    wanted = column >= 0
    rows, column = frame.loc[wanted], column[wanted]
    time = rows["timestamp"] if "timestamp" in rows else rows["date"]
    times = pd.to_datetime(time).to_numpy().astype("datetime64[s]")
    timestamps, row = np.unique(times, return_inverse=True)
    cell = row * len(asked) + column
    if len(np.unique(cell)) < len(cell):
        _, first, count = np.unique(cell, return_index=True, return_counts=True)
        at = int(first[count > 1].min())
        raise DataError(f"{asked[int(column[at])]} has more than one row on {_named(times[at])}")
    shape = (len(timestamps), len(asked))
    arrays = {name: np.full(shape, np.nan) for name in _FIELDS}
    for name, array in arrays.items():
        array[row, column] = rows[name].to_numpy(np.float64)
    splits = np.ones(shape)
    if "split" in rows:
        splits[row, column] = rows["split"].to_numpy(np.float64)
    return Bars(symbols=tuple(asked), timestamps=timestamps, splits=splits, **arrays)


def require_sessions(bars: Bars, first: date, last: date, signal_symbol: str) -> Bars:
    """Return the bars of the XNYS sessions from ``first`` to ``last``, none missing.

    Bars on other days are dropped. ``signal_symbol`` must have a bar on every session; any
    other symbol on every session between its own first and last bar in the range, because it
    may have started later or ended.

    Raises
    ------
    DataError
        If a session lacks a bar that it must have; the message names symbol and sessions.
    """
    expected = sessions_between(first, last)
    kept = np.isin(bars.sessions, expected)
    bars = bars if kept.all() else _rows(bars, kept)
    row = np.searchsorted(expected, bars.sessions)
    signal = bars.column(signal_symbol)
    problems = []
    for column, symbol in enumerate(bars.symbols):
        present = np.zeros(len(expected), dtype=np.bool_)
        present[row] = ~np.isnan(bars.close[:, column])
        missing = expected[~present]
        if column != signal:
            own = expected[present]
            missing = missing[(missing > own[0]) & (missing < own[-1])] if len(own) else own
        if len(missing):
            problems.append(f"{symbol} has no bar on {name_sessions(missing)}; ingest them")
    if problems:
        raise DataError("\n".join(problems))
    return bars


def require_candles(bars: Bars, first: date, last: date, step: timedelta) -> Bars:
    """Return the bars of the UTC days from ``first`` to ``last``, none missing for any symbol.

    Bars on other days are dropped. ``step`` is the length of a bar.

    Raises
    ------
    DataError
        If a symbol lacks a bar, or has one at a time that is not due; the message names both.
    """
    lo, hi = np.datetime64(first, "s"), np.datetime64(last + timedelta(days=1), "s")
    bars = bars.window(*np.searchsorted(bars.timestamps, [lo, hi]).tolist())
    due = np.arange(lo, hi, np.timedelta64(step, "s"))
    off = bars.timestamps[~np.isin(bars.timestamps, due)]
    if len(off):
        raise DataError(f"there are bars at {name_times(off)}; {step} is the length of a bar")
    row = np.searchsorted(due, bars.timestamps)
    problems = []
    for column, symbol in enumerate(bars.symbols):
        present = np.zeros(len(due), dtype=np.bool_)
        present[row] = ~np.isnan(bars.close[:, column])
        if not present.all():
            problems.append(f"{symbol} has no bar at {name_times(due[~present])}; ingest them")
    if problems:
        raise DataError("\n".join(problems))
    return bars


def require_sound(bars: Bars) -> None:
    """Raise DataError for the first bar that no market made: it names symbol, time and rule.

    What comes in is validated once at the edge; this is for a table that something else wrote to.
    """
    present = ~np.isnan(bars.close)
    low = np.minimum(bars.open, bars.close)
    high = np.maximum(bars.open, bars.close)
    with np.errstate(invalid="ignore"):
        for broken, rule in (
            (~(np.isfinite(bars.high) & (bars.low > 0.0)), "prices must be finite and > 0"),
            (
                ~((bars.high >= high) & (bars.low <= low)),
                "open and close must lie within low to high",
            ),
            (~((bars.splits > 0.0) & np.isfinite(bars.splits)), "split must be > 0"),
            (~(bars.volume >= 0.0), "volume must be >= 0"),
        ):
            rows, columns = np.nonzero(broken & present)
            if len(rows):
                at = f"{bars.symbols[columns[0]]} on {_named(bars.timestamps[rows[0]])}"
                raise DataError(
                    f"{at}: {rule} ({len(rows)} such bars); `jutsu ingest --force` fetches them"
                    " again"
                )


def name_sessions(sessions: TimeArray) -> str:
    """Return sessions as text: each of a few, or the count with the first and the last."""
    return _name(sessions, "session")


def name_times(times: TimeArray) -> str:
    """Return times as text, as ``name_sessions`` does."""
    return _name(times, "time")


def _name(times: TimeArray, noun: str) -> str:
    shown = [_named(time) for time in times]
    listed = ", ".join(shown) if len(shown) <= _NAMED else f"{shown[0]} … {shown[-1]}"
    return f"{len(shown)} {noun}{'' if len(shown) == 1 else 's'}: {listed}"


def _named(time: np.datetime64) -> str:
    """Return a time as text; midnight, which is the time of a daily bar, as its date."""
    return str(time.astype("datetime64[m]")).replace("T00:00", "").replace("T", " ")


def _rows(bars: Bars, kept: BoolArray) -> Bars:
    arrays = {name: getattr(bars, name)[kept] for name in (*_FIELDS, "splits")}
    return replace(bars, timestamps=bars.timestamps[kept], **arrays)
