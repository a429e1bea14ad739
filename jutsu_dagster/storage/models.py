"""Tables of the ledger: what every account did, session by session, and with what."""

from __future__ import annotations

from datetime import UTC, date, datetime
from typing import Annotated, Any

from sqlalchemy import (
    JSON,
    BigInteger,
    DateTime,
    Double,
    Index,
    MetaData,
    String,
    Text,
    UniqueConstraint,
    false,
    func,
    text,
    true,
)
from sqlalchemy.engine import Dialect
from sqlalchemy.orm import DeclarativeBase, Mapped, mapped_column
from sqlalchemy.types import TypeDecorator

StrategyId = Annotated[str, mapped_column(String(50))]
ModeName = Annotated[str, mapped_column(String(10))]
Hash = Annotated[str, mapped_column(String(64))]
Version = Annotated[str, mapped_column(String(100))]
Json = dict[str, Any]


class UtcDateTime(TypeDecorator[datetime]):
    """A moment in UTC; SQLite forgets time zones, so they are put back when read."""

    impl = DateTime(timezone=True)
    cache_ok = True

    def process_bind_param(self, value: datetime | None, dialect: Dialect) -> datetime | None:
        """Return the moment in UTC."""
        del dialect
        return None if value is None else value.astimezone(UTC)

    def process_result_value(self, value: datetime | None, dialect: Dialect) -> datetime | None:
        """Return the stored moment with its zone."""
        del dialect
        if value is None:
            return None
        return value.astimezone(UTC) if value.tzinfo else value.replace(tzinfo=UTC)


class Base(DeclarativeBase):
    """Base of all tables. Floats are double precision; JSON is kept as text, digit for digit."""

    metadata = MetaData(naming_convention={"pk": "pk_%(table_name)s", "uq": "uq_%(table_name)s"})
    type_annotation_map = {  # noqa: RUF012  (SQLAlchemy reads a plain dict)
        float: Double(),
        Json: JSON(none_as_null=True),
        datetime: UtcDateTime(),
    }


def _unique_where(name: str, rule: str, *columns: str) -> Index:
    """Return a unique index of an account's rows for which ``rule`` holds."""
    where = text(rule)
    return Index(
        name, "strategy_id", "mode", *columns,
        unique=True, sqlite_where=where, postgresql_where=where,
    )  # fmt: skip


class PerformanceSnapshot(Base):
    """An account at one moment. Returns and drawdowns are fractions.

    ``snapshot_source`` is ``session`` for the close of a session, one row each; ``refresh`` and
    ``eod`` for a mark to quotes between sessions; ``legacy`` for rows of an earlier system. All
    but the first have a ``snapshot_time``.
    """

    __tablename__ = "performance_snapshots"
    __table_args__ = (
        _unique_where("uq_sessions", "snapshot_source = 'session'", "snapshot_date"),
        _unique_where(
            "uq_marks", "snapshot_source in ('refresh', 'eod')", "snapshot_source", "snapshot_time"
        ),
        Index("idx_perf_snapshots_strategy", "strategy_id", "snapshot_date"),
        Index("idx_perf_snapshots_period", "strategy_id", "mode", "period"),
    )

    id: Mapped[int] = mapped_column(primary_key=True)
    strategy_id: Mapped[StrategyId]
    mode: Mapped[ModeName]
    snapshot_date: Mapped[date]
    snapshot_source: Mapped[ModeName] = mapped_column(server_default="session")
    snapshot_time: Mapped[datetime | None]
    period: Mapped[ModeName]
    total_equity: Mapped[float]
    cash: Mapped[float]
    positions_value: Mapped[float]
    daily_return: Mapped[float]
    cumulative_return: Mapped[float]
    drawdown: Mapped[float]
    baseline_value: Mapped[float | None]
    strategy_cell: Mapped[int | None]
    trend_state: Mapped[str | None] = mapped_column(String(20))
    vol_state: Mapped[str | None] = mapped_column(String(20))
    rebalanced: Mapped[bool]
    positions: Mapped[Json]
    values: Mapped[Json]
    weights: Mapped[Json]
    indicators: Mapped[Json]
    parameter_hash: Mapped[Hash]
    data_version: Mapped[Version]
    code_version: Mapped[Version]


