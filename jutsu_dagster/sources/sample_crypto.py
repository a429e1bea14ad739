"""The sample crypto market: made-up 15-minute bars that need no network and never change."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, date, datetime, timedelta

import numpy as np
import pandas as pd

from jutsu_dagster.core.errors import DataError
from jutsu_dagster.core.timeframe import QUARTER_HOURS
from jutsu_dagster.sources._crypto_path import BARS, Coin, bars_of
from jutsu_dagster.sources.base import Listing, last_closes, require_symbols

FIRST_DAY = date(2023, 1, 1)
COINS = {
    "BTCUSDT": Coin(seed=210, price=40_000.0, beta=1.0, own=0.10, amount=140.0),
    "ETHUSDT": Coin(seed=220, price=2_400.0, beta=1.35, own=0.34, amount=3_800.0),
    "SOLUSDT": Coin(seed=230, price=95.0, beta=1.55, own=0.52, amount=28_000.0),
}


class SampleCrypto:
    """A synthetic stand-in for three crypto pairs, from 2023 to the end of yesterday, UTC.

    Its 15-minute bars follow regimes (rise, chop, fall, panic) with clustering volatility. A
    bar depends only on the days up to its own: neither the end, nor the range or symbols asked
    for change it.

    Parameters
    ----------
    today : date, optional
        The UTC date on which the market is looked at; the last bar is the last of the day
        before. The real date if not given.

    Raises
    ------
    DataError
        If no day is completed before ``today``.
    """

    name = "sample"
    synthetic = True

    def __init__(self, today: date | None = None) -> None:
        self._last = (today or datetime.now(UTC).date()) - timedelta(days=1)
        if self._last < FIRST_DAY:
            raise DataError(f"sample: begins on {FIRST_DAY}; today ({today}) must be later")

    @property
    def symbols(self) -> tuple[str, ...]:
        """Every symbol there is."""
        return tuple(COINS)

    def bars(self, symbols: Sequence[str], first: date, last: date) -> pd.DataFrame:
        """Return the rows of these symbols from ``first`` to ``last``, both inclusive."""
        require_symbols(self.name, symbols, self.symbols)
        first, last = max(first, FIRST_DAY), min(last, self._last)
        count = max((last - first).days + 1, 0) if symbols else 0
        # An empty range is that of no days, wherever it lies.
        offset = (first - FIRST_DAY).days if count else 0
        asked = sorted(set(symbols or COINS))
        paths = [bars_of(COINS[symbol], offset, count) for symbol in asked]
        times = QUARTER_HOURS.times(first, last) if count else np.empty(0, "datetime64[s]")
        fields = {
            # Times first, then symbols, as the rows are sorted.
            name: np.stack([path[name].ravel() for path in paths], axis=1).ravel()
            for name in QUARTER_HOURS.numbers
        }
        named = pd.Series(np.tile(np.array(asked, dtype=object), count * BARS), dtype="str")
        stamps = np.repeat(times, len(asked))
        return pd.DataFrame({"timestamp": stamps, "symbol": named, **fields})

    def listings(self, symbols: Sequence[str]) -> dict[str, Listing]:
        """Return since when each symbol trades; none ever ends."""
        require_symbols(self.name, symbols, self.symbols)
        return {symbol: Listing(FIRST_DAY) for symbol in symbols}

    def latest(self, symbols: Sequence[str]) -> pd.DataFrame:
        """Return each symbol's last close: symbol, timestamp (the bar's open), price."""
        return last_closes(self.bars(symbols, self._last, self._last), symbols)
