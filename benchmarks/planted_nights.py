"""Nights over planted families: the night's own judging and proposing, in a project of its own."""

from __future__ import annotations

import shutil
import time
from dataclasses import asdict, dataclass
from datetime import date, timedelta
from pathlib import Path
from typing import Any

from jutsu_dagster.pipeline.research import artefacts
from jutsu_dagster.pipeline.research.candidates import gates_of
from jutsu_dagster.pipeline.research.desk import ResearchDesk
from jutsu_dagster.pipeline.research.judging import Court, Judged, judge_family
from jutsu_dagster.pipeline.research.openings import open_best
from jutsu_dagster.pipeline.research.planted_families import planted_family
from jutsu_dagster.pipeline.research.proposals import STEP, bring_in_line, expire_proposals
from jutsu_dagster.pipeline.research.variant_rows import VariantRows
from jutsu_dagster.pipeline.shadow_registry import Draw, draw
from jutsu_dagster.registry.load import StrategyRegistry
from jutsu_dagster.registry.shadow_create import Making
from jutsu_dagster.research.promotion_rule import Circumstances, Limits
from jutsu_dagster.research.statistics.planted import Truth
from jutsu_dagster.research.trades import stamp
from jutsu_dagster.settings import Settings
from jutsu_dagster.storage import promotion_log
from jutsu_dagster.storage.ledger import Ledger
from jutsu_dagster.storage.market import MarketStore

_ROOT = Path(__file__).resolve().parent.parent
_PARENT = "ETH_main"
_FIRST_NIGHT, _DAY = date(2025, 1, 1), timedelta(days=1)


@dataclass(frozen=True, eq=False, slots=True)
class Night:
    """What became of one family: its candidate in full, the others as far as they came."""

    candidate: Judged
    members: int
    others_passed: int
    proposed: str
    seconds: float

    def as_dict(self) -> dict[str, Any]:
        """Return the candidate's numbers and gates, and what was proposed; strict JSON."""
        return {
            "numbers": dict(self.candidate.numbers),
            "gates": [asdict(gate) for gate in self.candidate.gates],
            "passed": self.candidate.passed,
            "others_passed": self.others_passed,
            "proposed": self.proposed,
        }


class PlantedNights:
    """A project with variants of one parent, whose results are planted.

    Parameters
    ----------
    home : Path
        To be made.
    variants : int
    """

    def __init__(self, home: Path, variants: int) -> None:
        shutil.copytree(_ROOT / "config", home / "config")
        settings = Settings(
            home=home, database_url=None, etf_source="sample", crypto_source="sample",
            market_store=None,
        )  # fmt: skip
        registry = StrategyRegistry(settings.registry_path, home)
        ledger = Ledger(settings.ledger_url)
        ledger.migrate()
        made = Making(_FIRST_NIGHT - 2000 * _DAY, stamp(_FIRST_NIGHT), "to be judged", "benchmark")
        draw(registry, home, _PARENT, Draw(variants), made)
        self.desk = ResearchDesk(registry, ledger, MarketStore(settings.market_url), home)
        self._night = _FIRST_NIGHT

    def close(self) -> None:
        """Close the ledger."""
        self.desk.ledger.close()

    def night(self, truth: Truth, seed: int) -> Night:
        """Judge one family and propose what passes, a week after the night before."""
        desk, day = self.desk, self._night
        self._night += 7 * _DAY
        family, name, tried, bars = planted_family(truth, seed, _PARENT, day)
        began = time.process_time()
        expire_proposals(desk.registry, desk.ledger, desk.home, day)
        court = Court(
            tried, lambda _name: bars, Circumstances(siblings=truth.variants),
            gates_of(desk.registry.settings.research.gates), Limits(), in_full={name},
        )  # fmt: skip
        judged = judge_family(family, court)
        entry = desk.registry.entries[_PARENT]
        variants = VariantRows(desk.registry, desk.home)
        pairs = [(family, one) for one in judged]
        decided = open_best(desk, entry, variants, day, pairs, court.limits)
        bring_in_line(desk.registry, desk.ledger, desk.home)
        seconds = time.process_time() - began
        # What nights leave behind, so that later ones know them to be over.
        artefacts.write(desk.home, STEP, day, {"generated_at": stamp(day)})
        candidate = next(one for one in judged if one.name == name)
        others = sum(one.passed for one in judged if one.name != name)
        proposed = decided.proposal
        if proposed is not None:
            self._require_recorded(proposed.id, proposed.variant_id)
        return Night(
            candidate, len(judged), others, proposed.variant_id if proposed else "", seconds
        )

    def _require_recorded(self, id_: str, variant: str) -> None:
        desk = self.desk
        row = promotion_log.proposal(desk.ledger.engine, id_)
        status = VariantRows(desk.registry, desk.home).rows[variant].status
        if row is None or row.status != "open" or status != "proposed":
            raise SystemExit(f"{id_} is not in the ledger, or {variant} is {status}")
