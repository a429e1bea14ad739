"""Opening what a trading session needs, from the settings."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

from jutsu_dagster.pipeline.alerts import Alert, Alerts
from jutsu_dagster.pipeline.isolation.client import Isolated, shared
from jutsu_dagster.pipeline.night import Desk
from jutsu_dagster.registry.load import StrategyRegistry
from jutsu_dagster.settings import Settings
from jutsu_dagster.storage.ledger import Ledger
from jutsu_dagster.storage.market import MarketStore
from jutsu_dagster.storage.state_manager import MultiStrategyStateManager


def isolated(registry: StrategyRegistry) -> Isolated:
    """Return who asks strategies in child processes, within the registry's limits.

    All of one process share the server that forks them: it takes a second to start.
    """
    return shared(registry.settings.execution_timeout, registry.settings.memory_limit_mb)


def tell(settings: Settings, alert: Alert) -> None:
    """Send an alert where no desk is open; like every alert, it never raises."""
    ledger = Ledger(settings.ledger_url)
    try:
        Alerts.of(settings, ledger).send(alert)
    finally:
        ledger.close()


@contextmanager
def open_desk(registry: StrategyRegistry, settings: Settings) -> Iterator[Desk]:
    """Open ledger, store, states and alerts as the settings say, and close them again.

    Raises
    ------
    LedgerError
        If the ledger's schema is not this version's.
    """
    server = isolated(registry)
    # Not waited for: it gets ready while ledger and bars are read.
    server.server.start()
    ledger = Ledger(settings.ledger_url)
    try:
        ledger.require_current()
        yield Desk(
            registry,
            MarketStore(settings.market_url),
            ledger,
            MultiStrategyStateManager(registry, ledger),
            Alerts.of(settings, ledger),
            server.decide,
            server.direct_of,
        )
    finally:
        ledger.close()