class Trade(Base):
    """One executed order; ``sequence`` counts the orders of a session from 0."""

    __tablename__ = "trades"
    __table_args__ = (
        UniqueConstraint("strategy_id", "mode", "trade_date", "sequence"),
        Index("idx_trades_strategy", "strategy_id", "trade_date"),
        Index("idx_trades_period", "strategy_id", "mode", "period"),
    )

    id: Mapped[int] = mapped_column(primary_key=True)
    strategy_id: Mapped[StrategyId]
    strategy_name: Mapped[str] = mapped_column(String(100))
    mode: Mapped[ModeName]
    trade_date: Mapped[date]
    sequence: Mapped[int]
    period: Mapped[ModeName]
    symbol: Mapped[str] = mapped_column(String(20))
    side: Mapped[str] = mapped_column(String(4))
    shares: Mapped[int] = mapped_column(BigInteger)
    fill_price: Mapped[float]
    commission: Mapped[float]
    portfolio_value_before: Mapped[float | None]
    portfolio_value_after: Mapped[float | None]
    cash_before: Mapped[float | None]
    cash_after: Mapped[float | None]
    realised_pnl: Mapped[float | None]
    strategy_cell: Mapped[int | None]
    trend_state: Mapped[str | None] = mapped_column(String(20))
    vol_state: Mapped[str | None] = mapped_column(String(20))
    reason: Mapped[str] = mapped_column(String(200))
    parameter_hash: Mapped[Hash]
    data_version: Mapped[Version]
    code_version: Mapped[Version]


class Checkpoint(Base):
    """One recorded period of an account: where it began, where it ended, and from what."""

    __tablename__ = "checkpoints"
    __table_args__ = (UniqueConstraint("strategy_id", "mode", "period"),)

    id: Mapped[int] = mapped_column(primary_key=True)
    strategy_id: Mapped[StrategyId]
    mode: Mapped[ModeName]
    period: Mapped[ModeName]
    first_session: Mapped[date]
    last_session: Mapped[date]
    opening_hash: Mapped[Hash]
    closing_hash: Mapped[Hash]
    closing_state: Mapped[Json]
    sessions: Mapped[int]
    trades: Mapped[int]
    metrics: Mapped[Json]
    parameter_hash: Mapped[Hash]
    data_version: Mapped[Version]
    data_hash: Mapped[Hash]
    code_version: Mapped[Version]
    recorded_at: Mapped[datetime]


class Trial(Base):
    """One evaluated parameter set. Rows are only ever added: the statistics count them all."""

    __tablename__ = "trials"
    __table_args__ = (
        UniqueConstraint(
            "parent_id",
            "parameter_hash",
            "first_session",
            "last_session",
            "data_hash",
            "code_version",
        ),
    )

    id: Mapped[int] = mapped_column(primary_key=True)
    parent_id: Mapped[StrategyId]
    source: Mapped[str] = mapped_column(String(20))
    parameter_hash: Mapped[Hash]
    parameters: Mapped[Json]
    first_session: Mapped[date]
    last_session: Mapped[date]
    daily_sharpe: Mapped[float | None]
    total_return: Mapped[float | None]
    metrics: Mapped[Json]
    data_hash: Mapped[Hash]
    code_version: Mapped[Version]
    recorded_at: Mapped[datetime]


class StrategyConfig(Base):
    """The registry's entries as the database shows them; the YAML files stay the truth."""

    __tablename__ = "strategy_configs"
    __table_args__ = (UniqueConstraint("strategy_id"),)

    id: Mapped[int] = mapped_column(primary_key=True)
    strategy_id: Mapped[StrategyId]
    display_name: Mapped[str] = mapped_column(String(100))
    strategy_class: Mapped[str] = mapped_column(String(100))
    is_primary: Mapped[bool] = mapped_column(server_default=false())
    is_active: Mapped[bool] = mapped_column(server_default=true())
    config_yaml: Mapped[str | None] = mapped_column(Text)
    created_at: Mapped[datetime] = mapped_column(server_default=func.current_timestamp())
    updated_at: Mapped[datetime] = mapped_column(server_default=func.current_timestamp())
