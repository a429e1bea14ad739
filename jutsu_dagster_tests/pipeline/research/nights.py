"""Nights of research over a small project with coins and ETFs, as tests run them."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any

from jutsu_dagster.core.errors import JutsuError
from jutsu_dagster.pipeline.research import artefacts
from jutsu_dagster.pipeline.research.desk import ResearchDesk
from jutsu_dagster.pipeline.research.night import write_summary
from jutsu_dagster.pipeline.research.steps import STEPS, run_step
from jutsu_dagster_tests.homes import COIN_START, Home
from jutsu_dagster_tests.nights import trade
from jutsu_dagster_tests.pipeline.variant_books import Variants

IDS = ("v3_5b", "ETH_main")
# Thursday, Friday and Saturday: the last has no session of ETFs.
NIGHTS = (date(2025, 1, 9), date(2025, 1, 10), date(2025, 1, 11))


@dataclass(frozen=True)
class Nights:
    """The nights of one project."""

    home: Home

    @property
    def desk(self) -> ResearchDesk:
        return ResearchDesk(self.home.registry, self.home.ledger, self.home.store, self.home.path)

    def trade(self, last: date, first: date = COIN_START) -> None:
        results = trade(self.home, first, last)
        assert all(one.success for one in results.values()), results

    def run(self, day: date, steps: Iterable[str] = STEPS) -> dict[str, str | None]:
        """Run steps as a night does: one that fails stops those that need it."""
        desk, results = self.desk, dict[str, str | None]()
        for name in steps:
            if any(results.get(need, "") is not None for need in STEPS[name].needs
                   if need in set(steps)):  # fmt: skip
                continue
            try:
                run_step(name, day, desk)
            except (JutsuError, OSError) as error:
                results[name] = str(error)
            else:
                results[name] = None
        return results

    def whole(self, day: date) -> dict[str, Any]:
        """Run a night with its variants, and return its summary."""
        results = self.run(day)
        results["variants"] = self.variants(day)
        return write_summary(day, self.desk, results)

    def variants(self, day: date) -> str | None:
        for id_ in IDS:
            family = Variants(self.home, id_)
            shadows = [one for one in family.shadows() if one.row.parent_id == id_]
            if shadows:
                runs = family.run(day, shadows=shadows)
                assert all(run.error is None for run in runs.values())
        return None

    def of(self, step: str, day: date) -> dict[str, Any]:
        return artefacts.read(self.home.path, step, day)

    def files(self, folders: Sequence[str] = ("reports",)) -> dict[str, bytes]:
        """Return what stands under ``reports/``, variants' own files aside."""
        return {
            name: content
            for name, content in self.home.content().items()
            if name.split("/")[0] in folders and "/variant/" not in name
        }


def statuses(summary: dict[str, Any]) -> dict[str, str]:
    return {step["name"]: step["status"] for step in summary["steps"]}
