"""The council's own indicators: each a function of a trailing window whose first bar seeds it."""

from __future__ import annotations

import numpy as np

from jutsu_dagster.core.bars import FloatArray
from jutsu_dagster.core.jit import kernel
from jutsu_dagster.core.windows import window_mean

# Windows side by side: their recursions wait for nothing but themselves, so they overlap.
_LANES = 8


@kernel
def relative_strength(close: FloatArray, period: int) -> FloatArray:
    """Strength of gains against losses, from plain means, not Wilder's.

    Parameters
    ----------
    close : float64 of shape (T,)
    period : int
        Differences in a window.

    Returns
    -------
    float64 of shape (T,)
        0 to 100; without losses 100, or 50 where there was no gain either; NaN for the first
        ``period`` bars.
    """
    out = np.full(len(close), np.nan)
    for t in range(period, len(close)):
        gains = 0.0
        losses = 0.0
        for k in range(t - period + 1, t + 1):
            step = close[k] - close[k - 1]
            if step > 0.0:
                gains += step
            else:
                losses -= step  # a NaN goes here, and stays
        gains /= period
        losses /= period
        if losses == 0.0:
            out[t] = 100.0 if gains > 0.0 else 50.0
        else:
            out[t] = 100.0 - 100.0 / (1.0 + gains / losses)
    return out


@kernel
def macd_histogram(close: FloatArray, window: int, fast: int, slow: int, signal: int) -> FloatArray:
    """Difference of two exponential averages, less its own average, in price units.

    Each bar has recursions of its own, seeded with the first close of its window.

    Parameters
    ----------
    close : float64 of shape (T,)
    window : int
        Bars of the window; the first bars have what there is.
    fast, slow, signal : int
        Spans n of the averages, alpha = 2 / (n + 1).

    Returns
    -------
    float64 of shape (T,)
    """
    out = np.empty(len(close))
    alphas = (2.0 / (fast + 1), 2.0 / (slow + 1), 2.0 / (signal + 1))
    quick, calm, line = np.empty((3, _LANES))
    t = 0
    while t < len(close):
        full = t >= window - 1 and t + _LANES <= len(close)
        lanes = _LANES if full else 1
        first = max(0, t - window + 1)
        for j in range(lanes):
            quick[j] = calm[j] = close[first + j]
            line[j] = 0.0
        for k in range(first + 1, t + 1):
            for j in range(lanes):
                price = close[k + j]
                quick[j] = alphas[0] * price + (1.0 - alphas[0]) * quick[j]
                calm[j] = alphas[1] * price + (1.0 - alphas[1]) * calm[j]
                gap = quick[j] - calm[j]
                line[j] = alphas[2] * gap + (1.0 - alphas[2]) * line[j]
        for j in range(lanes):
            out[t + j] = (quick[j] - calm[j]) - line[j]
        t += lanes
    return out


@kernel
def vwap_distance(close: FloatArray, volume: FloatArray, window: int) -> FloatArray:
    """Relative distance of the close from the window's volume-weighted mean close.

    Parameters
    ----------
    close, volume : float64 of shape (T,)
    window : int
        Bars of the window; the first bars have what there is.

    Returns
    -------
    float64 of shape (T,)
        NaN where the window has no volume.
    """
    out = np.full(len(close), np.nan)
    traded, weight = np.empty((2, _LANES))
    money = close * volume
    t = 0
    while t < len(close):
        full = t >= window - 1 and t + _LANES <= len(close)
        lanes = _LANES if full else 1
        traded[:] = 0.0
        weight[:] = 0.0
        for k in range(max(0, t - window + 1), t + 1):
            for j in range(lanes):
                traded[j] += money[k + j]
                weight[j] += volume[k + j]
        for j in range(lanes):
            mean = traded[j] / weight[j]
            out[t + j] = (close[t + j] - mean) / mean
        t += lanes
    return out


def directional_index(
    high: FloatArray, low: FloatArray, ranges: FloatArray, period: int
) -> FloatArray:
    """Return the average directional index from plain means, shape (T,).

    Of a higher high and a lower low the larger counts, and the fall where they are equal. The
    first bar has no change, and counts as none.

    Parameters
    ----------
    high, low, ranges : float64 of shape (T,)
        ``ranges`` are true ranges.
    period : int
        Bars of every mean.

    Returns
    -------
    float64 of shape (T,)
        0 to 100; NaN for the first 2 * (period - 1) bars, and where nothing moved.
    """
    rise, fall = np.diff(high, prepend=np.nan), -np.diff(low, prepend=np.nan)
    up = np.where((rise > fall) & (rise > 0.0), rise, 0.0)
    down = np.where((fall > up) & (fall > 0.0), fall, 0.0)
    size = window_mean(ranges, period)
    plus, minus = (100.0 * window_mean(moves, period) / size for moves in (up, down))
    return window_mean(100.0 * np.abs(plus - minus) / (plus + minus), period)
