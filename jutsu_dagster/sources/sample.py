"""The sample market: made-up bars that need no network and never change afterwards."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, date, datetime, timedelta
from functools import lru_cache

import numpy as np
import pandas as pd

from jutsu_dagster.core.bars import FloatArray
from jutsu_dagster.core.calendar import sessions_between
from jutsu_dagster.core.errors import DataError
from jutsu_dagster.core.timeframe import DAILY
from jutsu_dagster.sources._sample_path import Path, bond_path, equity_path
from jutsu_dagster.sources.base import Listing, last_closes, require_symbols

FIRST_SESSION = date(2008, 1, 2)
LISTED = {
    "QQQ": FIRST_SESSION,
    "TQQQ": date(2010, 2, 11),
    "PSQ": FIRST_SESSION,
    "TLT": FIRST_SESSION,
    "TMF": date(2009, 4, 16),
    "TMV": date(2009, 4, 16),
}
# Underlying, daily multiple, yearly cost (fees and financing), price and shares a day at listing.
_DERIVED = {
    "TQQQ": ("QQQ", 3.0, 0.030, 8.0, 6.0e7),
    "PSQ": ("QQQ", -1.0, 0.010, 120.0, 4.0e6),
    "TMF": ("TLT", 3.0, 0.025, 60.0, 5.0e6),
    "TMV": ("TLT", -3.0, 0.010, 800.0, 1.5e6),
}
_SESSIONS_A_YEAR = 252
_DAY = pd.Timedelta(days=1)
_PRICES = ("open", "high", "low", "close")


class SampleMarket:
    """A synthetic stand-in for six US funds, from 2008 to the last completed session.

    Its daily bars follow regimes (bull, sideways, crash) with clustering volatility. A bar
    depends only on the days before it: neither the end, nor the range or symbols asked for
    change it.

    Parameters
    ----------
    today : date, optional
        The UTC date on which the market is looked at; the last bar is of a session before it.
        The real date if not given.

    Raises
    ------
    DataError
        If no session is completed before ``today``.
    """

    name = "sample"
    synthetic = True

    def __init__(self, today: date | None = None) -> None:
        last = (today or datetime.now(UTC).date()) - timedelta(days=1)
        if last < FIRST_SESSION:
            raise DataError(f"sample: begins on {FIRST_SESSION}; today ({today}) must be later")
        self._rows = _market(last)

    @property
    def symbols(self) -> tuple[str, ...]:
        """Every symbol there is."""
        return tuple(LISTED)

    def bars(self, symbols: Sequence[str], first: date, last: date) -> pd.DataFrame:
        """Return the rows of these symbols from ``first`` to ``last``, both inclusive."""
        require_symbols(self.name, symbols, self.symbols)
        rows = self._rows
        lo, hi = rows["date"].searchsorted([pd.Timestamp(first), pd.Timestamp(last) + _DAY])
        rows = rows.iloc[lo:hi]
        return rows[rows["symbol"].isin(list(symbols))].reset_index(drop=True)

    def listings(self, symbols: Sequence[str]) -> dict[str, Listing]:
        """Return since when each symbol trades; none ever ends."""
        require_symbols(self.name, symbols, self.symbols)
        return {symbol: Listing(LISTED[symbol]) for symbol in symbols}

    def latest(self, symbols: Sequence[str]) -> pd.DataFrame:
        """Return each symbol's last close: symbol, timestamp, price."""
        require_symbols(self.name, symbols, self.symbols)
        return last_closes(self._rows, symbols)


@lru_cache(maxsize=4)
def _market(last: date) -> pd.DataFrame:
    """Return all rows up to ``last``, sorted by date and symbol. Read-only: it is shared."""
    sessions = sessions_between(FIRST_SESSION, last)
    equity = equity_path(sessions)
    paths = {"QQQ": equity, "TLT": bond_path(sessions, equity.shock)}
    for symbol, (parent, *_) in _DERIVED.items():
        start = int(np.searchsorted(sessions, np.datetime64(LISTED[symbol], "D")))
        paths[symbol] = _derived(paths[parent], symbol, start)
    frames = []
    for symbol, path in paths.items():
        days = sessions[len(sessions) - len(path.volume) :].astype("datetime64[s]")
        prices = dict(zip(_PRICES, path.prices.round(6), strict=True))
        volume = path.volume.round()
        frames.append(pd.DataFrame({"date": days, "symbol": symbol, **prices, "volume": volume}))
    rows = pd.concat(frames, ignore_index=True).assign(split=1.0)
    return rows.sort_values(["date", "symbol"], ignore_index=True)[list(DAILY.columns)]


def _derived(parent: Path, symbol: str, start: int) -> Path:
    """Return a fund that moves a multiple of its underlying's return each day, less costs."""
    _, multiple, cost, first_price, shares = _DERIVED[symbol]
    parent = parent.since(start)
    # One linear map takes the day's four prices, so their order holds (or turns over whole).
    factor: FloatArray = 1 + multiple * (parent.ratios - 1) - cost / _SESSIONS_A_YEAR
    if multiple < 0:
        factor = factor[[0, 2, 1, 3]]
    close = first_price * np.cumprod(factor[3])
    before = np.concatenate([[first_price], close])[: len(close)]
    return Path(factor * before, factor, shares * parent.activity, parent.activity, parent.shock)
