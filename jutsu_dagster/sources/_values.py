"""Columns as read, numbers or text, turned into dates, times and numbers."""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd

_DAY = r"\d{4}-\d{2}-\d{2}(?:[T ]00:00(?::00(?:\.0+)?)?)?"
_TIME = r"\d{4}-\d{2}-\d{2}(?:[T ]\d{2}:\d{2}(?::\d{2}(?:\.\d+)?)?)?\s?(?:Z|UTC|[+-]\d{2}:?\d{2})?"


def dates(column: pd.Series[Any]) -> pd.Series[Any]:
    """Return dates as datetime64[s], NaT where a value is no plain date."""
    if column.dtype.kind == "M" and column.dt.tz is None:
        column = column.reset_index(drop=True)
        return column.where(column == column.dt.normalize()).astype("datetime64[s]")
    text = column.astype("str").reset_index(drop=True)
    plain = text.str.slice(0, 10).where(text.str.fullmatch(_DAY).fillna(value=False))
    return pd.to_datetime(plain, format="%Y-%m-%d", errors="coerce").astype("datetime64[s]")


def times(column: pd.Series[Any]) -> pd.Series[Any]:
    """Return times as naive UTC, to the microsecond, NaT where a value is no time.

    What names no zone is in UTC; a zone or an offset is converted. A date is its midnight.
    """
    column = column.reset_index(drop=True)
    if column.dtype.kind != "M":
        text = column.astype("str")
        plain = text.where(text.str.fullmatch(_TIME).fillna(value=False))
        column = pd.to_datetime(
            plain.str.replace("UTC", "Z"), format="ISO8601", utc=True, errors="coerce"
        )
    if column.dt.tz is not None:
        column = column.dt.tz_convert("UTC").dt.tz_localize(None)
    return column.astype("datetime64[us]")


def floats(column: pd.Series[Any]) -> np.ndarray[tuple[int], np.dtype[np.float64]]:
    """Return numbers as float64, NaN where a value is no number."""
    if column.dtype.kind in "fiu":
        return column.to_numpy(np.float64)
    try:
        # Python's own parser: the nearest double of a text, which pandas does not promise.
        return np.array([float(value) for value in column], dtype=np.float64)
    except (TypeError, ValueError):
        return pd.to_numeric(column, errors="coerce").to_numpy(np.float64, na_value=np.nan)
