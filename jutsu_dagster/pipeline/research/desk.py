"""Opening what research needs, from the settings."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from jutsu_dagster.registry.load import StrategyRegistry
from jutsu_dagster.settings import Settings
from jutsu_dagster.storage.ledger import Ledger
from jutsu_dagster.storage.market import MarketStore


@dataclass(frozen=True, slots=True)
class ResearchDesk:
    """What research needs.

    Attributes
    ----------
    registry : StrategyRegistry
    ledger : Ledger
    store : MarketStore
    home : Path
        The project, whose ``reports/`` the artefacts are in.
    """

    registry: StrategyRegistry
    ledger: Ledger
    store: MarketStore
    home: Path


@contextmanager
def open_research(registry: StrategyRegistry, settings: Settings) -> Iterator[ResearchDesk]:
    """Open ledger and store as the settings say, and close them again.

    Raises
    ------
    LedgerError
        If the ledger's schema is not this version's.
    """
    ledger = Ledger(settings.ledger_url)
    try:
        ledger.require_current()
        yield ResearchDesk(registry, ledger, MarketStore(settings.market_url), settings.home)
    finally:
        ledger.close()
