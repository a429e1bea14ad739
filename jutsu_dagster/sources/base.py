"""The contract of a market source: bars, listings and latest prices by symbol."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date
from typing import TYPE_CHECKING, Protocol

from jutsu_dagster.core.errors import DataError, nearest

if TYPE_CHECKING:
    import pandas as pd


@dataclass(frozen=True, slots=True)
class Listing:
    """When a symbol trades.

    Attributes
    ----------
    first : date
        Session of its first bar.
    last : date or None
        Session of its last bar; None while it is still trading.
    """

    first: date
    last: date | None = None

    def covers(self, day: date) -> bool:
        """Return whether the symbol trades on ``day``, if ``day`` is a session."""
        return self.first <= day and (self.last is None or day <= self.last)


class MarketSource(Protocol):
    """Where bars come from. A source is opened once, and then only read."""

    @property
    def name(self) -> str:
        """The source as it is shown and stored: ``sample``, ``files:data.parquet``."""

    @property
    def synthetic(self) -> bool:
        """Whether the prices are made up; shown wherever they are."""

    def bars(self, symbols: Sequence[str], first: date, last: date) -> pd.DataFrame:
        """Return the rows of these symbols from ``first`` to ``last``, both inclusive.

        Returns
        -------
        DataFrame of date (datetime64), symbol, open, high, low, close, volume, split
            Sorted by date and symbol, prices as delivered for their own session; may be empty.
            Intraday: timestamp, the open of the bar in UTC, instead of date; no split.

        Raises
        ------
        DataError
            For a symbol that the source does not have; the message names the nearest.
        """

    def listings(self, symbols: Sequence[str]) -> dict[str, Listing]:
        """Return since when, and until when, each symbol trades; DataError as for ``bars``."""

    def latest(self, symbols: Sequence[str]) -> pd.DataFrame:
        """Return the latest price of each symbol: symbol, timestamp (datetime64), price."""


def require_symbols(name: str, asked: Iterable[str], known: Sequence[str]) -> None:
    """Raise DataError unless source ``name`` has every symbol asked for."""
    unknown = [symbol for symbol in asked if symbol not in known]
    if unknown:
        hints = []
        for symbol in unknown:
            close = nearest(symbol, known)
            hints.append(repr(symbol) + (f" (did you mean {close!r}?)" if close else ""))
        has = ", ".join(known) or "none"
        raise DataError(f"{name} has no symbol {', '.join(hints)}; it has {has}")


def last_closes(rows: pd.DataFrame, symbols: Sequence[str]) -> pd.DataFrame:
    """Return the last close of each symbol that has one: symbol, timestamp, price.

    ``rows`` ascend by time within a symbol; the timestamp is the time of the last row.
    """
    last = rows.groupby("symbol").tail(1).set_index("symbol")
    known = [symbol for symbol in symbols if symbol in last.index]
    time = "timestamp" if "timestamp" in rows else "date"
    found: pd.DataFrame = last.loc[known].reset_index()[["symbol", time, "close"]]
    return found.set_axis(["symbol", "timestamp", "price"], axis=1)


def is_synthetic(source: str | None) -> bool:
    """Return whether bars of the source called so are made up: shown wherever they are."""
    return source == "sample"
