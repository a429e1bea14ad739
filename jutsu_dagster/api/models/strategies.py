"""Answers about registered strategies."""

from __future__ import annotations

from typing import Literal

from pydantic import ConfigDict, Field

from jutsu_dagster.api.models.base import Day, Json, Kind, Moment, Money, Percent, Shape

State = Literal["running", "waiting", "failed", "inactive", "broken", "off"]


class StrategyInfo(Shape):
    """A registered strategy, as the origin lists it."""

    id: str
    display_name: str
    is_primary: bool
    is_active: bool
    status: State
    last_run: Moment | None
    current_equity: Money | None = Field(
        description="Of the paper account; its initial capital before the first session"
    )


class StrategyList(Shape):
    """All registered strategies, in the order of definition."""

    strategies: list[StrategyInfo]


class StrategySettings(Shape):
    """What a strategy's file says of its accounts."""

    execution_time: Literal["close", "next_open", "next_close"]
    initial_capital: Money
    commission_per_share: Money | None
    slippage_rate: float | None = Field(description="Fraction of the price")
    backtest_start: Day
    backtest_end: Day | None
    paper_start: Day | None


class Parameter(Shape):
    """One parameter with its bounds."""

    name: str
    value: object
    min: float | None
    max: float | None
    description: str


class AccountSpan(Shape):
    """How far an account is recorded."""

    first: Day
    last: Day
    sessions: int


class Accounts(Shape):
    """A strategy's accounts; null where nothing is recorded."""

    paper: AccountSpan | None
    backtest: AccountSpan | None


class Assets(Shape):
    """Keys of a strategy's assets in Dagster."""

    paper: str
    backtest: str
    market: str | None


class StrategyDetail(StrategyInfo):
    """All of one strategy; what a broken configuration does not tell is null."""

    strategy_class: str
    config_file: str
    description: str
    paper_trading: bool
    active_strategy: str | None = Field(description="The variant that was promoted last, if any")
    kind: Kind
    version: str | None
    timeframe: str | None
    baseline_symbol: str | None
    symbols: list[str] | None
    settings: StrategySettings | None
    parameters: list[Parameter] | None
    parameter_hash: str | None
    faults: list[str]
    accounts: Accounts
    variants: int = Field(description="How many of its variants run")
    assets: Assets


class TradingState(Shape):
    """A paper account as the origin's ``state.json`` has it."""

    # Keys of the user's own stay in the state.
    model_config = ConfigDict(extra="allow")

    last_run: Moment | None
    vol_state: int | None = Field(description="0 low, 1 high")
    trend_state: str | None
    current_positions: dict[str, int] = Field(
        description="Shares; of a directional account the direction"
    )
    account_equity: Money | None
    last_allocation: dict[str, float] = Field(description="Fractions of equity")
    metadata: Json
    initial_qqq_price: float | None


class StrategyState(Shape):
    """A strategy's state."""

    strategy_id: str
    display_name: str
    is_primary: bool
    state: TradingState


class Attempt(Shape):
    """How the last run of a strategy went."""

    partition: str
    status: Literal["ok", "failed", "skipped"]
    started_at: Moment
    duration_seconds: float | None
    error: str | None
    run_id: str


class Mark(Shape):
    """A valuation between two sessions."""

    time: Moment
    equity: Money
    daily_return: Percent


class StrategyStatus(Shape):
    """How a strategy stands on paper."""

    display_name: str
    is_primary: bool
    kind: Kind
    state: State
    health: Literal["ok", "late", "failed", "off"]
    problem: str | None
    last_run: Moment | None
    session: Day | None
    equity: Money | None
    initial_capital: Money | None
    daily_return: Percent | None
    cumulative_return: Percent | None
    drawdown: Percent | None
    positions: dict[str, int]
    regime: str | None
    trend: str | None
    vol: str | None
    missing_sessions: int
    last_attempt: Attempt | None
    mark: Mark | None


class Schedule(Shape):
    """What runs next by itself."""

    name: str
    time: Moment


class Night(Shape):
    """The newest night in short."""

    date: Day | None
    steps: dict[str, int] = Field(description="How many of each status")
    failed: list[str]


class Market(Shape):
    """Where the bars of a market come from."""

    table: str
    source: str | None
    synthetic: bool


class VariantCount(Shape):
    """How many variants there are."""

    running: int
    total: int


class Status(Shape):
    """The project at a glance."""

    status: Literal["ok", "late", "failed"]
    version: str
    time: Moment
    primary_id: str
    execution_order: list[str]
    schedules: bool
    next_schedule: Schedule | None
    last_night: Night | None
    markets: list[Market]
    strategies: dict[str, StrategyStatus]
    variants: VariantCount
    registry_faults: list[str]
    webserver_url: str | None


class Health(Shape):
    """That this process answers."""

    status: Literal["ok"]
    version: str
    time: Moment


class Check(Shape):
    """One thing that must be there to answer."""

    name: str
    ok: bool
    message: str | None


class Ready(Shape):
    """Whether questions can be answered."""

    status: Literal["ready", "not ready"]
    checks: list[Check]
