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
    out = np.zeros(len(innovation))
    osc = np.zeros(len(innovation))
    first_osc = n_strength  # bar t holds innovations 1..t
    first_single = first_osc + n_osc - 1
    single = np.zeros(len(innovation))
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
        if t < first_osc:
            continue
        osc[t] = 100.0 * innovation[t] / largest if largest > 0.0 else 0.0
        if t < first_single:
            continue
        total = 0.0
        for k in range(n_osc):
            total += (k + 1) * osc[t - n_osc + 1 + k]
        single[t] = total / (n_osc * (n_osc + 1) / 2)
        out[t] = single[t]
        if double and n_strength <= _OSCILLATIONS and t >= first_single + n_strength - 1:
            total = 0.0
            for k in range(n_strength):
                total += (k + 1) * single[t - n_strength + 1 + k]
            out[t] = total / (n_strength * (n_strength + 1) / 2)
    return out
