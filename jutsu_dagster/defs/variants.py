"""The factory of variants: every live row of the shadow registry is an asset, a sweep a step."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta

import dagster as dg

from jutsu_dagster.core.errors import JutsuError
from jutsu_dagster.defs.backtests import DATA_VERSION_TAG
from jutsu_dagster.defs.failures import step_failure
from jutsu_dagster.defs.market import partition_range
from jutsu_dagster.defs.metadata import Metadata
from jutsu_dagster.defs.paper import paper_key
from jutsu_dagster.defs.resources import StorageResource
from jutsu_dagster.defs.variant_metadata import (
    Shown,
    day_metadata,
    family_metadata,
)
from jutsu_dagster.defs.variant_specs import variant_key, variant_spec
from jutsu_dagster.pipeline.desk import isolated
from jutsu_dagster.pipeline.night import paper_entries
from jutsu_dagster.pipeline.shadow_freeze import freeze
from jutsu_dagster.pipeline.variant_cycle import VariantDesk, run_variants
from jutsu_dagster.pipeline.variant_report import VariantDay, VariantRun
from jutsu_dagster.registry.load import StrategyEntry, StrategyRegistry
from jutsu_dagster.registry.shadow_rows import number_of
from jutsu_dagster.registry.shadows import Shadow, ShadowBook
from jutsu_dagster.settings import Settings

VARIANT_JOB = "variant_cycle"
# Variants of one parent whose numbers share a step; more specs a step cost Dagster more than
# they save.
STEP_SIZE = 250
# A run launched before its variant was retired must still find the key.
_KEPT = timedelta(days=30)
_SHOWN = 20


def build_variants(
    registry: StrategyRegistry,
    book: ShadowBook,
    settings: Settings,
    days: dg.DailyPartitionsDefinition,
) -> list[dg.AssetsDefinition]:
    """Build ``variants/<id>`` for every variant that runs or ran within the last 30 days."""
    steps: dict[tuple[str, int], list[Shadow]] = {}
    today = datetime.now(UTC).date()
    for shadow in book.shadows.values():
        parent = registry.get_strategy(shadow.row.parent_id)
        if parent is None or parent.config is None or not _defined(shadow, today):
            continue
        # By number, so that a new variant leaves the steps of others as they are.
        place = (number_of(shadow.id) - 1) // STEP_SIZE
        steps.setdefault((parent.id, place), []).append(shadow)
    last = dict(sorted(steps))
    traded = {entry.id for entry in paper_entries(registry)}
    return [
        _build_step(
            _Family(registry, registry.entries[parent], book, settings, days, parent in traded),
            place,
            chosen,
            overview=place == last[parent],
        )
        for (parent, place), chosen in sorted(steps.items())
    ]


@dataclass(frozen=True)
class _Family:
    """What the steps of one parent share."""

    registry: StrategyRegistry
    parent: StrategyEntry
    book: ShadowBook
    settings: Settings
    days: dg.DailyPartitionsDefinition
    parent_trades: bool


def live_variants(book: ShadowBook) -> dg.AssetSelection:
    """Return the variants of a night."""
    return dg.AssetSelection.assets(*[variant_key(shadow.id) for shadow in book.running()])


def _defined(shadow: Shadow, today: date) -> bool:
    if shadow.mutated is not None:
        return True
    ended = (shadow.row.model_extra or {}).get("retired_at")
    try:
        return ended is not None and today - datetime.fromisoformat(ended).date() <= _KEPT
    except (TypeError, ValueError):
        return False


def _build_step(
    family: _Family, place: int, shadows: Sequence[Shadow], *, overview: bool
) -> dg.AssetsDefinition:
    parent = family.parent
    by_key = {variant_key(shadow.id): shadow for shadow in shadows}

    @dg.multi_asset(
        name=f"variants__{parent.id}_{place:02d}",
        specs=[
            variant_spec(parent, shadow, parent_trades=family.parent_trades) for shadow in shadows
        ],
        partitions_def=family.days,
        backfill_policy=dg.BackfillPolicy.single_run(),
        can_subset=True,
        pool=f"variants_{parent.id}",
        # In order, so that the last one sees the whole family.
        op_tags={"dagster/priority": str(-place)},
    )
    def variants(
        context: dg.AssetExecutionContext, storage: StorageResource
    ) -> Iterator[dg.MaterializeResult[None]]:
        chosen = [by_key[key] for key in by_key if key in context.selected_asset_keys]
        runs, shown = _carried(context, family, [one for one in chosen if one.runs], storage)
        if overview and shown.overview:
            last = context.partition_key_range.end
            parent_page = dg.AssetObservation(
                paper_key(parent.id), partition=last, metadata=shown.overview
            )
            context.log_event(parent_page)
        for run in runs:
            if run.error is None:
                yield _result(context, run, shown.curves.get(run.id, {}))
        for shadow in chosen:
            if not shadow.runs:
                # Chosen by hand, or by a run that was launched before it was retired.
                note = {"strategy_id": shadow.id, "status": shadow.row.status, "note": "rests"}
                yield dg.MaterializeResult(asset_key=variant_key(shadow.id), metadata=note)
        failed = {run.id: run for run in runs if run.error is not None}
        if failed:
            _show_done(context, failed.values())
            raise _failure(parent, failed, len(runs))

    return variants


def _carried(
    context: dg.AssetExecutionContext,
    family: _Family,
    live: Sequence[Shadow],
    storage: StorageResource,
) -> tuple[list[VariantRun], Shown]:
    """Carry the variants of a step through the run's days; return how it went."""
    first, last = partition_range(context)
    for fault in family.book.faults:
        context.log.warning("%s", fault)
    ledger = storage.ledger()
    try:
        if not all(shadow.frozen for shadow in live):
            freeze(family.registry, family.settings.home)
        asker = isolated(family.registry)
        desk = VariantDesk(storage.market(), ledger, family.settings.home, asker.direct_of)
        runs = run_variants(desk, family.parent, live, first, last, run_id=context.run.run_id)
        return runs, family_metadata(family.parent, ledger, [run.id for run in runs], last)
    except JutsuError as error:
        raise step_failure(str(error), alert_sent=False, strategy_id=family.parent.id) from error
    finally:
        ledger.close()


