"""Resources: where bars come from, and where bars and results are kept."""

from pathlib import Path

import dagster as dg

from jutsu_dagster.core.timeframe import CRYPTO_15M, ETF_DAILY, timeframe_of
from jutsu_dagster.settings import Settings
from jutsu_dagster.sources.base import MarketSource
from jutsu_dagster.sources.open import open_source
from jutsu_dagster.storage.ledger import Ledger
from jutsu_dagster.storage.market import MarketStore


class SourceResource(dg.ConfigurableResource[None]):
    """A source of bars of a table; `spec` is `sample` or `files:<path>`, relative to `home`."""

    spec: str
    home: str
    table: str = ETF_DAILY

    def open(self) -> MarketSource:
        """Open the source, validating its files."""
        return open_source(self.spec, Path(self.home), timeframe_of(self.table))


class StorageResource(dg.ConfigurableResource[None]):
    """The market store (a path or object-store URL) and the ledger (a SQLAlchemy URL)."""

    market_url: str
    ledger_url: str

    def market(self) -> MarketStore:
        """Open the market store."""
        return MarketStore(self.market_url)

    def ledger(self) -> Ledger:
        """Open the ledger; its schema must be current."""
        ledger = Ledger(self.ledger_url)
        ledger.require_current()
        return ledger


def build_resources(settings: Settings) -> dict[str, object]:
    """Return the resources that the settings describe."""
    return {
        "etf_source": SourceResource(spec=settings.etf_source, home=str(settings.home)),
        "crypto_source": SourceResource(
            spec=settings.crypto_source, home=str(settings.home), table=CRYPTO_15M
        ),
        "storage": StorageResource(market_url=settings.market_url, ledger_url=settings.ledger_url),
    }
