"""Moving a single-strategy set-up in and out, as tests do it."""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from jutsu_dagster.core.account import AccountKey
from jutsu_dagster.pipeline.migration.legacy import migrate_legacy
from jutsu_dagster.pipeline.migration.rollback import Undone, rollback
from jutsu_dagster.pipeline.migration.said import Moved
from jutsu_dagster.settings import Settings
from jutsu_dagster.storage.ledger import Ledger
from jutsu_dagster_tests.homes import Home
from jutsu_dagster_tests.legacy import facts
from jutsu_dagster_tests.single import Single

PAPER = AccountKey("v3_5b", "paper")


@dataclass(frozen=True)
class Move:
    """A project, a set-up that moves in, and where its database and the ledger are."""

    home: Home
    single: Single
    ledger_url: str | None = None
    database: str | None = None
    said: list[str] = field(default_factory=list)

    @property
    def settings(self) -> Settings:
        return Settings(home=self.home.path, database_url=self.ledger_url)

    def go(self, source: Path | None = None, **options: Any) -> Moved:
        options = {"strategy_id": "v3_5b", "database": self.database} | options
        return migrate_legacy(
            self.settings, source or self.single.path, say=self.said.append, **options
        )

    def back(self, **options: Any) -> Undone:
        return rollback(self.settings, options.get("database", self.database), self.said.append)

    def ledger(self) -> Ledger:
        return Ledger(self.settings.ledger_url)

    def files(self) -> dict[str, bytes]:
        """Return the project's files but the migrations' own."""
        kept = ("state/migrations/", "state/.registry.lock", "state/market/")
        return {
            k: v
            for k, v in self.home.content().items()
            if not k.startswith(kept) and not k.endswith("trading.db")
        }

    def old(self) -> tuple[dict[str, bytes], dict[str, Any]]:
        """Return all of the old set-up: its files but the database, and what is in that."""
        rest = {k: v for k, v in self.single.content().items() if "trading.db" not in k}
        return rest, facts(self.database or self.single.url)
