"""Metrics of results that add up, by hand."""

from __future__ import annotations

import math

import numpy as np
import pytest

from jutsu_dagster.core.metrics import EQUITY_METRICS
from jutsu_dagster.core.stake_metrics import stake_metrics


def test_a_days_result_is_of_the_stake() -> None:
    found = stake_metrics(np.array([110.0, 99.0, 121.0]), 100.0)
    results = np.array([0.10, -0.11, 0.22])
    assert found["final_equity"] == 121.0
    assert found["total_return"] == pytest.approx(0.21)
    assert found["cagr"] == pytest.approx(1.21 ** (365.25 / 3) - 1)
    assert found["volatility"] == pytest.approx(results.std(ddof=1) * math.sqrt(365))
    assert found["sharpe_ratio"] == pytest.approx(
        results.mean() / results.std(ddof=1) * math.sqrt(365)
    )
    downside = math.sqrt(0.11**2 / 3)
    assert found["sortino_ratio"] == pytest.approx(results.mean() / downside * math.sqrt(365))
    assert found["max_drawdown"] == pytest.approx(99 / 110 - 1)
    assert found["sessions"] == 3
    assert set(EQUITY_METRICS) < set(found)


def test_an_account_may_lose_more_than_it_had() -> None:
    found = stake_metrics(np.array([120.0, 10.0, -60.0, -30.0]), 100.0)
    assert found["total_return"] == pytest.approx(-1.3)
    assert found["max_drawdown"] == pytest.approx(-60 / 120 - 1)
    assert found["cagr"] is None
    assert found["calmar_ratio"] is None
    assert found["volatility"] > 0
    assert found["sharpe_ratio"] < 0


def test_what_is_undefined_is_none() -> None:
    one = stake_metrics(np.array([101.0]), 100.0)
    assert (one["total_return"], one["volatility"], one["sharpe_ratio"]) == (
        pytest.approx(0.01), None, None,
    )  # fmt: skip
    flat = stake_metrics(np.array([100.0, 100.0, 100.0]), 100.0)
    assert (flat["volatility"], flat["sharpe_ratio"], flat["sortino_ratio"]) == (0.0, None, None)
    assert flat["max_drawdown"] == 0.0
    assert flat["calmar_ratio"] is None
