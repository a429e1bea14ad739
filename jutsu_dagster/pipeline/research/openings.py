"""From what passed every gate to the proposal of one parent's night."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date

from jutsu_dagster.pipeline.research.desk import ResearchDesk
from jutsu_dagster.pipeline.research.documents import document_of
from jutsu_dagster.pipeline.research.families import FamilyData
from jutsu_dagster.pipeline.research.judging import Judged
from jutsu_dagster.pipeline.research.proposals import Decided, propose
from jutsu_dagster.pipeline.research.variant_rows import VariantRows
from jutsu_dagster.registry.load import StrategyEntry
from jutsu_dagster.registry.shadow_check import RowError
from jutsu_dagster.research.promotion_rule import Limits
from jutsu_dagster.research.trades import Json
from jutsu_dagster.storage import evidence_log


def open_best(
    desk: ResearchDesk,
    entry: StrategyEntry,
    variants: VariantRows,
    day: date,
    judged: Sequence[tuple[FamilyData, Judged]],
    limits: Limits,
) -> Decided:
    """Propose the best of a parent's variants that pass everything, if it may have a proposal.

    Parameters
    ----------
    desk : ResearchDesk
    entry : StrategyEntry
        The parent, as it stands.
    variants : VariantRows
        As they stand: what was ended since, or was made from other parameters than the parent has
        now, is not proposed, nor is any of a parent that does not trade on paper.
    day : date
        The night.
    judged : sequence of (FamilyData, Judged)
        All variants of the parent.
    limits : Limits

    Raises
    ------
    LedgerError
        If the ledger cannot be read or written.
    """
    passed = sorted(
        ((family, one) for family, one in judged if one.passed), key=lambda pair: pair[1].rank
    )
    documents: list[Json] = []
    for family, one in passed:
        if not variants.rows[one.name].is_live:
            continue
        try:
            shadow = variants.shadow(one.name)
        except RowError:  # its class has changed since; the shadow registry names the fault
            continue
        if shadow.rebased or not (entry.is_active and entry.paper_trading):
            continue
        versions = evidence_log.versions(desk.ledger.engine, one.name, day)
        documents.append(document_of(family, one, shadow, entry, day, versions, limits))
    settings = desk.registry.settings.research
    return propose(
        desk.ledger, desk.home, entry.id, day, documents,
        days_open=settings.proposal_days, days_between=settings.days_between_proposals,
    )  # fmt: skip
