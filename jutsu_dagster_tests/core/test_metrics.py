"""Metrics by hand, and against numpy in two passes."""

from __future__ import annotations

from datetime import date

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from jutsu_dagster.core.account import AccountState
from jutsu_dagster.core.bars import FloatArray, TimeArray
from jutsu_dagster.core.calendar import sessions_between
from jutsu_dagster.core.engine import Terms, run_segment
from jutsu_dagster.core.metrics import (
    EQUITY_METRICS,
    beta,
    equity_metrics,
    regime_table,
    session_returns,
)
from jutsu_dagster.core.sweep import SWEEP_METRICS, sweep_row
from jutsu_dagster.core.trade_statistics import trade_statistics
from jutsu_dagster_tests.walks import walk

SESSIONS = sessions_between(date(2015, 1, 1), date(2020, 12, 31))


def curve(seed: int, count: int) -> tuple[FloatArray, TimeArray]:
    steps = np.random.default_rng(seed).normal(0.0005, 0.012, count)
    return 10_000 * np.exp(np.cumsum(steps)), SESSIONS[:count]


def test_four_closes_by_hand() -> None:
    days = np.array(["2019-01-01", "2019-01-02", "2019-01-03", "2020-01-01"], "datetime64[D]")
    metrics = equity_metrics(np.array([100.0, 110.0, 99.0, 121.0]), days, 80.0)
    assert metrics["final_equity"] == 121
    assert metrics["total_return"] == pytest.approx(41 / 80)
    assert metrics["cagr"] == pytest.approx((121 / 80) ** (365.25 / 365) - 1)
    assert metrics["max_drawdown"] == pytest.approx(-0.1)
    assert metrics["calmar_ratio"] == pytest.approx(metrics["cagr"] / 0.1)
    # Returns 10 %, -10 %, 2/9: the mean is 2/27; the capital before is not in the series.
    returns = np.array([0.1, -0.1, 2 / 9])
    deviation = np.sqrt(((returns - 2 / 27) ** 2).sum() / 2)
    assert metrics["volatility"] == pytest.approx(deviation * np.sqrt(252))
    assert metrics["sharpe_ratio"] == pytest.approx(2 / 27 / deviation * np.sqrt(252))
    downside = np.sqrt(0.01 / 3) * np.sqrt(252)
    assert metrics["sortino_ratio"] == pytest.approx(2 / 27 * 252 / downside)
    assert metrics["geometric_sharpe_ratio"] == pytest.approx(
        (metrics["cagr"] - 0.02) / metrics["volatility"]
    )
    assert metrics["geometric_sortino_ratio"] == pytest.approx((1.21**84 - 1) / downside)
    assert metrics["sessions"] == 4


@given(st.integers(0, 10_000), st.integers(3, 1500), st.sampled_from([0.0, 0.02, 0.05]))
@settings(deadline=None, max_examples=40)
def test_one_pass_is_numpys_two(seed: int, count: int, risk_free: float) -> None:
    equity, days = curve(seed, count)
    ours = equity_metrics(equity, days, 9000.0, risk_free_rate=risk_free)
    returns = equity[1:] / equity[:-1] - 1
    years = float((days[-1] - days[0]).astype(int)) / 365.25
    volatility = returns.std(ddof=1) * np.sqrt(252)
    downside = np.sqrt(np.mean(np.minimum(returns, 0) ** 2) * 252)
    drawdown = (equity / np.maximum.accumulate(equity) - 1).min()
    cagr = (equity[-1] / 9000) ** (1 / years) - 1
    expected = {
        "final_equity": equity[-1],
        "total_return": equity[-1] / 9000 - 1,
        "cagr": cagr,
        "volatility": volatility,
        "sharpe_ratio": (returns.mean() * 252 - risk_free) / volatility,
        "max_drawdown": drawdown,
        "geometric_sharpe_ratio": (cagr - 0.02) / volatility,
    }
    if downside:
        growth = np.prod(1 + returns) ** (252 / (count - 1)) - 1
        expected["sortino_ratio"] = (returns.mean() * 252 - risk_free) / downside
        expected["geometric_sortino_ratio"] = growth / downside
        expected["calmar_ratio"] = cagr / -drawdown
    for name, value in expected.items():
        assert ours[name] == pytest.approx(value, rel=1e-9, abs=1e-12), name
    assert set(ours) == {*EQUITY_METRICS, "sessions"}


def test_the_trading_year_is_an_argument() -> None:
    equity, days = curve(1, 300)
    short, long = (equity_metrics(equity, days, 1e4, periods_per_year=n) for n in (252, 1008))
    assert long["volatility"] == pytest.approx(2 * short["volatility"])
    assert long["sharpe_ratio"] == pytest.approx(2 * short["sharpe_ratio"])
    assert long["cagr"] == short["cagr"]


