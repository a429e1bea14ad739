"""The multi-strategy runner: every strategy on shared data, from Python and without Dagster."""

from __future__ import annotations

import asyncio
import uuid
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta

from jutsu_dagster.core.calendar import sessions_between
from jutsu_dagster.core.errors import ConfigError, DataError, Fault, nearest
from jutsu_dagster.core.timeframe import QUARTER_HOURS
from jutsu_dagster.pipeline.alerts import Alerts
from jutsu_dagster.pipeline.catch_up import missing_range, standings
from jutsu_dagster.pipeline.desk import isolated
from jutsu_dagster.pipeline.direct import is_directional
from jutsu_dagster.pipeline.evaluate import Decide
from jutsu_dagster.pipeline.fetch import fetch_days
from jutsu_dagster.pipeline.ingest import CRYPTO_15M, ETF_DAILY
from jutsu_dagster.pipeline.night import Desk, StrategyResult, paper_entries, trade_strategy
from jutsu_dagster.registry.load import StrategyRegistry
from jutsu_dagster.registry.universe import (
    crypto_symbols,
    entries_on,
    etf_symbols,
    market_anchor,
)
from jutsu_dagster.settings import Settings
from jutsu_dagster.sources.base import MarketSource
from jutsu_dagster.sources.open import open_source
from jutsu_dagster.storage.ledger import Ledger
from jutsu_dagster.storage.market import MarketStore
from jutsu_dagster.storage.state_manager import MultiStrategyStateManager

# A session is looked for at most this far back.
_REACH = timedelta(days=14)


@dataclass(frozen=True)
class MarketData:
    """Bars that all strategies share: a version of the store, and the session to trade.

    Attributes
    ----------
    store : MarketStore
    session : date
    version : int
    source : str
    day : date or None
        The UTC day up to which coins trade; None for the session's.
    """

    store: MarketStore
    session: date
    version: int
    source: str
    day: date | None = None


class DataFetcher:
    """Fetches the bars of every symbol once, for all strategies.

    Parameters
    ----------
    registry : StrategyRegistry
    source : MarketSource
    store : MarketStore
    session : date, optional
        The session to trade; the last one that ended before today (UTC) unless given. Coins
        trade up to this day; up to yesterday unless it is given.
    coins : MarketSource, optional
        Of 15-minute bars, where strategies read such; the one that the settings name unless
        given.
    """

    def __init__(
        self,
        registry: StrategyRegistry,
        source: MarketSource,
        store: MarketStore,
        session: date | None = None,
        coins: MarketSource | None = None,
    ) -> None:
        self._registry, self._source, self._store = registry, source, store
        self._session, self._coins = session, coins

    async def fetch_all_symbols(self) -> MarketData:
        """Bring the store up to the session, fetching every missing day in one call.

        Raises
        ------
        DataError
            If the source breaks a rule of bars or does not reach so far; nothing is stored then.
        """
        return await asyncio.to_thread(self._fetch)

    def _fetch(self) -> MarketData:
        yesterday = datetime.now(UTC).date() - timedelta(days=1)
        session, day = self._session or last_session(yesterday), self._session or yesterday
        symbols, coins = etf_symbols(self._registry), crypto_symbols(self._registry)
        first = self._lacking(ETF_DAILY, session) or self._registry.settings.market_start
        report = fetch_days(self._source, self._store, symbols, first, session)
        if coins:
            self._fetch_coins(coins, day)
        return MarketData(self._store, session, report.version_after, self._source.name, day)

    def _fetch_coins(self, symbols: Sequence[str], day: date) -> None:
        source = self._coins
        if source is None:
            settings = Settings(home=self._registry.home)
            source = open_source(settings.crypto_source, settings.home, QUARTER_HOURS)
        first = self._lacking(CRYPTO_15M, day)
        if first is None:
            entries = entries_on(self._registry, QUARTER_HOURS.name)
            first = min(market_anchor(entry) for entry in entries)
        fetch_days(source, self._store, symbols, first, day, CRYPTO_15M)

    def _lacking(self, table: str, last: date) -> date | None:
        """Return the first day to fetch; None where there is nothing yet."""
        if not self._store.exists(table):
            return None
        coverage = self._store.coverage(table)
        if not len(coverage):
            return None
        held: date = coverage["last"].max()
        return min(held + timedelta(days=1), last)


