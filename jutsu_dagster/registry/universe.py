"""Which bars the registered strategies need: symbols, and how far back."""

from __future__ import annotations

from datetime import date, timedelta
from typing import TYPE_CHECKING

from jutsu_dagster.core.calendar import sessions_before
from jutsu_dagster.core.errors import DataError, Fault

if TYPE_CHECKING:
    from jutsu_dagster.registry.config import StrategyConfig
    from jutsu_dagster.registry.load import StrategyEntry, StrategyRegistry
    from jutsu_dagster.strategies.base import Strategy


def etf_symbols(registry: StrategyRegistry) -> tuple[str, ...]:
    """Return the symbols of all running strategies on daily bars, sorted."""
    return _symbols(registry, "1d")


def crypto_symbols(registry: StrategyRegistry) -> tuple[str, ...]:
    """Return the symbols of all running strategies on 15-minute bars, sorted."""
    return _symbols(registry, "15m")


def _symbols(registry: StrategyRegistry, timeframe: str) -> tuple[str, ...]:
    strategies = [
        entry.config.strategy for entry in entries_on(registry, timeframe) if entry.config
    ]
    return tuple(sorted({name for strategy in strategies for name in strategy.universe}))


def entries_on(registry: StrategyRegistry, timeframe: str) -> list[StrategyEntry]:
    """Return the running strategies that read bars of this timeframe, in execution order."""
    return [
        entry
        for entry in registry.get_active_strategies()
        if entry.config is not None and entry.config.strategy.timeframe == timeframe
    ]


def market_anchor(entry: StrategyEntry) -> date:
    """Return the first session, or UTC day, that the strategy's backtest reads for its warm-up.

    It depends on ``backtest.start`` alone, so backtest and paper account share one history.

    Raises
    ------
    DataError
        If the strategy is broken, or its warm-up reaches back beyond the calendar.
    """
    if entry.config is None:
        raise DataError(f"{entry.id} reads no bars: its configuration is broken")
    return history_start(entry.config)


def history_start(config: StrategyConfig) -> date:
    """Return the first day of a strategy's history; as ``market_anchor``."""
    return warmup_start(config.backtest_start, config.strategy)


def warmup_start(start: date, strategy: Strategy) -> date:
    """Return the first day that a strategy reads for a history that begins on ``start``."""
    warmup = strategy.warmup_sessions
    if strategy.timeframe != "1d":
        return start - timedelta(days=warmup)
    # Without a warm-up, backtest.start itself: it may be no session, and need be none.
    anchor: date = sessions_before(start, warmup)[0].item() if warmup else start
    return anchor


def market_faults(registry: StrategyRegistry) -> tuple[Fault, ...]:
    """Return one fault per running strategy that reads bars from before ``market_start``."""
    start = registry.settings.market_start
    return tuple(
        Fault(
            registry.file,
            "settings.market_start",
            start,
            f"must not be after {anchor}, the first session that {entry.id} reads",
        )
        for entry in registry.get_active_strategies()
        if (anchor := market_anchor(entry)) < start
    )
