"""What a night of variants costs: the pipeline alone, and Dagster beside empty assets."""

# No `from __future__ import annotations`: Dagster reads the signature of the empty assets.
import contextlib
import gc
import json
import shutil
import subprocess
import sys
import time
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date, timedelta
from pathlib import Path
from typing import Any

import dagster as dg
from cases import peak_mb, spread
from variant_cases import FIRST, nights, project_settings

from jutsu_dagster.cli.instance import instance
from jutsu_dagster.cli.project import Project
from jutsu_dagster.cli.runs import run_range
from jutsu_dagster.defs.variants import VARIANT_JOB
from jutsu_dagster.pipeline.shadow_registry import read_book
from jutsu_dagster.pipeline.variant_cycle import VariantDesk, run_variants

_DAY = timedelta(days=1)
MONTH = 30

Row = dict[str, Any]


@dataclass(frozen=True, slots=True)
class Cost:
    """Seconds."""

    wall: float
    cpu: float


@contextlib.contextmanager
def clocked(into: list[Cost]) -> Iterator[None]:
    """Add what the block took."""
    gc.collect()
    wall, cpu = time.perf_counter(), time.process_time()
    yield
    into.append(Cost(time.perf_counter() - wall, time.process_time() - cpu))


@contextlib.contextmanager
def fresh(prepared: Path) -> Iterator[Project]:
    """Give a copy of a prepared project."""
    home = prepared.parent / "copy"
    shutil.copytree(prepared, home)
    try:
        project = Project(project_settings(home))
        yield project
        project.ledger.close()
    finally:
        shutil.rmtree(home)


