"""Compiling the kernels ahead of their first use, on a few made-up bars."""

from __future__ import annotations

from collections.abc import Callable
from datetime import date

import numpy as np

from jutsu_dagster.core.bars import Bars
from jutsu_dagster.core.calendar import sessions_between
from jutsu_dagster.core.engine import Terms
from jutsu_dagster.strategies.base import backtest
from jutsu_dagster.strategies.regime_allocator import HierarchicalAdaptiveV35b


def warm_kernels(advance: Callable[[int], None]) -> None:
    """Run a backtest and a sweep once; the compiled kernels are cached for later processes."""
    strategy = HierarchicalAdaptiveV35b()
    sessions = sessions_between(date(2010, 1, 1), date(2011, 6, 30))
    prices = np.linspace(50.0, 60.0, len(sessions))[:, None].repeat(len(strategy.universe), axis=1)
    bars = Bars(
        strategy.universe, sessions.astype("datetime64[s]"), prices, prices, prices, prices,
        np.full_like(prices, 1e6), np.ones_like(prices),
    )  # fmt: skip
    bars.close[:3, 0] = np.nan  # so that the gap filler is compiled too
    advance(1)
    start = strategy.warmup_sessions
    backtest(strategy, bars, Terms(), start)
    advance(2)
    list(type(strategy).evaluate_many([strategy], bars, Terms(), start))
    advance(3)
