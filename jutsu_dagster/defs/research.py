"""The research assets: one thin asset a step of the night, and the two of its report."""

from collections.abc import Callable, Sequence
from datetime import date
from functools import partial

import dagster as dg

from jutsu_dagster.core.errors import JutsuError
from jutsu_dagster.defs.failures import step_failure
from jutsu_dagster.defs.market import partition_range
from jutsu_dagster.defs.night_events import night_results
from jutsu_dagster.defs.paper import paper_key
from jutsu_dagster.defs.research_metadata import step_metadata
from jutsu_dagster.defs.research_specs import (
    CANDIDATES,
    DESCRIPTIONS,
    GROUP,
    REPORT_STEPS,
    SUMMARY,
    research_key,
)
from jutsu_dagster.pipeline.alert_causes import proposal_opened
from jutsu_dagster.pipeline.desk import tell
from jutsu_dagster.pipeline.night import paper_entries
from jutsu_dagster.pipeline.research.artefacts import content_hash
from jutsu_dagster.pipeline.research.candidates import promotion_candidates
from jutsu_dagster.pipeline.research.desk import ResearchDesk, open_research
from jutsu_dagster.pipeline.research.night import write_summary
from jutsu_dagster.pipeline.research.steps import STEPS, run_step
from jutsu_dagster.registry.load import StrategyRegistry
from jutsu_dagster.research.memory import LOOK_BACK
from jutsu_dagster.research.trades import Json
from jutsu_dagster.settings import Settings

_Compute = Callable[[dg.AssetExecutionContext, date, ResearchDesk], Json]


def build_research(
    registry: StrategyRegistry, settings: Settings, days: dg.DailyPartitionsDefinition
) -> list[dg.AssetsDefinition]:
    """Build ``research/<step>`` for every step of the night, in its order."""
    strategies = [paper_key(entry.id) for entry in paper_entries(registry)]
    assets = []
    for place, (name, step) in enumerate(STEPS.items()):
        deps: list[dg.AssetDep | dg.AssetKey] = [research_key(need) for need in step.needs]
        if name == "meta_review":
            deps = [_memory_of_five_nights()]
        rank = len(STEPS) - place
        assets.append(
            _build(name, deps or list(strategies), _runs(name), registry, settings, days, rank)
        )
    above = [research_key("meta_review"), *strategies]
    candidates = partial(_candidates, settings)
    report: dict[str, _Compute] = {CANDIDATES: candidates, SUMMARY: _summary}
    for place, (name, compute) in enumerate(report.items()):
        # The summary comes last, and comes also where the candidates fail.
        assets.append(_build(name, list(above), compute, registry, settings, days, -place))
    return assets


def _build(
    name: str,
    deps: Sequence[dg.AssetDep | dg.AssetKey],
    compute: _Compute,
    registry: StrategyRegistry,
    settings: Settings,
    days: dg.DailyPartitionsDefinition,
    priority: int,
) -> dg.AssetsDefinition:
    @dg.asset(
        key=research_key(name),
        deps=deps,
        group_name=GROUP,
        partitions_def=days,
        # A night reads what the night before has left: each is a run of its own.
        backfill_policy=dg.BackfillPolicy.multi_run(1),
        # All research shares one pool, so that nights follow each other.
        pool=GROUP,
        op_tags={"dagster/priority": str(priority)},
        kinds={"python", "json"},
        owners=["team:research"],
        tags={"stage": "report" if name in REPORT_STEPS else "night"},
        description=DESCRIPTIONS[name],
    )
    def step(context: dg.AssetExecutionContext) -> dg.MaterializeResult[None]:
        first, last = partition_range(context)
        if first != last:
            raise step_failure(
                f"{first} to {last} are several nights, and each reads what the one before has"
                " left; launch one run a night (`jutsu nightly --from … --to …` does)",
                alert_sent=True,
            )
        try:
            with open_research(registry, settings) as desk:
                found = compute(context, first, desk)
        except (JutsuError, OSError) as error:
            raise step_failure(str(error), alert_sent=False, step=name) from error
        return dg.MaterializeResult(
            metadata=step_metadata(name, first, found, settings.home),
            data_version=dg.DataVersion(content_hash(found)),
        )

    return step


def _runs(name: str) -> _Compute:
    def compute(context: dg.AssetExecutionContext, day: date, desk: ResearchDesk) -> Json:
        del context
        return run_step(name, day, desk)

    return compute


def _candidates(
    settings: Settings, context: dg.AssetExecutionContext, day: date, desk: ResearchDesk
) -> Json:
    del context
    found = promotion_candidates(day, desk)
    for one in found["proposals"]:
        # Each cause is told once: a night that is run again is silent.
        tell(settings, proposal_opened(one["proposal_id"], date.fromisoformat(one["expires_on"])))
    return found


def _summary(context: dg.AssetExecutionContext, day: date, desk: ResearchDesk) -> Json:
    found = night_results(context.instance, desk.registry, day, context.run.run_id)
    return write_summary(day, desk, found.results, found.notes)


def _memory_of_five_nights() -> dg.AssetDep:
    return dg.AssetDep(
        research_key("memory_snapshot"),
        partition_mapping=dg.TimeWindowPartitionMapping(
            start_offset=1 - LOOK_BACK, end_offset=0, allow_nonexistent_upstream_partitions=True
        ),
    )
