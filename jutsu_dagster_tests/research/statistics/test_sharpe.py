"""The probabilistic Sharpe ratio and the record it needs, against published numbers."""

from __future__ import annotations

import math

import numpy as np
import pandas as pd
import pytest

from jutsu_dagster.research.statistics import (
    Moments,
    minimum_track_record,
    moments,
    probabilistic_sharpe,
)


def normal(days: int, sharpe: float) -> Moments:
    return Moments(days, 0.0, sharpe, 0.0, 3.0)


def test_moments_of_five_returns_by_hand() -> None:
    # 1, 2, 3, 4, 10 (percent): mean 4, deviations -3 -2 -1 0 6, m2 = 50/5 = 10,
    # m3 = (-27 - 8 - 1 + 216)/5 = 36, m4 = (81 + 16 + 1 + 1296)/5 = 278.8
    found = moments(np.array([0.01, 0.02, 0.03, 0.04, 0.10]))
    assert found is not None
    assert found.days == 5
    assert found.mean == pytest.approx(0.04)
    assert found.sharpe == pytest.approx(4 / math.sqrt(12.5))
    assert found.skewness == pytest.approx(36 / 10**1.5 * math.sqrt(20) / 3)
    assert found.kurtosis == pytest.approx(3 + 4 / 6 * (6 * (2.788 - 3) + 6))


def test_moments_are_pandas_bias_corrected_ones() -> None:
    returns = np.random.default_rng(1).standard_t(5, 300) * 0.01
    found = moments(returns)
    assert found is not None
    series = pd.Series(returns)
    assert found.skewness == pytest.approx(series.skew(), rel=1e-12)
    assert found.kurtosis - 3 == pytest.approx(series.kurt(), rel=1e-11)


@pytest.mark.parametrize("returns", [np.zeros(100), np.full(100, 0.1), np.array([0.1, 0.2, 0.3])])
def test_what_does_not_vary_or_is_too_short_has_no_moments(returns: np.ndarray) -> None:
    assert moments(returns) is None


def test_psr_of_the_papers_hedge_fund() -> None:
    # Bailey and López de Prado (2012): 24 months, Sharpe ratio 1.59 a year (0.458 a month).
    # Were its returns normal: 0.458 sqrt(23) / sqrt(1 + 0.458^2/2) = 2.090, Phi = 0.982.
    assert probabilistic_sharpe(normal(24, 0.458)) == pytest.approx(0.982, abs=5e-4)
    # With skewness -2.448 and kurtosis 10.164: 2.196 / sqrt(2.602) = 1.362, Phi = 0.913.
    skewed = Moments(24, 0.0, 0.458, -2.448, 10.164)
    assert probabilistic_sharpe(skewed) == pytest.approx(0.913, abs=5e-4)


@pytest.mark.parametrize(("per_year", "years"), [(252, 2.73), (52, 2.83), (12, 3.24)])
def test_record_for_a_sharpe_ratio_of_two_to_be_above_one(per_year: int, years: float) -> None:
    # The same paper: daily, weekly and monthly returns, 95 %. Daily: SR 0.12599, SR* 0.06299,
    # (1 + 0.12599^2/2) (1.64485/0.06299)^2 + 1 = 688.2 days.
    root = math.sqrt(per_year)
    found = minimum_track_record(normal(500, 2 / root), 1 / root, 0.95)
    assert found is not None
    assert found / per_year == pytest.approx(years, abs=5e-3)


def test_the_minimum_record_is_where_the_probability_reaches_the_confidence() -> None:
    found = Moments(700, 0.0, 0.09, -0.4, 6.0)
    days = minimum_track_record(found, 0.02, 0.95)
    assert days is not None
    for longer, reached in ((math.ceil(days), True), (math.floor(days), False)):
        there = Moments(longer, 0.0, found.sharpe, found.skewness, found.kurtosis)
        probability = probabilistic_sharpe(there, 0.02)
        assert probability is not None
        assert (probability >= 0.95) is reached


def test_no_record_is_long_enough_without_an_edge() -> None:
    assert minimum_track_record(normal(500, 0.05), 0.05) is None


def test_moments_that_leave_no_variance_give_no_probability() -> None:
    impossible = Moments(10, 0.0, 1.0, 3.0, 3.0)  # 1 - 3 + 0.5 < 0
    assert probabilistic_sharpe(impossible) is None
    assert minimum_track_record(impossible) is None
