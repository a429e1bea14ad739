"""The market assets: bars, fetched once and used by all, and the checks that guard them."""

from collections.abc import Iterator, Sequence
from datetime import date

import dagster as dg

from jutsu_dagster.core.timeframe import table_of, timeframe_of
from jutsu_dagster.defs.market_metadata import (
    FINDINGS_SHOWN,
    check_metadata,
    dated,
    day_metadata,
    severity_of,
    summary,
)
from jutsu_dagster.defs.metadata import closes_plot, range_hash
from jutsu_dagster.defs.resources import SourceResource, StorageResource
from jutsu_dagster.pipeline.alerts import data_check_failed
from jutsu_dagster.pipeline.desk import tell
from jutsu_dagster.pipeline.ingest import CRYPTO_15M, ETF_DAILY, ingest_range
from jutsu_dagster.pipeline.quality import check_days, checks_of
from jutsu_dagster.registry.load import StrategyEntry, StrategyRegistry
from jutsu_dagster.registry.universe import crypto_symbols
from jutsu_dagster.settings import Settings

ETF_DAILY_KEY = dg.AssetKey(["market", ETF_DAILY])
CRYPTO_15M_KEY = dg.AssetKey(["market", CRYPTO_15M])
# All markets before any account, so that the primary is first among these, whatever it reads.
FIRST = {"dagster/priority": "1000000"}


def market_key(entry: StrategyEntry) -> dg.AssetKey:
    """Return the key of the market whose bars a strategy reads; a broken one's is the ETFs'."""
    if entry.config is None:
        return ETF_DAILY_KEY
    return dg.AssetKey(["market", table_of(entry.config.strategy.timeframe)])


def partition_range(context: dg.OpExecutionContext | dg.AssetExecutionContext) -> tuple[date, date]:
    """Return the first and last day of the run's partitions."""
    keys = context.partition_key_range
    return date.fromisoformat(keys.start), date.fromisoformat(keys.end)


def build_etf_daily(
    symbols: Sequence[str], partitions: dg.DailyPartitionsDefinition
) -> dg.AssetsDefinition:
    """Build ``market/etf_daily`` for the symbols that active strategies ask for."""

    @dg.asset(
        key=ETF_DAILY_KEY,
        group_name="market",
        partitions_def=partitions,
        backfill_policy=dg.BackfillPolicy.single_run(),
        pool="market_etf_daily",
        op_tags=FIRST,
        kinds={"deltalake", "python"},
        owners=["team:market"],
        tags={"timeframe": "1d"},
        description=(
            f"Daily OHLCV bars of {', '.join(symbols)}: one partition a UTC date, one row a symbol"
            " and session, prices as delivered with splits beside them. A closed day is recorded"
            " as closed. Fetched once, shared by every strategy."
        ),
        metadata={"symbols": list(symbols)},
    )
    def etf_daily(
        context: dg.AssetExecutionContext, etf_source: SourceResource, storage: StorageResource
    ) -> dg.MaterializeResult[None]:
        return _ingest(context, ETF_DAILY, symbols, etf_source, storage)

    return etf_daily


def build_crypto_15m(
    symbols: Sequence[str], partitions: dg.DailyPartitionsDefinition
) -> dg.AssetsDefinition:
    """Build ``market/crypto_15m`` for the symbols that active strategies ask for."""

    @dg.asset(
        key=CRYPTO_15M_KEY,
        group_name="market",
        partitions_def=partitions,
        backfill_policy=dg.BackfillPolicy.single_run(),
        pool="market_crypto_15m",
        op_tags=FIRST,
        kinds={"deltalake", "python"},
        owners=["team:market"],
        tags={"timeframe": "15m"},
        description=(
            f"15-minute OHLCV bars of {', '.join(symbols)}: one partition a UTC date, 96 rows a"
            " symbol, named by the open of the bar. Every day is open; the day under way is never"
            " ingested. Fetched once, shared by every strategy and variant."
        ),
        metadata={"symbols": list(symbols)},
    )
    def crypto_15m(
        context: dg.AssetExecutionContext, crypto_source: SourceResource, storage: StorageResource
    ) -> dg.MaterializeResult[None]:
        return _ingest(context, CRYPTO_15M, symbols, crypto_source, storage)

    return crypto_15m


