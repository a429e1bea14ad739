"""What daily returns amount to: by hand, and as the engine's own metrics have it."""

from __future__ import annotations

import numpy as np
import pytest

from jutsu_dagster.core.metrics import equity_metrics
from jutsu_dagster.research.lookback import measures
from jutsu_dagster.research.lookback.measures import Basis, LookbackError, metric_of, summary

STAKE = Basis(365, compound=False)


def noise(days: int, sets: int = 1, seed: int = 0) -> np.ndarray:
    return np.random.default_rng(seed).normal(0.0004, 0.01, (days, sets))


def test_a_compounded_series_by_hand() -> None:
    found = summary(np.array([0.10, -0.20, 0.25]), Basis(3))
    assert found["days"] == 3
    assert found["total_return"] == pytest.approx(1.1 * 0.8 * 1.25 - 1)
    assert found["annual_return"] == pytest.approx(0.10)
    assert found["max_drawdown"] == pytest.approx(0.20)
    assert found["calmar"] == pytest.approx(0.5)
    assert found["volatility"] == pytest.approx(np.std([0.1, -0.2, 0.25], ddof=1) * 3**0.5)
    assert found["sortino"] == pytest.approx(0.05 / (0.04 / 3) ** 0.5 * 3**0.5)


def test_results_over_a_stake_add_up_and_may_lose_more_than_it() -> None:
    found = summary(np.array([0.5, -1.0, -1.0]), STAKE)
    assert found["total_return"] == pytest.approx(-1.5)
    assert found["annual_return"] == pytest.approx(-0.5 * 365)
    # From 1.5 of the stake at the peak to -0.5.
    assert found["max_drawdown"] == pytest.approx(2.0 / 1.5)


def test_sharpe_sortino_and_drawdown_are_the_metrics_of_the_same_curve() -> None:
    returns = noise(400)[:, 0]
    curve = 10_000.0 * np.concatenate(([1.0], Basis().equity(returns)))
    days = np.datetime64("2020-01-01") + np.arange(401)
    metrics, found = equity_metrics(curve, days, 10_000.0), summary(returns, Basis())
    for name, key in (("sharpe", "sharpe_ratio"), ("sortino", "sortino_ratio")):
        assert found[name] == pytest.approx(metrics[key], rel=1e-9)
    assert found["max_drawdown"] == pytest.approx(-metrics["max_drawdown"], rel=1e-9)
    assert found["volatility"] == pytest.approx(metrics["volatility"], rel=1e-9)


def test_many_columns_are_each_what_they_are_alone() -> None:
    returns = noise(120, 7)
    for of in measures.METRICS.values():
        together = of(returns, Basis())
        alone = [float(of(returns[:, at], Basis())) for at in range(7)]
        np.testing.assert_allclose(together, alone, rtol=1e-12)


def test_what_has_no_variation_has_no_ratio() -> None:
    flat = summary(np.zeros(50), Basis())
    assert flat["sharpe"] is None
    assert flat["sortino"] is None
    assert flat["calmar"] is None
    assert flat["max_drawdown"] == 0.0
    assert summary(np.array([0.01]), Basis())["volatility"] is None


def test_an_unknown_metric_is_refused_with_the_nearest() -> None:
    with pytest.raises(LookbackError, match=r"--metric 'sharp' must be one of .*mean 'sharpe'"):
        metric_of("sharp")
