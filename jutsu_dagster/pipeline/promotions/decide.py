"""A person approves or rejects a proposal: all of it, once, or nothing."""

from __future__ import annotations

import uuid
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, date, datetime
from pathlib import PurePosixPath
from typing import Any

from jutsu_dagster.pipeline.promotions import texts
from jutsu_dagster.pipeline.promotions.checks import (
    Candidate,
    candidate,
    require_open,
    require_shown,
)
from jutsu_dagster.pipeline.promotions.desk import PromotionDesk, moment, require_words
from jutsu_dagster.pipeline.promotions.files import FileChange, digest, require_writable, text_of
from jutsu_dagster.pipeline.promotions.recovery import carry_out, finish_all
from jutsu_dagster.pipeline.proposals import settle
from jutsu_dagster.pipeline.registry_edits import registry_lock
from jutsu_dagster.registry.load import StrategyRegistry
from jutsu_dagster.registry.yaml_file import read_text
from jutsu_dagster.storage import promotion_log as log
from jutsu_dagster.storage.promotion_log import ProposalRow, Status
from jutsu_dagster.storage.promotion_rows import AuditRow

_VERSIONS = "versions"


@dataclass(frozen=True, eq=False, slots=True)
class Decision:
    """What was decided, and what it did.

    Attributes
    ----------
    row : ProposalRow
        As it stands now.
    files : tuple of str
        Files written, from the project on.
    version : tuple of (str, str)
        The parent's, before and after; equal where nothing was written.
    kept : str or None
        Where the parent's file is kept as it was before.
    retired, withdrawn : tuple of str
        Variants, and other proposals.
    """

    row: ProposalRow
    files: tuple[str, ...] = ()
    version: tuple[str, str] = ("", "")
    kept: str | None = None
    retired: tuple[str, ...] = ()
    withdrawn: tuple[str, ...] = ()


def approve(
    desk: PromotionDesk, id_: str, hash_: str, *, by: str, why: str, today: date | None = None
) -> Decision:
    """Write a proposal's parameters as its parent's next version.

    Everything is looked at anew first. Then the decision is logged, which is the moment from
    which it holds; then files and rows are brought in line with it. A process killed before that
    moment has changed nothing, and one killed after it is completed by the next command.

    Parameters
    ----------
    desk : PromotionDesk
    id_ : str
    hash_ : str
        Of the evidence that the person was shown.
    by, why : str
        Kept for good.
    today : date, optional
        The clock's, in UTC, unless given.

    Raises
    ------
    PromotionError
        If the proposal is not open, expired, or anything that it rests on has changed.
    ConfigError
        If the parent is broken, or would be.
    LedgerError
        If somebody else decided at the same moment, or the ledger cannot be written.
    """
    by, why = require_words(by, why)
    today = datetime.now(UTC).date() if today is None else today
    with registry_lock(desk.settings):
        finish_all(desk)
        registry, row = desk.registry(), desk.proposal(id_)
        require_open(row, desk.ledger, today)
        require_shown(row, hash_)
        found = candidate(registry, row)
        detail = _detail(desk, registry, found)
        changes = [FileChange.read(each) for each in detail["files"]]
        require_writable(desk.settings.home, changes)
        rivals = {
            each.id: f"{row.variant_id} was promoted; its base is obsolete"
            for each in log.standings(desk.ledger.engine)
            if each.status == "open" and each.parent_id == row.parent_id and each.id != id_
        }
        log.close(
            desk.ledger.engine, id_, "approved", by, why,
            proposal_hash=hash_, detail=detail, withdraw=rivals,
        )  # fmt: skip
        retired = carry_out(desk, decided(desk, id_, "approved"))
    return Decision(
        desk.proposal(id_),
        tuple(change.path for change in changes),
        (detail["version"]["old"], detail["version"]["new"]),
        changes[0].path,
        tuple(retired),
        tuple(rivals),
    )


def reject(desk: PromotionDesk, id_: str, *, by: str, why: str) -> Decision:
    """Close a proposal for good; its variant is evaluated no more.

    Raises
    ------
    PromotionError
        If there is no such proposal.
    LedgerError
        If it is not open, or the ledger cannot be written.
    """
    by, why = require_words(by, why)
    with registry_lock(desk.settings):
        finish_all(desk)
        row = desk.proposal(id_)
        log.close(desk.ledger.engine, id_, "rejected", by, why, proposal_hash=row.proposal_hash)
        settle(desk.registry(), desk.ledger, desk.settings.home)
    return Decision(desk.proposal(id_))


def decided(desk: PromotionDesk, id_: str, event: Status) -> AuditRow:
    """Return the logged decision about a proposal."""
    rows = [row for row in log.audit(desk.ledger.engine, id_) if row.event == event]
    return rows[-1]


def _detail(desk: PromotionDesk, registry: StrategyRegistry, found: Candidate) -> dict[str, Any]:
    """Return the intent: every file as it is and will be, and what becomes of the variants."""
    home, row, entry = desk.settings.home, found.row, found.entry
    before = read_text(home / entry.config_file, entry.config_file)
    listed = read_text(registry.path, registry.file)
    old = found.config.version
    new = texts.next_version(old, _used_versions(desk, row.parent_id))
    after = {
        entry.config_file: texts.promoted_text(found, before, new),
        registry.file: texts.registry_text(listed, entry, row.variant_id, registry.file),
    }
    new_hash = found.strategy.parameter_hash
    texts.require_sound(registry, after, row.parent_id, new_hash)
    kept = FileChange.of(version_path(desk, entry.config_file, old, before), None, before)
    files = [
        kept,
        FileChange.of(entry.config_file, before, after[entry.config_file]),
        FileChange.of(registry.file, listed, after[registry.file]),
    ]
    return {
        "token": uuid.uuid4().hex,
        "parent_id": row.parent_id,
        "version": {"old": old, "new": new},
        "parameter_hash": {"old": found.config.strategy.parameter_hash, "new": new_hash},
        "active_strategy": {"old": entry.active_strategy, "new": row.variant_id},
        "files": [each.as_dict() for each in files],
        "shadows": {
            "variant_id": row.variant_id,
            "parent_id": row.parent_id,
            "base": found.shadow.row.base_params_hash,
            "at": moment(),
        },
    }


def version_path(desk: PromotionDesk, config_file: str, version: str, text: str) -> str:
    """Return where a version of a strategy's file is kept: beside it, where nothing loads it.

    ``versions/<id>-<version>.yaml``, or with a hash in its name where another file has that.
    """
    place = PurePosixPath(config_file)
    name = "".join(sign if sign.isalnum() or sign in "._" else "_" for sign in version)
    path = str(place.parent / _VERSIONS / f"{place.stem}-{name}{place.suffix}")
    if text_of(desk.settings.home, path) in {None, text}:
        return path
    return str(place.parent / _VERSIONS / f"{place.stem}-{name}-{digest(text)[:8]}{place.suffix}")


def _used_versions(desk: PromotionDesk, parent_id: str) -> set[str]:
    """Return the versions that were ever written for a parent, rolled back ones too."""
    details: list[Mapping[str, Any]] = [row.detail for row in log.audit(desk.ledger.engine)]
    return {
        detail["version"]["new"]
        for detail in details
        if "version" in detail and detail.get("parent_id") == parent_id
    }
