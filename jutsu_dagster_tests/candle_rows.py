"""Small made-up rows of 15-minute bars, a source over such rows, and a reader of them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import date
from typing import ClassVar

import numpy as np
import pandas as pd

from jutsu_dagster.core.bars import Bars, FloatArray
from jutsu_dagster.core.timeframe import QUARTER_HOURS
from jutsu_dagster.sources.base import Listing, last_closes
from jutsu_dagster.strategies.base import AllocationStrategy

WEEK = (date(2025, 3, 3), date(2025, 3, 9))
BOTH = ("BTCUSDT", "ETHUSDT")
COINS = "jutsu_dagster_tests.candle_rows:Coins"


class Coins(AllocationStrategy):
    """A strategy that reads 15-minute bars, and holds nothing."""

    timeframe: ClassVar[str] = "15m"
    symbols: tuple[str, ...]

    @property
    def warmup_sessions(self) -> int:
        """Three days."""
        return 3

    def target_weights(self, bars: Bars) -> FloatArray:
        """Return nothing."""
        return bars.close * 0


def candles_of(
    symbols: Sequence[str] = BOTH, first: date = WEEK[0], last: date = WEEK[1], seed: int = 1
) -> pd.DataFrame:
    """Return valid rows of every quarter of an hour in the range, sorted by time and symbol."""
    times = QUARTER_HOURS.times(first, last)
    rng = np.random.default_rng(seed)
    frames = []
    for symbol in symbols:
        close = 100 * np.exp(np.cumsum(rng.normal(0, 0.003, len(times)))).round(6)
        open_ = np.concatenate([[100.0], close[:-1]])
        frames.append(
            pd.DataFrame(
                {
                    "timestamp": times,
                    "symbol": symbol,
                    "open": open_,
                    "high": np.maximum(open_, close) * 1.001,
                    "low": np.minimum(open_, close) * 0.999,
                    "close": close,
                    "volume": rng.integers(1, 10**6, len(times)).astype(float),
                }
            )
        )
    return pd.concat(frames).sort_values(["timestamp", "symbol"], ignore_index=True)


def without(rows: pd.DataFrame, symbol: str, *times: str) -> pd.DataFrame:
    """Return the rows without a symbol's bars that open at these times."""
    gone = (rows["symbol"] == symbol) & rows["timestamp"].isin(pd.to_datetime(list(times)))
    return rows[~gone].reset_index(drop=True)


class CandleMarket:
    """A source over 15-minute rows; every symbol listed for good unless a test says otherwise."""

    name = "candles"
    synthetic = True

    def __init__(self, rows: pd.DataFrame, listings: Mapping[str, Listing] | None = None) -> None:
        self.rows = rows
        self._listings = dict(listings or {})

    def bars(self, symbols: Sequence[str], first: date, last: date) -> pd.DataFrame:
        """Return the rows asked for."""
        days = self.rows["timestamp"].dt.date
        chosen = self.rows["symbol"].isin(list(symbols)) & (days >= first) & (days <= last)
        found: pd.DataFrame = self.rows[chosen].reset_index(drop=True)
        return found

    def listings(self, symbols: Sequence[str]) -> dict[str, Listing]:
        """Return the listings set, or else from the first row on."""
        first = self.rows.groupby("symbol")["timestamp"].min()
        return {s: self._listings.get(s, Listing(first[s].date())) for s in symbols}

    def latest(self, symbols: Sequence[str]) -> pd.DataFrame:
        """Return the last close of each symbol."""
        return last_closes(self.rows, symbols)
