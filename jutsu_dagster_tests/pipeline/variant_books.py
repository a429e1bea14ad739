"""Variants of ETH_main in a project over the sample crypto market, and what became of them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any

import pandas as pd

from jutsu_dagster.pipeline.shadow_registry import create, read_book
from jutsu_dagster.pipeline.variant_cycle import VariantDesk, run_variants
from jutsu_dagster.pipeline.variant_report import VariantRun
from jutsu_dagster.registry.shadow_create import Making
from jutsu_dagster.registry.shadows import Shadow
from jutsu_dagster.storage import exploration_log as log
from jutsu_dagster_tests.homes import Home

# The night that makes them; they trade from the day after it.
MADE = date(2025, 1, 5)


@dataclass(frozen=True)
class Variants:
    """Variants of one parent in one project."""

    home: Home
    parent: str = "ETH_main"

    def make(self, *mutations: Mapping[str, object], again: bool = False) -> list[str]:
        """Make variants and return their ids."""
        making = Making(MADE, "2025-01-05T03:00:00Z", "to see", "test")
        done = create(
            self.home.registry, self.home.path, self.parent, mutations, making, again=again
        )
        return [row.id for row in done.rows]

    def shadows(self) -> list[Shadow]:
        return read_book(self.home.registry, self.home.path).running()

    def run(
        self, first: date, last: date | None = None, shadows: Sequence[Shadow] | None = None
    ) -> dict[str, VariantRun]:
        """Carry them through a range of days; all that run unless given."""
        home = Home(self.home.path)  # connections of its own, as a process has
        desk = VariantDesk(home.store, home.ledger, home.path)
        chosen = self.shadows() if shadows is None else shadows
        entry = home.registry.entries[self.parent]
        runs = run_variants(desk, entry, chosen, first, last or first, run_id="run")
        home.ledger.close()
        return {run.id: run for run in runs}

    def rows(self) -> dict[str, list[dict[str, Any]]]:
        """Return every recorded row, the moment of recording and surrogate keys aside."""
        found: dict[str, list[dict[str, Any]]] = {}
        for table in (log.DAYS, log.TRADES):
            with self.home.ledger.engine.connect() as connection:
                frame = pd.read_sql(table.select(), connection)
            frame = frame.drop(columns=["id", "recorded_at"], errors="ignore")
            order = [name for name in ("mode", "strategy_id", "track", "day", "sequence")
                     if name in frame]  # fmt: skip
            # As objects: null is one thing, whatever else its column holds.
            frame = frame.sort_values(order).astype(object)
            rows = frame.where(frame.notna(), None).to_dict("records")
            found[table.name] = [{str(name): value for name, value in row.items()} for row in rows]
        return found

    def of(self, id_: str, mode: str = "shadow") -> list[dict[str, Any]]:
        """Return the days of one account."""
        rows = self.rows()["exploration_days"]
        return [row for row in rows if (row["strategy_id"], row["mode"]) == (id_, mode)]

    def files(self) -> dict[str, bytes]:
        folder = self.home.path / "reports" / "variant"
        return {path.name: path.read_bytes() for path in sorted(folder.iterdir())}

    def forget(self) -> None:
        """Remove all that was recorded and written."""
        with self.home.ledger.engine.begin() as connection:
            for table in (log.DAYS, log.TRADES):
                connection.execute(table.delete())
        for name in self.files():
            (self.home.path / "reports" / "variant" / name).unlink()
