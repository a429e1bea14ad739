"""Buckets, weights and rounding."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from jutsu_dagster.core.council_decision import BUCKETS, bucket_scores, decide, two_decimals
from jutsu_dagster.core.council_normalise import bounded, clamped, scaled_tanh, z_score, z_tanh

DEAD_ZONE = 0.05


def verdict(scores: list[float], weights: list[float], **changes: Any) -> tuple[int, float, float]:
    """Return direction, confidence and total of one bar; buckets not named are silent."""
    column = np.array([*scores, *[0.0] * (len(BUCKETS) - len(scores))])[:, None]
    row = np.array([[*weights, *[0.0] * (len(BUCKETS) - len(weights))]])
    direction = np.empty(1, dtype=np.int8)
    confidence, total = np.empty((2, 1))
    first = changes.get("first", 0)
    decide(column, np.zeros(1, int), row, DEAD_ZONE, first, direction, confidence, total)
    return int(direction[0]), float(confidence[0]), float(total[0])


def test_the_buckets_that_vote_are_weighed_by_hand() -> None:
    # (0.4 * 0.5 - 0.2 * 1) / 0.6 is nothing; (0.4 * 0.5 - 0.1 * 1) / 0.5 is a fifth up.
    assert verdict([0.5, -3.0], [0.4, 0.2]) == (0, 0.0, 0.0)
    assert verdict([0.5, -3.0], [0.4, 0.1]) == pytest.approx((1, 0.20, 0.2))
    assert verdict([-0.5, 0.0, -1.0], [0.4, 0.3, 0.4]) == pytest.approx((-1, 0.75, -0.75))


def test_a_bucket_below_the_dead_zone_or_without_weight_abstains() -> None:
    assert verdict([0.0499, -0.5], [1.0, 1.0]) == (-1, 0.5, -0.5)
    assert verdict([0.05, 0.0], [1.0, 1.0]) == (1, 0.05, 0.05)
    assert verdict([1.0, -0.5], [0.0, 1.0]) == (-1, 0.5, -0.5)
    assert verdict([0.01, 0.02], [1.0, 1.0]) == (0, 0.0, 0.0)
    assert verdict([1.0], [1.0], first=1) == (0, 0.0, 0.0)


def test_a_direction_may_have_no_confidence() -> None:
    assert verdict([0.052, -0.05], [1.0, 1.0])[:2] == (1, 0.0)


def test_votes_are_summed_with_their_sign_and_a_missing_one_abstains() -> None:
    heard = [np.array([0.5, np.nan]), np.array([0.25, -1.0])]
    votes = np.array([[1.0, -2.0], [0.0, 1.0]])
    np.testing.assert_array_equal(bucket_scores(heard, votes, 2), [[0.5, 0.0], [-0.75, -1.0]])
    np.testing.assert_array_equal(bucket_scores([], np.zeros((0, 2)), 3), np.zeros((2, 3)))


@given(st.floats(0.0, 1.0))
def test_rounding_is_that_of_python(value: float) -> None:
    assert two_decimals(value) == round(value, 2)


def test_rounding_near_every_tie_is_that_of_python() -> None:
    for thousandth in range(5, 1000, 10):
        tie = thousandth / 1000
        for value in (tie, math.nextafter(tie, 0), math.nextafter(tie, 1)):
            assert two_decimals(value) == round(value, 2), value


def test_normalisations_by_hand() -> None:
    nan = float("nan")
    np.testing.assert_array_equal(
        bounded(np.array([-5.0, 1.0, 2.0, 6.0, 99.0, nan]), 0.0, 2.0, 10.0),
        [-1.0, -0.5, 0.0, 0.5, 1.0, nan],
    )
    np.testing.assert_array_equal(clamped(np.array([-3.0, 0.2, 3.0, nan])), [-1.0, 0.2, 1.0, nan])
    tanh = np.tanh([0.5, -1.0])
    np.testing.assert_allclose(scaled_tanh(np.array([1.0, -2.0]), 2.0), tanh, rtol=1e-15)
    # tanh(50 x) below 0.03, a constant above, silence below a millionth.
    found = z_tanh(np.array([9e-7, 0.01, 0.04, -4000.0, nan]))
    expected = [0.0, np.tanh(0.5), np.tanh(1 / 0.66), -np.tanh(1 / 0.66), nan]
    np.testing.assert_allclose(found, expected, rtol=1e-15)
    # 1, 2, 6: mean 3, deviation sqrt(7).
    scores = z_score(np.array([1.0, 2.0, 6.0, 6.0, 6.0]), 3)
    np.testing.assert_allclose(scores, [nan, nan, 3 / 7**0.5, 4 / 3 / (16 / 3) ** 0.5, nan])
