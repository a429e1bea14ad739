"""Hansen's SPA and StepM: arch's answers, studentised, without its two faults."""

from __future__ import annotations

import json

import numpy as np
import pytest
from arch.bootstrap import SPA, StepM

from jutsu_dagster.research.statistics import Sampling, superior_variants
from jutsu_dagster.research.statistics.resampling import resampled_days
from jutsu_dagster.research.statistics.superior import long_run_deviation

DRAWS = Sampling(replications=500, seed=4)


def losing(days: int, variants: int, seed: int) -> tuple[np.ndarray, np.ndarray]:
    """Return a control, and variants that share its results and differ by luck."""
    rng = np.random.default_rng(seed)
    control = rng.standard_normal(days) * 0.01
    return control, control[:, None] + rng.standard_normal((days, variants)) * 0.005


def names(returns: np.ndarray) -> list[str]:
    return [f"v{column}" for column in range(returns.shape[1])]


def test_the_long_run_variance_is_archs() -> None:
    control, returns = losing(200, 4, 1)
    apart = (returns - control[:, None]).cumsum(axis=0)  # strongly dependent
    theirs = SPA(np.zeros(200), -apart, block_size=7, reps=5, seed=1)
    theirs.compute()
    np.testing.assert_allclose(long_run_deviation(apart, 7) ** 2, theirs._loss_diff_var, rtol=1e-9)


def test_the_long_run_deviation_is_what_draws_have() -> None:
    control, returns = losing(300, 3, 2)
    apart = returns - control[:, None]
    means = resampled_days(300, 5, Sampling(8_000, 1)) @ apart / 300
    expected = means.std(axis=0) * np.sqrt(300)
    np.testing.assert_allclose(long_run_deviation(apart, 5), expected, rtol=0.03)


def test_p_values_follow_hansens_definition() -> None:
    control, returns = losing(250, 8, 3)
    returns[:, 2] += 0.0006
    returns[:, 5] -= 0.01  # far too poor to matter: only the upper p-value recentres it
    found = superior_variants(control, returns, names(returns), sampling=DRAWS)
    assert found is not None
    apart = returns - control[:, None]
    scaled = apart / long_run_deviation(apart, found.block)
    mean = scaled.mean(axis=0)
    drawn = resampled_days(250, found.block, DRAWS) @ scaled / 250
    known = mean >= -np.sqrt(2 * np.log(np.log(250)) / 250)
    for p, centre in (
        (found.p_lower, np.maximum(mean, 0)),
        (found.p_consistent, np.where(known, mean, 0)),
        (found.p_upper, mean),
    ):
        greatest = np.maximum((drawn - centre).max(axis=1), 0)
        assert p == pytest.approx((greatest > max(mean.max(), 0)).mean(), abs=1e-12)
    assert found.statistics["v2"] == pytest.approx(mean[2] * np.sqrt(250))


def test_a_better_variant_is_named_and_luck_is_not() -> None:
    control, returns = losing(750, 60, 5)
    found = superior_variants(control, returns, names(returns), sampling=DRAWS)
    assert found is not None
    assert found.superior == ()
    assert found.p_consistent > 0.05
    returns[:, 7] += 0.0012
    found = superior_variants(control, returns, names(returns), sampling=DRAWS)
    assert found is not None
    assert found.superior == ("v7",)
    assert found.statistics["v7"] > found.critical
    assert found.p_consistent < 0.05


def test_a_volatile_variant_hides_no_other() -> None:
    # arch divides by no deviation, whatever ``studentize`` says: one column decides its maximum.
    control, returns = losing(750, 20, 6)
    returns[:, 7] += 0.0012
    returns[:, 1] += (returns[:, 1] - control) * 99
    unscaled = SPA(-control, -returns, block_size=2, reps=500, seed=4, studentize=True)
    unscaled.compute()
    assert unscaled.pvalues["consistent"] > 0.1
    found = superior_variants(control, returns, names(returns), sampling=DRAWS)
    assert found is not None
    assert found.p_consistent < 0.01
    assert found.superior == ("v7",)


def test_every_variant_may_be_better_in_several_rounds() -> None:
    # The first round names v0, the second v1, and none is left: arch 8.0.0 fails there.
    control, returns = losing(400, 2, 7)
    apart = returns - control[:, None]
    apart -= apart.mean(axis=0)
    deviation = long_run_deviation(apart, 1)
    for wanted in np.arange(1.5, 2.6, 0.02):
        returns = control[:, None] + apart + np.array([9.0, wanted]) * deviation / 20
        found = superior_variants(control, returns, names(returns), sampling=DRAWS)
        assert found is not None
        if found.superior == ("v0", "v1") and wanted < found.critical:
            break
    else:
        pytest.fail("no case found in which the second round names the rest")
    scaled = (returns - control[:, None]) / deviation
    bare = StepM(np.zeros(400), -scaled, block_size=found.block, reps=500, seed=4)
    try:
        bare.compute()
    except ValueError:
        return  # 8.0.0; releases after it stop
    assert list(bare.superior_models) == [0, 1]


def test_the_control_itself_is_never_superior() -> None:
    control, returns = losing(300, 3, 8)
    returns = np.column_stack([returns - 0.002, control])
    found = superior_variants(control, returns, names(returns), sampling=DRAWS)
    assert found is not None
    assert found.statistics["v3"] == 0.0
    assert found.superior == ()
    json.dumps(found.as_dict(), allow_nan=False)


def test_the_same_seed_gives_the_same_answer() -> None:
    control, returns = losing(200, 10, 9)
    one, other = (
        superior_variants(control, returns, names(returns), sampling=DRAWS) for _ in range(2)
    )
    assert one == other


def test_too_few_days_or_no_variants_are_undefined() -> None:
    control, returns = losing(29, 3, 10)
    assert superior_variants(control, returns, names(returns)) is None
    assert superior_variants(np.zeros(100), np.zeros((100, 0)), []) is None
