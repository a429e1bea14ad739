"""What a migration says of itself, before and after."""

from __future__ import annotations

from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

from jutsu_dagster.pipeline.migration.plan import STATE, Plan
from jutsu_dagster.registry.legacy_config import LIVE_CONFIG
from jutsu_dagster.settings import Settings
from jutsu_dagster.storage.legacy_files import shown_url


@dataclass(frozen=True, slots=True)
class Moved:
    """What a migration did, or would do.

    Attributes
    ----------
    status : "migrated", "planned" or "already"
    strategy_id : str
    folder : Path or None
        Of backup and manifest.
    steps : list of str
        Each as it was said.
    left : list of str
        What was not carried over.
    verified : dict
        Counts and sums on both sides.
    """

    status: str
    strategy_id: str
    folder: Path | None = None
    steps: list[str] = field(default_factory=list)
    left: list[str] = field(default_factory=list)
    verified: dict[str, Any] = field(default_factory=dict)

    def to_dict(self) -> dict[str, Any]:
        """Return it as JSON can hold it."""
        return asdict(self) | {"folder": str(self.folder) if self.folder else None}


def validated(plan: Plan) -> str:
    """Return what was read and found sound."""
    return (
        f"validated: {plan.source / LIVE_CONFIG}, {plan.source / STATE},"
        f" {_where(plan)}: {len(plan.snapshots)} snapshots, {len(plan.trades)} trades"
    )


def config_lines(plan: Plan) -> list[str]:
    """Return what is written into config/."""
    strategy_id = plan.account.strategy_id
    return [
        f"config/strategies/{strategy_id}.yaml from {LIVE_CONFIG}",
        *(f"config/strategies/{strategy_id}.yaml: {line}" for line in plan.converted.changed),
        f"config/strategies_registry.yaml: {strategy_id} ({plan.class_name}) is the primary",
    ]


def state_lines(plan: Plan) -> list[str]:
    """Return what is written into state/."""
    path = f"state/strategies/{plan.account.strategy_id}/state.json"
    return [f"{path}, and {len(plan.state_backups)} backups", f"{STATE} -> {path[6:]}"]


def ledger_lines(settings: Settings, plan: Plan) -> list[str]:
    """Return what is written into the old database and the ledger."""
    lines = []
    if plan.database:
        lines.append(f"strategy_id in {', '.join(plan.legacy.facts)} of {_where(plan)}")
    if plan.shared:
        lines.append("the old tables of the ledger's names are called legacy_… from now on")
    target = shown_url(settings.ledger_url)
    lines.append(f"{len(plan.snapshots)} snapshots and {len(plan.trades)} trades in {target}")
    if plan.opening is None:
        lines.append(f"{plan.account} never ran, and starts anew on {plan.paper_start}")
    else:
        held = ", ".join(f"{n} {s}" for s, n in plan.opening.shares.items()) or "no positions"
        lines.append(
            f"{plan.account} goes on from {plan.opening.session}: equity"
            f" {plan.opening.equity:.2f}, cash {plan.opening.cash:.2f}, {held}"
        )
    return lines


def not_carried(plan: Plan) -> list[str]:
    """Return what stays behind, by name."""
    rows = [f"{count} rows of {what}" for what, count in plan.legacy.left.items()]
    return [*(f"{LIVE_CONFIG}: {key}" for key in plan.converted.left), *rows]


def _where(plan: Plan) -> str:
    return shown_url(plan.database) if plan.database else "no database"
