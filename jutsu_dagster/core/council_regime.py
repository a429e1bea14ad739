"""The council's regime classifier: what the price alone says of a trailing window."""

from __future__ import annotations

import math
from typing import Literal, get_args

import numpy as np
from numpy.typing import NDArray

from jutsu_dagster.core.bars import FloatArray, IntArray
from jutsu_dagster.core.jit import kernel
from jutsu_dagster.core.windows import true_range

Regime = Literal["chop", "trend_up", "trend_down", "panic_down", "high_vol", "unknown"]
REGIMES: tuple[Regime, ...] = get_args(Regime)
CHOP, TREND_UP, TREND_DOWN, PANIC_DOWN, HIGH_VOL, UNKNOWN = range(6)

# Rows of the features, and columns of a trend rule.
FEATURES = ("atr_share", "atr_ratio", "slope", "change", "swing")
SHARE, RATIO, SLOPE, CHANGE, SWING = range(5)
DIRECTION, LEAST_CHANGE, LEAST_SLOPE, LEAST_SWING = range(4)

# Part of the definition: closes of the slope, and the periods of the average true range.
_SLOPE_BARS = 20
_ATR, _LONG_ATR, _MIDDLE_ATR = 14, 100, 50


@kernel
def _trailing_atr(ranges: FloatArray, t: int, period: int) -> float:
    """Exponential average of the last ``period`` true ranges, seeded with the first of them."""
    alpha = 2.0 / (period + 1)
    mean = float(ranges[t - period + 1])
    for k in range(t - period + 2, t + 1):
        mean = alpha * ranges[k] + (1.0 - alpha) * mean
    return mean


@kernel
def _turns(close: FloatArray) -> IntArray:
    """Peaks less troughs before each bar: strict local extremes of the close."""
    out = np.zeros(len(close) + 1, dtype=np.int64)
    for t in range(len(close)):
        turn = 0
        if 0 < t < len(close) - 1:
            before, now, after = close[t - 1], close[t], close[t + 1]
            if now > before and now > after:
                turn = 1
            elif now < before and now < after:
                turn = -1
        out[t + 1] = out[t] + turn
    return out


@kernel
def _features(
    high: FloatArray, low: FloatArray, close: FloatArray, ranges: FloatArray, window: int
) -> FloatArray:
    out = np.full((5, len(close)), np.nan)
    turns = _turns(close)
    broken = -1
    for t in range(len(close)):
        if not math.isfinite(high[t] + low[t] + close[t]):
            broken = t
        first = max(0, t - window + 1)
        count = t - first + 1
        if broken >= first:
            continue
        out[RATIO, t] = 1.0
        if count < _SLOPE_BARS:
            continue
        atr = _trailing_atr(ranges, t, _ATR)
        ratio = 1.0
        if count > _LONG_ATR:
            ratio = atr / _trailing_atr(ranges, t, _LONG_ATR)
        elif count > _MIDDLE_ATR:
            ratio = atr / _trailing_atr(ranges, t, _MIDDLE_ATR)
        out[SHARE, t] = atr / close[t]
        out[RATIO, t] = ratio
        out[SLOPE, t] = (close[t] - close[t - _SLOPE_BARS + 1]) / (_SLOPE_BARS - 1) / close[first]
        out[CHANGE, t] = (close[t] - close[first]) / close[first]
        # Only turns inside the window whose both neighbours lie in it.
        out[SWING, t] = turns[t] - turns[first + 1]
    return out


def regime_features(
    high: FloatArray, low: FloatArray, close: FloatArray, window: int
) -> FloatArray:
    """Return what the classifier looks at, one row per name of FEATURES.

    Parameters
    ----------
    high, low, close : float64 of shape (T,)
        Quote currency; a bar may be NaN.
    window : int
        Closes that the classifier sees; the first bars of a series have fewer.

    Returns
    -------
    float64 of shape (5, T)
        Average true range as a fraction of the close, and against its long average (1 where the
        window is too short for one); slope of the last 20 closes per bar and change over the
        window, as fractions of the window's first close; peaks less troughs. NaN where the window
        holds a NaN, and, but for the ratio, where it has fewer than 20 closes.
    """
    return _features(high, low, close, true_range(high, low, close), window)


@kernel
def regime_labels(
    features: FloatArray, high_vol_share: float, high_vol_ratio: float, rules: FloatArray
) -> NDArray[np.int64]:
    """Classify each bar: high volatility first, then the first trend rule that holds, then chop.

    Parameters
    ----------
    features : float64 of shape (5, T)
        As of ``regime_features``; UNKNOWN where the ratio is NaN.
    high_vol_share, high_vol_ratio : float
        Either makes a bar HIGH_VOL.
    rules : float64 of shape (K, 4)
        Direction (1 or -1), then the least change, slope and swing in that direction;
        -inf where one does not matter. The slope must also have the direction's sign.

    Returns
    -------
    int64 of shape (T,)
        Indices into REGIMES. CHOP with too few closes; never PANIC_DOWN.
    """
    out = np.full(features.shape[1], CHOP)
    for t in range(len(out)):
        if math.isnan(features[RATIO, t]):
            out[t] = UNKNOWN
        elif features[SHARE, t] >= high_vol_share or features[RATIO, t] >= high_vol_ratio:
            out[t] = HIGH_VOL
        else:
            for rule in rules:
                sign = rule[DIRECTION]
                slope = sign * features[SLOPE, t]
                if (
                    sign * features[CHANGE, t] >= rule[LEAST_CHANGE]
                    and slope > 0.0
                    and slope >= rule[LEAST_SLOPE]
                    and sign * features[SWING, t] >= rule[LEAST_SWING]
                ):
                    out[t] = TREND_UP if sign > 0.0 else TREND_DOWN
                    break
    return out
