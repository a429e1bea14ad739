"""From a logged decision to the files that say so; again, where a process was killed between.

The log is the intent and the commit: a decision that is not in it has changed nothing, and one
that is in it is carried out, by the process that made it or by the next command.
"""

from __future__ import annotations

from typing import Any

from jutsu_dagster.pipeline.promotions.desk import PromotionDesk
from jutsu_dagster.pipeline.promotions.files import FileChange, bring
from jutsu_dagster.pipeline.proposals import settle
from jutsu_dagster.pipeline.registry_edits import registry_lock
from jutsu_dagster.pipeline.shadow_registry import changed
from jutsu_dagster.registry.shadow_rows import ShadowRow
from jutsu_dagster.registry.shadows import ShadowBook
from jutsu_dagster.storage.promotion_rows import AuditRow
from jutsu_dagster.storage.promotion_trail import note_written, unfinished


def recover(desk: PromotionDesk) -> list[AuditRow]:
    """Finish what a killed process left, while no other command decides; return what it was.

    Raises
    ------
    PromotionError
        If a file was edited in between.
    OSError
        If a file cannot be written.
    """
    with registry_lock(desk.settings):
        return finish_all(desk)


def finish_all(desk: PromotionDesk) -> list[AuditRow]:
    """As ``recover``, with the registry's lock held by the caller."""
    found = unfinished(desk.ledger.engine)
    for decision in found:
        carry_out(desk, decision)
    settle(desk.registry(), desk.ledger, desk.settings.home)
    return found


def carry_out(desk: PromotionDesk, decision: AuditRow) -> list[str]:
    """Change the variants' rows and the files as a decision says; return the ids retired.

    Rows first: one in short form is a variant of the parent as its file then still is. What is
    done already stays as it is.
    """
    home, detail = desk.settings.home, decision.detail
    done = changed(desk.registry(), home, lambda book: _rows(book, decision))
    retired = [row.id for row in done.rows if row.status == "retired"]
    for data in detail["files"]:
        bring(home, FileChange.read(data))
    note_written(desk.ledger.engine, decision, {"retired": retired})
    return retired


def _rows(book: ShadowBook, decision: AuditRow) -> list[ShadowRow]:
    rows = {id_: shadow.row for id_, shadow in book.shadows.items()} | dict(book.aside)
    wanted = decision.detail["shadows"]
    variant = rows.get(wanted["variant_id"])
    told = f"by {decision.who}: {decision.why}"
    if decision.event == "rolled_back":
        if variant is None or variant.status != "promoted":
            return []
        return [_retired(variant, wanted["at"], f"promotion rolled back {told}")]
    found = []
    if variant is not None and variant.status != "promoted":
        more = {"promoted_at": wanted["at"], "promoted_by": decision.who,
                "promoted_reason": decision.why}  # fmt: skip
        found.append(variant.model_copy(update={"status": "promoted", **more}))
    reason = f"{wanted['variant_id']} was promoted; its base is obsolete"
    return found + [
        _retired(row, wanted["at"], reason) for row in rows.values() if _is_sibling(row, wanted)
    ]


def _is_sibling(row: ShadowRow, wanted: dict[str, Any]) -> bool:
    same = (row.parent_id, row.base_params_hash) == (wanted["parent_id"], wanted["base"])
    return same and row.is_live and row.id != wanted["variant_id"]


def _retired(row: ShadowRow, at: str, reason: str) -> ShadowRow:
    told = {"status": "retired", "retired_at": at, "retired_reason": reason}
    return row.model_copy(update=told)
