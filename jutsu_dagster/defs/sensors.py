"""Watches: runs that failed, and nights in which nothing ran."""

from datetime import UTC, datetime, timedelta

import dagster as dg

from jutsu_dagster.core.errors import JutsuError
from jutsu_dagster.pipeline.alerts import Alerts, nothing_ran, run_failed
from jutsu_dagster.pipeline.catch_up import late, standings
from jutsu_dagster.registry.load import StrategyRegistry
from jutsu_dagster.settings import Settings
from jutsu_dagster.storage.ledger import Ledger

# The night begins at 00:30 UTC; by this hour it is over.
_DUE_HOUR = 6
_HALF_HOUR = 1800
# Steps that send an alert of their own when they fail.
_TELL_THEMSELVES = ("strategies__",)


def build_sensors(registry: StrategyRegistry, settings: Settings) -> list[dg.SensorDefinition]:
    """Build the watches; they run where the settings say ``schedules``, else they are stopped."""
    status = (
        dg.DefaultSensorStatus.RUNNING if settings.schedules else dg.DefaultSensorStatus.STOPPED
    )

    @dg.run_failure_sensor(
        name="alert_on_failure",
        default_status=status,
        description="An alert for every failed run, unless what failed has sent one itself.",
    )
    def alert_on_failure(context: dg.RunFailureSensorContext) -> None:
        run, reason = context.dagster_run, context.failure_event.message or "no reason given"
        steps = [event.step_key or "" for event in context.get_step_failure_events()]
        if steps and all(step.startswith(_TELL_THEMSELVES) for step in steps):
            return
        if steps:
            details = context.get_step_failure_events()
            reason = "\n".join(str(event.message) for event in details)
        alerts = Alerts.of(settings, Ledger(settings.ledger_url))
        alerts.send(run_failed(run.job_name, _partition(run), reason, run.run_id))
        alerts.retry_undelivered()

    @dg.sensor(
        name="watch_for_silence",
        minimum_interval_seconds=_HALF_HOUR,
        default_status=status,
        description="An alert if the last session is in no account by 06:00 UTC of the next day.",
    )
    def watch_for_silence(context: dg.SensorEvaluationContext) -> dg.SkipReason:
        del context
        until = (datetime.now(UTC) - timedelta(days=1, hours=_DUE_HOUR)).date()
        ledger = Ledger(settings.ledger_url)
        alerts = Alerts.of(settings, ledger)
        alerts.retry_undelivered()
        try:
            found = late(standings(registry, ledger, until), until)
        except JutsuError as error:
            return dg.SkipReason(str(error))
        finally:
            ledger.close()
        if found is None:
            return dg.SkipReason("the last session is recorded")
        session, ids = found
        alerts.send(nothing_ran(session, ids))
        return dg.SkipReason(f"{session} is in no account; {', '.join(ids)} should have it")

    return [alert_on_failure, watch_for_silence]


def _partition(run: dg.DagsterRun) -> str | None:
    tags = run.tags
    first = tags.get("dagster/asset_partition_range_start") or tags.get("dagster/partition")
    last = tags.get("dagster/asset_partition_range_end") or first
    return first if first == last else f"{first} to {last}"
