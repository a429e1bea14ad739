"""A person takes a promotion back: the parent's file and the registry as they were before."""

from __future__ import annotations

import uuid
from typing import Any

from jutsu_dagster.pipeline.promotions import texts
from jutsu_dagster.pipeline.promotions.decide import Decision, decided, version_path
from jutsu_dagster.pipeline.promotions.desk import (
    PromotionDesk,
    PromotionError,
    moment,
    require_words,
)
from jutsu_dagster.pipeline.promotions.files import (
    FileChange,
    difference,
    require_writable,
    text_of,
)
from jutsu_dagster.pipeline.promotions.recovery import carry_out, finish_all
from jutsu_dagster.pipeline.registry_edits import registry_lock
from jutsu_dagster.registry.load import StrategyRegistry
from jutsu_dagster.storage import promotion_log as log
from jutsu_dagster.storage.promotion_log import ProposalRow
from jutsu_dagster.storage.promotion_rows import AuditRow


def rollback(desk: PromotionDesk, id_: str, *, by: str, why: str) -> Decision:
    """Restore a promoted strategy's file, to the byte, and its place in the registry.

    The variant is retired, and its siblings stay retired. The version that is taken back is kept
    beside the one before it.

    Parameters
    ----------
    desk : PromotionDesk
    id_ : str
        Of an approved proposal.
    by, why : str
        Kept for good.

    Raises
    ------
    PromotionError
        If the proposal was not approved, if the strategy was promoted again since, or if its
        file or entry was edited since; the message shows what differs.
    LedgerError
        If somebody else decided at the same moment, or the ledger cannot be written.
    """
    by, why = require_words(by, why)
    with registry_lock(desk.settings):
        finish_all(desk)
        row = desk.proposal(id_)
        if row.status != "approved":
            raise PromotionError(
                f"{id_} is {row.status.replace('_', ' ')}; only an approved one is rolled back"
            )
        approval = decided(desk, id_, "approved")
        detail = _detail(desk, row, approval)
        changes = [FileChange.read(each) for each in detail["files"]]
        require_writable(desk.settings.home, changes)
        log.close(desk.ledger.engine, id_, "rolled_back", by, why, detail=detail)
        carry_out(desk, decided(desk, id_, "rolled_back"))
    return Decision(
        desk.proposal(id_),
        tuple(change.path for change in changes),
        (detail["version"]["old"], detail["version"]["new"]),
        changes[0].path,
    )


def _detail(desk: PromotionDesk, row: ProposalRow, approval: AuditRow) -> dict[str, Any]:
    home, registry = desk.settings.home, desk.registry()
    _, config, listed = (FileChange.read(each) for each in approval.detail["files"])
    assert config.old is not None and listed.old is not None  # noqa: S101, PT018  (both were there)
    _require_untouched(desk, row, config)
    restored = _registry_text(registry, row, approval, listed)
    hashes, versions = approval.detail["parameter_hash"], approval.detail["version"]
    after = {config.path: config.old, listed.path: restored}
    texts.require_sound(registry, after, row.parent_id, hashes["old"])
    taken_back = version_path(desk, config.path, versions["new"], config.new)
    now = text_of(home, listed.path)
    files = [
        FileChange.of(taken_back, None, config.new),
        FileChange.of(config.path, config.new, config.old),
        FileChange.of(listed.path, now, restored),
    ]
    return {
        "token": uuid.uuid4().hex,
        "parent_id": row.parent_id,
        "version": {"old": versions["new"], "new": versions["old"]},
        "parameter_hash": {"old": hashes["new"], "new": hashes["old"]},
        "files": [each.as_dict() for each in files],
        "shadows": {"variant_id": row.variant_id, "at": moment()},
    }


def _require_untouched(desk: PromotionDesk, row: ProposalRow, config: FileChange) -> None:
    """Raise PromotionError unless the parent's file is still what the approval wrote."""
    now = text_of(desk.settings.home, config.path)
    if now == config.new:
        return
    later = [
        each
        for each in log.audit(desk.ledger.engine)
        if each.event == "approved" and each.detail["parent_id"] == row.parent_id
    ]
    standing = {each.id: each.status for each in log.standings(desk.ledger.engine)}
    last = [each for each in later if standing[each.promotion_id] == "approved"][-1]
    if last.promotion_id != row.id:
        raise PromotionError(
            f"{row.parent_id} was promoted again since, by {last.promotion_id}; roll that one back"
            f" first: jutsu promotions rollback {last.promotion_id}"
        )
    if now is None:
        raise PromotionError(f"{config.path} is gone; put it back first")
    raise PromotionError(
        f"{config.path} was edited since it was promoted, and rolling back would lose that; nothing"
        f" is changed:\n{difference(config.new, now, config.path)}\nTake the edit back, or change"
        " the parameters by hand"
    )


def _registry_text(
    registry: StrategyRegistry, row: ProposalRow, approval: AuditRow, listed: FileChange
) -> str:
    """Return the registry as before; if others changed it since, with the former entry alone."""
    assert listed.old is not None  # noqa: S101  (asked above)
    now = text_of(registry.home, listed.path) or ""
    if now == listed.new:
        return listed.old
    entry = registry.get_strategy(row.parent_id)
    if entry is None or entry.active_strategy != row.variant_id:
        found = None if entry is None else entry.active_strategy
        raise PromotionError(
            f"{listed.path}: active_strategy of {row.parent_id} is {found}, not {row.variant_id}:"
            f" it was edited since; nothing is changed:\n{difference(listed.new, now, listed.path)}"
        )
    former = approval.detail["active_strategy"]["old"]
    return texts.without_promotion(now, row.parent_id, former, listed.path)