def _result(
    context: dg.AssetExecutionContext, run: VariantRun, curve: Metadata
) -> dg.MaterializeResult[None]:
    """Return what a good variant shows: of a single day all at once, of a range day by day."""
    key = variant_key(run.id)
    if len(run.days) == 1:
        day = run.days[0]
        return dg.MaterializeResult(
            asset_key=key, metadata={**day_metadata(run, day), **curve}, data_version=_version(day)
        )
    for day in run.days:
        context.add_asset_metadata(
            day_metadata(run, day), asset_key=key, partition_key=day.day.isoformat()
        )
    if curve:
        context.add_asset_metadata(curve, asset_key=key, partition_key=run.days[-1].day.isoformat())
    return dg.MaterializeResult(asset_key=key, data_version=_version(run.days[-1]))


def _version(day: VariantDay) -> dg.DataVersion:
    return dg.DataVersion(day.content_hash)


def _show_done(context: dg.AssetExecutionContext, failed: Iterable[VariantRun]) -> None:
    """Report the days of failed variants that were done before the failure: they stand."""
    for run in failed:
        for day in run.days:
            if day.record is not None:
                context.log_event(
                    dg.AssetMaterialization(
                        variant_key(run.id),
                        partition=day.day.isoformat(),
                        metadata=day_metadata(run, day),
                        tags={DATA_VERSION_TAG: day.content_hash},
                    )
                )


def _failure(parent: StrategyEntry, failed: Mapping[str, VariantRun], count: int) -> dg.Failure:
    lines = [f"{id_}: {run.error}" for id_, run in failed.items()]
    head = f"{len(failed)} of {count} variants of {parent.id} failed; the others are recorded."
    return step_failure(
        "\n".join([head, *lines[:_SHOWN], *(["…"] if len(lines) > _SHOWN else [])]),
        alert_sent=False,
        strategy_id=parent.id,
        failed=", ".join(failed),
    )
