"""PBO by CSCV: by hand, by brute force, by ffn, and on families whose truth is known."""

from __future__ import annotations

import itertools
import json
import math
import time

import ffn  # type: ignore[import-untyped]
import numpy as np
import pandas as pd
import pytest

from jutsu_dagster.research.statistics import overfitting

LOWEST = math.log(1e-6 / (1 - 1e-6))


def noise(days: int, strategies: int, seed: int = 0) -> np.ndarray:
    return np.random.default_rng(seed).standard_normal((days, strategies)) * 0.01


def brute_force(returns: np.ndarray, blocks: int) -> dict[tuple[int, ...], tuple[float, ...]]:
    each = len(returns) // blocks
    parts = returns[len(returns) - each * blocks :].reshape(blocks, each, -1)
    found: dict[tuple[int, ...], tuple[float, ...]] = {}
    for half in itertools.combinations(range(blocks), blocks // 2):
        rest = [block for block in range(blocks) if block not in half]
        inside, outside = (np.concatenate(parts[list(chosen)]) for chosen in (half, rest))
        one, other = (part.mean(axis=0) / part.std(axis=0, ddof=1) for part in (inside, outside))
        best = int(one.argmax())
        share = min(max(float((other < other[best]).sum()) / (len(one) - 1), 1e-6), 1 - 1e-6)
        found[half] = (one[best], other[best], math.log(share / (1 - share)))
    return found


def test_two_blocks_and_three_strategies_by_hand() -> None:
    # Sharpe ratios (days 2-3, days 4-5): x 2/sqrt 2, -2/sqrt 2; y 0.5/0.7071 in both;
    # z -0.5/0.7071, 1.5/0.7071. Best of the first half: x, of the second: z; each is last in the
    # other. Slope from (1.414, -1.414) to (2.121, -0.707): 1. The oldest day is dropped.
    x, y, z = [9.0, 3, 1, -1, -3], [9.0, 1, 0, 1, 0], [-9.0, 0, -1, 2, 1]
    found = overfitting(np.column_stack([x, y, z]), blocks=2)
    assert found is not None
    assert (found.blocks, found.days, found.dropped, found.strategies) == (2, 4, 1, 3)
    assert found.logits.tolist() == pytest.approx([LOWEST, LOWEST])
    assert (found.pbo, found.loss) == (1.0, 1.0)
    assert found.slope == pytest.approx(1.0)


@pytest.mark.parametrize("strategies", [2, 5, 8])
def test_it_is_what_brute_force_finds(strategies: int) -> None:
    returns = noise(45, strategies, seed=strategies) + 0.002
    expected = brute_force(returns, 6)
    found = overfitting(returns, blocks=6)
    assert found is not None
    assert found.splits == len(expected) == 20
    one, other, logits = (np.array(part) for part in zip(*expected.values(), strict=True))
    assert sorted(found.logits) == pytest.approx(sorted(logits))
    assert found.pbo == pytest.approx((logits < 0).mean())
    assert found.loss == pytest.approx((other <= 0).mean())
    assert found.slope == pytest.approx(np.polyfit(one, other, 1)[0])


def test_ffn_finds_the_same_for_an_even_number_of_strategies() -> None:
    # For odd ones it counts a best exactly on the median as overfit, and we do not.
    returns = noise(160, 10, seed=4)
    found = overfitting(returns, blocks=8)
    assert found is not None
    assert found.pbo == ffn.calc_prob_backtest_overfitting(pd.DataFrame(returns), n_blocks=8)


def test_noise_is_overfit_about_half_the_time_and_skill_is_not() -> None:
    shares = []
    for seed in range(12):
        found = overfitting(noise(800, 20, seed))
        assert found is not None
        shares.append(found.pbo)
    assert 0.3 < float(np.mean(shares)) < 0.7
    skilled = noise(800, 20)
    skilled[:, 3] += 0.003  # an annual Sharpe ratio of 4.8
    found = overfitting(skilled)
    assert found is not None
    assert found.pbo < 0.01


def test_a_strategy_that_never_traded_is_neither_best_nor_a_fault() -> None:
    returns = np.column_stack([noise(320, 4) + 0.003, np.zeros(320)])
    found = overfitting(returns)
    assert found is not None
    assert found.pbo < 1
    assert np.isfinite(found.logits).all()


def test_too_few_days_or_strategies_are_undefined() -> None:
    assert overfitting(noise(31, 5)) is None
    assert overfitting(noise(800, 1)) is None


@pytest.mark.parametrize("blocks", [0, 1, 7])
def test_an_odd_number_of_blocks_is_refused(blocks: int) -> None:
    with pytest.raises(ValueError, match="even"):
        overfitting(noise(100, 3), blocks)


def test_as_json_it_has_state_and_a_histogram() -> None:
    found = overfitting(noise(761, 7))
    assert found is not None
    shown = json.loads(json.dumps(found.as_dict(), allow_nan=False))
    assert (shown["blocks"], shown["days"], shown["dropped"]) == (16, 752, 9)
    assert sum(shown["logits"]["counts"]) == shown["splits"] == math.comb(16, 8)


def test_a_thousand_strategies_take_seconds() -> None:
    returns = noise(750, 1_000)
    start = time.process_time()
    assert overfitting(returns) is not None
    assert time.process_time() - start < 20  # about 1; a machine may be slow
