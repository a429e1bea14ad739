"""The rules of bars, checked on rows before anything is stored."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd

from jutsu_dagster.core.bars import PRICE_FIELDS, BoolArray
from jutsu_dagster.core.errors import DataError, nearest
from jutsu_dagster.core.timeframe import DAILY, Timeframe
from jutsu_dagster.sources._values import dates, floats, times

SHOWN_FAULTS = 5


@dataclass(frozen=True, slots=True)
class _Fault:
    position: int
    field: str
    value: object
    rule: str


def validate_rows(
    frame: pd.DataFrame,
    where: str,
    unit: str = "row",
    timeframe: Timeframe = DAILY,
    *,
    in_order: bool = False,
) -> pd.DataFrame:
    """Return the rows of bars in their final types, or say what is wrong with them.

    Parameters
    ----------
    frame : DataFrame of date, symbol, open, high, low, close, volume and optionally split
        Values as read: numbers, or text that holds numbers. The index numbers the rows as the
        user sees them. ``split`` may be missing, 0 or NaN, which mean 1. Intraday bars have
        their open in UTC instead of the date, under any of the timeframe's names; no split.
    where : str
        The file or source, as the message names it.
    unit : str
        What the index counts: ``row``, or ``line`` of a text file.
    timeframe : Timeframe
    in_order : bool
        Whether intraday times must ascend within a symbol; daily ones must always.

    Returns
    -------
    DataFrame of date or timestamp (datetime64[s]), symbol (str), and float64 for the rest
        In the order given, numbered from 0.

    Raises
    ------
    DataError
        For a missing or unknown column, no rows, or broken rules; the first five faults are
        named by row, symbol, time, field, value and rule, the others are counted.
    """
    time = _time_column(frame, where, timeframe)
    _check_columns(frame, where, time, timeframe)
    if frame.empty:
        raise DataError(f"{where}: holds no rows; it must hold at least one bar")
    moments = times(frame[time]) if timeframe.is_intraday else dates(frame[time])
    rows = pd.DataFrame(
        {
            timeframe.time: moments.astype("datetime64[s]"),
            "symbol": frame["symbol"].astype("str").to_numpy(),
            **{name: floats(frame[name]) for name in timeframe.numbers if name in frame},
        }
    )
    if timeframe.has_splits:
        rows["split"] = _splits(frame)
    symbol = rows["symbol"]
    plain = ((symbol.str.strip() == symbol) & (symbol != "")).to_numpy(np.bool_)
    named = plain & frame["symbol"].notna().to_numpy(np.bool_)
    faults = _faults(rows, frame, named, timeframe)
    in_order = in_order or not timeframe.is_intraday
    faults += _time_faults(rows[named], moments, time, timeframe, in_order=in_order)
    if faults:
        faults.sort(key=lambda fault: fault.position)
        raise DataError(_message(faults, frame, time, where, unit))
    return rows[list(timeframe.columns)]


def _splits(frame: pd.DataFrame) -> np.ndarray[tuple[int], np.dtype[np.float64]]:
    """Return the column ``split``, 1 where it is absent or blank."""
    if "split" not in frame:
        return np.ones(len(frame))
    split = floats(frame["split"])
    blank = frame["split"].isna().to_numpy() | (split == 0)
    if frame["split"].dtype.kind not in "fiu":
        blank |= (frame["split"].astype("str").str.strip() == "").to_numpy()
    return np.where(blank, 1.0, split)


def _time_column(frame: pd.DataFrame, where: str, timeframe: Timeframe) -> str:
    """Return the column that holds the time, under the name that the user gave it."""
    names = (timeframe.time, *timeframe.aliases)
    found = [name for name in names if name in frame.columns]
    if len(found) > 1:
        several = " and ".join(map(repr, found))
        raise DataError(f"{where}: columns {several} both name the bar's time; keep one of them")
    return found[0] if found else timeframe.time


def _check_columns(frame: pd.DataFrame, where: str, time: str, timeframe: Timeframe) -> None:
    known = (time, *timeframe.columns[1:])
    missing = [name for name in known if name != "split" and name not in frame.columns]
    problems = [f"{where}: column {name!r} is missing" for name in missing]
    for name in frame.columns:
        if name not in known:
            close = nearest(str(name).lower(), missing or known)
            hint = f"; did you mean {close!r}?" if close else ""
            problems.append(f"{where}: column {name!r} is unknown{hint}")
    if not frame.columns.is_unique:
        problems.append(f"{where}: a column name stands twice")
    if problems:
        names = ", ".join(name for name in timeframe.columns if name != "split")
        rule = f"the columns must be {names}"
        rule += " and, if there are splits, split" if timeframe.has_splits else ""
        raise DataError("\n".join([*problems, rule]))


def _faults(
    rows: pd.DataFrame, given: pd.DataFrame, named: BoolArray, timeframe: Timeframe
) -> list[_Fault]:
    """Return every fault of symbols and numbers, one per row and rule."""
    found: list[_Fault] = []

    def broken(mask: BoolArray, field: str, rule: str) -> None:
        values = given[field] if field in given else rows[field]
        found.extend(
            _Fault(position, field, values.iloc[position], rule)
            for position in np.flatnonzero(mask).tolist()
        )

    broken(~named, "symbol", "must be a symbol without blanks around it")
    for name in timeframe.numbers:
        value = rows[name].to_numpy()
        lowest, rule = (
            (0.0, "must be a number >= 0") if name == "volume" else (1e-300, "must be > 0")
        )
        broken(np.isnan(value), name, "must be a number")
        broken(np.isinf(value), name, "must be finite")
        broken(np.isfinite(value) & (value < lowest), name, rule)
    open_, high, low, close = (rows[name].to_numpy() for name in PRICE_FIELDS)
    # Comparisons with NaN are false: those rows are named above already.
    broken(high < np.maximum(open_, close), "high", "must be >= open and close")
    broken(low > np.minimum(open_, close), "low", "must be <= open and close")
    return found


def _time_faults(
    named: pd.DataFrame,
    moments: pd.Series[Any],
    field: str,
    timeframe: Timeframe,
    *,
    in_order: bool,
) -> list[_Fault]:
    """Return every fault of times, one per row and rule.

    ``named`` are the rows that have a symbol, ``moments`` the times of all, not yet rounded.
    """
    found: list[_Fault] = []

    def broken(mask: BoolArray, rule: str) -> None:
        found.extend(_Fault(at, field, None, rule) for at in np.flatnonzero(mask).tolist())

    time = timeframe.time
    dated = moments.notna().to_numpy()
    keys = named.loc[named[time].notna(), [time, "symbol"]]
    twice = keys.duplicated().reindex(moments.index, fill_value=False).to_numpy()
    off = np.zeros(len(moments), np.bool_)
    if timeframe.is_intraday:
        broken(~dated, "must be a time, YYYY-MM-DD HH:MM, in UTC or with its offset")
        off = dated & (moments != moments.dt.floor(timeframe.step)).to_numpy()
        minutes = timeframe.step.seconds // 60
        broken(off, f"must be on the {minutes}-minute grid: 00:00, 00:{minutes:02d}, … UTC")
        broken(twice & ~off, "must be unique for a symbol: there is an earlier row of this time")
    else:
        broken(~dated, "must be a date, YYYY-MM-DD, without time or zone")
        broken(twice, "must be unique for a symbol: there is an earlier row of this date")
    if in_order:
        step = keys.groupby("symbol", sort=False)[time].diff() < pd.Timedelta(0)
        back = step.reindex(moments.index, fill_value=False).to_numpy()
        broken(back & ~twice & ~off, "must ascend within a symbol")
    return found


def _message(faults: list[_Fault], given: pd.DataFrame, time: str, where: str, unit: str) -> str:
    lines = []
    for fault in faults[:SHOWN_FAULTS]:
        row = given.iloc[fault.position]
        at = str(row[time]).removesuffix(" 00:00:00")
        number = given.index[fault.position]
        value = fault.value.item() if isinstance(fault.value, np.generic) else fault.value
        shown = "" if fault.field == time else f" ({value!r})"
        lines.append(
            f"{where} {unit} {number}: {row['symbol']} {at}: {fault.field}{shown} {fault.rule}"
        )
    if len(faults) > SHOWN_FAULTS:
        lines.append(f"{where}: and {len(faults) - SHOWN_FAULTS} more faults")
    return "\n".join(lines)
