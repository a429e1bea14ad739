"""A small project with variants, and its nights of evidence, as tests run them."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from typing import Any

from jutsu_dagster.pipeline.research import artefacts
from jutsu_dagster.pipeline.research.candidates import promotion_candidates
from jutsu_dagster.pipeline.research.desk import ResearchDesk
from jutsu_dagster.pipeline.research.family_read import Read, read_families
from jutsu_dagster.pipeline.research.variant_rows import VariantRows
from jutsu_dagster.pipeline.shadow_registry import create
from jutsu_dagster.registry.shadow_create import Making
from jutsu_dagster.research.trades import stamp
from jutsu_dagster_tests.homes import Home
from jutsu_dagster_tests.pipeline.variant_books import MADE, Variants

FIRST, LAST = date(2025, 1, 6), date(2025, 2, 18)
ONE, TWO, THREE, YOUNG = (f"ETH_main_mut_000{number}" for number in (1, 2, 3, 4))


@dataclass(frozen=True)
class Families:
    """The variants of one parent."""

    home: Home
    parent: str = "ETH_main"

    @property
    def desk(self) -> ResearchDesk:
        return ResearchDesk(self.home.registry, self.home.ledger, self.home.store, self.home.path)

    @property
    def rows(self) -> VariantRows:
        return VariantRows(self.home.registry, self.home.path)

    def make(self, *mutations: Mapping[str, object], made: date = MADE) -> list[str]:
        making = Making(made, stamp(made), "to see", "test")
        done = create(self.home.registry, self.home.path, self.parent, mutations, making)
        return [row.id for row in done.rows]

    def run(self, first: date, last: date) -> None:
        runs = Variants(self.home, self.parent).run(first, last)
        assert [run.error for run in runs.values()] == [None] * len(runs)

    def read(self, day: date) -> Read:
        tracks = {id_: row.base_params_hash or "" for id_, row in self.rows.rows.items()}
        return read_families(self.home.ledger, self.parent, "ETHUSDT", tracks, day, compound=False)

    def before(self, day: date, **changes: Mapping[str, Any]) -> None:
        """Write what promotions read of a night's earlier steps: nothing is said against them."""
        at: dict[str, Any] = {"generated_at": stamp(day)}
        nothing: dict[str, Any] = {
            "scenario_reviews": [],
            "global_summary": {"patterns": [], "warnings": []},
        }
        found: dict[str, Mapping[str, Any]] = {
            "drift_report": {**at, "strategies": {}},
            "dream": {
                **at,
                "input": {**at, "scenarios": []},
                "output": {**at, **nothing},
            },
            "quality_scores": {**at, "scores": {}},
            "meta_review": {"ts": stamp(day), "issues": []},
        } | changes
        for step, artefact in found.items():
            artefacts.write(self.home.path, step, day, artefact)

    def night(self, day: date, **changes: Mapping[str, Any]) -> dict[str, Any]:
        """Judge the night's variants."""
        self.before(day, **changes)
        return promotion_candidates(day, self.desk)

    def artefact(self, day: date) -> bytes:
        return artefacts.partition_path(self.home.path, "promotion_candidates", day).read_bytes()


def by_variant(found: Mapping[str, Any]) -> dict[str, dict[str, Any]]:
    """Return the rows of an artefact by variant, each by its columns."""
    columns = found["variants"]["columns"]
    rows = [dict(zip(columns, row, strict=True)) for row in found["variants"]["rows"]]
    return {row["variant_id"]: row for row in rows}
