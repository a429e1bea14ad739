"""The factory of paper accounts: one asset a strategy, one partition a day, a check by replay."""

import dagster as dg

from jutsu_dagster.core.errors import ConfigError, JutsuError
from jutsu_dagster.defs.backtests import (
    DATA_VERSION_TAG,
    broken_text,
    strategy_kinds,
    strategy_tags,
)
from jutsu_dagster.defs.failures import step_failure
from jutsu_dagster.defs.market import market_key, partition_range
from jutsu_dagster.defs.metadata import Metadata
from jutsu_dagster.defs.paper_metadata import paper_curve, paper_metadata
from jutsu_dagster.pipeline import alerts
from jutsu_dagster.pipeline.desk import open_desk
from jutsu_dagster.pipeline.direct import is_directional
from jutsu_dagster.pipeline.directional_replay import replay_days
from jutsu_dagster.pipeline.night import Desk, StrategyResult, paper_entries, trade_strategy
from jutsu_dagster.pipeline.replay import Replay, replay_account
from jutsu_dagster.registry.config import StrategyConfig
from jutsu_dagster.registry.load import StrategyEntry, StrategyRegistry
from jutsu_dagster.settings import Settings
from jutsu_dagster.storage import journal
from jutsu_dagster.storage.state import StateError
from jutsu_dagster.strategies.base import code_version

REPLAY_CHECK = "replay"
_BARS_SHOWN = 20


def paper_key(strategy_id: str) -> dg.AssetKey:
    """Return the key of a strategy's paper account."""
    return dg.AssetKey(["strategies", strategy_id])


def build_paper_accounts(
    registry: StrategyRegistry, settings: Settings, days: dg.DailyPartitionsDefinition
) -> tuple[list[dg.AssetsDefinition], list[dg.AssetChecksDefinition]]:
    """Build ``strategies/<id>`` and its replay check for every strategy that trades on paper."""
    entries = paper_entries(registry)
    assets = [
        # Earlier in the execution order is run first: the executor goes by this number.
        _build_account(entry, registry, settings, days, priority=len(entries) - place)
        for place, entry in enumerate(entries)
    ]
    checks = [_build_check(entry, registry, settings) for entry in entries if entry.config]
    return assets, checks


def _build_account(
    entry: StrategyEntry,
    registry: StrategyRegistry,
    settings: Settings,
    days: dg.DailyPartitionsDefinition,
    *,
    priority: int,
) -> dg.AssetsDefinition:
    key = paper_key(entry.id)

    @dg.asset(
        key=key,
        deps=[
            dg.AssetDep(market_key(entry)),
            dg.AssetDep(
                key,
                partition_mapping=dg.TimeWindowPartitionMapping(
                    start_offset=-1, end_offset=-1, allow_nonexistent_upstream_partitions=True
                ),
            ),
        ],
        group_name="strategies",
        partitions_def=days,
        backfill_policy=dg.BackfillPolicy.single_run(),
        pool=f"account_{entry.id}",
        op_tags={"dagster/priority": str(priority)},
        description=_description(entry),
        tags=strategy_tags(entry, "paper"),
        kinds=strategy_kinds(entry),
        owners=["team:research"],
        code_version=code_version(type(entry.config.strategy)) if entry.config else None,
    )
    def account(context: dg.AssetExecutionContext) -> dg.MaterializeResult[None]:
        first, last = partition_range(context)
        with open_desk(registry, settings) as desk:
            result = trade_strategy(
                desk,
                entry,
                first,
                last,
                run_id=context.run.run_id,
                failed_before=_failed_before(desk, context.run.run_id),
            )
            _told(context, result)
            if not result.success:
                _show_done(context, entry, result)
                raise step_failure(
                    result.error or "no reason given",
                    alert_sent=True,
                    # What the user can mend fails the same way again; what he cannot may not.
                    allow_retries=not isinstance(result.cause, JutsuError),
                    strategy_id=entry.id,
                    status=result.status,
                )
            for report in result.sessions:
                context.add_asset_metadata(
                    metadata=paper_metadata(entry, report), partition_key=report.day.isoformat()
                )
            context.add_asset_metadata(
                metadata=paper_curve(entry, desk.ledger, desk.store)
                | {"duration_seconds": round(result.duration_seconds, 3)},
                partition_key=last.isoformat(),
            )
        hashes = [report.content_hash for report in result.sessions]
        return dg.MaterializeResult(data_version=dg.DataVersion(hashes[-1]))

    return account


