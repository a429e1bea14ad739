"""Which days a directional backtest covers: what its configuration asks for and its market has."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date

from jutsu_dagster.core.errors import DataError
from jutsu_dagster.core.timeframe import timeframe_of
from jutsu_dagster.pipeline.candles import table_of
from jutsu_dagster.pipeline.direct import directional_strategy
from jutsu_dagster.registry.config import StrategyConfig
from jutsu_dagster.storage.market import MarketStore


@dataclass(frozen=True, slots=True)
class BacktestSpan:
    """The days that a directional backtest covers.

    Attributes
    ----------
    first, last : date
        Of the account; the market may end later.
    note : str
        Why it does not begin at ``backtest.start``, where it does not.
    days : tuple of date
        All on which the market is open.
    """

    first: date
    last: date
    note: str
    days: tuple[date, ...]

    def of(self, year: int) -> list[date]:
        """Return the days of one year."""
        return [day for day in self.days if day.year == year]


def backtest_span(config: StrategyConfig, store: MarketStore) -> BacktestSpan:
    """Return the days that the store's bars allow: a market that begins later begins it later.

    Raises
    ------
    DataError
        If there are no bars of the symbol, or no more than its warm-up.
    """
    strategy = directional_strategy(config)
    table = table_of(strategy)
    held = store.coverage(table).set_index("symbol")
    if strategy.symbol not in held.index:
        raise DataError(
            f"{config.strategy_id}: {table} has no bars of {strategy.symbol}; run `jutsu ingest`"
        )
    begins: date = held["first"][strategy.symbol]
    ends: date = held["last"][strategy.symbol]
    last = min(ends, config.backtest_end or ends)
    due = [day.item() for day in timeframe_of(table).open_days(begins, last)]
    warm = due[strategy.warmup_sessions :]
    days = tuple(day for day in warm if day >= config.backtest_start)
    if not days:
        raise DataError(
            f"{config.strategy_id}: {table} has bars of {strategy.symbol} from {begins} to"
            f" {ends}; after {strategy.warmup_sessions} days of warm-up nothing is left from"
            f" backtest.start ({config.backtest_start}) on"
        )
    note = ""
    if warm[0] > config.backtest_start:
        note = (
            f"starts on {days[0]}, not on backtest.start ({config.backtest_start}): {table} has"
            f" bars of {strategy.symbol} from {begins} on, and {strategy.warmup_sessions} days"
            " warm up"
        )
    return BacktestSpan(days[0], days[-1], note, days)
