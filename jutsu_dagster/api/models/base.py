"""What all models of answers share."""

from __future__ import annotations

from typing import Annotated, Any, Literal

from pydantic import BaseModel, ConfigDict, Field

Mode = Literal["paper", "backtest"]
Kind = Literal["allocation", "directional"]
Percent = Annotated[float, Field(description="Percent points: 15.2 is 15.2 %")]
Money = Annotated[float, Field(description="Money")]
Day = Annotated[str, Field(description="ISO date", json_schema_extra={"format": "date"})]
Moment = Annotated[
    str, Field(description="ISO moment, UTC", json_schema_extra={"format": "date-time"})
]
Json = dict[str, Any]


class Shape(BaseModel):
    """An answer, or a part of one: exactly these fields."""

    model_config = ConfigDict(extra="forbid")


class Period(Shape):
    """A range of sessions."""

    start_date: Day
    end_date: Day
    trading_days: int = Field(description="Sessions; of several accounts, those all of them have")


class AccountHead(Shape):
    """Whose account it is."""

    strategy_id: str
    mode: Mode
    kind: Kind = Field(
        description="allocation holds shares; directional stakes the same money on every trade"
    )


class Metrics(Shape):
    """What a curve came to; null where a measure is undefined."""

    final_equity: Money
    total_return: Percent
    cagr: Percent | None
    volatility: Percent | None
    sharpe_ratio: float | None
    sortino_ratio: float | None
    max_drawdown: Percent
    calmar_ratio: float | None
    geometric_sharpe_ratio: float | None = Field(description="(CAGR - 2 %) / volatility")
    geometric_sortino_ratio: float | None
    sessions: int


class TradeStatistics(Shape):
    """What the closed trades came to."""

    total_fills: int
    closed_trades: int
    winning_trades: int
    losing_trades: int
    win_rate: Percent | None
    avg_win: Money | None
    avg_loss: Money | None
    profit_factor: float | None
    realised_net: Money
    beta: float | None = Field(description="Against the baseline")
