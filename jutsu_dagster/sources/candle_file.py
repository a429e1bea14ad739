"""One symbol's candles from one file, of whatever spacing they are."""

from __future__ import annotations

from pathlib import Path

import pandas as pd

from jutsu_dagster.core.errors import DataError
from jutsu_dagster.core.timeframe import QUARTER_HOURS, Timeframe, utc_days
from jutsu_dagster.sources.base import require_symbols
from jutsu_dagster.sources.files import files_at, read_values
from jutsu_dagster.sources.validate import validate_rows

# The finest candles there are; coarser ones are on the same grid, sessions and all.
_ANY = Timeframe(
    name="any",
    bars_a_day=24 * 60,
    time=QUARTER_HOURS.time,
    aliases=QUARTER_HOURS.aliases,
    has_splits=False,
    open_days=utc_days,
    due="on a minute",
)


def read_candle_file(path: Path, symbol: str) -> pd.DataFrame:
    """Return one symbol's candles, in the order in which they stand.

    Parameters
    ----------
    path : Path
        Parquet or CSV of timestamp (or ts, time, date; the bar's open, UTC unless it says an
        offset), open, high, low, close, volume and, where the file has several, symbol.
    symbol : str
        Whose candles; all of them are where there is no column symbol.

    Returns
    -------
    DataFrame of timestamp (datetime64[s]), symbol (str), open, high, low, close, volume

    Raises
    ------
    DataError
        If the file cannot be read, any row breaks a rule of candles, or the symbol is not there.
    """
    if path.is_dir():
        raise DataError(f"{path}: is a folder; name one file of candles")
    (file,) = files_at(path)
    frame, unit = read_values(file)
    if "symbol" not in frame:
        frame = frame.assign(symbol=symbol)
    rows = validate_rows(frame, str(path), unit, _ANY, in_order=True)
    require_symbols(str(path), [symbol], tuple(sorted(rows["symbol"].unique())))
    return rows[rows["symbol"] == symbol].reset_index(drop=True)
