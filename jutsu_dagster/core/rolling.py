"""Rolling means and standard deviations by running sums that do not drift."""

from __future__ import annotations

import math

import numpy as np

from jutsu_dagster.core.bars import FloatArray
from jutsu_dagster.core.jit import kernel

# Below this share of the mean square, a variance is rounding noise of a constant series.
_NOISE = 1e-14


@kernel
def rolling_mean(values: FloatArray, window: int) -> FloatArray:
    """Mean of the last ``window`` values including the current one; NaN before.

    The running sum carries its rounding error along (Knuth's TwoSum), so a mean depends on the
    values in its window only and not on where the series began.

    Parameters
    ----------
    values : float64 of shape (T,)
        Finite.
    window : int
        At least 1.

    Returns
    -------
    float64 of shape (T,)
    """
    out = np.full(len(values), np.nan)
    total = 0.0
    error = 0.0
    for t in range(len(values)):
        for step in range(2):
            if step == 0:
                x = values[t]
            elif t >= window:
                x = -values[t - window]
            else:
                break
            added = total + x
            part = added - total
            error += (total - (added - part)) + (x - part)
            total = added
        if t >= window - 1:
            out[t] = (total + error) / window
    return out


@kernel
def rolling_std(values: FloatArray, window: int, first: int) -> FloatArray:
    """Sample standard deviation (ddof 1) of the last ``window`` values; NaN before.

    Parameters
    ----------
    values : float64 of shape (T,)
        Finite from ``first`` on.
    window : int
        At least 2.
    first : int
        Index of the first value that counts.

    Returns
    -------
    float64 of shape (T,)
        Exactly 0 for a constant window.
    """
    out = np.full(len(values), np.nan)
    total = 0.0
    total_error = 0.0
    square = 0.0
    square_error = 0.0
    for t in range(first, len(values)):
        for step in range(2):
            if step == 0:
                x = values[t]
                x2 = x * x
            elif t - first >= window:
                x = -values[t - window]
                x2 = -(x * x)
            else:
                break
            added = total + x
            part = added - total
            total_error += (total - (added - part)) + (x - part)
            total = added
            added = square + x2
            part = added - square
            square_error += (square - (added - part)) + (x2 - part)
            square = added
        if t - first >= window - 1:
            s = total + total_error
            s2 = square + square_error
            spread = s2 - s * s / window
            out[t] = math.sqrt(spread / (window - 1)) if spread > _NOISE * s2 else 0.0
    return out


@kernel
def log_returns(close: FloatArray) -> FloatArray:
    """Natural log returns of shape (T,); NaN for the first bar."""
    out = np.full(len(close), np.nan)
    for t in range(1, len(close)):
        out[t] = math.log(close[t] / close[t - 1])
    return out
