from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from jutsu_dagster.core.bars import FloatArray
from jutsu_dagster.core.regime import BEAR_BOND, BULL_BOND, NO_BOND
from jutsu_dagster.core.regime_inputs import (
    bond_trend,
    realised_volatility,
    volatility_change,
    volatility_z,
)
from jutsu_dagster.core.rolling import log_returns, rolling_mean, rolling_std


def prices(seed: int, count: int) -> FloatArray:
    steps = np.random.default_rng(seed).normal(0, 0.02, count)
    close: FloatArray = np.round(80 * np.exp(np.cumsum(steps)), 6)
    return close


@pytest.mark.parametrize("window", [1, 2, 40, 140, 600, 700])
def test_means_and_deviations_are_numpys(window: int) -> None:
    values = prices(1, 600)
    mean = rolling_mean(values, window)
    assert np.isnan(mean[: window - 1]).all()
    for t in range(window - 1, 600):
        assert mean[t] == pytest.approx(values[t - window + 1 : t + 1].mean(), rel=1e-14)
    if window > 1:
        std = rolling_std(values, window, 0)
        assert np.isnan(std[: window - 1]).all()
        for t in range(window - 1, 600):
            last = values[t - window + 1 : t + 1]
            # One pass loses what the mean square has more digits than the variance.
            lost = 2e-15 * last.mean() ** 2
            assert std[t] ** 2 == pytest.approx(last.var(ddof=1), rel=1e-12, abs=lost)


def test_sums_do_not_drift_after_a_large_value_has_left() -> None:
    values = np.concatenate([[1e9], np.full(30, 0.1)])
    assert rolling_mean(values, 3)[-1] == pytest.approx(0.1, rel=1e-15)
    assert rolling_std(np.concatenate([[1e6], prices(2, 30)]), 5, 0)[-1] == pytest.approx(
        prices(2, 30)[-5:].std(ddof=1), rel=1e-6
    )


@given(st.integers(0, 10_000), st.integers(1, 40), st.integers(0, 200))
@settings(deadline=None, max_examples=40)
def test_a_mean_does_not_know_where_its_series_began(seed: int, window: int, cut: int) -> None:
    values = prices(seed, 400)
    whole, late = rolling_mean(values, window), rolling_mean(values[cut:], window)
    np.testing.assert_array_equal(whole[cut + window - 1 :], late[window - 1 :])


def test_a_constant_window_deviates_by_exactly_zero() -> None:
    values = np.concatenate([prices(3, 50), np.full(30, 0.1)])
    assert (rolling_std(values, 20, 0)[-10:] == 0).all()
    assert (rolling_std(values, 20, 0)[19:60] > 0).all()


def test_returns_are_natural_logs() -> None:
    close = np.array([1.0, np.e, 1.0, 2.0])
    np.testing.assert_allclose(log_returns(close), [np.nan, 1, -1, np.log(2)], rtol=1e-15)


def test_volatility_and_its_z_score_are_numpys() -> None:
    close = prices(4, 300)
    returns = np.diff(np.log(close))
    volatility = realised_volatility(close, 21)
    z = volatility_z(volatility, 21, 50)
    change = volatility_change(volatility, 5)
    assert np.isnan(volatility[:21]).all()
    assert np.isnan(z[:70]).all()
    assert np.isnan(change[:26]).all()
    sigma = np.array([returns[t - 21 : t].std(ddof=1) * np.sqrt(252) for t in range(21, 300)])
    np.testing.assert_allclose(volatility[21:], sigma, rtol=1e-11)
    for t in range(70, 300):
        base = sigma[t - 21 - 49 : t - 21 + 1]
        expected = (base[-1] - base.mean()) / base.std(ddof=1)
        assert z[t] == pytest.approx(expected, rel=1e-8, abs=1e-9)
        assert change[t] == pytest.approx(sigma[t - 21] / sigma[t - 26] - 1, rel=1e-9, abs=1e-11)


def test_a_still_market_has_z_zero_and_no_change() -> None:
    still = np.full(100, 50.0)
    volatility = realised_volatility(still, 10)
    assert (volatility[10:] == 0).all()
    assert (volatility_z(volatility, 10, 20)[29:] == 0).all()
    assert np.isnan(volatility_change(volatility, 5)).all()


def test_bonds_count_their_own_bars() -> None:
    own = np.array([10.0, 11.0, 12.0, 13.0, 5.0, 4.0])
    close = np.concatenate([[np.nan] * 4, own[:3], [np.nan], own[3:]])
    trend = bond_trend(close, 2, 3)
    known = [NO_BOND] * 6 + [BULL_BOND, BULL_BOND, BULL_BOND, BEAR_BOND, BEAR_BOND]
    assert trend.state.tolist() == known
    np.testing.assert_allclose(trend.slow[6:], [11, 11, 12, 10, 22 / 3])
    np.testing.assert_allclose(trend.fast[6:], [11.5, 11.5, 12.5, 9, 4.5])


def test_equal_bond_averages_are_a_bear() -> None:
    assert bond_trend(np.full(4, 7.0), 2, 3).state.tolist() == [NO_BOND, NO_BOND, *[BEAR_BOND] * 2]


def test_bonds_without_a_bar_are_unavailable() -> None:
    assert (bond_trend(np.full(5, np.nan), 2, 3).state == NO_BOND).all()
