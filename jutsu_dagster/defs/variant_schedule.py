"""When the variants run by themselves: each night, once the market's day is there."""

from datetime import UTC, timedelta

import dagster as dg

from jutsu_dagster.core.errors import JutsuError
from jutsu_dagster.defs.live_runs import fail_dead_runs
from jutsu_dagster.defs.market import CRYPTO_15M_KEY, ETF_DAILY_KEY
from jutsu_dagster.defs.schedules import TRADING_JOB, UNDER_WAY
from jutsu_dagster.defs.variant_specs import variant_key
from jutsu_dagster.defs.variants import VARIANT_JOB
from jutsu_dagster.pipeline.variant_due import due
from jutsu_dagster.registry.shadows import ShadowBook
from jutsu_dagster.settings import Settings
from jutsu_dagster.storage.ledger import Ledger


def build_variant_schedule(book: ShadowBook, settings: Settings) -> dg.ScheduleDefinition:
    """Build the schedule of the variants; it runs where the settings say ``schedules``."""
    running = book.running()

    @dg.schedule(
        name=VARIANT_JOB,
        job_name=VARIANT_JOB,
        # Again each hour, for a night whose market came late.
        cron_schedule="30 1-5 * * *",
        execution_timezone="UTC",
        default_status=(
            dg.DefaultScheduleStatus.RUNNING
            if settings.schedules
            else dg.DefaultScheduleStatus.STOPPED
        ),
        description=(
            "After each UTC day, when its bars are there: every live variant; those that missed"
            " days catch up in a run of their own."
        ),
    )
    def variant_cycle(
        context: dg.ScheduleEvaluationContext,
    ) -> list[dg.RunRequest] | dg.SkipReason:
        until = context.scheduled_execution_time.astimezone(UTC).date() - timedelta(days=1)
        if not running:
            return dg.SkipReason("there are no live variants")
        fail_dead_runs(context.instance, settings.dagster_home)
        for job in (TRADING_JOB, VARIANT_JOB):
            busy = context.instance.get_run_ids(
                dg.RunsFilter(job_name=job, statuses=UNDER_WAY), limit=1
            )
            if busy:
                return dg.SkipReason(f"run {busy[0]} of {job} is under way")
        for key in _markets(book):
            if until.isoformat() not in context.instance.get_materialized_partitions(key):
                return dg.SkipReason(f"{key.to_user_string()} of {until} is not there yet")
        ledger = Ledger(settings.ledger_url)
        try:
            ledger.require_current()
            plans = due(ledger, running, until)
        except JutsuError as error:
            raise dg.Failure(description=str(error)) from error
        finally:
            ledger.close()
        if not plans:
            return dg.SkipReason(f"every variant is recorded up to {until}")
        tick = f"{context.scheduled_execution_time:%Y%m%dT%H}"
        return [
            dg.RunRequest(
                run_key=f"{VARIANT_JOB}:{plan.first}:{plan.last}:{tick}",
                asset_selection=[variant_key(id_) for id_ in plan.ids],
                tags={
                    "dagster/asset_partition_range_start": plan.first.isoformat(),
                    "dagster/asset_partition_range_end": plan.last.isoformat(),
                },
            )
            for plan in plans
        ]

    return variant_cycle


def _markets(book: ShadowBook) -> list[dg.AssetKey]:
    """Return the markets that live variants read."""
    frames = {
        shadow.mutated.strategy.timeframe for shadow in book.running() if shadow.mutated is not None
    }
    keys = [ETF_DAILY_KEY] if "1d" in frames else []
    return keys + ([CRYPTO_15M_KEY] if frames - {"1d"} else [])
