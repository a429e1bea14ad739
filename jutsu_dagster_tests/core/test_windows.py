"""Trailing windows: hand-worked values, and the same bits wherever a series begins."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

from jutsu_dagster.core.windows import change, true_range, window_extent, window_mean, window_std

NAN = float("nan")


def test_windows_by_hand() -> None:
    values = np.array([2.0, 4.0, 9.0, 3.0])
    np.testing.assert_array_equal(window_mean(values, 3), [NAN, NAN, 5.0, 16.0 / 3.0])
    # Deviations from 5: -3, -1, 4; squares sum to 26.
    np.testing.assert_allclose(window_std(values, 3)[2], 13.0**0.5, rtol=1e-15)
    np.testing.assert_array_equal(window_extent(values + 1, values - 1, 2), [NAN, 4.0, 7.0, 8.0])
    np.testing.assert_array_equal(change(values, 2), [NAN, NAN, 3.5, -0.25])


def test_the_true_range_counts_the_gap_from_the_last_close() -> None:
    high, low = np.array([10.0, 14.0, 7.0]), np.array([8.0, 13.0, 6.0])
    close = np.array([9.0, 13.5, 6.5])
    np.testing.assert_array_equal(true_range(high, low, close), [2.0, 5.0, 7.5])


def test_equal_values_deviate_by_exactly_nothing() -> None:
    values = np.full(50, 0.1)
    np.testing.assert_array_equal(window_std(values, 20)[19:], 0.0)


def test_a_shift_of_the_level_leaves_the_deviation() -> None:
    values = np.random.default_rng(1).normal(0, 1, 300)
    np.testing.assert_allclose(window_std(values + 1e6, 20), window_std(values, 20), rtol=1e-8)


FUNCTIONS: list[Callable[[Any], Any]] = [
    lambda values: window_mean(values, 20),
    lambda values: window_std(values, 20),
    lambda values: window_extent(values + 1.0, values, 20),
    lambda values: change(values, 5),
]


@pytest.mark.parametrize("function", FUNCTIONS)
def test_a_window_forgets_what_left_it(function: Callable[[Any], Any]) -> None:
    values = np.random.default_rng(2).lognormal(3, 1, 400)
    whole = function(values)
    for start in (1, 7, 133):
        np.testing.assert_array_equal(function(values[start:])[20:], whole[start + 20 :])
    gap = values.copy()
    gap[100] = np.nan
    after = function(gap)
    assert np.isnan(after[100])
    np.testing.assert_array_equal(after[121:], whole[121:])
    np.testing.assert_array_equal(after[:100], whole[:100])


@pytest.mark.parametrize("function", FUNCTIONS)
def test_a_series_shorter_than_its_window_has_no_value(function: Callable[[Any], Any]) -> None:
    for count in (0, 1, 4):
        assert np.isnan(function(np.ones(count))).all()
