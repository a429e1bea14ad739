"""Everything Dagster shows: a function of the registry and the settings."""

import warnings

import dagster as dg

from jutsu_dagster.defs.backtests import build_backtest
from jutsu_dagster.defs.market import build_crypto, build_etf_checks, build_etf_daily
from jutsu_dagster.defs.nights import (
    build_missed_nights,
    build_night_jobs,
    build_night_schedule,
    build_reports,
)
from jutsu_dagster.defs.operations import build_operations
from jutsu_dagster.defs.paper import build_paper_accounts
from jutsu_dagster.defs.partitions import daily_partitions, yearly_partitions
from jutsu_dagster.defs.reload import build_watch
from jutsu_dagster.defs.research import build_research
from jutsu_dagster.defs.research_checks import build_research_checks
from jutsu_dagster.defs.resources import build_resources
from jutsu_dagster.defs.schedules import TRADING_JOB, build_schedules
from jutsu_dagster.defs.sensors import build_sensors
from jutsu_dagster.defs.variants import VARIANT_JOB, build_variants, live_variants
from jutsu_dagster.pipeline.shadow_registry import read_book
from jutsu_dagster.registry.load import StrategyRegistry
from jutsu_dagster.registry.universe import etf_symbols
from jutsu_dagster.settings import Settings

# A night is one partition, a day of variants may be of a range: a job's backfill takes the smaller.
warnings.filterwarnings("ignore", message="Asset job .* materializes assets with varying Backfill")

INGEST_JOB = "ingest_market"
BACKTEST_JOB = "backtest_years"


def build_definitions(registry: StrategyRegistry, settings: Settings) -> dg.Definitions:
    """Build the asset graph of a registry, and of the shadow registry below its home.

    Parameters
    ----------
    registry : StrategyRegistry
        Its running strategies, and its broken ones, which show as broken.
    settings : Settings
    """
    with warnings.catch_warnings():
        # Lenient partition mappings and backfill policies are labelled beta; the constraints pin
        # the release that they were tried on.
        warnings.simplefilter("ignore", dg.BetaWarning)
        return _build(registry, settings)


def _build(registry: StrategyRegistry, settings: Settings) -> dg.Definitions:
    symbols = etf_symbols(registry)
    days = daily_partitions(registry.settings.market_start)
    entries = [entry for entry in registry.entries.values() if entry.is_active]
    starts = [entry.config.backtest_start.year for entry in entries if entry.config]
    years = yearly_partitions(min(starts))
    backtests = [build_backtest(entry, years, registry) for entry in entries]
    coins, coin_checks = build_crypto(registry, settings, days)
    # A market that nobody reads is left out, unless there is no other.
    read = bool(symbols) or not coins
    etfs = [build_etf_daily(symbols, days)] if read else []
    etf_checks = [build_etf_checks(symbols, settings)] if read else []
    accounts, replays = build_paper_accounts(registry, settings, days)
    book = read_book(registry, settings.home)
    variants = build_variants(registry, book, settings, days)
    research = build_research(registry, settings, days)
    night, report = build_night_jobs(book)
    return dg.Definitions(
        assets=[*etfs, *coins, *backtests, *accounts, *research, *variants],
        asset_checks=[*etf_checks, *coin_checks, *replays, *build_research_checks(settings)],
        jobs=[
            dg.define_asset_job(
                INGEST_JOB,
                selection=dg.AssetSelection.groups("market"),
                description="Fetch and check bars for a range of days.",
            ),
            dg.define_asset_job(
                BACKTEST_JOB,
                selection=dg.AssetSelection.groups("backtests"),
                description="Backtest every active strategy over a range of years.",
            ),
            dg.define_asset_job(
                TRADING_JOB,
                selection=dg.AssetSelection.groups("market", "strategies"),
                description=(
                    "A day's bars, then every paper account, the primary first; each account is"
                    " computed again from its first session and compared."
                ),
                # A killed worker is retried at once; what failed by itself would fail again.
                tags={
                    "dagster/max_retries": "2",
                    "dagster/retry_strategy": "ALL_STEPS",
                    "dagster/retry_on_asset_or_op_failure": "false",
                },
            ),
            dg.define_asset_job(
                VARIANT_JOB,
                selection=live_variants(book),
                description=(
                    "A day of every live variant and no more of the night, as `jutsu variants run`"
                    " asks for it."
                ),
                # Only what failed runs again, and once: the others are recorded.
                tags={"dagster/max_retries": "1", "dagster/retry_strategy": "FROM_ASSET_FAILURE"},
            ),
            night,
            report,
            *build_operations(registry, settings),
        ],
        schedules=[
            *build_schedules(registry, settings),
            build_night_schedule(registry, book, settings),
        ],
        sensors=[
            *build_sensors(registry, settings),
            build_watch(settings),
            *build_reports(night, report, settings),
            build_missed_nights(night, book, settings),
        ],
        resources=build_resources(settings),
        executor=dg.in_process_executor,
    )


@dg.definitions
def defs() -> dg.Definitions:
    """Load the project's registry, as the settings in the environment say."""
    settings = Settings()
    return build_definitions(StrategyRegistry(settings.registry_path, settings.home), settings)
