"""Proposals and the variants they are of, kept in line; nothing here can write configuration."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from types import MappingProxyType
from typing import Any

from jutsu_dagster.pipeline.shadow_registry import changed
from jutsu_dagster.registry.load import StrategyRegistry
from jutsu_dagster.registry.shadow_rows import ShadowRow
from jutsu_dagster.registry.shadows import ShadowBook
from jutsu_dagster.storage import promotion_log as log
from jutsu_dagster.storage.ledger import Ledger
from jutsu_dagster.storage.promotion_log import Standing

# What a variant is whose last proposal stands so. Approved ones are the approval's business.
_BECOMES: Mapping[str, str] = MappingProxyType(
    {"open": "proposed", "expired": "shadow", "withdrawn": "shadow", "rejected": "rejected"}
)


def settle(registry: StrategyRegistry, ledger: Ledger, home: Path) -> list[ShadowRow]:
    """Bring the status of live variants in line with the log of proposals; return rows changed.

    The log comes first: whoever is killed between the two finds it here.
    """
    last = {each.variant_id: each for each in log.standings(ledger.engine)}
    if not last:
        return []

    def make(book: ShadowBook) -> list[ShadowRow]:
        rows = {id_: shadow.row for id_, shadow in book.shadows.items()} | dict(book.aside)
        found = [(rows[id_], standing) for id_, standing in last.items() if id_ in rows]
        return [_with(row, standing, ledger) for row, standing in found if _differs(row, standing)]

    return list(changed(registry, home, make).rows)


def _differs(row: ShadowRow, standing: Standing) -> bool:
    becomes = _BECOMES.get(standing.status)
    # Nobody comes back to life, and nobody is rejected who was proposed by hand since.
    was = "shadow" if becomes == "proposed" else "proposed"
    return becomes is not None and row.status == was


def _with(row: ShadowRow, standing: Standing, ledger: Ledger) -> ShadowRow:
    told: dict[str, Any] = {"status": _BECOMES[standing.status]}
    if standing.status == "rejected":
        said = log.audit(ledger.engine, standing.id)[-1]
        told |= {"rejected_at": f"{said.at:%Y-%m-%dT%H:%M:%SZ}", "rejected_by": said.who,
                 "rejected_reason": said.why}  # fmt: skip
    return row.model_copy(update=told)