def _ingest(
    context: dg.AssetExecutionContext,
    table: str,
    symbols: Sequence[str],
    origin: SourceResource,
    storage: StorageResource,
) -> dg.MaterializeResult[None]:
    """Fetch and store the bars of the run's days, and say what each holds."""
    first, last = partition_range(context)
    source, store = origin.open(), storage.market()
    report = ingest_range(
        source, store, symbols, first, last, table=table, progress=context.log.info
    )
    for day in report.days:
        context.add_asset_metadata(metadata=day_metadata(day), partition_key=day.day.isoformat())
    # What is said of the whole range stands once, at its last day: thousands of copies of a
    # plot would swell Dagster's storage.
    context.add_asset_metadata(
        metadata={
            "source": source.name,
            "synthetic": source.synthetic,
            "table_version": report.version_after,
            "range": f"{first} to {last}",
            "first_bar": str(report.first_bar or "none"),
            "last_bar": str(report.last_bar or "none"),
            "days_changed": len(report.changed),
            "closes": closes_plot(dated(store.rows(table, symbols, first, last)), source),
        },
        partition_key=last.isoformat(),
    )
    return dg.MaterializeResult(data_version=dg.DataVersion(range_hash(report.days)))


def build_etf_checks(symbols: Sequence[str], settings: Settings) -> dg.AssetChecksDefinition:
    """Build the checks of ``market/etf_daily``; all but warnings block what is below.

    They look at the partitions of their run, one day or a range, and say which. The specs
    themselves have no partitions: with thousands of days the UI then took 11 s a page instead of
    0.2 s, and showed every day of a range that has no event of its own as skipped.
    """

    @dg.multi_asset_check(
        name="etf_daily_quality", specs=_check_specs(ETF_DAILY, ETF_DAILY_KEY), op_tags=FIRST
    )
    def etf_daily_quality(
        context: dg.AssetCheckExecutionContext,
        etf_source: SourceResource,
        storage: StorageResource,
    ) -> Iterator[dg.AssetCheckResult]:
        yield from _check(context, ETF_DAILY, symbols, etf_source, storage, settings)

    return etf_daily_quality


def build_crypto_checks(symbols: Sequence[str], settings: Settings) -> dg.AssetChecksDefinition:
    """Build the checks of ``market/crypto_15m``: those of ETFs, and 96 bars without a gap."""

    @dg.multi_asset_check(
        name="crypto_15m_quality", specs=_check_specs(CRYPTO_15M, CRYPTO_15M_KEY), op_tags=FIRST
    )
    def crypto_15m_quality(
        context: dg.AssetCheckExecutionContext,
        crypto_source: SourceResource,
        storage: StorageResource,
    ) -> Iterator[dg.AssetCheckResult]:
        yield from _check(context, CRYPTO_15M, symbols, crypto_source, storage, settings)

    return crypto_15m_quality


def build_crypto(
    registry: StrategyRegistry, settings: Settings, partitions: dg.DailyPartitionsDefinition
) -> tuple[list[dg.AssetsDefinition], list[dg.AssetChecksDefinition]]:
    """Build the crypto market and its checks; neither where no running strategy reads it."""
    symbols = crypto_symbols(registry)
    if not symbols:
        return [], []
    return [build_crypto_15m(symbols, partitions)], [build_crypto_checks(symbols, settings)]


def _check_specs(table: str, key: dg.AssetKey) -> list[dg.AssetCheckSpec]:
    return [
        dg.AssetCheckSpec(
            check.name,
            asset=key,
            description=check.description,
            blocking=check.severity == "ERROR",
        )
        for check in checks_of(timeframe_of(table))
    ]


def _check(
    context: dg.AssetCheckExecutionContext,
    table: str,
    symbols: Sequence[str],
    origin: SourceResource,
    storage: StorageResource,
    settings: Settings,
) -> Iterator[dg.AssetCheckResult]:
    """Check the stored bars of the run's days, and tell people of what blocks."""
    first, last = partition_range(context.op_execution_context)
    listings = origin.open().listings(symbols)
    findings = check_days(storage.market(), table, symbols, listings, first, last)
    broken = [finding for finding in findings if finding.severity == "ERROR"]
    if broken:
        days_broken = [finding.day for finding in broken]
        shown = [str(finding) for finding in broken[:FINDINGS_SHOWN]]
        tell(settings, data_check_failed(table, days_broken, shown, context.run.run_id))
    for check in checks_of(timeframe_of(table)):
        found = [finding for finding in findings if finding.check == check.name]
        yield dg.AssetCheckResult(
            asset_key=dg.AssetKey(["market", table]),
            check_name=check.name,
            passed=not found,
            severity=severity_of(check.severity),
            description=summary(found, (last - first).days + 1),
            metadata={"partitions": f"{first} to {last}"} | check_metadata(found),
        )
