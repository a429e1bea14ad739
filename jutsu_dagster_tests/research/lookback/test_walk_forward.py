"""Walk-forward: the choice by hand, and that it never sees the days it is judged on."""

from __future__ import annotations

import numpy as np
import pytest

from jutsu_dagster.research.lookback.measures import METRICS, Basis
from jutsu_dagster.research.lookback.walk_forward import (
    efficiency,
    parent_stability,
    spliced,
    stability,
    walk,
)
from jutsu_dagster.research.lookback.windows import outside_rows, walk_windows

BASIS = Basis()


def family(days: int = 300, sets: int = 12, seed: int = 3) -> np.ndarray:
    return np.random.default_rng(seed).normal(0.0005, 0.01, (days, sets))


def test_the_best_of_each_past_is_chosen_by_hand() -> None:
    # Two sets that take turns: 1 leads on days 0-19, 2 on days 20-39, and so on.
    lead, lag = np.tile([0.02, 0.00], 10), np.tile([0.00, -0.01], 10)
    returns = np.column_stack(
        [np.zeros(80), np.concatenate([lead, lag, lead, lag]), np.concatenate([lag, lead] * 2)]
    )
    steps = walk(returns, walk_windows(80, 20, 20), "total_return", BASIS)
    assert [step.chosen for step in steps] == [1, 2, 1]
    # What led is then the one that lags: 0.99^10 - 1, against 0 of the parent and 1.02^10 - 1.
    assert steps[0].outside == pytest.approx(0.99**10 - 1)
    assert steps[0].inside == pytest.approx(1.02**10 - 1)
    assert steps[0].beaten == 0.0
    assert steps[0].median_outside == 0.0
    assert [step.parent_rank for step in steps] == [2, 2, 2]


@pytest.mark.parametrize("metric", METRICS)
@pytest.mark.parametrize("anchored", [False, True])
def test_days_out_of_sample_cannot_change_the_choice(metric: str, *, anchored: bool) -> None:
    returns = family()
    windows = walk_windows(300, 60, 30, anchored=anchored)
    chosen = [step.chosen for step in walk(returns, windows, metric, BASIS)]
    for number, window in enumerate(windows):
        spoilt = returns.copy()
        spoilt[window.split :] = family(300 - window.split, seed=99) * 50
        again = walk(spoilt, windows, metric, BASIS)
        assert [step.chosen for step in again][: number + 1] == chosen[: number + 1]


def test_a_day_in_sample_can_change_the_choice() -> None:
    returns = family()
    windows = walk_windows(300, 60, 30)
    first = walk(returns, windows, "sharpe", BASIS)[0]
    other = (first.chosen + 1) % 12
    returns[first.window.split - 1, other] = 0.5
    returns[: first.window.split - 1, other] += 0.05
    assert walk(returns, windows, "sharpe", BASIS)[0].chosen == other


def test_the_spliced_days_are_the_union_of_the_windows() -> None:
    returns = family()
    windows = walk_windows(300, 60, 45)
    steps = walk(returns, windows, "sharpe", BASIS)
    rows = outside_rows(windows)
    chosen = np.concatenate([[s.chosen] * (s.window.stop - s.window.split) for s in steps])
    np.testing.assert_array_equal(spliced(returns, steps), returns[rows, chosen])
    assert len(rows) == 240


def test_equals_leave_the_parent_in_place_and_the_undefined_is_never_chosen() -> None:
    same = np.repeat(family(80, 1), 3, axis=1)
    steps = walk(same, walk_windows(80, 40, 40), "sharpe", BASIS)
    assert steps[0].chosen == 0
    assert steps[0].parent_rank == 1
    # Equal sets are half beaten.
    assert steps[0].beaten == 0.5
    idle = np.column_stack([np.zeros(80), np.full(80, -0.01) + family(80, 1)[:, 0] * 0.1])
    assert walk(idle, walk_windows(80, 40, 40), "sharpe", BASIS)[0].chosen == 1


def test_efficiency_by_hand() -> None:
    # In sample 0.2 % a day, out of sample 0.1 %: annual returns of 252 days.
    days = np.concatenate([np.full(40, 0.002), np.full(40, 0.001)])
    returns = np.column_stack([np.zeros(80), days])
    steps = walk(returns, walk_windows(80, 40, 40), "total_return", BASIS)
    found = efficiency(steps)
    assert found["return_efficiency"] == pytest.approx((1.001**252 - 1) / (1.002**252 - 1))
    assert found["metric_efficiency"] == pytest.approx((1.001**40 - 1) / (1.002**40 - 1))
    assert found["mean_beaten"] == 1.0
    assert found["ahead_of_parent"] == 1.0
    losing = walk(-returns - 0.001, walk_windows(80, 40, 40), "total_return", BASIS)
    assert efficiency(losing)["return_efficiency"] is None


def test_stability_counts_values_and_changes() -> None:
    lead = np.zeros((80, 3))
    lead[:20, 1], lead[20:60, 2] = 0.01, 0.01
    steps = walk(lead, walk_windows(80, 20, 20), "total_return", BASIS)
    assert [step.chosen for step in steps] == [1, 2, 2]
    sets = [(40, 0.1 + 0.2), (45, 0.3), (50, 0.3)]
    fast, z = stability(["sma_fast", "upper"], sets, steps)
    assert fast == {
        "parameter": "sma_fast",
        "parent": 40,
        "chosen": {"50": 2, "45": 1},
        "share": pytest.approx(2 / 3),
        "parent_share": 0.0,
        "changes": 1,
    }
    assert z["chosen"] == {"0.3": 3}
    assert z["changes"] == 0
    told = parent_stability(steps, 3)
    assert (told["top"], told["share"], told["verdict"]) == (1, 0.0, "unstable")
