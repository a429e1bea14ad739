"""What paper accounts need: marks between sessions, attempts, alerts, remembered parameters."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0002"
down_revision = "0001"

_SESSIONS = "snapshot_source = 'session'"
_MARKS = "snapshot_source in ('refresh', 'eod')"
# What rows of an earlier system do not know.
_UNKNOWN = ("portfolio_value_before", "portfolio_value_after", "cash_before", "cash_after")


def upgrade() -> None:
    """Add the columns and tables; every row there is becomes one of source ``session``."""
    with op.batch_alter_table("performance_snapshots") as table:
        table.add_column(
            sa.Column("snapshot_source", sa.String(10), nullable=False, server_default="session")
        )
        table.add_column(sa.Column("snapshot_time", sa.DateTime(timezone=True), nullable=True))
        table.drop_constraint("uq_performance_snapshots", type_="unique")
    _partial_index("uq_sessions", _SESSIONS, "snapshot_date")
    _partial_index("uq_marks", _MARKS, "snapshot_source", "snapshot_time")
    with op.batch_alter_table("trades") as table:
        for name in _UNKNOWN:
            table.alter_column(name, existing_type=sa.Double(), nullable=True)
    op.create_table(
        "parameter_sets",
        sa.Column("strategy_id", sa.String(50), nullable=False),
        sa.Column("parameter_hash", sa.String(64), nullable=False),
        sa.Column("document", sa.JSON(), nullable=False),
        sa.Column("recorded_at", sa.DateTime(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("strategy_id", "parameter_hash", name="pk_parameter_sets"),
    )
    op.create_table(
        "strategy_runs",
        sa.Column("strategy_id", sa.String(50), nullable=False),
        sa.Column("mode", sa.String(10), nullable=False),
        sa.Column("partition", sa.String(10), nullable=False),
        sa.Column("status", sa.String(10), nullable=False),
        sa.Column("error", sa.Text(), nullable=True),
        sa.Column("duration_seconds", sa.Double(), nullable=True),
        sa.Column("started_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("run_id", sa.String(64), nullable=False),
        sa.PrimaryKeyConstraint("strategy_id", "mode", "partition", name="pk_strategy_runs"),
    )
    op.create_table(
        "alerts",
        sa.Column("dedup_key", sa.String(200), nullable=False),
        sa.Column("severity", sa.String(10), nullable=False),
        sa.Column("subject", sa.String(200), nullable=False),
        sa.Column("body", sa.Text(), nullable=False),
        sa.Column("count", sa.Integer(), nullable=False),
        sa.Column("delivered", sa.Boolean(), nullable=False),
        sa.Column("first_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("last_at", sa.DateTime(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("dedup_key", name="pk_alerts"),
    )
    op.create_table(
        "eod_status",
        sa.Column("job_date", sa.Date(), nullable=False),
        sa.Column("status", sa.String(10), nullable=False),
        sa.Column("detail", sa.JSON(), nullable=False),
        sa.Column("error", sa.Text(), nullable=True),
        sa.Column("retry_count", sa.Integer(), nullable=False),
        sa.Column("updated_at", sa.DateTime(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("job_date", name="pk_eod_status"),
    )


def downgrade() -> None:
    """Take them away again, and with them the rows that only they could hold."""
    for name in ("eod_status", "alerts", "strategy_runs", "parameter_sets"):
        op.drop_table(name)
    op.execute("DELETE FROM trades WHERE portfolio_value_before IS NULL")
    with op.batch_alter_table("trades") as table:
        for name in _UNKNOWN:
            table.alter_column(name, existing_type=sa.Double(), nullable=False)
    op.execute("DELETE FROM performance_snapshots WHERE snapshot_source <> 'session'")
    op.drop_index("uq_marks", "performance_snapshots")
    op.drop_index("uq_sessions", "performance_snapshots")
    with op.batch_alter_table("performance_snapshots") as table:
        table.create_unique_constraint(
            "uq_performance_snapshots", ["strategy_id", "mode", "snapshot_date"]
        )
        table.drop_column("snapshot_time")
        table.drop_column("snapshot_source")


def _partial_index(name: str, rule: str, *columns: str) -> None:
    where = sa.text(rule)
    op.create_index(
        name, "performance_snapshots", ["strategy_id", "mode", *columns],
        unique=True, sqlite_where=where, postgresql_where=where,
    )  # fmt: skip
