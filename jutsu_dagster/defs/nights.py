"""When nights run by themselves: each at its hour, missed ones in order, each with its report."""

import json
from datetime import UTC, date, datetime, time, timedelta
from typing import TYPE_CHECKING

import dagster as dg

from jutsu_dagster.core.errors import JutsuError
from jutsu_dagster.defs.live_runs import fail_dead_runs
from jutsu_dagster.defs.night_events import DAY_TAG, NIGHT_JOB, REPORT_JOB
from jutsu_dagster.defs.reload import registry_print
from jutsu_dagster.defs.research_specs import GROUP, REPORT_STEPS, research_key
from jutsu_dagster.defs.schedules import TRADING_JOB, UNDER_WAY, first_day
from jutsu_dagster.defs.variant_specs import variant_key
from jutsu_dagster.defs.variants import live_variants
from jutsu_dagster.pipeline.nights import nights_due, nights_over, not_ok
from jutsu_dagster.pipeline.variant_due import due
from jutsu_dagster.registry.load import StrategyRegistry
from jutsu_dagster.registry.shadows import ShadowBook
from jutsu_dagster.settings import Settings
from jutsu_dagster.storage.ledger import Ledger

if TYPE_CHECKING:
    from dagster._core.definitions.unresolved_asset_job_definition import (
        UnresolvedAssetJobDefinition as Job,  # what define_asset_job returns
    )

MISSED = "missed_nights"

_DAY = timedelta(days=1)
_BEGINS = time(2, 30)
# The schedule has had its tick by then.
_CAUGHT_UP_FROM = time(2, 40)
_LAST_HOUR = 6
_REPORT_SECONDS = 600
_TRIES = 3
_REPORT_INTERVAL, _MISSED_INTERVAL = 10, 15


def build_night_schedule(
    registry: StrategyRegistry, book: ShadowBook, settings: Settings
) -> dg.ScheduleDefinition:
    """Build the schedule of the nights; it runs where the settings say ``schedules``."""

    @dg.schedule(
        name=NIGHT_JOB,
        job_name=NIGHT_JOB,
        # Again each hour, for a night whose market came late.
        cron_schedule=f"{_BEGINS.minute} {_BEGINS.hour}-{_LAST_HOUR} * * *",
        execution_timezone="UTC",
        default_status=(
            dg.DefaultScheduleStatus.RUNNING
            if settings.schedules
            else dg.DefaultScheduleStatus.STOPPED
        ),
        description=(
            "After each UTC day, when its accounts have traded: research, memory, meta review,"
            " then all variants. Nights that were missed come first, one after the other."
        ),
    )
    def nightly_research_cycle(
        context: dg.ScheduleEvaluationContext,
    ) -> list[dg.RunRequest] | dg.SkipReason:
        at = context.scheduled_execution_time.astimezone(UTC)
        until = at.date() - _DAY
        fail_dead_runs(context.instance, settings.dagster_home)
        if busy := under_way(context.instance):
            return dg.SkipReason(busy)
        nights = nights_due(settings.home, until)
        if not nights and set(not_ok(settings.home, until)) - {"variants"}:
            nights = [until]
        if not nights:
            return dg.SkipReason(f"the night of {until} is over")
        night = nights[0]
        try:
            waits = first_day(registry, settings, context.instance, night)
            # The last tick does not wait: the report says what is missing.
            if waits is not None and waits <= night and at.hour < _LAST_HOUR:
                return dg.SkipReason(f"{waits} is not traded yet; {TRADING_JOB} comes first")
            return night_requests(book, settings, night, f"{at:%Y%m%dT%H}")
        except JutsuError as error:
            raise dg.Failure(description=str(error)) from error

    return nightly_research_cycle


def night_requests(
    book: ShadowBook, settings: Settings, night: date, tick: str
) -> list[dg.RunRequest]:
    """Return the run of a night, after one of the variants that lack days before it."""
    ledger = Ledger(settings.ledger_url)
    try:
        ledger.require_current()
        plans = due(ledger, book.running(), night - _DAY) if book.running() else []
    finally:
        ledger.close()
    behind = [
        dg.RunRequest(
            run_key=f"{NIGHT_JOB}:{plan.first}:{plan.last}:{tick}",
            asset_selection=[variant_key(id_) for id_ in plan.ids],
            tags={
                "dagster/asset_partition_range_start": plan.first.isoformat(),
                "dagster/asset_partition_range_end": plan.last.isoformat(),
            },
        )
        for plan in plans
    ]
    return [
        *behind,
        dg.RunRequest(run_key=f"{NIGHT_JOB}:{night}:{tick}", partition_key=night.isoformat()),
    ]


