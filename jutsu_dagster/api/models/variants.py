"""Answers about variants and nights."""

from __future__ import annotations

from typing import Literal

from pydantic import Field

from jutsu_dagster.api.models.base import Day, Json, Moment, Money, Percent, Shape
from jutsu_dagster.api.models.performance import Comparison


class Change(Shape):
    """A parameter that a variant changes."""

    parameter: str
    base: object
    value: object


class Variant(Shape):
    """A variant and where its account stands; null before its first day."""

    id: str
    strategy_id: str
    parent_id: str
    symbol: str | None
    status: Literal["shadow", "proposed", "promoted", "rejected", "retired", "invalid"]
    mutations: Json
    clamped: list[str]
    created_partition: Day | None
    first_day: Day | None
    reason: str
    source: str
    runs: bool
    rebased: bool = Field(description="Whether the parent has other parameters by now")
    changes: list[Change]
    last_day: Day | None
    days: int
    trades: int
    wins: int
    losses: int
    total_pnl: Percent
    gross_pnl: Percent
    win_rate: Percent | None
    profit_factor: float | None
    equity: Money | None
    initial_capital: Money | None
    position: int | None
    total_return: Percent | None
    cagr: Percent | None
    volatility: Percent | None
    sharpe_ratio: float | None
    sortino_ratio: float | None
    max_drawdown: Percent | None
    parent_return: Percent | None = Field(description="The frozen parent over the same days")
    difference: Percent | None
    notes: list[str]


class VariantPage(Shape):
    """A page of the shadow registry."""

    variants: list[Variant]
    parents: list[str]
    faults: list[str]
    total: int
    page: int
    page_size: int
    total_pages: int


class Position(Shape):
    """An open position."""

    dir: int
    entry_px: float | None
    bars_open: int


class Stats(Shape):
    """The seven statistics of a summary file; results are fractions, as there."""

    exp_trades: int
    exp_pf: float | None
    norm_trades: int
    norm_pf: float | None
    total_pnl: float
    wins: int
    losses: int


class VariantSummary(Shape):
    """A variant as its summary file has it."""

    variant_id: str
    symbol: str
    mutations: Json
    position: Position
    stats: Stats


class VariantTrade(Shape):
    """An opening or a closing."""

    time: Moment
    day: Day
    type: str
    symbol: str
    dir: int
    entry_px: float
    exit_px: float | None
    result: Percent | None
    gross_result: Percent | None
    exit_reason: str | None
    regime: str
    conf: float | None
    bars_open: int | None


class VariantPoint(Shape):
    """A day of a variant's account."""

    time: Day
    value: Money
    cumulative_return: Percent
    drawdown: Percent


class VariantDetail(Shape):
    """One variant in full."""

    variant: Variant
    summary: VariantSummary | None
    trades: list[VariantTrade]
    total_trades: int
    page: int
    page_size: int
    equity: list[VariantPoint]
    parent: list[VariantPoint]


class ComparedVariants(Shape):
    """Variants beside their parent, which comes first."""

    comparison: Comparison
    winner_rule: str
    parent_id: str
    parent_source: Literal["control", "paper"]


class NightPage(Shape):
    """What a night did."""

    date: Day
    nights: list[Day]
    summary: Json = Field(description="The night's summary as its file has it")
