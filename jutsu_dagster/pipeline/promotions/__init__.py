"""Promotions: the only code that writes promoted parameters, and only a person calls it.

Nothing that is scheduled may import this package; an import contract and a test hold it to that.
"""

from __future__ import annotations

from jutsu_dagster.pipeline.promotions.decide import Decision, approve, reject
from jutsu_dagster.pipeline.promotions.desk import PromotionDesk, PromotionError
from jutsu_dagster.pipeline.promotions.recovery import recover
from jutsu_dagster.pipeline.promotions.rollback import rollback

__all__ = [
    "Decision",
    "PromotionDesk",
    "PromotionError",
    "approve",
    "recover",
    "reject",
    "rollback",
]
