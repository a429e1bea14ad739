"""The volume-adaptive Kalman filter and the trend strength read from its innovations."""

from __future__ import annotations

import numpy as np

from jutsu_dagster.core.bars import FloatArray
from jutsu_dagster.core.jit import kernel

# Sizes of the memories, part of the definition (spec section 2.2).
_INNOVATIONS = 500
_OSCILLATIONS = 20

# Columns of the filter's path.
LEVEL, VELOCITY, P00, P01, P11, INNOVATION = range(6)


@kernel
def kalman_path(
    close: FloatArray, volume: FloatArray, noise: float, q_level: float, q_velocity: float,
    symmetric: bool,
) -> FloatArray:  # fmt: skip
    """Filter closes with a constant-velocity model whose noise follows volume.

    State (level, velocity), F = [[1, 1], [0, 1]], H = [1, 0], Q = diag(q_level, q_velocity),
    P starts as the identity. The first bar only sets the level.

    Parameters
    ----------
    close, volume : float64 of shape (T,)
        Price per share, finite and > 0; shares traded, >= 0.
    noise : float
        Measurement variance R at unchanged volume.
    q_level, q_velocity : float
        Process variances.
    symmetric : bool
        If true falling volume raises R; otherwise R can only shrink.

    Returns
    -------
    float64 of shape (T, 6)
        level, velocity, P00, P01, P11 and the innovation of each bar.
    """
    path = np.zeros((len(close), 6))
    level, velocity = close[0], 0.0
    p00, p01, p10, p11 = 1.0, 0.0, 0.0, 1.0
    before = volume[0]
    path[0, LEVEL], path[0, P00], path[0, P11] = level, p00, p11
    for t in range(1, len(close)):
        level = level + velocity
        a00, a01, a10, a11 = (
            ((p00 + p10) + (p01 + p11)) + q_level, p01 + p11, p10 + p11, p11 + q_velocity,
        )  # fmt: skip
        r = noise
        if volume[t] > 0.0 and before > 0.0:
            base = volume[t] if symmetric else max(before, volume[t])
            r = noise * (before / base)
        before = volume[t]
        s = a00 + r
        k0, k1 = a00 / s, a10 / s
        e = close[t] - level
        level += k0 * e
        velocity += k1 * e
        p00, p01, p10, p11 = (1.0 - k0) * a00, (1.0 - k0) * a01, a10 - k1 * a00, a11 - k1 * a01
        path[t, LEVEL], path[t, VELOCITY], path[t, INNOVATION] = level, velocity, e
        path[t, P00], path[t, P01], path[t, P11] = p00, p01, p11
    return path


@kernel
def weighted_mean(values: FloatArray, window: int, first: int) -> FloatArray:
    """Mean of the last ``window`` values weighted 1 .. window, newest heaviest; 0 before ``first``.

    Parameters
    ----------
    values : float64 of shape (T,)
    window : int
        At most ``first`` + 1.
    first : int
        First bar with a mean.

    Returns
    -------
    float64 of shape (T,)
    """
    out = np.zeros(len(values))
    n = len(values) - first
    if n <= 0:
        return out
    means = out[first:]
    # The weight outside, the bars inside: the same sums in the same order, many bars at a time.
    for k in range(window):
        shifted = values[first - window + 1 + k : first - window + 1 + k + n]
        weight = float(k + 1)
        for t in range(n):
            means[t] += weight * shifted[t]
    total = window * (window + 1) / 2
    for t in range(n):
        means[t] /= total
    return out


@kernel
def trend_strength(
    innovation: FloatArray, osc_smoothness: int, strength_smoothness: int, double: bool
) -> FloatArray:
    """Weighted average of innovations in percent of the largest of the last 500.

    Parameters
    ----------
    innovation : float64 of shape (T,)
        From ``kalman_path``; the first bar has none and is ignored.
    osc_smoothness, strength_smoothness : int
        Bars of the average (at most 20); innovations needed before it starts.
    double : bool
        Average the result once more, over ``strength_smoothness`` values (never if > 20).

    Returns
    -------
    float64 of shape (T,)
        In [-100, 100], sign kept; 0 until enough values are held.
    """
    n_osc = min(osc_smoothness, _OSCILLATIONS)
    n_strength = min(strength_smoothness, _INNOVATIONS)
    osc = np.zeros(len(innovation))
    first_osc = n_strength  # bar t holds innovations 1..t
    largest = 0.0
    largest_at = 0
    for t in range(1, len(innovation)):
        size = abs(innovation[t])
        if size >= largest:
            largest, largest_at = size, t
        elif largest_at <= t - _INNOVATIONS:
            largest = -1.0
            for i in range(t - _INNOVATIONS + 1, t + 1):
                if abs(innovation[i]) >= largest:
                    largest, largest_at = abs(innovation[i]), i
        if t >= first_osc:
            osc[t] = 100.0 * innovation[t] / largest if largest > 0.0 else 0.0
    first_single = first_osc + n_osc - 1
    single = weighted_mean(osc, n_osc, first_single)
    if double and n_strength <= _OSCILLATIONS:
        first_double = first_single + n_strength - 1
        out = weighted_mean(single, n_strength, first_double)
        out[first_single:first_double] = single[first_single:first_double]
        return out
    return single
