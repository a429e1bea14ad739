"""Everything the regime state machine reads, computed once per distinct set of windows."""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from jutsu_dagster.core.bars import BoolArray, FloatArray
from jutsu_dagster.core.kalman import trend_strength
from jutsu_dagster.core.regime import BEAR_BOND, BULL_BOND, NO_BOND
from jutsu_dagster.core.rolling import log_returns, rolling_mean, rolling_std

_ANNUAL = math.sqrt(252.0)


@dataclass(frozen=True, eq=False, slots=True)
class BondTrend:
    """Averages of the bond symbol's closes and the state they give, each of shape (T,)."""

    fast: FloatArray
    slow: FloatArray
    state: NDArray[np.int8]


def normalised_trend(
    innovation: FloatArray, osc_smoothness: int, strength_smoothness: int, double: bool,
    t_max: float,
) -> tuple[FloatArray, FloatArray]:  # fmt: skip
    """Return trend strength and its share of ``t_max`` clipped to [-1, 1], each of shape (T,)."""
    strength = trend_strength(innovation, osc_smoothness, strength_smoothness, double)
    return strength, np.clip(strength / t_max, -1.0, 1.0)


def realised_volatility(close: FloatArray, window: int) -> FloatArray:
    """Return the annualised standard deviation of ``window`` log returns, shape (T,)."""
    return rolling_std(log_returns(close), window, 1) * _ANNUAL


def volatility_z(volatility: FloatArray, window: int, baseline: int) -> FloatArray:
    """Return volatility's z-score over ``baseline`` values including today's, shape (T,).

    0 where the baseline does not vary. ``window`` says where volatility begins.
    """
    std = rolling_std(volatility, baseline, window)
    known = volatility[window:]
    mean = np.full(len(volatility), np.nan)
    mean[window:] = rolling_mean(known, baseline)
    with np.errstate(invalid="ignore", divide="ignore"):
        return np.where(std == 0.0, 0.0, (volatility - mean) / std)


def volatility_change(volatility: FloatArray, lookback: int) -> FloatArray:
    """Return volatility over its value ``lookback`` sessions ago, less 1; NaN where that is 0."""
    change = np.full(len(volatility), np.nan)
    past = volatility[:-lookback]
    with np.errstate(invalid="ignore", divide="ignore"):
        change[lookback:] = np.where(past == 0.0, np.nan, volatility[lookback:] / past - 1.0)
    return change


def own_mean(close: FloatArray, window: int) -> FloatArray:
    """Return the mean of a symbol's last ``window`` closes, counted in its own bars, shape (T,)."""
    present: BoolArray = ~np.isnan(close)
    if present.all():
        return rolling_mean(close, window)
    if not present.any():
        return np.full(len(close), np.nan)
    last = np.cumsum(present) - 1
    means = rolling_mean(close[present], window)
    return np.where(last >= 0, means[np.maximum(last, 0)], np.nan)


def bond_trend(close: FloatArray, fast: int, slow: int) -> BondTrend:
    """Return the bond trend: bull where the fast average is above the slow one.

    Parameters
    ----------
    close : float64 of shape (T,)
        The bond symbol's closes; NaN where it has no bar, where the last state holds.
    fast, slow : int
        Windows, counted in the bond symbol's own bars.
    """
    fast_mean, slow_mean = (own_mean(close, window) for window in (fast, slow))
    with np.errstate(invalid="ignore"):
        state = np.where(fast_mean > slow_mean, BULL_BOND, BEAR_BOND)
    state = np.where(np.isnan(slow_mean), NO_BOND, state).astype(np.int8)
    return BondTrend(fast_mean, slow_mean, state)
