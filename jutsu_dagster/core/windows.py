"""Functions of a fixed trailing window: summed afresh at every bar.

A value depends on the bars of its window and on nothing else, to the last bit, so it is the same
wherever a series was cut off. A window that is not full, or holds a NaN, has the value NaN.
"""

from __future__ import annotations

import math

import numpy as np

from jutsu_dagster.core.bars import FloatArray
from jutsu_dagster.core.jit import kernel


@kernel
def window_mean(values: FloatArray, window: int) -> FloatArray:
    """Mean of the last ``window`` values, summed from the oldest on.

    Parameters
    ----------
    values : float64 of shape (T,)
    window : int
        At least 1.

    Returns
    -------
    float64 of shape (T,)
    """
    out = np.full(len(values), np.nan)
    for t in range(window - 1, len(values)):
        total = 0.0
        for k in range(t - window + 1, t + 1):
            total += values[k]
        out[t] = total / window
    return out


@kernel
def window_std(values: FloatArray, window: int) -> FloatArray:
    """Sample standard deviation (ddof 1) of the last ``window`` values, in two passes.

    Parameters
    ----------
    values : float64 of shape (T,)
    window : int
        At least 2.

    Returns
    -------
    float64 of shape (T,)
        Exactly 0 for a window of equal values.
    """
    out = np.full(len(values), np.nan)
    for t in range(window - 1, len(values)):
        first = values[t - window + 1]
        total = 0.0
        for k in range(t - window + 1, t + 1):
            total += values[k] - first
        mean = total / window
        squares = 0.0
        for k in range(t - window + 1, t + 1):
            off = values[k] - first - mean
            squares += off * off
        out[t] = math.sqrt(squares / (window - 1))
    return out


@kernel
def window_extent(high: FloatArray, low: FloatArray, window: int) -> FloatArray:
    """Highest high less lowest low of the last ``window`` bars, shape (T,).

    Parameters
    ----------
    high, low : float64 of shape (T,)
        Quote currency.
    window : int
        At least 1.
    """
    out = np.full(len(high), np.nan)
    for t in range(window - 1, len(high)):
        top = high[t]
        bottom = low[t]
        sound = not (math.isnan(top) or math.isnan(bottom))
        for k in range(t - window + 1, t):
            sound = sound and not (math.isnan(high[k]) or math.isnan(low[k]))
            top = max(top, high[k])
            bottom = min(bottom, low[k])
        if sound:
            out[t] = top - bottom
    return out


def true_range(high: FloatArray, low: FloatArray, close: FloatArray) -> FloatArray:
    """Return the true range of each bar, shape (T,); high less low for the first.

    Parameters
    ----------
    high, low, close : float64 of shape (T,)
        Quote currency.
    """
    out = high - low
    np.maximum(out[1:], np.abs(high[1:] - close[:-1]), out=out[1:])
    np.maximum(out[1:], np.abs(low[1:] - close[:-1]), out=out[1:])
    return out


def change(values: FloatArray, lag: int) -> FloatArray:
    """Return the relative change over ``lag`` bars, shape (T,); NaN for the first ``lag``."""
    out = np.full(len(values), np.nan)
    before = values[:-lag]
    out[lag:] = (values[lag:] - before) / before
    return out
