"""Answers about what accounts did."""

from __future__ import annotations

from pydantic import Field

from jutsu_dagster.api.models.base import (
    AccountHead,
    Day,
    Metrics,
    Mode,
    Money,
    Percent,
    Period,
    Shape,
    TradeStatistics,
)


class Current(Shape):
    """Where an account stands at the end of the range."""

    session: Day
    equity: Money
    daily_return: Percent
    cumulative_return: Percent
    drawdown: Percent
    regime: str | None
    trend: str | None
    vol: str | None


class Performance(AccountHead):
    """What an account did."""

    period: Period
    initial_capital: Money
    metrics: Metrics
    baseline: Metrics
    trades: TradeStatistics
    current: Current
    stale: list[str] = Field(description="Years that rest on an earlier version of the one before")


class EquityPoint(Shape):
    """A session."""

    time: Day
    value: Money
    return_: Percent = Field(alias="return")
    cumulative_return: Percent
    regime: str | None
    baseline_value: Money
    baseline_return: Percent = Field(description="Cumulative")


class Series(AccountHead):
    """A curve; ``data_points`` of ``total_points`` are shown."""

    start_date: Day
    end_date: Day
    total_points: int
    data_points: int


class EquityCurve(Series):
    """An account's equity beside its baseline."""

    initial_capital: Money
    data: list[EquityPoint]


class DrawdownPoint(Shape):
    """How far an account was below its highest equity."""

    time: Day
    drawdown: Percent


class DrawdownRow(DrawdownPoint):
    """The same, beside its baseline."""

    baseline_drawdown: Percent


class Drawdown(Series):
    """An account's drawdown; the money that the range began with counts as equity."""

    deepest: DrawdownPoint
    current: DrawdownPoint
    data: list[DrawdownRow]


class Regime(Shape):
    """What a regime earned; null is what this kind of account does not have."""

    cell: int | None
    regime: str
    trend: str | None
    vol: str | None
    days: int | None
    pct_of_time: Percent | None
    total_return: Percent
    mean_return: Percent | None
    annualized_return: Percent | None
    baseline_total_return: Percent | None
    baseline_mean_return: Percent | None
    baseline_annualized: Percent | None
    trades: int | None
    winning_trades: int | None
    win_rate: Percent | None
    long_trades: int | None
    short_trades: int | None
    gross_return: Percent | None


class RegimeBreakdown(AccountHead):
    """What each regime earned."""

    start_date: Day
    end_date: Day
    regimes: list[Regime]


class ComparedStrategy(Shape):
    """A column of the comparison, as the origin has it."""

    total_return: Percent
    cagr: Percent | None
    sharpe_ratio: float | None
    max_drawdown: Percent
    current_regime: str | None


class Difference(Shape):
    """One minus another; null where one of them is undefined."""

    total_return: Percent | None
    cagr: Percent | None
    sharpe_ratio: float | None
    max_drawdown: Percent | None


class Comparison(Shape):
    """Strategies over the sessions that all of them have, as the origin has it."""

    period: Period
    strategies: dict[str, ComparedStrategy]
    differences: Difference | dict[str, Difference] = Field(
        description="Of two: second minus first. Of more: each minus the first, by id"
    )
    winner: str | None


class ComparedDetail(Shape):
    """All metrics of one strategy over the same range."""

    initial_capital: Money
    metrics: Metrics
    baseline: Metrics
    trades: TradeStatistics
    stale: list[str]


class Compared(Shape):
    """A comparison, and all its numbers."""

    comparison: Comparison
    mode: Mode
    winner_rule: str
    details: dict[str, ComparedDetail]
    baseline: Metrics = Field(description="Buy and hold of the first one's")
