"""The market assets: bars, fetched once and used by all, and the checks that guard them."""

from collections.abc import Iterator, Sequence
from datetime import date

import dagster as dg

from jutsu_dagster.defs.metadata import Metadata, closes_plot, range_hash
from jutsu_dagster.defs.resources import SourceResource, StorageResource
from jutsu_dagster.pipeline.alerts import Alerts, data_check_failed
from jutsu_dagster.pipeline.ingest import ETF_DAILY, DayReport, ingest_range
from jutsu_dagster.pipeline.quality import CHECKS, Finding, check_days
from jutsu_dagster.settings import Settings

ETF_DAILY_KEY = dg.AssetKey(["market", ETF_DAILY])
_FINDINGS_SHOWN = 20
_BLOCKING = {check.name for check in CHECKS if check.severity == "ERROR"}


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
        first, last = partition_range(context)
        source, store = etf_source.open(), storage.market()
        report = ingest_range(source, store, symbols, first, last, progress=context.log.info)
        for day in report.days:
            context.add_asset_metadata(
                metadata=_day_metadata(day), partition_key=day.day.isoformat()
            )
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
                "closes": closes_plot(store.rows(ETF_DAILY, symbols, first, last), source),
            },
            partition_key=last.isoformat(),
        )
        return dg.MaterializeResult(data_version=dg.DataVersion(range_hash(report.days)))

    return etf_daily


def _day_metadata(day: DayReport) -> Metadata:
    metadata: Metadata = {
        "session": "open" if day.is_session else "closed",
        "content_hash": day.content_hash,
        "dagster/partition_row_count": sum(day.rows.values()),
    }
    if day.is_session:
        metadata["rows_per_symbol"] = dg.MetadataValue.json(dict(day.rows))
    if day.missing:
        metadata["missing"] = ", ".join(day.missing)
    if day.not_listed and day.is_session:
        metadata["not_listed"] = ", ".join(day.not_listed)
    return metadata


def build_etf_checks(symbols: Sequence[str], settings: Settings) -> dg.AssetChecksDefinition:
    """Build the checks of ``market/etf_daily``; all but warnings block what is below.

    They look at the partitions of their run, one day or a range, and say which. The specs
    themselves have no partitions: with thousands of days the UI then took 11 s a page instead of
    0.2 s, and showed every day of a range that has no event of its own as skipped.
    """

    @dg.multi_asset_check(
        name="etf_daily_quality",
        specs=[
            dg.AssetCheckSpec(
                check.name,
                asset=ETF_DAILY_KEY,
                description=check.description,
                blocking=check.severity == "ERROR",
            )
            for check in CHECKS
        ],
    )
    def etf_daily_quality(
        context: dg.AssetCheckExecutionContext,
        etf_source: SourceResource,
        storage: StorageResource,
    ) -> Iterator[dg.AssetCheckResult]:
        first, last = partition_range(context.op_execution_context)
        listings = etf_source.open().listings(symbols)
        findings = check_days(storage.market(), ETF_DAILY, symbols, listings, first, last)
        days = (last - first).days + 1
        broken = [finding for finding in findings if finding.check in _BLOCKING]
        if broken:
            Alerts.of(settings, storage.ledger()).send(
                data_check_failed(
                    ETF_DAILY,
                    [finding.day for finding in broken],
                    [str(finding) for finding in broken[:_FINDINGS_SHOWN]],
                    context.run_id,
                )
            )
        for check in CHECKS:
            found = [finding for finding in findings if finding.check == check.name]
            yield dg.AssetCheckResult(
                asset_key=ETF_DAILY_KEY,
                check_name=check.name,
                passed=not found,
                severity=_severity(check.severity),
                description=_summary(found, days),
                metadata={"partitions": f"{first} to {last}"} | _check_metadata(found),
            )

    return etf_daily_quality


def _severity(name: str) -> dg.AssetCheckSeverity:
    return dg.AssetCheckSeverity.ERROR if name == "ERROR" else dg.AssetCheckSeverity.WARN


def _summary(found: Sequence[Finding], days: int) -> str:
    return f"{len(found)} findings on {days} days; first: {found[0]}" if found else f"{days} days"


def _check_metadata(found: Sequence[Finding]) -> Metadata:
    if not found:
        return {}
    lines = "\n".join(f"- {finding}" for finding in found[:_FINDINGS_SHOWN])
    more = len(found) - _FINDINGS_SHOWN
    return {
        "count": dg.MetadataValue.int(len(found)),
        "findings": dg.MetadataValue.md(lines + (f"\n- and {more} more" if more > 0 else "")),
    }