class MultiStrategyRunner:
    """Runs every strategy that trades on paper, the primary first, none in another's way.

    A façade over the function that Dagster's assets call: the same accounts, ledger and state.

    Parameters
    ----------
    registry : StrategyRegistry
    state_manager : MultiStrategyStateManager
    data_fetcher : DataFetcher
    ledger : Ledger, optional
        The project's, as its settings say, unless given.
    alerts : Alerts, optional
    decide : Decide, optional
        Who asks the strategies; a child process each unless given.
    """

    def __init__(
        self,
        registry: StrategyRegistry,
        state_manager: MultiStrategyStateManager,
        data_fetcher: DataFetcher,
        *,
        ledger: Ledger | None = None,
        alerts: Alerts | None = None,
        decide: Decide | None = None,
    ) -> None:
        settings = Settings(home=registry.home)
        self._registry, self._states, self._fetcher = registry, state_manager, data_fetcher
        self._ledger = ledger or Ledger(settings.ledger_url)
        self._alerts = alerts or Alerts.of(settings, self._ledger)
        self._decide = decide or isolated(registry).decide
        self._run_id = str(uuid.uuid4())

    async def run_all_strategies(self) -> dict[str, StrategyResult]:
        """Fetch the market once, then trade every strategy in execution order.

        Each brings its account up to the session fetched, all missing ones in order. A strategy
        that fails leaves a failed result and an alert, and does not keep the others from running
        unless ``settings.isolate_failures`` is false.

        Returns
        -------
        dict of id to StrategyResult
            In execution order, failed ones among them.

        Raises
        ------
        DataError
            If the market cannot be fetched: then nobody runs.
        """
        market = await self._fetcher.fetch_all_symbols()
        self._run_id = str(uuid.uuid4())
        results: dict[str, StrategyResult] = {}
        for entry in paper_entries(self._registry):
            failed = [id_ for id_, result in results.items() if not result.success]
            results[entry.id] = await self._run(entry.id, market, failed)
        return results

    async def run_strategy(self, strategy_id: str, market_data: MarketData) -> StrategyResult:
        """Trade one strategy up to the session of ``market_data``.

        Raises
        ------
        ConfigError
            If no such strategy trades on paper; the message names the nearest.
        LedgerError
            If the ledger's schema is not this version's.
        """
        return await self._run(strategy_id, market_data, ())

    async def _run(
        self, strategy_id: str, market: MarketData, failed: Sequence[str]
    ) -> StrategyResult:
        ids = [entry.id for entry in paper_entries(self._registry)]
        if strategy_id not in ids:
            rule = f"is no strategy that trades on paper; there are {', '.join(ids)}"
            raise ConfigError(
                [Fault(self._registry.file, "strategies", strategy_id, rule,
                       nearest(strategy_id, ids))]
            )  # fmt: skip
        return await asyncio.to_thread(self._trade, strategy_id, market, failed)

    def _trade(self, strategy_id: str, market: MarketData, failed: Sequence[str]) -> StrategyResult:
        desk = Desk(
            self._registry, market.store, self._ledger, self._states, self._alerts, self._decide,
            isolated(self._registry).direct_of,
        )  # fmt: skip
        self._ledger.require_current()
        entry, until = self._registry.entries[strategy_id], market.session
        if market.day is not None and is_directional(entry.config):
            until = market.day
        found = standings(self._registry, self._ledger, until, [strategy_id])
        first, last = missing_range(found, until) or (until, until)
        return trade_strategy(
            desk, entry, first, last,
            run_id=self._run_id, failed_before=failed,
        )  # fmt: skip


def last_session(day: date) -> date:
    """Return the last session up to ``day``; DataError if there was none for two weeks."""
    found = sessions_between(day - _REACH, day)
    if not len(found):
        raise DataError(f"there was no session from {day - _REACH} to {day}")
    session: date = found[-1].item()
    return session
