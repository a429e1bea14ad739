"""The Kalman filter and the trend strength, beside the specification said again in plain lists."""

from __future__ import annotations

import itertools

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from jutsu_dagster.core.bars import FloatArray
from jutsu_dagster.core.kalman import (
    INNOVATION,
    LEVEL,
    P00,
    P01,
    P11,
    VELOCITY,
    kalman_path,
    trend_strength,
)
from jutsu_dagster.core.regime_inputs import normalised_trend

Matrix = list[list[float]]


def product(a: Matrix, b: Matrix) -> Matrix:
    return [
        [sum(a[i][k] * b[k][j] for k in range(len(b))) for j in range(len(b[0]))]
        for i in range(len(a))
    ]


def total(a: Matrix, b: Matrix, sign: float = 1.0) -> Matrix:
    return [[x + sign * y for x, y in zip(r, s, strict=True)] for r, s in zip(a, b, strict=True)]


def filtered(
    close: list[float],
    volume: list[float],
    noise: float,
    q: tuple[float, float],
    *,
    symmetric: bool,
) -> list[list[float]]:
    """Spec 2.1 in matrices: level, velocity, P00, P01, P11, innovation of each bar."""
    move: Matrix = [[1.0, 1.0], [0.0, 1.0]]
    turned: Matrix = [[1.0, 0.0], [1.0, 1.0]]
    see: Matrix = [[1.0, 0.0]]
    noises: Matrix = [[q[0], 0.0], [0.0, q[1]]]
    one: Matrix = [[1.0, 0.0], [0.0, 1.0]]
    state: Matrix = [[close[0]], [0.0]]
    p = one
    rows = [[close[0], 0.0, 1.0, 0.0, 1.0, 0.0]]
    for (_, before), (price, now) in itertools.pairwise(zip(close, volume, strict=True)):
        state = product(move, state)
        p = total(product(product(move, p), turned), noises)
        r = noise
        if now > 0 and before > 0:
            r = noise * before / (now if symmetric else max(before, now))
        spread = p[0][0] + r
        gain: Matrix = [[p[0][0] / spread], [p[1][0] / spread]]
        error = price - state[0][0]
        state = total(state, [[gain[0][0] * error], [gain[1][0] * error]])
        p = product(total(one, product(gain, see), -1.0), p)
        rows.append([state[0][0], state[1][0], p[0][0], p[0][1], p[1][1], error])
    return rows


def weighted(values: list[float], length: int) -> float:
    """Weights 1..length, the newest heaviest."""
    last = values[-length:]
    return sum((i + 1) * value for i, value in enumerate(last)) / (length * (length + 1) / 2)


def strengths(errors: list[float], osc: int, strength: int, *, double: bool) -> list[float]:
    """Spec 2.2, with its memories kept as lists."""
    n_osc, n_str = min(osc, 20), min(strength, 500)
    sizes: list[float] = []
    oscillator: list[float] = []
    single: list[float] = []
    out = [0.0]
    for error in errors[1:]:
        sizes = [*sizes, abs(error)][-500:]
        if len(sizes) < n_str:
            out.append(0.0)
            continue
        largest = max(sizes)
        oscillator = [*oscillator, 100 * error / largest if largest else 0.0][-20:]
        if len(oscillator) < n_osc:
            out.append(0.0)
            continue
        first = weighted(oscillator, n_osc)
        single = [*single, first][-20:]
        out.append(weighted(single, n_str) if double and len(single) >= n_str else first)
    return out


def series(seed: int, count: int) -> tuple[FloatArray, FloatArray]:
    rng = np.random.default_rng(seed)
    close = 100 * np.exp(np.cumsum(rng.normal(0, 0.02, count)))
    volume = np.round(rng.lognormal(10, 1, count))
    volume[rng.random(count) < 0.02] = 0.0
    return close, volume


@pytest.mark.parametrize("symmetric", [True, False])
@pytest.mark.parametrize(("noise", "q"), [(3000.0, (0.01, 0.01)), (5.0, (0.5, 0.001))])
def test_the_filter_is_the_specifications(
    noise: float, q: tuple[float, float], symmetric: bool
) -> None:
    close, volume = series(1, 700)
    path = kalman_path(close, volume, noise, *q, symmetric)
    expected = filtered(close.tolist(), volume.tolist(), noise, q, symmetric=symmetric)
    columns = [LEVEL, VELOCITY, P00, P01, P11, INNOVATION]
    np.testing.assert_allclose(path[:, columns], expected, rtol=1e-9, atol=1e-9)