def pipeline_row(prepared: Path, count: int, repeats: int) -> Row:
    """Time ``run_variants`` over single nights, and over a month at once, without Dagster."""
    with fresh(prepared) as project:
        done = [_carry(project, day, day) for day in nights(repeats + 1)]
        per_night = [cost for cost, _bars in done[1:]]
    months, bars = [], 0
    for _ in range(max(1, repeats // 2)):
        with fresh(prepared) as project:
            cost, bars = _carry(project, FIRST, FIRST + (MONTH - 1) * _DAY)
            months.append(cost)
    return {
        "variants": count,
        "night_bars": done[-1][1],
        "night_cpu_ms": spread([cost.cpu / count * 1e3 for cost in per_night]),
        "night_wall_ms": spread([cost.wall / count * 1e3 for cost in per_night]),
        "night_ns": spread([cost.cpu / done[-1][1] * 1e9 for cost in per_night]),
        "month_ns": spread([cost.cpu / bars * 1e9 for cost in months]),
        "month_cpu_s": spread([cost.cpu for cost in months]),
    }


def _carry(project: Project, first: date, last: date) -> tuple[Cost, int]:
    """Carry all variants through a range; return what it took, and bars times variants."""
    desk = VariantDesk(project.store, project.ledger, project.settings.home)
    running = read_book(project.registry, project.settings.home).running()
    parents = {shadow.row.parent_id: project.entry(shadow.row.parent_id) for shadow in running}
    families = [
        (entry, [shadow for shadow in running if shadow.row.parent_id == id_])
        for id_, entry in parents.items()
    ]
    taken: list[Cost] = []
    cells = 0
    with clocked(taken):
        for entry, shadows in families:
            for run in run_variants(desk, entry, shadows, first, last, run_id="benchmark"):
                if run.error is not None:
                    sys.exit(f"variants: {run.id}: {run.error}")
                cells += sum(record.bars for record in run.added)
    return taken[0], cells


def variant_assets(definitions: dg.Definitions) -> list[dg.AssetsDefinition]:
    """Return the product's assets of variants, a step each."""
    return [
        asset
        for asset in definitions.assets or ()
        if isinstance(asset, dg.AssetsDefinition)
        and {spec.key.path[0] for spec in asset.specs} == {"variants"}
    ]


def empty_definitions(definitions: dg.Definitions) -> dg.Definitions:
    """Return the same graph with steps of variants that report each asset and do nothing else."""
    ours = variant_assets(definitions)
    others = [asset for asset in definitions.assets or () if asset not in ours]
    keys = [spec.key for asset in ours for spec in asset.specs]
    job = dg.define_asset_job(
        VARIANT_JOB,
        selection=dg.AssetSelection.assets(*keys),
        partitions_def=ours[0].partitions_def,
    )
    return dg.Definitions(
        assets=[*others, *map(empty_asset, ours)],
        asset_checks=definitions.asset_checks,
        jobs=[job],
        resources=definitions.resources,
        executor=dg.in_process_executor,
    )


def empty_asset(asset: dg.AssetsDefinition) -> dg.AssetsDefinition:
    """Return a step that reports an asset's keys and does nothing else."""
    specs = list(asset.specs)
    assert isinstance(asset.op, dg.OpDefinition)  # noqa: S101  (no graphs here)

    @dg.multi_asset(
        name=asset.op.name,
        specs=specs,
        partitions_def=asset.partitions_def,
        backfill_policy=asset.backfill_policy,
        can_subset=asset.can_subset,
        pool=asset.op.pool,
        op_tags=dict(asset.op.tags),
    )
    def nothing(context: dg.AssetExecutionContext) -> Iterator[dg.MaterializeResult[None]]:
        for spec in specs:
            if spec.key in context.selected_asset_keys:
                yield dg.MaterializeResult(asset_key=spec.key)

    return nothing


class Sides:
    """A project's own definitions and the empty ones, on one instance."""

    def __init__(self, project: Project, opened: dg.DagsterInstance) -> None:
        begun = time.process_time()
        self.ours = project.definitions
        self.load_seconds = time.process_time() - begun
        self.empty = empty_definitions(self.ours)
        steps = variant_assets(self.ours)
        self.steps = len(steps)
        self.keys = [spec.key for step in steps for spec in step.specs]
        self._opened = opened

    def run(self, side: str, day: date) -> Cost:
        """Run a night of one side, ``ours`` or ``empty``."""
        definitions = self.ours if side == "ours" else self.empty
        taken: list[Cost] = []
        text = day.isoformat()
        with clocked(taken):
            run_id = run_range(
                self._opened, definitions, VARIANT_JOB, self.keys, text, text, partitions=1
            )
        shown = self._opened.get_records_for_run(
            run_id, of_type=dg.DagsterEventType.ASSET_MATERIALIZATION
        )
        if len(shown.records) != len(self.keys):
            sys.exit(f"variants: {side} reported {len(shown.records)} of {len(self.keys)} assets")
        return taken[0]


def night_pairs(prepared: Path, pairs: int) -> tuple[list[dict[str, Cost]], Row]:
    """Run paired nights in alternation; the first pair loads what is loaded once."""
    found = []
    with fresh(prepared) as project, instance(project.settings) as opened:
        sides = Sides(project, opened)
        for number, day in enumerate(nights(pairs + 1)):
            order = ("ours", "empty") if number % 2 == 0 else ("empty", "ours")
            found.append({side: sides.run(side, day) for side in order})
        return found, {"load_cpu_s": sides.load_seconds, "steps": sides.steps}


def memory(prepared: Path, side: str) -> Row:
    """Run two nights of one side in a fresh process; return its peak and what it began with."""
    command = [sys.executable, __file__, str(prepared), side]
    answer = subprocess.run(command, capture_output=True, text=True, check=True)
    row: Row = json.loads(answer.stdout.splitlines()[-1])
    return row


def _child(prepared: str, side: str) -> int:
    with fresh(Path(prepared)) as project, instance(project.settings) as opened:
        before = peak_mb()
        sides = Sides(project, opened)
        for day in nights(2):
            sides.run(side, day)
    print(json.dumps({"peak_mb": peak_mb(), "baseline_mb": before}))
    return 0


if __name__ == "__main__":
    sys.exit(_child(*sys.argv[1:]))
