"""The deflated Sharpe ratio, against its paper, ffn and simulation."""

from __future__ import annotations

import math

import ffn  # type: ignore[import-untyped]
import numpy as np
import pandas as pd
import pytest

from jutsu_dagster.research.statistics import (
    Moments,
    deflated_sharpe,
    effective_trials,
    expected_maximum,
    mean_correlation,
    moments,
    trial_variance,
)

# Bailey and López de Prado (2014): five years of 250 days, Sharpe ratio 2.5 a year, skewness -3,
# kurtosis 10, variance 1/2 (annual) across 100 trials.
PAPER = Moments(1250, 0.0, 2.5 / math.sqrt(250), -3.0, 10.0)


@pytest.mark.parametrize(("trials", "probability"), [(100, 0.9004), (46, 0.9505)])
def test_the_papers_example(trials: int, probability: float) -> None:
    found, threshold = deflated_sharpe(PAPER, 0.5 / 250, trials)
    assert found == pytest.approx(probability, abs=6e-5)
    if trials == 100:
        # sqrt(0.002) (0.42278 × 2.32635 + 0.57722 × 2.68006) = 0.0447214 × 2.53051
        assert threshold == pytest.approx(0.1132, abs=5e-5)


def test_a_centre_moves_the_threshold() -> None:
    found, threshold = deflated_sharpe(PAPER, 0.5 / 250, 100, centre=0.03)
    assert threshold == pytest.approx(0.0300 + 0.1132, abs=5e-5)
    assert found is not None
    assert found < 0.9


def test_ffn_finds_the_same() -> None:
    rng = np.random.default_rng(3)
    returns = rng.standard_t(5, (600, 40)) * 0.01 + 0.0008
    sharpes = returns.mean(axis=0) / returns.std(axis=0, ddof=1)
    series = pd.Series(returns[:, 7])
    theirs = ffn.calc_deflated_sharpe_ratio(series, sharpes, nperiods=252, annualized_trials=False)
    own, variance = moments(returns[:, 7]), trial_variance(sharpes)
    assert own is not None
    assert variance is not None
    assert deflated_sharpe(own, variance, 40)[0] == pytest.approx(theirs, rel=1e-9)


@pytest.mark.parametrize("trials", [10, 100, 1_000])
def test_the_expected_maximum_is_that_of_draws(trials: int) -> None:
    drawn = np.random.default_rng(5).standard_normal((20_000, trials)).max(axis=1).mean()
    assert expected_maximum(trials) == pytest.approx(drawn, abs=0.035)


@pytest.mark.parametrize("trials", [0.0, 1.0, 1.01, 1.2])
def test_about_one_trial_needs_no_deflation(trials: float) -> None:
    assert expected_maximum(trials) == 0.0


def test_the_mean_correlation_is_that_of_the_matrix() -> None:
    rng = np.random.default_rng(7)
    returns = rng.standard_normal((200, 6)) + rng.standard_normal((200, 1))
    matrix = np.asarray(np.corrcoef(returns.T))
    expected = matrix[np.triu_indices(6, 1)].mean()
    assert mean_correlation(returns) == pytest.approx(expected, rel=1e-12)
    with_idle = np.column_stack([returns, np.zeros(200), np.full(200, 0.1)])
    assert mean_correlation(with_idle) == pytest.approx(expected, rel=1e-12)
    assert mean_correlation(returns[:, :1]) is None


def test_effective_trials_by_hand() -> None:
    assert effective_trials(100, 0.0) == 100
    assert effective_trials(100, 1.0) == 1
    assert effective_trials(100, 0.9) == pytest.approx(10.9)
    assert effective_trials(100, -0.01) == 100
    assert effective_trials(100, None) == 100


def test_more_independent_trials_than_days_are_not_called_fewer() -> None:
    drawn = np.random.default_rng(9).standard_normal((750, 1_000))
    assert effective_trials(1_000, mean_correlation(drawn)) == pytest.approx(1_000, abs=3)
    values = np.linalg.eigvalsh(np.corrcoef(drawn.T))
    assert values.sum() ** 2 / (values**2).sum() < 450  # why it is not counted by eigenvalues


def test_trials_without_a_sharpe_ratio_have_no_part_in_the_variance() -> None:
    assert trial_variance(np.array([0.1, math.nan, 0.3])) == pytest.approx(0.02)
    assert trial_variance(np.array([0.1, math.nan])) is None
