"""The factory of backtest assets: one per registered strategy, one partition a year."""

from collections.abc import Iterator

import dagster as dg

from jutsu_dagster.core.errors import ConfigError, JutsuError
from jutsu_dagster.defs.market import market_key
from jutsu_dagster.defs.metadata import Metadata, account_metadata, year_metadata
from jutsu_dagster.defs.resources import StorageResource
from jutsu_dagster.pipeline.backtest import backtest_account, run_years
from jutsu_dagster.pipeline.candles import Direct
from jutsu_dagster.pipeline.desk import isolated
from jutsu_dagster.pipeline.direct import is_directional
from jutsu_dagster.registry.config import StrategyConfig
from jutsu_dagster.registry.load import StrategyEntry, StrategyRegistry
from jutsu_dagster.registry.universe import market_anchor
from jutsu_dagster.strategies.base import code_version
from jutsu_dagster.strategies.directional import DirectionalStrategy
from jutsu_dagster.strategies.kinds import KINDS

# Years back to before any partition.
_EVER = -100
DATA_VERSION_TAG = "dagster/data_version"


def backtest_key(strategy_id: str) -> dg.AssetKey:
    """Return the key of a strategy's backtest asset."""
    return dg.AssetKey(["backtests", strategy_id])


def build_backtest(
    entry: StrategyEntry, years: dg.TimeWindowPartitionsDefinition, registry: StrategyRegistry
) -> dg.AssetsDefinition:
    """Build ``backtests/<id>``; a backfill over its years is a backtest."""
    key = backtest_key(entry.id)
    # The year before from its ledger checkpoint, and through it all that came before; the
    # mapping says so, so that every later year shows as stale when an earlier one is redone.
    chain = dg.TimeWindowPartitionMapping(
        start_offset=_EVER, end_offset=-1, allow_nonexistent_upstream_partitions=True
    )
    # Decisions start from a fixed anchor, so a year reads every day up to its end.
    bars = dg.TimeWindowPartitionMapping(
        start_offset=_EVER, allow_nonexistent_upstream_partitions=True
    )

    @dg.multi_asset(
        name=f"backtests__{entry.id}",
        specs=[
            dg.AssetSpec(
                key,
                # Years are reported one by one as they finish, so none is missing at the end.
                skippable=True,
                deps=[
                    dg.AssetDep(market_key(entry), partition_mapping=bars),
                    dg.AssetDep(key, partition_mapping=chain),
                ],
                group_name="backtests",
                description=_description(entry),
                tags=strategy_tags(entry, "backtest"),
                kinds=strategy_kinds(entry),
                owners=["team:research"],
                code_version=code_version(type(entry.config.strategy)) if entry.config else None,
                metadata=_definition_metadata(entry),
            )
        ],
        partitions_def=years,
        backfill_policy=dg.BackfillPolicy.single_run(),
        pool=f"account_{entry.id}",
        op_tags={"dagster/priority": "10" if entry.is_primary else "0"},
    )
    def backtest(
        context: dg.AssetExecutionContext, storage: StorageResource
    ) -> Iterator[dg.AssetMaterialization]:
        if entry.config is None:
            raise ConfigError(entry.faults)
        keys = sorted(context.partition_keys)
        ledger = storage.ledger()
        try:
            books = (entry.config, storage.market(), ledger)
            reports = run_years(*books, [int(key) for key in keys], _direct(registry, entry.config))
            for report in reports:
                metadata = year_metadata(entry, report)
                if str(report.year) == keys[-1]:
                    metadata |= account_metadata(
                        entry, ledger, backtest_account(entry.config), report
                    )
                yield dg.AssetMaterialization(
                    asset_key=key,
                    partition=str(report.year),
                    tags={DATA_VERSION_TAG: report.content_hash},
                    metadata=metadata,
                )
        except JutsuError as error:
            raise dg.Failure(description=str(error), allow_retries=False) from error

    return backtest


def _direct(registry: StrategyRegistry, config: StrategyConfig) -> Direct | None:
    """Return who asks a directional strategy: a child process for a user's."""
    return isolated(registry).direct_of(config) if is_directional(config) else None


def _description(entry: StrategyEntry) -> str:
    if entry.config is None:
        return broken_text(entry)
    config = entry.config
    if isinstance(config.strategy, DirectionalStrategy):
        return _directional_description(entry, config, config.strategy)
    return (
        f"{entry.display_name}: the backtest account, from {config.backtest_start} on"
        f" {config.initial_capital:,.0f}, one partition a year. Each year starts from the recorded"
        f" end of the year before. Warm-up from {market_anchor(entry)};"
        f" orders fill at {config.execution_time.replace('_', ' ')}, with"
        f" {config.commission_per_share:g} a share and {config.slippage_rate:.2%} slippage."
        + (
            " A fill at the close assumes that the close is known when the order is sent."
            if config.execution_time == "close"
            else ""
        )
        + (f"\n\n{entry.description}" if entry.description else "")
    )


def _directional_description(
    entry: StrategyEntry, config: StrategyConfig, strategy: DirectionalStrategy
) -> str:
    return (
        f"{entry.display_name}: the backtest account on {strategy.symbol}, {strategy.timeframe}"
        f" bars, from {config.backtest_start} on, or from where its market begins. Every trade"
        f" stakes {config.initial_capital:,.0f}; results add up and are not compounded. One"
        " partition a year, each from the recorded end of the year before. Entries and exits at"
        f" the close of their bar, {strategy.cost_bps_per_side:g} basis points a side: a fill at"
        " the close assumes that the close is known when the order is sent."
        + (f"\n\n{entry.description}" if entry.description else "")
    )


def broken_text(entry: StrategyEntry) -> str:
    """Return the description of a strategy whose configuration is broken: its faults."""
    faults = "\n".join(f"- {fault}" for fault in entry.faults)
    # Plain, because lists of assets show the markup.
    return f"Broken: {entry.display_name} is set aside until its file is mended.\n\n{faults}"


def strategy_kinds(entry: StrategyEntry) -> set[str]:
    """Return the kinds that the catalog shows of a strategy's assets."""
    return {"python", "numba"} if entry.strategy_class in KINDS else {"python"}


def strategy_tags(entry: StrategyEntry, mode: str) -> dict[str, str]:
    """Return the tags by which a strategy's assets are found."""
    role = "primary" if entry.is_primary else "secondary"
    status = "broken" if entry.faults else "active" if entry.is_active else "inactive"
    return {"strategy_id": entry.id, "mode": mode, "role": role, "status": status}


def _definition_metadata(entry: StrategyEntry) -> Metadata:
    metadata: Metadata = {"strategy_id": entry.id, "config_file": entry.config_file}
    if entry.config is not None:
        metadata["parameters"] = dg.MetadataValue.json(
            entry.config.strategy.model_dump(mode="json")
        )
        metadata["parameter_hash"] = entry.config.settings_hash
    return metadata
