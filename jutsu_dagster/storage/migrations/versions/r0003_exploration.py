"""Accounts that count results as fractions of a stake: days with checkpoints, and trades."""

from __future__ import annotations

from typing import Any

import sqlalchemy as sa
from alembic import op

revision = "0003"
down_revision = "0002"

_KEY = ("strategy_id", "mode", "track", "day")


def _text(name: str, length: int, *, nullable: bool = False) -> sa.Column[Any]:
    return sa.Column(name, sa.String(length), nullable=nullable)


def _number(name: str, *, nullable: bool = False) -> sa.Column[Any]:
    return sa.Column(name, sa.Double(), nullable=nullable)


def _count(name: str, *, nullable: bool = False) -> sa.Column[Any]:
    return sa.Column(name, sa.Integer(), nullable=nullable)


def _key() -> list[sa.Column[Any]]:
    return [
        sa.Column("id", sa.Integer(), nullable=False),
        _text("strategy_id", 50),
        _text("mode", 10),
        sa.Column("track", sa.String(64), nullable=False, server_default=""),
        sa.Column("day", sa.Date(), nullable=False),
    ]


def _provenance() -> list[sa.Column[Any]]:
    return [_text("parameter_hash", 64), _text("data_version", 100), _text("code_version", 100)]


def upgrade() -> None:
    """Add the two tables."""
    op.create_table(
        "exploration_days",
        *_key(),
        _text("parent_id", 50),
        _text("symbol", 20),
        *map(_count, ("bars", "entries", "exits")),
        *map(_number, ("day_pnl", "day_gross_pnl")),
        *map(_count, ("exp_trades", "wins", "losses")),
        _number("exp_pf", nullable=True),
        *map(_number, ("total_pnl", "gross_pnl")),
        _count("position_dir"),
        *map(_number, ("initial_capital", "equity", "peak", "drawdown", "last_close")),
        _text("opening_hash", 64),
        _text("closing_hash", 64),
        sa.Column("closing_state", sa.JSON(), nullable=False),
        sa.Column("trades_size", sa.BigInteger(), nullable=False),
        *_provenance(),
        _text("data_hash", 64),
        sa.Column("recorded_at", sa.DateTime(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_exploration_days"),
        sa.UniqueConstraint(*_KEY, name="uq_exploration_days"),
    )
    op.create_index(
        "idx_exploration_days_parent",
        "exploration_days",
        ["parent_id", "mode", "strategy_id", "day"],
    )
    op.create_table(
        "exploration_trades",
        *_key(),
        _count("sequence"),
        _text("ts", 20),
        _text("type", 5),
        _text("symbol", 20),
        _count("dir"),
        _number("entry_px"),
        *[_number(name, nullable=True) for name in ("exit_px", "pct", "gross_pct")],
        _text("exit_reason", 20, nullable=True),
        _text("regime", 120),
        *[_number(name, nullable=True) for name in ("conf", "mutated_threshold")],
        _count("bars_open", nullable=True),
        *_provenance(),
        sa.PrimaryKeyConstraint("id", name="pk_exploration_trades"),
        sa.UniqueConstraint(*_KEY, "sequence", name="uq_exploration_trades"),
    )


def downgrade() -> None:
    """Take them away again."""
    op.drop_table("exploration_trades")
    op.drop_table("exploration_days")
