"""Watches: runs that failed, and nights in which nothing ran."""

from datetime import UTC, datetime, timedelta

import dagster as dg

from jutsu_dagster.core.errors import JutsuError
from jutsu_dagster.defs.failures import alert_was_sent, reason_of
from jutsu_dagster.pipeline.alerts import Alerts, nothing_ran, run_failed
from jutsu_dagster.pipeline.catch_up import late, standings
from jutsu_dagster.pipeline.desk import tell
from jutsu_dagster.registry.load import StrategyRegistry
from jutsu_dagster.settings import Settings
from jutsu_dagster.storage.ledger import Ledger

SILENCE = "watch_for_silence"
# The night begins at 00:30 UTC; by this hour it is over.
_DUE_HOUR = 6
_HALF_HOUR = 1800


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
        run, steps = context.dagster_run, context.get_step_failure_events()
        untold = [event for event in steps if not alert_was_sent(event)]
        if steps and not untold:
            return
        reasons = [f"{event.step_key}: {reason_of(event)}" for event in untold]
        reason = "\n".join(reasons) or context.failure_event.message or "no reason given"
        tell(settings, run_failed(run.job_name, _partition(run), reason, run.run_id))

    @dg.sensor(
        name=SILENCE,
        minimum_interval_seconds=_HALF_HOUR,
        default_status=status,
        description="An alert if the last session is in no account by 06:00 UTC of the next day.",
    )
    def watch_for_silence(context: dg.SensorEvaluationContext) -> dg.SkipReason:
        del context
        until = (datetime.now(UTC) - timedelta(days=1, hours=_DUE_HOUR)).date()
        ledger = Ledger(settings.ledger_url)
        alerts = Alerts.of(settings, ledger)
        try:
            alerts.retry_undelivered()
            found = late(standings(registry, ledger, until))
            if found is None:
                return dg.SkipReason("the last session is recorded")
            session, ids = found
            alerts.send(nothing_ran(session, ids))
        except JutsuError as error:
            # A ledger out of reach is a night without a record as well.
            alerts.send(run_failed(SILENCE, until.isoformat(), str(error), None))
            return dg.SkipReason(str(error))
        finally:
            ledger.close()
        return dg.SkipReason(f"{session} is in no account; {', '.join(ids)} should have it")

    return [alert_on_failure, watch_for_silence]


def _partition(run: dg.DagsterRun) -> str:
    """Return the days that a run is of; today's where it has no partitions."""
    tags = run.tags
    first = tags.get("dagster/asset_partition_range_start") or tags.get("dagster/partition")
    if first is None:
        return datetime.now(UTC).date().isoformat()
    last = tags.get("dagster/asset_partition_range_end") or first
    return first if first == last else f"{first} to {last}"
