"""The first tables of the ledger."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

from jutsu_dagster.storage.migrations.legacy_names import make_way
from jutsu_dagster.storage.migrations.legacy_undo import undo

revision = "0001"
down_revision = "0000"


def upgrade() -> None:
    """Create snapshots, trades, checkpoints, trials and strategy_configs.

    Tables of an earlier system that bear these names are renamed to ``legacy_…``.
    """
    make_way(op.get_bind())
    op.create_table(
        "performance_snapshots",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("strategy_id", sa.String(50), nullable=False),
        sa.Column("mode", sa.String(10), nullable=False),
        sa.Column("snapshot_date", sa.Date(), nullable=False),
        sa.Column("period", sa.String(10), nullable=False),
        sa.Column("total_equity", sa.Double(), nullable=False),
        sa.Column("cash", sa.Double(), nullable=False),
        sa.Column("positions_value", sa.Double(), nullable=False),
        sa.Column("daily_return", sa.Double(), nullable=False),
        sa.Column("cumulative_return", sa.Double(), nullable=False),
        sa.Column("drawdown", sa.Double(), nullable=False),
        sa.Column("baseline_value", sa.Double(), nullable=True),
        sa.Column("strategy_cell", sa.Integer(), nullable=True),
        sa.Column("trend_state", sa.String(20), nullable=True),
        sa.Column("vol_state", sa.String(20), nullable=True),
        sa.Column("rebalanced", sa.Boolean(), nullable=False),
        sa.Column("positions", sa.JSON(), nullable=False),
        sa.Column("values", sa.JSON(), nullable=False),
        sa.Column("weights", sa.JSON(), nullable=False),
        sa.Column("indicators", sa.JSON(), nullable=False),
        sa.Column("parameter_hash", sa.String(64), nullable=False),
        sa.Column("data_version", sa.String(100), nullable=False),
        sa.Column("code_version", sa.String(100), nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_performance_snapshots"),
        sa.UniqueConstraint(
            "strategy_id", "mode", "snapshot_date", name="uq_performance_snapshots"
        ),
    )
    op.create_index(
        "idx_perf_snapshots_strategy", "performance_snapshots", ["strategy_id", "snapshot_date"]
    )
    op.create_index(
        "idx_perf_snapshots_period", "performance_snapshots", ["strategy_id", "mode", "period"]
    )
    op.create_table(
        "trades",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("strategy_id", sa.String(50), nullable=False),
        sa.Column("strategy_name", sa.String(100), nullable=False),
        sa.Column("mode", sa.String(10), nullable=False),
        sa.Column("trade_date", sa.Date(), nullable=False),
        sa.Column("sequence", sa.Integer(), nullable=False),
        sa.Column("period", sa.String(10), nullable=False),
        sa.Column("symbol", sa.String(20), nullable=False),
        sa.Column("side", sa.String(4), nullable=False),
        sa.Column("shares", sa.BigInteger(), nullable=False),
        sa.Column("fill_price", sa.Double(), nullable=False),
        sa.Column("commission", sa.Double(), nullable=False),
        sa.Column("portfolio_value_before", sa.Double(), nullable=False),
        sa.Column("portfolio_value_after", sa.Double(), nullable=False),
        sa.Column("cash_before", sa.Double(), nullable=False),
        sa.Column("cash_after", sa.Double(), nullable=False),
        sa.Column("realised_pnl", sa.Double(), nullable=True),
        sa.Column("strategy_cell", sa.Integer(), nullable=True),
        sa.Column("trend_state", sa.String(20), nullable=True),
        sa.Column("vol_state", sa.String(20), nullable=True),
        sa.Column("reason", sa.String(200), nullable=False),
        sa.Column("parameter_hash", sa.String(64), nullable=False),
        sa.Column("data_version", sa.String(100), nullable=False),
        sa.Column("code_version", sa.String(100), nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_trades"),
        sa.UniqueConstraint("strategy_id", "mode", "trade_date", "sequence", name="uq_trades"),
    )
    op.create_index("idx_trades_strategy", "trades", ["strategy_id", "trade_date"])
    op.create_index("idx_trades_period", "trades", ["strategy_id", "mode", "period"])
    op.create_table(
        "checkpoints",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("strategy_id", sa.String(50), nullable=False),
        sa.Column("mode", sa.String(10), nullable=False),
        sa.Column("period", sa.String(10), nullable=False),
        sa.Column("first_session", sa.Date(), nullable=False),
        sa.Column("last_session", sa.Date(), nullable=False),
        sa.Column("opening_hash", sa.String(64), nullable=False),
        sa.Column("closing_hash", sa.String(64), nullable=False),
        sa.Column("closing_state", sa.JSON(), nullable=False),
        sa.Column("sessions", sa.Integer(), nullable=False),
        sa.Column("trades", sa.Integer(), nullable=False),
        sa.Column("metrics", sa.JSON(), nullable=False),
        sa.Column("parameter_hash", sa.String(64), nullable=False),
        sa.Column("data_version", sa.String(100), nullable=False),
        sa.Column("data_hash", sa.String(64), nullable=False),
        sa.Column("code_version", sa.String(100), nullable=False),
        sa.Column("recorded_at", sa.DateTime(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_checkpoints"),
        sa.UniqueConstraint("strategy_id", "mode", "period", name="uq_checkpoints"),
    )
    op.create_table(
        "trials",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("parent_id", sa.String(50), nullable=False),
        sa.Column("source", sa.String(20), nullable=False),
        sa.Column("parameter_hash", sa.String(64), nullable=False),
        sa.Column("parameters", sa.JSON(), nullable=False),
        sa.Column("first_session", sa.Date(), nullable=False),
        sa.Column("last_session", sa.Date(), nullable=False),
        sa.Column("daily_sharpe", sa.Double(), nullable=True),
        sa.Column("total_return", sa.Double(), nullable=True),
        sa.Column("metrics", sa.JSON(), nullable=False),
        sa.Column("data_hash", sa.String(64), nullable=False),
        sa.Column("code_version", sa.String(100), nullable=False),
        sa.Column("recorded_at", sa.DateTime(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_trials"),
        sa.UniqueConstraint(
            "parent_id",
            "parameter_hash",
            "first_session",
            "last_session",
            "data_hash",
            "code_version",
            name="uq_trials",
        ),
    )
    op.create_table(
        "strategy_configs",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("strategy_id", sa.String(50), nullable=False),
        sa.Column("display_name", sa.String(100), nullable=False),
        sa.Column("strategy_class", sa.String(100), nullable=False),
        sa.Column("is_primary", sa.Boolean(), server_default=sa.false(), nullable=False),
        sa.Column("is_active", sa.Boolean(), server_default=sa.true(), nullable=False),
        sa.Column("config_yaml", sa.Text(), nullable=True),
        sa.Column(
            "created_at",
            sa.DateTime(timezone=True),
            server_default=sa.func.current_timestamp(),
            nullable=False,
        ),
        sa.Column(
            "updated_at",
            sa.DateTime(timezone=True),
            server_default=sa.func.current_timestamp(),
            nullable=False,
        ),
        sa.PrimaryKeyConstraint("id", name="pk_strategy_configs"),
        sa.UniqueConstraint("strategy_id", name="uq_strategy_configs"),
    )


def downgrade() -> None:
    """Drop all that ``upgrade`` created, and give an earlier system its names back."""
    for table in ("strategy_configs", "trials", "checkpoints", "trades", "performance_snapshots"):
        op.drop_table(table)
    undo(op.get_bind(), revision)
