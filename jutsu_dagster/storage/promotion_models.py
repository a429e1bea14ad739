"""Tables of promotions: what was proposed with which evidence, and who decided what about it."""

from __future__ import annotations

from datetime import date, datetime
from typing import Annotated

from sqlalchemy import Index, String, Text, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column

from jutsu_dagster.storage.models import Base, Hash, Json, StrategyId

PromotionId = Annotated[str, mapped_column(String(80))]
Standing = Annotated[str, mapped_column(String(20))]


class Promotion(Base):
    """One proposal and how it stands; ``document`` is the evidence, of which the hash is."""

    __tablename__ = "promotions"
    __table_args__ = (Index("idx_promotions_parent", "parent_id", "partition"),)

    id: Mapped[PromotionId] = mapped_column(primary_key=True)
    parent_id: Mapped[StrategyId]
    variant_id: Mapped[StrategyId]
    partition: Mapped[date]
    expires_on: Mapped[date]
    proposal_hash: Mapped[Hash]
    document: Mapped[Json]
    status: Mapped[Standing]
    opened_at: Mapped[datetime]
    closed_at: Mapped[datetime | None]


class PromotionAudit(Base):
    """One thing that happened to a proposal. Rows are only ever added.

    ``sequence`` counts a proposal's rows from 0; ``event`` is ``opened``, ``replaced`` or the
    status that the proposal then had.
    """

    __tablename__ = "promotion_audit"
    __table_args__ = (UniqueConstraint("promotion_id", "sequence"),)

    id: Mapped[int] = mapped_column(primary_key=True)
    promotion_id: Mapped[PromotionId]
    sequence: Mapped[int]
    event: Mapped[Standing]
    who: Mapped[str] = mapped_column(String(100))
    why: Mapped[str] = mapped_column(Text)
    proposal_hash: Mapped[Hash]
    detail: Mapped[Json]
    at: Mapped[datetime]
