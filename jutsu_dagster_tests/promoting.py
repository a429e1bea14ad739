"""A project in which a variant is proposed: the shipped configuration, a ledger, evidence."""

from __future__ import annotations

import shutil
from datetime import date, timedelta
from functools import cache
from pathlib import Path
from typing import Any

import numpy as np

import jutsu_dagster
from jutsu_dagster.pipeline.promotions import PromotionDesk
from jutsu_dagster.pipeline.proposals import settle
from jutsu_dagster.pipeline.shadow_registry import create, read_book
from jutsu_dagster.registry.shadow_check import frozen_parameters
from jutsu_dagster.registry.shadow_create import Making
from jutsu_dagster.registry.shadow_rows import ShadowRow
from jutsu_dagster.research.promotion_rule import (
    Circumstances,
    Side,
    candidate_row,
    proposal_hash,
)
from jutsu_dagster.research.statistics.planted import Truth, planted_case, planted_evidence
from jutsu_dagster.storage import promotion_log as log
from jutsu_dagster.storage.promotion_log import Proposal, ProposalRow
from jutsu_dagster_tests.homes import Home

CONFIG = Path(jutsu_dagster.__file__).parents[1] / "config"
NIGHT, LAST_DAY = date(2025, 3, 3), date(2025, 3, 10)
PARENT, FILE = "v3_5b", "config/strategies/v3_5b.yaml"
REGISTRY = "config/strategies_registry.yaml"
CHANGE = {"sma_fast_delta": 5, "upper_thresh_z_scale": 1.1}
_TRUTH = Truth(days=504, variants=12, edge=3.0)


def project(path: Path) -> Home:
    """Return a project of the shipped configuration, as people wrote it, and an empty ledger."""
    shutil.copytree(CONFIG, path / "config", ignore=shutil.ignore_patterns("versions"))
    home = Home(path)
    home.ledger.migrate()
    return home


def desk(home: Home) -> PromotionDesk:
    return PromotionDesk(home.settings, home.ledger)


def variant(home: Home, mutations: dict[str, Any] | None = None, parent: str = PARENT) -> str:
    """Make a variant that traded for two years before the night, and return its id."""
    making = Making(NIGHT - timedelta(days=700), "2023-04-03T00:00:00Z", "tried", "test")
    wanted = CHANGE if mutations is None else mutations
    return create(home.registry, home.path, parent, [wanted], making).rows[0].id


def row_of(home: Home, variant_id: str) -> ShadowRow:
    return read_book(home.registry, home.path).shadows[variant_id].row


def document(home: Home, variant_id: str, day: date = NIGHT) -> dict[str, Any]:
    """Return a proposal's document over planted truth."""
    shadow = read_book(home.registry, home.path).shadows[variant_id]
    parent = home.registry.entries[shadow.row.parent_id]
    assert shadow.mutated is not None
    assert parent.config is not None
    evidence, variant_returns, control = _planted()
    first = day - timedelta(days=len(control) - 1)
    days = [(first + timedelta(days=at)).isoformat() for at in range(len(control))]
    return {
        "proposal_id": log.proposal_id(variant_id, day),
        "variant_id": variant_id,
        "parent_id": parent.id,
        "symbol": shadow.row.symbol,
        "partition": day.isoformat(),
        "generated_at": f"{day + timedelta(days=1)}T00:00:00Z",
        "mutations": dict(shadow.row.mutations),
        "parameters": frozen_parameters(shadow.mutated.strategy),
        "base_params_hash": shadow.row.base_params_hash,
        "parent_parameter_hash": parent.config.strategy.parameter_hash,
        "fill_terms": parent.config.fill_terms,
        "window": {"first": days[0], "last": days[-1], "days": len(days)},
        "candidate": candidate_row(
            variant_id=variant_id, parent_id=parent.id, symbol=str(shadow.row.symbol),
            variant=Side(100, 1.9, 0.6, 0.08), control=Side(98, 1.2, 0.2, 0.1),
            about=Circumstances(quality=61.0, p_better=0.999, siblings=12),
            window=(days[0], days[-1]),
        ),
        "evidence": evidence,
        "curves": {"days": days, "variant": variant_returns, "control": control},
        "data_versions": ["etf_daily@7"],
        "code_version": "0.0.0+abc",
    }  # fmt: skip


def propose(home: Home, variant_id: str, day: date = NIGHT, **changes: Any) -> ProposalRow:
    """Open a proposal as the night does; ``changes`` are of its document."""
    made = document(home, variant_id, day) | changes
    proposal = Proposal(
        id=made["proposal_id"], parent_id=made["parent_id"], variant_id=variant_id, partition=day,
        expires_on=day + timedelta(days=7), proposal_hash=proposal_hash(made), document=made,
    )  # fmt: skip
    assert log.open_proposal(home.ledger.engine, proposal)
    settle(home.registry, home.ledger, home.path)
    found = log.proposal(home.ledger.engine, proposal.id)
    assert found is not None
    return found


def files(home: Home) -> dict[str, bytes]:
    """Return configuration and shadow registry, file by file."""
    folders = (home.path / "config", home.path / "reports")
    return {
        path.relative_to(home.path).as_posix(): path.read_bytes()
        for folder in folders
        for path in sorted(folder.rglob("*"))
        if path.is_file()
    }


def changed_lines(before: bytes, after: bytes) -> list[tuple[str, str]]:
    """Return the lines that differ, of files with as many lines."""
    old, new = before.decode().splitlines(), after.decode().splitlines()
    return [pair for pair in zip(old, new, strict=True) if pair[0] != pair[1]]


@cache
def _planted() -> tuple[dict[str, Any], list[float], list[float]]:
    case = planted_case(_TRUTH, 1)
    found = planted_evidence(_TRUTH, 1)
    own, base = case.variant.returns, case.control.returns
    return found.as_dict(), np.round(own, 8).tolist(), np.round(base, 8).tolist()
