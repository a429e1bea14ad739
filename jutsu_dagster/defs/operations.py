"""Jobs around the night that are no assets: marks to quotes, and the end of the day."""

from contextlib import closing
from datetime import UTC, datetime

import dagster as dg

from jutsu_dagster.core.errors import JutsuError
from jutsu_dagster.defs.failures import step_failure
from jutsu_dagster.defs.paper import paper_key
from jutsu_dagster.defs.resources import SourceResource, StorageResource
from jutsu_dagster.pipeline.desk import open_desk
from jutsu_dagster.pipeline.end_of_day import end_day
from jutsu_dagster.pipeline.marks import MarkReport, mark_accounts
from jutsu_dagster.registry.load import StrategyRegistry
from jutsu_dagster.settings import Settings

REFRESH_JOB = "hourly_refresh"
EOD_JOB = "eod_finalization"


class MomentConfig(dg.Config):
    """The moment that a run stands for, ISO 8601 with its zone; now, unless given."""

    at: str | None = None

    def moment(self) -> datetime:
        """Return the moment in UTC."""
        if self.at is None:
            return datetime.now(UTC)
        found = datetime.fromisoformat(self.at)
        if found.tzinfo is None:
            reason = f"at: {self.at} must have a time zone, such as +00:00"
            raise step_failure(reason, alert_sent=False)
        return found.astimezone(UTC)


def build_operations(registry: StrategyRegistry, settings: Settings) -> list[dg.JobDefinition]:
    """Build ``hourly_refresh`` and ``eod_finalization``."""

    @dg.op(pool="market_etf_daily", description="Values every paper account at the latest quotes.")
    def mark_to_quotes(
        context: dg.OpExecutionContext,
        config: MomentConfig,
        etf_source: SourceResource,
        storage: StorageResource,
    ) -> None:
        with _as_failure(), closing(storage.ledger()) as ledger:
            reports = mark_accounts(registry, etf_source.open(), ledger, config.moment())
        _told(context, reports)

    @dg.op(
        pool="market_etf_daily",
        description="Marks to the closing quotes, then trades what the last 7 sessions lack.",
    )
    def finalize_day(
        context: dg.OpExecutionContext, config: MomentConfig, etf_source: SourceResource
    ) -> None:
        moment = config.moment()
        with _as_failure(), open_desk(registry, settings) as desk:
            done = end_day(desk, etf_source.open(), moment, context.run_id)
        _told(context, done.marks)
        for result in done.recovered:
            for report in result.sessions:
                if report.status != "recorded":
                    continue
                context.log.info("recovered %s of %s", report.day, result.strategy_id)
                context.log_event(
                    dg.AssetMaterialization(
                        paper_key(result.strategy_id),
                        partition=report.day.isoformat(),
                        metadata={"recovered_by": EOD_JOB, "strategy_id": result.strategy_id},
                        tags={"dagster/data_version": report.content_hash},
                    )
                )
        if done.failed:
            raise step_failure("\n".join(done.failed), alert_sent=not done.untold)

    @dg.job(
        name=REFRESH_JOB,
        description="Mark every paper account to the latest quotes; nothing is traded.",
        executor_def=dg.in_process_executor,
    )
    def hourly_refresh() -> None:
        mark_to_quotes()

    @dg.job(
        name=EOD_JOB,
        description=(
            "Fifteen minutes after the close: mark every account to the closing quotes, and trade"
            " whatever the last 7 sessions lack."
        ),
        executor_def=dg.in_process_executor,
    )
    def eod_finalization() -> None:
        finalize_day()

    return [hourly_refresh, eod_finalization]


class _as_failure:  # noqa: N801  (read as a statement)
    """Turn our own faults into failures without a retry: they would fail the same way again."""

    def __enter__(self) -> None:
        pass

    def __exit__(self, kind: object, error: BaseException | None, trace: object) -> None:
        if isinstance(error, JutsuError):
            raise step_failure(str(error), alert_sent=False) from error


def _told(context: dg.OpExecutionContext, reports: list[MarkReport]) -> None:
    for report in reports:
        context.log.info("%s: %s", report.strategy_id, report.note)
    context.add_output_metadata(
        {report.strategy_id: report.note for report in reports}
        | {"marked": sum(report.mark is not None for report in reports)}
    )
