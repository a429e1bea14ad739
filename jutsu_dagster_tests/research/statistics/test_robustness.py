"""Double costs, drawdowns and plateaus, by hand."""

from __future__ import annotations

import numpy as np
import pytest

from jutsu_dagster.research.statistics import at_double_costs, max_drawdown, plateau


def with_sharpe(sharpe: float) -> np.ndarray:
    # Alternating ±1: deviation sqrt(T/(T-1)), so the mean is exact and the ratio is close.
    returns = np.tile([1.0, -1.0], 200)
    scaled: np.ndarray = returns / returns.std(ddof=1) + sharpe
    return scaled


def test_double_costs_take_the_cost_once_more() -> None:
    assert at_double_costs(gross=0.10, net=0.07) == pytest.approx(0.04)
    assert at_double_costs(gross=-0.01, net=-0.03) == pytest.approx(-0.05)


def test_drawdowns_by_hand() -> None:
    returns = np.array([0.10, -0.20, 0.05, -0.10, 0.30])
    # Compounded: 1.1, 0.88, 0.924, 0.8316; 1 - 0.8316/1.1. Summed: 1.1, 0.9, 0.95, 0.85.
    assert max_drawdown(returns, compound=True) == pytest.approx(0.244)
    assert max_drawdown(returns, compound=False) == pytest.approx(0.25 / 1.1)


def test_a_loss_from_the_start_is_a_drawdown_and_gains_are_none() -> None:
    assert max_drawdown(np.array([-0.10]), compound=True) == pytest.approx(0.10)
    assert max_drawdown(np.array([0.1, 0.0, 0.2]), compound=True) == 0.0
    assert max_drawdown(np.array([]), compound=False) == 0.0


def test_stakes_can_lose_more_than_there_was() -> None:
    assert max_drawdown(np.array([-0.7, -0.6]), compound=False) == pytest.approx(1.3)


def test_shares_of_the_edge_by_hand() -> None:
    control, variant = with_sharpe(0.1), with_sharpe(0.3)
    found = plateau(variant, control, {"less": with_sharpe(0.25), "more": with_sharpe(0.2)})
    assert found.edge == pytest.approx(0.2)
    assert found.shares == pytest.approx({"less": 0.75, "more": 0.5})
    assert found.worst == pytest.approx(0.5)
    assert found.mean == pytest.approx(0.625)


def test_a_neighbour_that_never_traded_keeps_a_ratio_of_zero() -> None:
    found = plateau(with_sharpe(0.3), with_sharpe(0.1), {"idle": np.zeros(400)})
    assert found.worst == pytest.approx(-0.5)


def test_leverage_is_no_edge() -> None:
    control = with_sharpe(0.1)
    found = plateau(2 * control, control, {"same": control})
    assert found.edge == pytest.approx(0.0, abs=1e-12)


def test_without_an_edge_or_neighbours_nothing_is_kept() -> None:
    low, high = with_sharpe(0.1), with_sharpe(0.2)
    assert plateau(low, high, {"other": high}).worst is None
    assert plateau(high, low, {}).worst is None
    assert plateau(np.zeros(100), low[:100], {"other": high[:100]}).edge is None
