"""Bars from Parquet or CSV files, validated as a whole when opened."""

from __future__ import annotations

import warnings
from collections.abc import Sequence
from datetime import date, timedelta
from pathlib import Path

import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq

from jutsu_dagster.core.errors import DataError
from jutsu_dagster.core.timeframe import DAILY, Timeframe
from jutsu_dagster.sources.base import Listing, last_closes, require_symbols
from jutsu_dagster.sources.validate import validate_rows

SUFFIXES = (".parquet", ".csv")
# Where pandas keeps an index that it stored beside the columns.
_STORED_INDEX = "__index_level_0__"


class FilesMarket:
    """The rows of one Parquet or CSV file, or of all of them in a folder.

    Parameters
    ----------
    path : Path
        A ``.parquet`` or ``.csv`` file, or a folder that holds some; sub-folders are not read.
    name : str, optional
        How the source is shown; ``files:<path>`` if not given.
    timeframe : Timeframe, optional
        Of the bars that the files hold; daily if not given.

    Raises
    ------
    DataError
        If there is no such file, it cannot be read, or any row breaks a rule.
    """

    synthetic = False

    def __init__(self, path: Path, name: str | None = None, timeframe: Timeframe = DAILY) -> None:
        self.name = name or f"files:{path}"
        self._time = timeframe.time
        frames = {file: _read(file, timeframe) for file in files_at(path)}
        rows = pd.concat(list(frames.values()), ignore_index=True)
        if len(frames) > 1:
            _check_unique(rows, frames, timeframe)
        self._rows = rows.sort_values([self._time, "symbol"], ignore_index=True)
        self._listings = _listings(self._rows, timeframe)

    @property
    def symbols(self) -> tuple[str, ...]:
        """Every symbol the files hold, sorted."""
        return tuple(self._listings)

    def bars(self, symbols: Sequence[str], first: date, last: date) -> pd.DataFrame:
        """Return the rows of these symbols from ``first`` to ``last``, both inclusive."""
        require_symbols(self.name, symbols, self.symbols)
        begin = pd.Timestamp(max(first, date(1900, 1, 1)))
        end = pd.Timestamp(min(last, date(2200, 1, 1)) + timedelta(days=1))
        lo, hi = self._rows[self._time].searchsorted([begin, end])
        rows = self._rows.iloc[lo:hi]
        return rows[rows["symbol"].isin(list(symbols))].reset_index(drop=True)

    def listings(self, symbols: Sequence[str]) -> dict[str, Listing]:
        """Return each symbol's span of whole days; it has ended if others go on for days."""
        require_symbols(self.name, symbols, self.symbols)
        return {symbol: self._listings[symbol] for symbol in symbols}

    def latest(self, symbols: Sequence[str]) -> pd.DataFrame:
        """Return each symbol's last close: symbol, timestamp, price."""
        require_symbols(self.name, symbols, self.symbols)
        return last_closes(self._rows, symbols)


def _listings(rows: pd.DataFrame, timeframe: Timeframe) -> dict[str, Listing]:
    """Return each symbol's first and last whole day.

    One whose last bar is of an earlier day than the newest whole day of all has ended.
    """
    spans = rows.groupby("symbol")[timeframe.time].agg(["min", "max"])
    newest = timeframe.last_whole_day(spans["max"].max())
    return {
        str(symbol): Listing(
            timeframe.first_whole_day(first),
            timeframe.last_whole_day(last) if last.date() < newest else None,
        )
        for symbol, first, last in spans.itertuples()
    }


def files_at(path: Path) -> list[Path]:
    """Return the file, or all data files of the folder; raise DataError if there is none."""
    if not path.exists():
        raise DataError(f"{path}: there is no such file or folder")
    if not path.is_dir():
        if path.suffix.lower() not in SUFFIXES:
            raise DataError(f"{path}: must be a {' or '.join(SUFFIXES)} file")
        return [path]
    found = sorted(
        file
        for file in path.iterdir()
        if file.suffix.lower() in SUFFIXES and not file.name.startswith(".")
    )
    if not found:
        raise DataError(f"{path}: the folder holds no {' or '.join(SUFFIXES)} file")
    return found


def _read(file: Path, timeframe: Timeframe) -> pd.DataFrame:
    frame, unit = read_values(file)
    return validate_rows(frame, str(file), unit, timeframe)


def read_values(file: Path) -> tuple[pd.DataFrame, str]:
    """Return the rows of a data file as written, numbered as a user sees them, and the unit.

    Raises
    ------
    DataError
        If the file cannot be read; what it says is not looked at.
    """
    if file.suffix.lower() == ".csv":
        return _read_csv(file), "line"
    try:
        # Without pandas' metadata a stored index stays a column, and rows count from 1.
        frame = pq.read_table(file).to_pandas(ignore_metadata=True)
    except (OSError, pa.ArrowException) as error:
        raise DataError(f"{file}: cannot be read as Parquet: {error}") from error
    frame = frame.drop(columns=_STORED_INDEX, errors="ignore")
    frame.index = pd.RangeIndex(1, len(frame) + 1)
    return frame, "row"


def _read_csv(file: Path) -> pd.DataFrame:
    """Return the text of a CSV file, numbered by line."""
    try:
        with warnings.catch_warnings():
            # A row longer than the header is only a warning to pandas, which cuts it.
            warnings.simplefilter("error", pd.errors.ParserWarning)
            frame = pd.read_csv(
                file,
                dtype="str",
                keep_default_na=False,
                index_col=False,
                skip_blank_lines=False,
                encoding="utf-8-sig",
            )
    except (OSError, UnicodeDecodeError, pd.errors.ParserWarning) as error:
        raise DataError(f"{file}: cannot be read as CSV: {error}") from error
    except (pd.errors.EmptyDataError, pd.errors.ParserError) as error:
        raise DataError(f"{file}: cannot be read as CSV: {str(error).strip()}") from error
    frame.index = pd.RangeIndex(2, len(frame) + 2)
    blank = (frame.isna() | (frame == "")).all(axis=1)
    return frame[~blank]


def _check_unique(
    rows: pd.DataFrame, frames: dict[Path, pd.DataFrame], timeframe: Timeframe
) -> None:
    time = timeframe.time
    twice = rows.duplicated([time, "symbol"], keep=False)
    if not twice.any():
        return
    first = rows[twice].iloc[0]
    at = first[time]
    holders = [
        file.name
        for file, frame in frames.items()
        if ((frame[time] == at) & (frame["symbol"] == first["symbol"])).any()
    ]
    raise DataError(
        f"{next(iter(frames)).parent}: {first['symbol']} {str(at).removesuffix(' 00:00:00')} "
        f"stands in {' and in '.join(holders)}; a {time} must be unique for a symbol "
        f"({int(twice.sum())} such rows in the folder)"
    )
