"""From a raw signal to a vote between -1 and 1: the methods that a council may name."""

from __future__ import annotations

import math

import numpy as np

from jutsu_dagster.core.bars import FloatArray
from jutsu_dagster.core.jit import kernel
from jutsu_dagster.core.windows import window_mean, window_std

# The recorded z-tanh: below the first it is silent, below the second linear in the tangent.
_SILENT, _SHARE, _FLOOR = 1e-6, 0.33, 0.01


@kernel
def z_tanh(values: FloatArray) -> FloatArray:
    """Take tanh(50 x) of a small value, and a sign of 0.908 of any other.

    The recorded runner's own, kept so that its decisions can be reproduced; it says next to
    nothing of a signal's size.

    Parameters
    ----------
    values : float64 of shape (T,)
    """
    out = np.empty(len(values))
    for t in range(len(values)):
        size = abs(values[t])
        if size < _SILENT:
            out[t] = 0.0
        else:
            out[t] = math.tanh(values[t] / max(_SHARE * size, _FLOOR) / 2.0)
    return out


@kernel
def scaled_tanh(values: FloatArray, scale: float) -> FloatArray:
    """Take tanh(x / scale): odd, monotone, 0.76 at the scale.

    Parameters
    ----------
    values : float64 of shape (T,)
    scale : float
        > 0, in the unit of the values.
    """
    out = np.empty(len(values))
    for t in range(len(values)):
        out[t] = math.tanh(values[t] / scale)
    return out


def bounded(values: FloatArray, low: float, centre: float, high: float) -> FloatArray:
    """Clamp, then map piecewise linearly: low to -1, centre to 0, high to 1.

    Parameters
    ----------
    values : float64 of shape (T,)
    low, centre, high : float
        Ascending, in the unit of the values.
    """
    kept = np.clip(values, low, high)
    below, above = (kept - centre) / (centre - low), (kept - centre) / (high - centre)
    return np.where(kept < centre, below, above)


def clamped(values: FloatArray) -> FloatArray:
    """Clamp to [-1, 1]."""
    return np.clip(values, -1.0, 1.0)


def z_score(values: FloatArray, window: int) -> FloatArray:
    """Deviations from the mean of the last ``window`` values, in their standard deviations.

    Parameters
    ----------
    values : float64 of shape (T,)
    window : int
        At least 2, in bars, the current one included.

    Returns
    -------
    float64 of shape (T,)
        NaN where the window is not full or all its values are equal.
    """
    spread = window_std(values, window)
    sound = np.where(spread > 0.0, spread, np.nan)
    result: FloatArray = (values - window_mean(values, window)) / sound
    return result
