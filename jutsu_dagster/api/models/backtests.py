"""Answers about recorded backtests, launches of new ones, and executed orders."""

from __future__ import annotations

from typing import Literal

from pydantic import Field

from jutsu_dagster.api.models.base import (
    AccountHead,
    Day,
    Kind,
    Metrics,
    Mode,
    Moment,
    Money,
    Percent,
    Period,
    Shape,
    TradeStatistics,
)


class SeriesPoint(Shape):
    """A session of a backtest."""

    date: Day
    portfolio: Money
    baseline: Money
    buyhold: Money
    drawdown: Percent
    regime: str | None
    trend: str | None
    vol: str | None


class Summary(Metrics, Period):
    """All of a recorded backtest."""

    initial_capital: Money
    baseline_final_equity: Money
    baseline_total_return: Percent
    baseline_cagr: Percent | None
    baseline_volatility: Percent | None
    baseline_sharpe_ratio: float | None
    baseline_sortino_ratio: float | None
    baseline_max_drawdown: Percent
    baseline_calmar_ratio: float | None
    baseline_geometric_sharpe_ratio: float | None
    baseline_geometric_sortino_ratio: float | None
    baseline_sessions: int
    alpha: Percent | None = Field(description="CAGR minus the baseline's")
    trades: TradeStatistics


class PeriodMetrics(Shape):
    """A range of a recorded backtest."""

    start_date: Day
    end_date: Day
    days: int = Field(description="Sessions")
    initial_capital: Money
    period_return: Percent
    annualized_return: Percent | None
    baseline_return: Percent
    baseline_annualized: Percent | None
    alpha: Percent | None
    sharpe_ratio: float | None
    baseline_sharpe_ratio: float | None
    max_drawdown: Percent
    baseline_max_drawdown: Percent
    volatility: Percent | None


class BacktestYear(Shape):
    """A year of a recorded backtest."""

    year: int
    first: Day
    last: Day
    sessions: int
    return_: Percent | None = Field(alias="return")
    stale: bool


class BacktestData(AccountHead):
    """A recorded backtest."""

    strategy_name: str
    summary: Summary
    period_metrics: PeriodMetrics
    timeseries: list[SeriesPoint]
    total_data_points: int
    filtered_data_points: int
    years: list[BacktestYear]


class Trade(Shape):
    """One executed order; null is what this kind of account does not have."""

    strategy_id: str
    mode: Mode
    kind: Kind
    date: Day
    time: str | None
    sequence: int
    symbol: str
    side: str
    action: str
    shares: int | None
    fill_price: float
    commission: Money | None
    value: Money | None
    realised_pnl: Money | None
    result: Percent | None = Field(description="Of the stake, net of costs")
    gross_result: Percent | None
    regime: str | None
    trend: str | None
    vol: str | None
    reason: str | None
    bars_open: int | None
    portfolio_value_before: Money | None
    portfolio_value_after: Money | None
    cash_before: Money | None
    cash_after: Money | None


class TradePage(Shape):
    """A page of executed orders."""

    trades: list[Trade]
    total: int
    page: int
    page_size: int
    total_pages: int


class Launch(Shape):
    """A backtest that was launched."""

    launch_id: str
    strategy_id: str
    years: list[int]
    dagster_url: str
    progress: str = Field(description="Where its progress is")


class LaunchProgress(Shape):
    """How far a launched backtest is."""

    launch_id: str
    strategy_id: str
    status: Literal["requested", "running", "completed", "failed", "canceled"]
    years: list[int]
    years_done: int
    years_failed: int
    started_at: Moment | None
    ended_at: Moment | None
    error: str | None
    dagster_url: str


class Reloaded(Shape):
    """That the definitions were loaded again."""

    reloaded: bool
    message: str
