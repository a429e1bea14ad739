"""Promotions: proposals with their evidence, and the append-only log of decisions."""

from __future__ import annotations

from typing import Any

import sqlalchemy as sa
from alembic import op

revision = "0004"
down_revision = "0003"


def _text(name: str, length: int) -> sa.Column[Any]:
    return sa.Column(name, sa.String(length), nullable=False)


def _moment(name: str, *, nullable: bool = False) -> sa.Column[Any]:
    return sa.Column(name, sa.DateTime(timezone=True), nullable=nullable)


def upgrade() -> None:
    """Add the two tables."""
    op.create_table(
        "promotions",
        _text("id", 80),
        _text("parent_id", 50),
        _text("variant_id", 50),
        sa.Column("partition", sa.Date(), nullable=False),
        sa.Column("expires_on", sa.Date(), nullable=False),
        _text("proposal_hash", 64),
        sa.Column("document", sa.JSON(), nullable=False),
        _text("status", 20),
        _moment("opened_at"),
        _moment("closed_at", nullable=True),
        sa.PrimaryKeyConstraint("id", name="pk_promotions"),
    )
    op.create_index("idx_promotions_parent", "promotions", ["parent_id", "partition"])
    op.create_table(
        "promotion_audit",
        sa.Column("id", sa.Integer(), nullable=False),
        _text("promotion_id", 80),
        sa.Column("sequence", sa.Integer(), nullable=False),
        _text("event", 20),
        _text("who", 100),
        sa.Column("why", sa.Text(), nullable=False),
        _text("proposal_hash", 64),
        sa.Column("detail", sa.JSON(), nullable=False),
        _moment("at"),
        sa.PrimaryKeyConstraint("id", name="pk_promotion_audit"),
        sa.UniqueConstraint("promotion_id", "sequence", name="uq_promotion_audit"),
    )


def downgrade() -> None:
    """Take them away again."""
    op.drop_table("promotion_audit")
    op.drop_table("promotions")