def test_two_bars_by_hand() -> None:
    # P- = [[1,1],[0,1]] I [[1,0],[1,1]] + Q = [[2.5, 1], [1, 1.25]]; half the volume, twice R.
    close, volume = np.array([100.0, 104.0]), np.array([50.0, 25.0])
    path = kalman_path(close, volume, 3.75, 0.5, 0.25, True)
    assert path[0].tolist() == [100, 0, 1, 0, 1, 0]
    # S = 2.5 + 7.5 = 10, K = (0.25, 0.1), e = 4
    np.testing.assert_allclose(path[1], [101, 0.4, 1.875, 0.75, 1.15, 4], rtol=1e-15)
    # Without symmetry falling volume leaves R = 3.75: S = 6.25, K = (0.4, 0.16).
    path = kalman_path(close, volume, 3.75, 0.5, 0.25, False)
    np.testing.assert_allclose(path[1], [101.6, 0.64, 1.5, 0.6, 1.09, 4], rtol=1e-15)
    # Rising volume shrinks R in both.
    risen = np.array([25.0, 50.0])
    both = [kalman_path(close, risen, 3.75, 0.5, 0.25, flag)[1] for flag in (True, False)]
    np.testing.assert_array_equal(*both)


@pytest.mark.parametrize("volume", [[0.0, 5.0, 0.0, 7.0], [np.nan] * 4, [9.0] * 4])
def test_noise_is_the_base_noise_without_two_volumes(volume: list[float]) -> None:
    close = np.array([10.0, 11.0, 9.0, 12.0])
    path = kalman_path(close, np.array(volume), 30.0, 0.1, 0.1, True)
    steady = kalman_path(close, np.ones(4), 30.0, 0.1, 0.1, True)
    np.testing.assert_array_equal(path, steady)


@pytest.mark.parametrize("double", [False, True])
@pytest.mark.parametrize(("osc", "strength"), [(10, 15), (15, 15), (25, 3), (1, 1), (4, 21)])
def test_strength_is_the_specifications(osc: int, strength: int, double: bool) -> None:
    errors = np.random.default_rng(3).standard_t(3, 1300)
    errors[40] = 90.0  # the largest, until it leaves the memory of 500
    ours = trend_strength(errors, osc, strength, double)
    expected = strengths(errors.tolist(), osc, strength, double=double)
    np.testing.assert_allclose(ours, expected, rtol=1e-12, atol=1e-12)


@given(
    st.lists(st.sampled_from([-2.0, -1.0, 0.0, 1.0, 2.0]), min_size=1, max_size=60),
    st.integers(1, 25), st.integers(1, 25), st.booleans(),
)  # fmt: skip
@settings(deadline=None, max_examples=60)
def test_ties_and_silence_do_not_confuse_the_memory(
    errors: list[float], osc: int, strength: int, double: bool
) -> None:
    ours = trend_strength(np.array(errors), osc, strength, double)
    expected = strengths(errors, osc, strength, double=double)
    np.testing.assert_allclose(ours, expected, rtol=1e-12, atol=1e-12)


def test_the_golden_windows_speak_first_on_bar_24() -> None:
    errors = np.ones(40)
    assert np.flatnonzero(trend_strength(errors, 10, 15, False))[0] == 24


def test_a_second_smoothing_over_more_than_20_never_starts() -> None:
    errors = np.random.default_rng(5).normal(size=200)
    once, twice = (trend_strength(errors, 10, 21, double) for double in (False, True))
    np.testing.assert_array_equal(once, twice)


def test_the_trend_is_clipped_to_one() -> None:
    strength, t_norm = normalised_trend(np.arange(60.0), 10, 15, False, 50.0)
    assert strength[-1] > 50
    assert t_norm[-1] == 1.0
    assert normalised_trend(-np.arange(60.0), 10, 15, False, 50.0)[1][-1] == -1.0