def build_night_jobs(book: ShadowBook) -> "tuple[Job, Job]":
    """Build the jobs of a night and of its report."""
    report = dg.AssetSelection.assets(*map(research_key, REPORT_STEPS))
    night = dg.define_asset_job(
        NIGHT_JOB,
        selection=(dg.AssetSelection.groups(GROUP) - report) | live_variants(book),
        description=(
            "A night of research on what has traded by then, its memory and its meta review, and"
            " after these a day of every live variant."
        ),
        # Only what failed runs again, and once: what is there is there.
        tags={"dagster/max_retries": "1", "dagster/retry_strategy": "FROM_ASSET_FAILURE"},
    )
    report_job = dg.define_asset_job(
        REPORT_JOB,
        selection=report,
        description=(
            "After each night, however it ended: every variant's evidence for a promotion, and"
            " what became of each step."
        ),
        # Before the next night, if several wait.
        tags={"dagster/priority": "1"},
    )
    return night, report_job


def build_reports(night: "Job", report: "Job", settings: Settings) -> list[dg.SensorDefinition]:
    """Build a sensor for each end that a night can have: after all of them comes its report."""
    ends = {
        "success": dg.DagsterRunStatus.SUCCESS,
        "failure": dg.DagsterRunStatus.FAILURE,
        "cancellation": dg.DagsterRunStatus.CANCELED,
    }

    def build(name: str, status: dg.DagsterRunStatus) -> dg.SensorDefinition:
        @dg.run_status_sensor(
            run_status=status,
            name=f"report_after_{name}",
            monitored_jobs=[night],
            request_job=report,
            minimum_interval_seconds=_REPORT_INTERVAL,
            default_status=_sensor_status(settings),
            description=f"The report of a night, after its {name}.",
        )
        def report_after(context: dg.RunStatusSensorContext) -> dg.RunRequest | dg.SkipReason:
            run = context.dagster_run
            day = run.tags.get(DAY_TAG)
            if day is None:
                return dg.SkipReason(f"run {run.run_id} is of variants alone")
            return dg.RunRequest(run_key=run.run_id, partition_key=day)

        return report_after

    return [build(name, status) for name, status in ends.items()]


def build_missed_nights(night: "Job", book: ShadowBook, settings: Settings) -> dg.SensorDefinition:
    """Build the sensor that starts missed nights, each when the one before has its report."""
    loaded = registry_print(settings)

    @dg.sensor(
        name=MISSED,
        job=night,
        minimum_interval_seconds=_MISSED_INTERVAL,
        default_status=_sensor_status(settings),
        description=(
            "After days without Dagster: the nights that were missed, in order, each when the one"
            " before has its report and its new variants are loaded."
        ),
    )
    def missed_nights(context: dg.SensorEvaluationContext) -> dg.SensorResult | dg.SkipReason:
        night = _missed(context.instance, settings, loaded)
        if isinstance(night, str):
            return dg.SkipReason(night)
        tries = json.loads(context.cursor or "{}").get(str(night), 0)
        if tries >= _TRIES:
            return dg.SkipReason(
                f"the night of {night} was started {tries} times and has no summary; see its"
                f" runs, then `jutsu nightly --date {night}`"
            )
        try:
            requests = night_requests(book, settings, night, f"missed-{tries}")
        except JutsuError as error:
            raise dg.Failure(description=str(error)) from error
        return dg.SensorResult(run_requests=requests, cursor=json.dumps({str(night): tries + 1}))

    return missed_nights


def _missed(
    instance: dg.DagsterInstance, settings: Settings, loaded: tuple[int, int] | None
) -> date | str:
    """Return the night to start now, or why none is."""
    now = datetime.now(UTC)
    # Tonight's is the schedule's until that has had its tick.
    until = now.date() - (_DAY if now.time() >= _CAUGHT_UP_FROM else 2 * _DAY)
    if not nights_over(settings.home, until):
        return "there was no night yet; the schedule begins"
    nights = nights_due(settings.home, until)
    if not nights:
        return f"the night of {until} is over"
    changed = registry_print(settings) != loaded
    waits = "the shadow registry has changed, and is to be loaded first" if changed else None
    return under_way(instance) or waits or _report_awaited(instance, nights[0]) or nights[0]


def under_way(instance: dg.DagsterInstance) -> str | None:
    """Return which run a night has to wait for, if any."""
    for job in (TRADING_JOB, NIGHT_JOB, REPORT_JOB):
        busy = instance.get_run_ids(dg.RunsFilter(job_name=job, statuses=UNDER_WAY), limit=1)
        if busy:
            return f"run {busy[0]} of {job} is under way"
    return None


def _report_awaited(instance: dg.DagsterInstance, night: date) -> str | None:
    """Return that a night has just ended, and its report is to come, if so."""
    filters = dg.RunsFilter(job_name=NIGHT_JOB, tags={DAY_TAG: night.isoformat()})
    for record in instance.get_run_records(filters, limit=1):
        ended = record.end_time
        if ended is not None and datetime.now(UTC).timestamp() - ended < _REPORT_SECONDS:
            return f"the report of {night} is awaited"
    return None


def _sensor_status(settings: Settings) -> dg.DefaultSensorStatus:
    running = settings.schedules
    return dg.DefaultSensorStatus.RUNNING if running else dg.DefaultSensorStatus.STOPPED
