"""Tables of accounts that count results as fractions: directional ones, all variants'."""

from __future__ import annotations

from datetime import date, datetime
from typing import Annotated

from sqlalchemy import BigInteger, Index, String, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column

from jutsu_dagster.storage.models import Base, Hash, Json, ModeName, StrategyId, Version

Track = Annotated[str, mapped_column(String(64), server_default="")]
SymbolName = Annotated[str, mapped_column(String(20))]
Label = Annotated[str, mapped_column(String(120))]


class ExplorationDay(Base):
    """One account after one UTC day. ``pnl`` columns are fractions of the stake, equity is money.

    ``track`` tells apart what one id does in one mode: of mode ``control`` it is the hash of the
    frozen parameters that are carried, else empty. ``exp_trades`` to ``total_pnl`` count since
    the account began, ``entries`` to ``day_pnl`` the day.
    """

    __tablename__ = "exploration_days"
    __table_args__ = (
        UniqueConstraint("strategy_id", "mode", "track", "day"),
        Index("idx_exploration_days_parent", "parent_id", "mode", "strategy_id", "day"),
    )

    id: Mapped[int] = mapped_column(primary_key=True)
    strategy_id: Mapped[StrategyId]
    mode: Mapped[ModeName]
    track: Mapped[Track]
    day: Mapped[date]
    parent_id: Mapped[StrategyId]
    symbol: Mapped[SymbolName]
    bars: Mapped[int]
    entries: Mapped[int]
    exits: Mapped[int]
    day_pnl: Mapped[float]
    day_gross_pnl: Mapped[float]
    exp_trades: Mapped[int]
    wins: Mapped[int]
    losses: Mapped[int]
    exp_pf: Mapped[float | None]
    total_pnl: Mapped[float]
    gross_pnl: Mapped[float]
    position_dir: Mapped[int]
    initial_capital: Mapped[float]
    equity: Mapped[float]
    peak: Mapped[float]
    drawdown: Mapped[float]
    last_close: Mapped[float]
    opening_hash: Mapped[Hash]
    closing_hash: Mapped[Hash]
    closing_state: Mapped[Json]
    trades_size: Mapped[int] = mapped_column(BigInteger)
    parameter_hash: Mapped[Hash]
    data_version: Mapped[Version]
    data_hash: Mapped[Hash]
    code_version: Mapped[Version]
    recorded_at: Mapped[datetime]


class ExplorationTrade(Base):
    """One opening or closing of a position; ``sequence`` counts those of a day from 0."""

    __tablename__ = "exploration_trades"
    __table_args__ = (UniqueConstraint("strategy_id", "mode", "track", "day", "sequence"),)

    id: Mapped[int] = mapped_column(primary_key=True)
    strategy_id: Mapped[StrategyId]
    mode: Mapped[ModeName]
    track: Mapped[Track]
    day: Mapped[date]
    sequence: Mapped[int]
    ts: Mapped[str] = mapped_column(String(20))
    type: Mapped[str] = mapped_column(String(5))
    symbol: Mapped[SymbolName]
    dir: Mapped[int]
    entry_px: Mapped[float]
    exit_px: Mapped[float | None]
    pct: Mapped[float | None]
    gross_pct: Mapped[float | None]
    exit_reason: Mapped[str | None] = mapped_column(String(20))
    regime: Mapped[Label]
    conf: Mapped[float | None]
    mutated_threshold: Mapped[float | None]
    bars_open: Mapped[int | None]
    parameter_hash: Mapped[Hash]
    data_version: Mapped[Version]
    code_version: Mapped[Version]
