"""Small made-up rows of bars for the tests of sources, store and ingest."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import date

import numpy as np
import pandas as pd

from jutsu_dagster.core.calendar import sessions_between
from jutsu_dagster.sources.base import Listing, last_closes

JANUARY = (date(2015, 1, 1), date(2015, 1, 31))


def rows_of(
    symbols: Sequence[str] = ("QQQ", "TLT"),
    first: date = JANUARY[0],
    last: date = JANUARY[1],
    seed: int = 1,
) -> pd.DataFrame:
    """Return valid rows of every session in the range, sorted by date and symbol."""
    days = sessions_between(first, last).astype("datetime64[s]")
    rng = np.random.default_rng(seed)
    frames = []
    for symbol in symbols:
        close = 100 * np.exp(np.cumsum(rng.normal(0, 0.01, len(days)))).round(6)
        open_ = close * rng.uniform(0.99, 1.01, len(days))
        frames.append(
            pd.DataFrame(
                {
                    "date": days,
                    "symbol": symbol,
                    "open": open_,
                    "high": np.maximum(open_, close) * 1.01,
                    "low": np.minimum(open_, close) * 0.99,
                    "close": close,
                    "volume": rng.integers(1, 10**6, len(days)).astype(float),
                    "split": 1.0,
                }
            )
        )
    return pd.concat(frames).sort_values(["date", "symbol"], ignore_index=True)


class FrameMarket:
    """A source over a frame, with listings that a test may set."""

    name = "frame"
    synthetic = True

    def __init__(self, rows: pd.DataFrame, listings: Mapping[str, Listing] | None = None) -> None:
        self.rows = rows
        self._listings = dict(listings or {})
        self.fetches = 0

    def bars(self, symbols: Sequence[str], first: date, last: date) -> pd.DataFrame:
        """Return the rows asked for, and count the call."""
        self.fetches += 1
        days = self.rows["date"].between(pd.Timestamp(first), pd.Timestamp(last))
        return self.rows[self.rows["symbol"].isin(list(symbols)) & days].reset_index(drop=True)

    def listings(self, symbols: Sequence[str]) -> dict[str, Listing]:
        """Return the listings set, or else from the first row on."""
        first = self.rows.groupby("symbol")["date"].min()
        return {s: self._listings.get(s, Listing(first[s].date())) for s in symbols}

    def latest(self, symbols: Sequence[str]) -> pd.DataFrame:
        """Return the last close of each symbol."""
        return last_closes(self.rows, symbols)
