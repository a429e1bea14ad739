"""Tables beside the accounts: attempts, remembered parameters, alerts, ends of days."""

from __future__ import annotations

from datetime import date, datetime

from sqlalchemy import String, Text
from sqlalchemy.orm import Mapped, mapped_column

from jutsu_dagster.storage.models import Base, Hash, Json, ModeName, StrategyId


class ParameterSet(Base):
    """The configuration behind a parameter hash, so that its results can be computed again."""

    __tablename__ = "parameter_sets"

    strategy_id: Mapped[StrategyId] = mapped_column(primary_key=True)
    parameter_hash: Mapped[Hash] = mapped_column(primary_key=True)
    document: Mapped[Json]
    recorded_at: Mapped[datetime]


class StrategyRun(Base):
    """How the last attempt at one partition of one strategy went."""

    __tablename__ = "strategy_runs"

    strategy_id: Mapped[StrategyId] = mapped_column(primary_key=True)
    mode: Mapped[ModeName] = mapped_column(primary_key=True)
    partition: Mapped[ModeName] = mapped_column(primary_key=True)
    status: Mapped[ModeName]
    error: Mapped[str | None] = mapped_column(Text)
    duration_seconds: Mapped[float | None]
    started_at: Mapped[datetime]
    run_id: Mapped[str] = mapped_column(String(64))


class Alert(Base):
    """One alert and how often its cause was seen; ``dedup_key`` makes it one."""

    __tablename__ = "alerts"

    dedup_key: Mapped[str] = mapped_column(String(200), primary_key=True)
    severity: Mapped[ModeName]
    subject: Mapped[str] = mapped_column(String(200))
    body: Mapped[str] = mapped_column(Text)
    count: Mapped[int]
    delivered: Mapped[bool]
    first_at: Mapped[datetime]
    last_at: Mapped[datetime]


class EodStatus(Base):
    """How the end-of-day work of one session went."""

    __tablename__ = "eod_status"

    job_date: Mapped[date] = mapped_column(primary_key=True)
    status: Mapped[ModeName]
    detail: Mapped[Json]
    error: Mapped[str | None] = mapped_column(Text)
    retry_count: Mapped[int]
    updated_at: Mapped[datetime]
