"""Stored bars of one symbol for directional strategies, day by day, and their decisions."""

from __future__ import annotations

import hashlib
import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta

import numpy as np

from jutsu_dagster.core.bars import PRICE_FIELDS, Bars
from jutsu_dagster.core.errors import DataError, StrategyError
from jutsu_dagster.core.exploration_rules import Decided
from jutsu_dagster.core.timeframe import CRYPTO_15M, ETF_DAILY, Timeframe, timeframe_of
from jutsu_dagster.storage.market import MarketStore
from jutsu_dagster.strategies.directional import Directional, DirectionalStrategy

# Which market has bars of a strategy's timeframe.
_TABLES = {"15m": CRYPTO_15M, "1d": ETF_DAILY}

Direct = Callable[[Sequence[DirectionalStrategy], Bars], list[Directional]]
"""Asks strategies of one class and symbol for their decisions at every bar."""


@dataclass(frozen=True, eq=False, slots=True)
class Candles:
    """The bars of one symbol that some days need, warm-up included.

    Attributes
    ----------
    symbol : str
    table : str
        Of the market store.
    version : int
        Of that table.
    bars : Bars
        One symbol, without a gap.
    """

    symbol: str
    table: str
    version: int
    bars: Bars

    @property
    def data_version(self) -> str:
        """The table and its version, as every row of the ledger names them."""
        return f"{self.table}@{self.version}"

    @property
    def timeframe(self) -> Timeframe:
        """How often the market has a bar, and on which days."""
        return timeframe_of(self.table)

    def rows_of(self, day: date) -> slice:
        """Return the rows of a day's bars.

        Raises
        ------
        DataError
            If the day does not have all its bars.
        """
        times = self.bars.timestamps
        begin = np.datetime64(day, "s")
        start, stop = np.searchsorted(times, [begin, begin + np.timedelta64(1, "D")]).tolist()
        due = self.timeframe.bars_a_day
        if stop - start != due:
            raise DataError(
                f"{self.table} has {stop - start} of {due} bars of {self.symbol} on {day};"
                f" ingest that day first (`jutsu ingest --from {day} --to {day}`)"
            )
        return slice(start, stop)

    def data_hash(self, day: date) -> str:
        """Return a content hash of a day's bars."""
        rows = self.rows_of(day)
        digest = hashlib.sha256(self.symbol.encode())
        digest.update(self.bars.timestamps[rows].tobytes())
        for name in (*PRICE_FIELDS, "volume"):
            digest.update(getattr(self.bars, name)[rows].tobytes())
        return digest.hexdigest()[:16]

    def decided(self, directional: Directional) -> Decided:
        """Return all bars with a strategy's decisions."""
        return Decided(
            self.bars.timestamps, np.ascontiguousarray(self.bars.close[:, 0]),
            directional.direction, directional.confidence, directional.regime,
            directional.regimes,
        )  # fmt: skip


def table_of(strategy: DirectionalStrategy) -> str:
    """Return the market table that a strategy reads.

    Raises
    ------
    StrategyError
        If no market has bars of its timeframe.
    """
    if strategy.timeframe not in _TABLES:
        there = " and ".join(_TABLES)
        raise StrategyError(
            f"timeframe: no market has {strategy.timeframe} bars of {strategy.symbol};"
            f" there are {there}"
        )
    return _TABLES[strategy.timeframe]


def read_candles(
    store: MarketStore,
    strategies: Sequence[DirectionalStrategy],
    first: date,
    last: date,
    anchor: date,
    version: int | None = None,
) -> Candles:
    """Return the bars that strategies of one symbol need to decide ``first`` to ``last``.

    Classes whose decisions are windowed read just these; others everything from ``anchor`` on,
    since where they begin may matter. A market that begins later gives what it has.

    Parameters
    ----------
    store : MarketStore
    strategies : sequence of DirectionalStrategy
    first, last : date
        Both inclusive.
    anchor : date
        First day of the strategies' history.
    version : int, optional
        Of the table; the newest unless given.

    Raises
    ------
    DataError
        If a bar between the first and the last one is missing, by name.
    """
    symbol, table = strategies[0].symbol, table_of(strategies[0])
    timeframe = timeframe_of(table)
    begin = min(anchor, first)
    if all(type(one).windowed for one in strategies):
        deepest = max(one.warmup_bars for one in strategies)
        # Closed days among them: a year has some 250 sessions.
        days = math.ceil(deepest / timeframe.bars_a_day * (1 if timeframe.is_intraday else 1.6))
        begin = first - timedelta(days=days + (0 if timeframe.is_intraday else 10))
    known = store.version(table) if version is None else version
    bars = store.read_candles(
        [symbol], datetime.combine(begin, time()), datetime.combine(last, time(23, 59, 59)),
        known, table=table,
    )  # fmt: skip
    there = np.isfinite(bars.close[:, 0])
    start = int(np.argmax(there)) if there.any() else len(bars)
    bars = bars.window(start, len(bars))
    _require_whole(bars, symbol, table, last)
    return Candles(symbol, table, known, bars)


def _require_whole(bars: Bars, symbol: str, table: str, last: date) -> None:
    if not len(bars):
        raise DataError(f"{table} has no bars of {symbol} up to {last}; run `jutsu ingest`")
    timeframe = timeframe_of(table)
    begins, ends = bars.timestamps[0].item(), bars.timestamps[-1].item()
    due = timeframe.times(begins.date(), min(ends.date(), last))
    due = due[(due >= bars.timestamps[0]) & (due <= bars.timestamps[-1])]
    held = bars.timestamps[np.isfinite(bars.close[:, 0])]
    missing = np.setdiff1d(due, held)
    if len(missing):
        raise DataError(
            f"{table} lacks {len(missing)} bars of {symbol}, the first at {missing[0]}Z;"
            f" ingest {missing[0].astype('datetime64[D]')} again with --force"
        )
