"""The stationary bootstrap of a paired difference."""

from __future__ import annotations

import math
from statistics import NormalDist

import numpy as np
import pytest
from arch.bootstrap import StationaryBootstrap, optimal_block_length

from jutsu_dagster.research.statistics import Sampling, block_length, paired_difference
from jutsu_dagster.research.statistics.resampling import resampled_days

MANY = Sampling(replications=4_000, seed=3)


def noise(days: int, seed: int) -> np.ndarray:
    return np.random.default_rng(seed).standard_normal(days) * 0.01


def test_the_block_length_is_archs_rounded_up() -> None:
    columns = np.random.default_rng(2).standard_normal((400, 3)).cumsum(axis=0) * 0.1
    columns[:, :2] = np.diff(columns[:, :2], axis=0, prepend=0.0)
    expected = math.ceil(optimal_block_length(columns)["stationary"].median())
    assert block_length(columns) == expected
    assert block_length(columns[:, 2:]) > 10  # a random walk depends on itself for long
    assert block_length(np.zeros((50, 2))) == 1


def test_draws_are_archs_and_the_same_for_the_same_seed() -> None:
    counts = resampled_days(50, 4, Sampling(replications=3, seed=11))
    theirs = StationaryBootstrap(4, np.arange(50), seed=11)
    drawn = [np.bincount(data[0][0], minlength=50) for data in theirs.bootstrap(3)]
    np.testing.assert_array_equal(counts, drawn)
    np.testing.assert_array_equal(counts, resampled_days(50, 4, Sampling(3, 11)))
    assert not np.array_equal(counts, resampled_days(50, 4, Sampling(3, 12)))
    assert (counts.sum(axis=1) == 50).all()


def test_draws_of_independent_days_are_as_wide_as_theory_says() -> None:
    control = noise(500, 1)
    variant = control + noise(500, 2) + 0.0004
    apart = variant - control
    block, mean, _ = paired_difference(variant, control, MANY)
    error = apart.std() / math.sqrt(500)
    assert block <= 2
    assert mean.observed == pytest.approx(apart.mean())
    assert mean.better == pytest.approx(NormalDist().cdf(apart.mean() / error), abs=0.03)
    assert mean.low == pytest.approx(apart.mean() - 1.96 * error, abs=0.2 * error)
    assert mean.high == pytest.approx(apart.mean() + 1.96 * error, abs=0.2 * error)


def test_sharpe_ratios_are_drawn_again_as_they_are_defined() -> None:
    sampling = Sampling(replications=200, seed=5)
    variant, control = noise(120, 3) + 0.001, noise(120, 4)
    block, _, sharpe = paired_difference(variant, control, sampling)
    drawn = []
    for counts in resampled_days(120, block, sampling).astype(int):
        days = np.repeat(np.arange(120), counts)
        drawn.append(
            variant[days].mean() / variant[days].std(ddof=1)
            - control[days].mean() / control[days].std(ddof=1)
        )
    assert sharpe.better == pytest.approx(float((np.array(drawn) > 0).mean()))
    assert sharpe.low == pytest.approx(float(np.quantile(drawn, 0.025)))
    assert sharpe.high == pytest.approx(float(np.quantile(drawn, 0.975)))


def test_leverage_earns_more_but_is_not_better() -> None:
    control = noise(500, 6) + 0.002
    _, mean, sharpe = paired_difference(2 * control, control, MANY)
    assert mean.better is not None
    assert mean.better > 0.99
    assert sharpe.observed == pytest.approx(0.0, abs=1e-12)


def test_what_is_equal_is_not_better() -> None:
    control = noise(200, 7)
    block, mean, _ = paired_difference(control, control)
    assert (block, mean.observed, mean.better) == (1, 0.0, 0.0)


def test_too_few_days_or_no_variation_are_undefined() -> None:
    for days in (0, 1, 29):
        _, mean, sharpe = paired_difference(noise(days, 8), noise(days, 9))
        assert mean.better is sharpe.better is None
    _, mean, sharpe = paired_difference(noise(100, 8), np.zeros(100))
    assert mean.better is not None
    assert sharpe.better is None