def test_undefined_ratios_are_none() -> None:
    one = equity_metrics(np.array([105.0]), SESSIONS[:1], 100.0)
    assert one["total_return"] == pytest.approx(0.05)
    assert one["cagr"] == 0
    assert one["max_drawdown"] == 0
    for name in ("volatility", "sharpe_ratio", "sortino_ratio", "calmar_ratio"):
        assert one[name] is None
    flat = equity_metrics(np.full(50, 100.0), SESSIONS[:50], 100.0)
    assert flat["volatility"] == 0
    assert flat["sharpe_ratio"] is None
    assert flat["geometric_sharpe_ratio"] == 0
    rising = equity_metrics(np.array([1.0, 2.0, 5.0]), SESSIONS[:3], 1.0)
    assert rising["sortino_ratio"] is None
    assert rising["geometric_sortino_ratio"] is None
    assert rising["calmar_ratio"] is None


def test_a_drawdown_starts_from_the_highest_close_before_it() -> None:
    equity = np.array([100.0, 50.0, 200.0, 120.0, 190.0, 90.0])
    assert equity_metrics(equity, SESSIONS[:6], 500.0)["max_drawdown"] == pytest.approx(-0.55)


def test_trades_by_hand() -> None:
    realised = np.array([np.nan, 30.0, np.nan, -10.0, 0.0, 50.0])
    assert trade_statistics(realised) == {
        "total_fills": 6,
        "closed_trades": 4,
        "winning_trades": 2,
        "losing_trades": 2,  # a profit of nothing is no win
        "win_rate": 0.5,
        "avg_win": 40.0,
        "avg_loss": -5.0,
        "profit_factor": 8.0,
        "realised_net": 70.0,
    }


def test_a_profit_factor_without_losses_is_none_and_never_zero() -> None:
    won = trade_statistics(np.array([np.nan, 5.0]))
    assert won["profit_factor"] is None
    assert won["win_rate"] == 1
    assert won["avg_loss"] is None
    lost = trade_statistics(np.array([-5.0]))
    assert lost["profit_factor"] == 0
    nothing = trade_statistics(np.array([np.nan]))
    assert nothing["win_rate"] is None
    assert nothing["realised_net"] == 0


def test_a_sweeps_row_says_what_the_reports_say() -> None:
    bars = walk(("A", "B"), 300)
    targets = np.repeat(np.random.default_rng(3).dirichlet(np.ones(3), 60)[:, :2], 5, axis=0)
    segment = run_segment(
        bars, np.arange(300), targets, Terms(), AccountState.open(10_000.0),
        min_weight_change=0.01, start=0, stop=300,
    )  # fmt: skip
    row = np.empty(len(SWEEP_METRICS))
    sweep_row(segment, 10_000.0, row)
    swept = dict(zip(SWEEP_METRICS, row.tolist(), strict=True))
    fills = segment.fills
    reported = equity_metrics(segment.equity, segment.sessions, 10_000.0)
    reported |= trade_statistics(fills.realised)
    del reported["sessions"]
    assert {name: swept[name] for name in reported} == reported
    assert swept["total_commission"] == pytest.approx(fills.commission.sum())
    traded = (np.abs(fills.shares) * fills.price).sum()
    assert swept["turnover"] == pytest.approx(traded / 10_000)
    assert fills.realised[fills.shares < 0].sum() == pytest.approx(swept["realised_net"])
    assert np.isnan(fills.realised[fills.shares > 0]).all()


def test_returns_may_begin_with_the_equity_before() -> None:
    equity = np.array([110.0, 99.0])
    assert session_returns(equity).tolist() == pytest.approx([-0.1])
    assert session_returns(equity, 100.0).tolist() == pytest.approx([0.1, -0.1])


def test_beta_is_the_slope_and_wants_twenty_points() -> None:
    market = np.random.default_rng(1).normal(0, 0.01, 40)
    assert beta(0.001 + 1.5 * market, market) == pytest.approx(1.5)
    assert beta(market[:20], market[:20]) == pytest.approx(1)
    assert beta(market[:19], market[:19]) is None
    assert beta(market, np.zeros(40)) is None


def test_a_return_belongs_to_the_cell_held_over_it() -> None:
    cells = np.array([1, 1, 3, 0, 1])
    returns = np.array([9.0, 0.1, -0.5, 0.2, 0.3])
    market = np.array([9.0, 0.0, 0.1, 0.1, 0.2])
    rows = {row["cell"]: row for row in regime_table(cells, returns, market)}
    assert set(rows) == {1, 3}
    assert rows[1]["days"] == 2
    assert rows[1]["strategy_total"] == pytest.approx(1.1 * 0.5 - 1)
    assert rows[1]["strategy_mean"] == pytest.approx(-0.2)
    assert rows[1]["strategy_annualised"] == pytest.approx(0.8**252 - 1)
    assert rows[1]["baseline_total"] == pytest.approx(0.1)
    assert rows[3]["strategy_total"] == pytest.approx(0.2)
    assert rows[3]["baseline_mean"] == pytest.approx(0.1)


def test_with_fills_at_the_next_close_a_return_belongs_to_the_cell_before_the_last() -> None:
    # The decision at close 0 (cell 1) is held from close 1, so it earns the third return.
    cells = np.array([1, 3, 3, 3])
    returns = np.array([0.0, 0.5, 0.2, 0.1])
    rows = {row["cell"]: row for row in regime_table(cells, returns, returns, 1)}
    assert rows[1]["days"] == 1
    assert rows[1]["strategy_mean"] == 0.2
    assert rows[3]["days"] == 1
    assert rows[3]["strategy_mean"] == 0.1
