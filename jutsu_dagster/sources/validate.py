"""The rules of bars, checked on rows before anything is stored."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd

from jutsu_dagster.core.bars import PRICE_FIELDS, BoolArray
from jutsu_dagster.core.errors import DataError, nearest
from jutsu_dagster.sources.base import COLUMNS

SHOWN_FAULTS = 5
_NUMBERS = (*PRICE_FIELDS, "volume")
_DAY = r"\d{4}-\d{2}-\d{2}(?:[T ]00:00(?::00(?:\.0+)?)?)?"


@dataclass(frozen=True, slots=True)
class _Fault:
    position: int
    field: str
    value: object
    rule: str


def validate_rows(frame: pd.DataFrame, where: str, unit: str = "row") -> pd.DataFrame:
    """Return the rows of daily bars in their final types, or say what is wrong with them.

    Parameters
    ----------
    frame : DataFrame of date, symbol, open, high, low, close, volume and optionally split
        Values as read: numbers, or text that holds numbers. The index numbers the rows as the
        user sees them. ``split`` may be missing, 0 or NaN, which mean 1.
    where : str
        The file or source, as the message names it.
    unit : str
        What the index counts: ``row``, or ``line`` of a text file.

    Returns
    -------
    DataFrame of date (datetime64[s]), symbol (str), and float64 for the rest
        In the order given, numbered from 0.

    Raises
    ------
    DataError
        For a missing or unknown column, no rows, or broken rules; the first five faults are
        named by row, symbol, date, field, value and rule, the others are counted.
    """
    _check_columns(frame, where)
    if frame.empty:
        raise DataError(f"{where}: holds no rows; it must hold at least one bar")
    rows = pd.DataFrame(
        {
            "date": _dates(frame["date"]),
            "symbol": frame["symbol"].astype("str").to_numpy(),
            **{name: _floats(frame[name]) for name in _NUMBERS},
        }
    )
    split = _floats(frame["split"]) if "split" in frame else np.ones(len(frame))
    blank = frame["split"].isna().to_numpy() | (split == 0) if "split" in frame else split == 0
    if "split" in frame and frame["split"].dtype.kind not in "fiu":
        blank |= (frame["split"].astype("str").str.strip() == "").to_numpy()
    rows["split"] = np.where(blank, 1.0, split)
    faults = sorted(_faults(rows, frame), key=lambda fault: fault.position)
    if faults:
        raise DataError(_message(faults, frame, where, unit))
    return rows


def _check_columns(frame: pd.DataFrame, where: str) -> None:
    required = set(COLUMNS) - {"split"}
    missing = [name for name in COLUMNS if name in required and name not in frame.columns]
    problems = [f"{where}: column {name!r} is missing" for name in missing]
    for name in frame.columns:
        if name not in COLUMNS:
            close = nearest(str(name).lower(), missing or COLUMNS)
            hint = f"; did you mean {close!r}?" if close else ""
            problems.append(f"{where}: column {name!r} is unknown{hint}")
    if not frame.columns.is_unique:
        problems.append(f"{where}: a column name stands twice")
    if problems:
        rule = f"the columns must be {', '.join(COLUMNS[:-1])} and, if there are splits, split"
        raise DataError("\n".join([*problems, rule]))


def _dates(column: pd.Series[Any]) -> pd.Series[Any]:
    """Return dates as datetime64[s], NaT where a value is no plain date."""
    if column.dtype.kind == "M" and column.dt.tz is None:
        column = column.reset_index(drop=True)
        return column.where(column == column.dt.normalize()).astype("datetime64[s]")
    text = column.astype("str").reset_index(drop=True)
    plain = text.str.slice(0, 10).where(text.str.fullmatch(_DAY).fillna(value=False))
    return pd.to_datetime(plain, format="%Y-%m-%d", errors="coerce").astype("datetime64[s]")


def _floats(column: pd.Series[Any]) -> np.ndarray[tuple[int], np.dtype[np.float64]]:
    """Return numbers as float64, NaN where a value is no number."""
    if column.dtype.kind in "fiu":
        return column.to_numpy(np.float64)
    try:
        # Python's own parser: the nearest double of a text, which pandas does not promise.
        return np.array([float(value) for value in column], dtype=np.float64)
    except (TypeError, ValueError):
        return pd.to_numeric(column, errors="coerce").to_numpy(np.float64, na_value=np.nan)


def _faults(rows: pd.DataFrame, given: pd.DataFrame) -> list[_Fault]:
    """Return every fault, one per row and rule."""
    found: list[_Fault] = []

    def broken(mask: BoolArray, field: str, rule: str) -> None:
        values = given[field] if field in given else rows[field]
        found.extend(
            _Fault(position, field, values.iloc[position], rule)
            for position in np.flatnonzero(mask).tolist()
        )

    symbol = rows["symbol"]
    named = given["symbol"].notna().to_numpy() & (symbol.str.strip() == symbol).to_numpy()
    named &= (symbol != "").to_numpy()
    broken(~named, "symbol", "must be a symbol without blanks around it")
    dated = rows["date"].notna().to_numpy()
    broken(~dated, "date", "must be a date, YYYY-MM-DD, without time or zone")
    for name in (*_NUMBERS, "split"):
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
    known = rows.loc[named & dated, ["date", "symbol"]]
    twice = known.duplicated().reindex(rows.index, fill_value=False).to_numpy()
    broken(twice, "date", "must be unique for a symbol: there is an earlier row of this date")
    step = known.groupby("symbol", sort=False)["date"].diff() < pd.Timedelta(0)
    back = step.reindex(rows.index, fill_value=False).to_numpy()
    broken(back & ~twice, "date", "must ascend within a symbol")
    return found


def _message(faults: list[_Fault], given: pd.DataFrame, where: str, unit: str) -> str:
    lines = []
    for fault in faults[:SHOWN_FAULTS]:
        row = given.iloc[fault.position]
        day = str(row["date"]).removesuffix(" 00:00:00")
        number = given.index[fault.position]
        value = fault.value.item() if isinstance(fault.value, np.generic) else fault.value
        shown = "" if fault.field == "date" else f" ({value!r})"
        lines.append(
            f"{where} {unit} {number}: {row['symbol']} {day}: {fault.field}{shown} {fault.rule}"
        )
    if len(faults) > SHOWN_FAULTS:
        lines.append(f"{where}: and {len(faults) - SHOWN_FAULTS} more faults")
    return "\n".join(lines)
