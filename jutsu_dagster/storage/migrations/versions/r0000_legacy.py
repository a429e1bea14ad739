"""The tables of an earlier system learn which strategy their rows belong to."""

from __future__ import annotations

from alembic import op

from jutsu_dagster.storage.migrations import legacy_columns
from jutsu_dagster.storage.migrations.legacy_undo import undo

revision = "0000"
down_revision = None


def upgrade() -> None:
    """Add strategy_id to every table of an earlier system; where there is none, do nothing."""
    legacy_columns.add_strategy_id(op.get_bind())


def downgrade() -> None:
    """Take away what ``upgrade`` added, and only that."""
    undo(op.get_bind(), revision)
