"""What most commands start from: the registry, the ledger, the store, the asset graph."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING

from jutsu_dagster.core.errors import ConfigError, Fault, nearest
from jutsu_dagster.registry.load import StrategyEntry, StrategyRegistry
from jutsu_dagster.settings import Settings

if TYPE_CHECKING:
    from dagster import Definitions

    from jutsu_dagster.registry.config import StrategyConfig
    from jutsu_dagster.sources.base import MarketSource
    from jutsu_dagster.storage.ledger import Ledger
    from jutsu_dagster.storage.market import MarketStore


@dataclass(frozen=True)
class Project:
    """One project folder, opened part by part as a command needs it."""

    settings: Settings

    @cached_property
    def registry(self) -> StrategyRegistry:
        """The validated registry; raises ConfigError with every fault."""
        return StrategyRegistry(self.settings.registry_path, self.settings.home)

    @cached_property
    def store(self) -> MarketStore:
        """The market store."""
        from jutsu_dagster.storage.market import MarketStore

        return MarketStore(self.settings.market_url)

    @cached_property
    def ledger(self) -> Ledger:
        """The ledger, with its schema checked."""
        from jutsu_dagster.storage.ledger import Ledger

        ledger = Ledger(self.settings.ledger_url)
        ledger.require_current()
        return ledger

    @cached_property
    def ledger_if_made(self) -> Ledger | None:
        """The ledger, or None where it is a file that nobody made yet; a look makes none."""
        from jutsu_dagster.storage.database import parse_url, sqlite_file

        path = sqlite_file(parse_url(self.settings.ledger_url))
        return None if path is not None and not path.exists() else self.ledger

    @cached_property
    def source(self) -> MarketSource:
        """The source of daily bars, validated."""
        from jutsu_dagster.sources.open import open_source

        return open_source(self.settings.etf_source, self.settings.home)

    @cached_property
    def crypto_source(self) -> MarketSource:
        """The source of 15-minute bars, validated."""
        from jutsu_dagster.core.timeframe import QUARTER_HOURS
        from jutsu_dagster.sources.open import open_source

        return open_source(self.settings.crypto_source, self.settings.home, QUARTER_HOURS)

    @cached_property
    def definitions(self) -> Definitions:
        """The asset graph."""
        from jutsu_dagster.definitions import build_definitions

        return build_definitions(self.registry, self.settings)

    def entry(self, strategy_id: str) -> StrategyEntry:
        """Return a registered strategy; raise ConfigError naming the nearest for an unknown one."""
        found = self.registry.get_strategy(strategy_id)
        if found is None:
            close = nearest(strategy_id, self.registry.entries)
            rule = f"is not registered; there are {', '.join(self.registry.entries)}"
            raise ConfigError([Fault(self.registry.file, "strategies", strategy_id, rule, close)])
        return found

    def config(self, strategy_id: str) -> StrategyConfig:
        """Return a registered strategy's configuration; raise ConfigError if it is broken."""
        entry = self.entry(strategy_id)
        if entry.config is None:
            raise ConfigError(entry.faults)
        return entry.config
