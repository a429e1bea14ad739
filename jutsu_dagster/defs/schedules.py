"""When things run by themselves: the night, marks on exchange hours, the end of the day."""

from collections.abc import Sequence
from datetime import UTC, date, datetime, timedelta

import dagster as dg

from jutsu_dagster.core.errors import JutsuError
from jutsu_dagster.core.hours import in_refresh_hours, is_end_of_day
from jutsu_dagster.defs.live_runs import fail_dead_runs
from jutsu_dagster.defs.market import market_key
from jutsu_dagster.defs.operations import EOD_JOB, REFRESH_JOB
from jutsu_dagster.defs.paper import paper_key
from jutsu_dagster.pipeline.catch_up import missing_range, standings
from jutsu_dagster.pipeline.night import paper_entries
from jutsu_dagster.registry.load import StrategyEntry, StrategyRegistry
from jutsu_dagster.settings import Settings
from jutsu_dagster.storage.ledger import Ledger

TRADING_JOB = "trading_session"
_LOOKED_BACK = timedelta(days=6)
UNDER_WAY = [
    dg.DagsterRunStatus.QUEUED,
    dg.DagsterRunStatus.NOT_STARTED,
    dg.DagsterRunStatus.STARTING,
    dg.DagsterRunStatus.STARTED,
]


def build_schedules(registry: StrategyRegistry, settings: Settings) -> list[dg.ScheduleDefinition]:
    """Build the schedules; they run where the settings say ``schedules``, else they are stopped."""
    status = (
        dg.DefaultScheduleStatus.RUNNING if settings.schedules else dg.DefaultScheduleStatus.STOPPED
    )

    @dg.schedule(
        name=TRADING_JOB,
        job_name=TRADING_JOB,
        cron_schedule="30 0 * * *",
        execution_timezone="UTC",
        default_status=status,
        description=(
            "After each UTC day: its market day and every paper account, with all days that were"
            " missed before it, in order, as one run."
        ),
    )
    def trading_session(
        context: dg.ScheduleEvaluationContext,
    ) -> dg.RunRequest | dg.SkipReason:
        until = context.scheduled_execution_time.astimezone(UTC).date() - timedelta(days=1)
        fail_dead_runs(context.instance, settings.dagster_home)
        busy = context.instance.get_run_ids(
            dg.RunsFilter(job_name=TRADING_JOB, statuses=UNDER_WAY), limit=1
        )
        if busy:
            return dg.SkipReason(f"run {busy[0]} is under way; the next tick takes what it leaves")
        try:
            first = first_day(registry, settings, context.instance, until)
        except JutsuError as error:
            # The tick fails with this text; an alert comes from the watch for nights without a run.
            raise dg.Failure(description=str(error)) from error
        if first is None:
            return dg.SkipReason(f"every account is up to {until}")
        return dg.RunRequest(
            run_key=f"{TRADING_JOB}:{first}:{until}:{context.scheduled_execution_time:%Y%m%d}",
            tags={
                "dagster/asset_partition_range_start": first.isoformat(),
                "dagster/asset_partition_range_end": until.isoformat(),
            },
        )

    @dg.schedule(
        name=REFRESH_JOB,
        job_name=REFRESH_JOB,
        # A list, because 15:30 is the last one and no other has a half hour.
        cron_schedule=["0 10-15 * * 1-5", "30 15 * * 1-5", "30 12 * * 1-5"],
        execution_timezone="America/New_York",
        default_status=status,
        description="On exchange hours, half days too: every account at the latest quotes.",
    )
    def hourly_refresh(context: dg.ScheduleEvaluationContext) -> dg.RunRequest | dg.SkipReason:
        at = context.scheduled_execution_time
        if not in_refresh_hours(at) or (_is_half_past(at) and not _is_last_refresh(at)):
            return dg.SkipReason(f"{at:%Y-%m-%d %H:%M} is outside the refreshes of that day")
        return _at(REFRESH_JOB, "mark_to_quotes", at)

    @dg.schedule(
        name=EOD_JOB,
        job_name=EOD_JOB,
        cron_schedule=["15 13 * * 1-5", "15 16 * * 1-5"],
        execution_timezone="America/New_York",
        default_status=status,
        description="Fifteen minutes after the close, early closes too.",
    )
    def eod_finalization(context: dg.ScheduleEvaluationContext) -> dg.RunRequest | dg.SkipReason:
        at = context.scheduled_execution_time
        if not is_end_of_day(at):
            return dg.SkipReason(f"{at:%Y-%m-%d %H:%M} is not 15 minutes after a close")
        return _at(EOD_JOB, "finalize_day", at)

    return [trading_session, hourly_refresh, eod_finalization]


def first_day(
    registry: StrategyRegistry,
    settings: Settings,
    instance: dg.DagsterInstance,
    until: date,
    ids: Sequence[str] = (),
) -> date | None:
    """Return the first day up to ``until`` that is still to be traded or shown as closed.

    ``ids`` are the strategies asked about; all unless given.

    What is recorded the ledger knows; that a closed day was looked at, and that a killed run did
    not come to show what it had recorded, only Dagster does. Its last week is looked at.
    """
    ledger = Ledger(settings.ledger_url)
    try:
        ledger.require_current()
        found = standings(registry, ledger, until, ids)
    finally:
        ledger.close()
    missing = missing_range(found, until)
    days = [missing[0]] if missing is not None else []
    recorded = [each.recorded for each in found if each.recorded is not None]
    if recorded:
        # A broken strategy never shows anything.
        sound = [entry for entry in paper_entries(registry) if entry.config]
        asked = [entry for entry in sound if not ids or entry.id in ids]
        days += _unshown(instance, asked, max(recorded) - _LOOKED_BACK, until)
    return min(days, default=None)


def _unshown(
    instance: dg.DagsterInstance, entries: Sequence[StrategyEntry], first: date, last: date
) -> list[date]:
    """Return the days that a market or any of the accounts does not show in Dagster."""
    accounts = [instance.get_materialized_partitions(paper_key(entry.id)) for entry in entries]
    markets = {market_key(entry) for entry in entries}
    every = [*accounts, *map(instance.get_materialized_partitions, markets)]
    # Before the first day of any account there was nothing to show.
    begun = min((min(each) for each in accounts if each), default="")
    days = (first + timedelta(days=offset) for offset in range((last - first).days + 1))
    return [
        day
        for day in days
        if day.isoformat() >= begun and any(day.isoformat() not in each for each in every)
    ]


def _at(job: str, op: str, moment: datetime) -> dg.RunRequest:
    return dg.RunRequest(
        run_key=f"{job}:{moment:%Y%m%dT%H%M}",
        run_config=dg.RunConfig(ops={op: {"config": {"at": moment.isoformat()}}}),
    )


def _is_half_past(moment: datetime) -> bool:
    return moment.minute != 0


def _is_last_refresh(moment: datetime) -> bool:
    return not in_refresh_hours(moment + timedelta(minutes=1))
