"""Rows of the ledger as DataFrames: fixed columns and dtypes, whether or not there are rows."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
import pandas as pd
from sqlalchemy import Column, Row, Table
from sqlalchemy.sql.sqltypes import Boolean, Date, Double, Integer

# Surrogate keys change when a period is written again; nobody may rely on them.
_HIDDEN = {"id"}
# The ledger's columns keep the names of an earlier system; our word is session.
_RENAMED = {"snapshot_date": "session", "trade_date": "session"}
_DTYPES = ((Boolean, np.bool_), (Double, np.float64), (Integer, np.int64))


def columns_of(table: Table) -> list[Column[Any]]:
    """Return the table's columns that a DataFrame shows, in its order."""
    return [column for column in table.columns if column.name not in _HIDDEN]


def frame_of(table: Table, rows: Sequence[Row[Any]]) -> pd.DataFrame:
    """Return rows of ``columns_of(table)`` as a DataFrame.

    Dates become datetime64[s], whole numbers that may be missing Int64, floats float64 with NaN
    for null, JSON columns Python objects.
    """
    shown = columns_of(table)
    columns = list(zip(*rows, strict=True)) if rows else [()] * len(shown)
    return pd.DataFrame(
        {
            _RENAMED.get(column.name, column.name): _series(column, values)
            for column, values in zip(shown, columns, strict=True)
        }
    )


def _series(column: Column[Any], values: Sequence[Any]) -> Any:
    kind = column.type
    if isinstance(kind, Date):
        return np.array(values, dtype="datetime64[D]").astype("datetime64[s]")
    if isinstance(kind, Integer) and column.nullable:
        return pd.array(list(values), dtype="Int64")
    for sql_type, dtype in _DTYPES:
        if isinstance(kind, sql_type):
            return np.array(values, dtype=dtype)  # None becomes NaN
    # Named as objects, because pandas would guess another dtype for no rows than for some.
    return pd.Series(list(values), dtype=object)
