"""The stationary bootstrap of days: repeatable, in blocks, and right where it can be known."""

from __future__ import annotations

import itertools

import numpy as np
import pytest

from jutsu_dagster.research.lookback.measures import Basis, LookbackError, summary
from jutsu_dagster.research.lookback.monte_carlo import (
    bootstrap,
    courses,
    distributions,
    probabilities,
    standing,
)

RETURNS = np.random.default_rng(5).normal(0.0005, 0.012, 500)


def test_the_same_seed_gives_the_same_bits_and_another_does_not() -> None:
    one = bootstrap(RETURNS, Basis(), block=5, replications=200, seed=7)
    two = bootstrap(RETURNS, Basis(), block=5, replications=200, seed=7)
    other = bootstrap(RETURNS, Basis(), block=5, replications=200, seed=8)
    np.testing.assert_array_equal(one.total, two.total)
    np.testing.assert_array_equal(one.fan, two.fan)
    assert not np.array_equal(one.total, other.total)


@pytest.mark.parametrize("block", [1, 4, 25])
def test_blocks_follow_the_calendar_around_its_end_and_have_the_mean_length(block: int) -> None:
    days, breaks, steps = 100, 0, 0
    seen = np.zeros(days)
    for rows in courses(days, block, 400, days, seed=1):
        seen += np.bincount(rows, minlength=days)
        follows = (rows[:-1] + 1) % days == rows[1:]
        breaks += int((~follows).sum())
        steps += len(follows)
    # A block ends with probability 1/block; a new one follows on by chance once in 100.
    assert breaks / steps == pytest.approx((1 / block) * (1 - 1 / days), rel=0.06)
    # Stationary: every day is as likely as any other, the last and the first alike.
    np.testing.assert_allclose(seen, 400, rtol=0.35)


def test_days_that_are_all_alike_leave_nothing_to_chance() -> None:
    drawn = bootstrap(np.full(60, 0.01), Basis(), block=3, replications=100)
    np.testing.assert_allclose(drawn.total, 1.01**60 - 1)
    np.testing.assert_allclose(drawn.fan, (1.01**drawn.days)[:, None] * np.ones(7))
    assert drawn.drawdown.max() == 0.0
    told = distributions(drawn)
    assert told["total_return"]["p05"] == pytest.approx(told["total_return"]["p95"])
    assert probabilities(drawn, 0.5)["loss"] == 0.0


def test_drawdown_and_ruin_depend_on_the_order_that_blocks_keep() -> None:
    # Ten days down, ten up: single days mix them, long blocks keep the falls together.
    wave = np.tile(np.concatenate([np.full(10, -0.02), np.full(10, 0.0205)]), 20)
    mixed = bootstrap(wave, Basis(), block=1, replications=300, horizon=40)
    kept = bootstrap(wave, Basis(), block=40, replications=300, horizon=40)
    assert np.median(kept.drawdown) > np.median(mixed.drawdown) * 1.2
    falling = bootstrap(np.full(60, -0.02), Basis(), block=5, replications=50)
    chance = probabilities(falling, 0.5)
    assert chance["ruin"] == 1.0
    assert chance["loss"] == 1.0
    assert chance["drawdown_over_50"] == 1.0
    assert probabilities(falling, 0.9)["ruin"] == 0.0


def test_the_fan_is_ordered_and_ends_where_the_courses_do() -> None:
    drawn = bootstrap(RETURNS, Basis(), block=5, replications=500, seed=2)
    assert drawn.days[0] == 0
    assert drawn.days[-1] == 500
    assert (np.diff(drawn.fan, axis=1) >= 0).all()
    for name, column in (("p05", 1), ("p50", 3), ("p95", 5)):
        told = distributions(drawn)["total_return"][name]
        assert told == pytest.approx(drawn.fan[-1, column] - 1.0)


def test_what_happened_stands_in_the_middle_of_what_could_have() -> None:
    drawn = bootstrap(RETURNS, Basis(), block=3, replications=1_000)
    told = standing(drawn, summary(RETURNS, Basis()))
    assert told["total_return"] == pytest.approx(0.5, abs=0.06)
    assert told["sharpe"] == pytest.approx(0.5, abs=0.06)


def test_results_over_a_stake_are_summed() -> None:
    drawn = bootstrap(np.full(60, -0.03), Basis(365, compound=False), block=2, replications=50)
    np.testing.assert_allclose(drawn.total, -1.8)
    np.testing.assert_allclose(drawn.annual, -1.8 * 365 / 60)
    np.testing.assert_allclose(drawn.lowest, -0.8)


def test_what_does_not_fit_is_refused() -> None:
    with pytest.raises(LookbackError, match=r"--block 501 must be between 1 and the 500"):
        bootstrap(RETURNS, Basis(), replications=10, block=501)
    with pytest.raises(LookbackError, match=r"--horizon 501 must be between 2 and the 500"):
        bootstrap(RETURNS, Basis(), replications=10, block=5, horizon=501)
    with pytest.raises(LookbackError, match="there are 29 days; fewer than 30"):
        bootstrap(RETURNS[:29], Basis(), block=2)


def test_a_longer_course_begins_like_a_shorter_one() -> None:
    for long, short in itertools.zip_longest(courses(50, 4, 5, 50, 3), courses(50, 4, 5, 20, 3)):
        np.testing.assert_array_equal(long[:20], short)
