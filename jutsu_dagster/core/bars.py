"""Bars: the aligned price arrays that every strategy and engine reads."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import date
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from jutsu_dagster.core.errors import DataError

if TYPE_CHECKING:
    import pandas as pd

FloatArray = NDArray[np.float64]
IntArray = NDArray[np.int64]
BoolArray = NDArray[np.bool_]
TimeArray = NDArray[np.datetime64]

PRICE_FIELDS = ("open", "high", "low", "close")


@dataclass(frozen=True, eq=False, slots=True)
class Bars:
    """OHLCV bars of N symbols over T times, aligned; trusted, because validated at the edge.

    Attributes
    ----------
    symbols : tuple of str, length N
        Column order of every array.
    timestamps : datetime64[s] of shape (T,)
        Ascending and unique; midnight of the session for daily bars, bar open for intraday.
    open, high, low, close : float64 of shape (T, N)
        Quote currency per share, on the basis of their own session (before later splits);
        NaN where a symbol has no bar.
    volume : float64 of shape (T, N)
        Shares traded; NaN where a symbol has no bar.
    splits : float64 of shape (T, N)
        New shares per old share taking effect at that session's open; 1.0 where none.
    """

    symbols: tuple[str, ...]
    timestamps: TimeArray
    open: FloatArray
    high: FloatArray
    low: FloatArray
    close: FloatArray
    volume: FloatArray
    splits: FloatArray

    def __len__(self) -> int:
        return len(self.timestamps)

    @property
    def sessions(self) -> TimeArray:
        """The dates of the bars, datetime64[D] of shape (T,)."""
        return self.timestamps.astype("datetime64[D]")

    def column(self, symbol: str) -> int:
        """Return the column of ``symbol``; raise DataError if it is not there."""
        try:
            return self.symbols.index(symbol)
        except ValueError:
            known = ", ".join(self.symbols)
            raise DataError(f"no bars of symbol {symbol!r}; there are bars of {known}") from None

    def head(self, stop: int) -> Bars:
        """Return the first ``stop`` bars: what was known then."""
        return self.window(0, stop)

    def window(self, start: int, stop: int) -> Bars:
        """Return bars ``start`` to ``stop`` (exclusive) as views."""
        fields = (*PRICE_FIELDS, "volume", "splits")
        return replace(
            self,
            timestamps=self.timestamps[start:stop],
            **{name: getattr(self, name)[start:stop] for name in fields},
        )

    def select(self, symbols: Sequence[str]) -> Bars:
        """Return the named symbols' bars, in the order asked."""
        columns = [self.column(symbol) for symbol in symbols]
        fields = (*PRICE_FIELDS, "volume", "splits")
        return replace(
            self,
            symbols=tuple(symbols),
            **{name: np.ascontiguousarray(getattr(self, name)[:, columns]) for name in fields},
        )

    def position(self, session: date) -> int:
        """Return how many bars lie before ``session``: the index of its first bar, if any."""
        return int(np.searchsorted(self.sessions, np.datetime64(session, "D")))

    def rebased(self) -> Bars:
        """Return the bars on the basis of their last session: as a reader then saw them.

        A bar before a split is divided by the split ratio (volume multiplied), so that the
        series has no artificial jump. Ratios of 1 leave every bit as it was.
        """
        if not (self.splits != 1.0).any():
            return self
        # The product of all later splits, per bar and symbol.
        factor = np.ones_like(self.splits)
        factor[:-1] = np.cumprod(self.splits[:0:-1], axis=0)[::-1]
        prices = {name: getattr(self, name) / factor for name in PRICE_FIELDS}
        return replace(self, **prices, volume=self.volume * factor)

    def frame(self, field: str = "close") -> pd.DataFrame:
        """Return one field as a DataFrame of sessions by symbols, for pandas users."""
        import pandas as pd  # here, because core must import fast

        index = pd.DatetimeIndex(self.timestamps, name="session")
        return pd.DataFrame(getattr(self, field), index=index, columns=list(self.symbols))
