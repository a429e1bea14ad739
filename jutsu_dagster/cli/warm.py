"""Compiling the kernels ahead of their first use, on a few made-up bars."""

from __future__ import annotations

from collections.abc import Callable
from datetime import date

import numpy as np

from jutsu_dagster.core.bars import Bars
from jutsu_dagster.core.calendar import sessions_between
from jutsu_dagster.core.engine import Terms
from jutsu_dagster.core.exploration import explore
from jutsu_dagster.core.exploration_rules import Decided
from jutsu_dagster.strategies.base import backtest
from jutsu_dagster.strategies.council import Council
from jutsu_dagster.strategies.regime_allocator import HierarchicalAdaptiveV35b

STEPS = 4
_BARS = 500


def warm_kernels(advance: Callable[[int], None], council: Council | None = None) -> None:
    """Run a backtest, a sweep and a council once; the compiled kernels are cached for later.

    Parameters
    ----------
    advance : callable
        Told how many of STEPS are done.
    council : Council, optional
        One of those that will run; none is compiled for unless given.
    """
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
    if council is not None:
        _warm_council(council)
    advance(4)


def _warm_council(council: Council) -> None:
    times = np.datetime64("2025-01-01", "s") + np.arange(_BARS) * np.timedelta64(900, "s")
    close = 100.0 + 5.0 * np.sin(np.arange(_BARS) / 9.0)[:, None]
    bars = Bars(
        council.universe, times, close, close + 0.1, close - 0.1, close,
        np.full_like(close, 1e3), np.ones_like(close),
    )  # fmt: skip
    made = council.direct(bars)
    arrays = (made.direction, made.confidence, made.regime, made.regimes)
    explore(Decided(times, np.ascontiguousarray(close[:, 0]), *arrays), [council.rules])