def _show_done(
    context: dg.AssetExecutionContext, entry: StrategyEntry, result: StrategyResult
) -> None:
    """Report the days up to the last session that was done before the failure: it stands.

    Where none was, nothing is reported, and the asset shows as failed and nothing else. A session
    whose state file could not be written is left out: the next run takes it up again.
    """
    done = [at for at, report in enumerate(result.sessions) if report.state is not None]
    if isinstance(result.cause, StateError | OSError):
        done = done[:-1]
    for report in result.sessions[: done[-1] + 1 if done else 0]:
        context.log_event(
            dg.AssetMaterialization(
                paper_key(entry.id),
                partition=report.day.isoformat(),
                metadata=paper_metadata(entry, report),
                tags={DATA_VERSION_TAG: report.content_hash},
            )
        )


def _failed_before(desk: Desk, run_id: str) -> list[str]:
    """Return the strategies that failed in this run, as the ledger knows."""
    found = journal.attempts(desk.ledger.engine, run_id)
    return sorted(set(found.loc[found["status"] == "failed", "strategy_id"]))


def _told(context: dg.AssetExecutionContext, result: StrategyResult) -> None:
    for report in result.sessions:
        if report.differences:
            context.log.warning("%s: %s", result.strategy_id, "; ".join(report.differences))
    done = sum(report.status == "recorded" for report in result.sessions)
    context.log.info(
        "%s: %s in %.2f s, %d sessions recorded",
        result.strategy_id,
        result.status,
        result.duration_seconds,
        done,
    )


def _description(entry: StrategyEntry) -> str:
    if entry.config is None:
        return broken_text(entry)
    config = entry.config
    start = f"from {config.paper_start}" if config.paper_start else "not begun: no paper.start"
    return (
        f"{entry.display_name}: the paper account, {start}, one partition a UTC date. Each session"
        " starts from the recorded close of the one before and is only ever added: a repeat"
        " computes it again and compares. No order leaves the system."
        + (f"\n\n{entry.description}" if entry.description else "")
    )


def _build_check(
    entry: StrategyEntry, registry: StrategyRegistry, settings: Settings
) -> dg.AssetChecksDefinition:
    @dg.asset_check(
        asset=paper_key(entry.id),
        name=REPLAY_CHECK,
        description=(
            "The account computed again from its first session over today's bars: positions, cash"
            " and equity of every session must be what is recorded, to the bit."
        ),
        op_tags={"dagster/priority": "0"},
    )
    def replay(context: dg.AssetCheckExecutionContext) -> dg.AssetCheckResult:
        if entry.config is None:
            raise ConfigError(entry.faults)
        with open_desk(registry, settings) as desk:
            found = _replayed(desk, entry.config)
            if not found.identical:
                assert found.first_difference is not None  # noqa: S101
                context.log.warning(_summary(found))
                desk.alerts.send(
                    alerts.paper_differs(entry.id, found.first_difference, _summary(found))
                )
        return dg.AssetCheckResult(
            passed=found.identical,
            severity=dg.AssetCheckSeverity.ERROR,
            description=_summary(found),
            metadata=_replay_metadata(found),
        )

    return replay


def _replayed(desk: Desk, config: StrategyConfig) -> Replay:
    books = (config, desk.registry, desk.store, desk.ledger)
    if is_directional(config):
        return replay_days(*books, direct=desk.direct(config))
    return replay_account(*books, decide=desk.decide)


def _summary(found: Replay) -> str:
    if found.identical:
        return f"{found.sessions} sessions, identical to the bit"
    reason = "nothing that it read has changed since"
    if found.changed:
        bars = ", ".join(str(bar) for bar in found.changed[:3])
        reason = f"{len(found.changed)} values of bars changed since: {bars}"
    elif found.code_changed:
        reason = "other code decided then"
    return f"from {found.first_difference}: {'; '.join(found.differences)} ({reason})"


def _replay_metadata(found: Replay) -> Metadata:
    metadata: Metadata = {"strategy_id": found.account.strategy_id, "sessions": found.sessions}
    if found.identical:
        return metadata
    bars = "\n".join(f"- {bar}" for bar in found.changed[:_BARS_SHOWN])
    more = len(found.changed) - _BARS_SHOWN
    return metadata | {
        "first_difference": str(found.first_difference),
        "differences": "\n".join(found.differences),
        "changed_bars": dg.MetadataValue.md(
            (bars or "none") + (f"\n- and {more} more" if more > 0 else "")
        ),
        "touched_accounts": ", ".join(found.touched) or "none",
        "code_changed": found.code_changed,
    }
