"""Seconds of a 16-year backfill of the registered strategies, and of an empty asset's.

    python benchmarks/backfill.py [--pairs N] [--json FILE]

The README beside this file says what is measured.
"""

# No `from __future__ import annotations`: Dagster reads the signature of the empty asset.
import argparse
import json
import shutil
import sys
import tempfile
import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import date
from pathlib import Path

import dagster as dg
from cases import spread

from jutsu_dagster.cli.ingest import ingest
from jutsu_dagster.cli.init import init
from jutsu_dagster.cli.instance import instance
from jutsu_dagster.cli.project import Project
from jutsu_dagster.cli.runs import run_range
from jutsu_dagster.definitions import BACKTEST_JOB
from jutsu_dagster.defs.backtests import backtest_key
from jutsu_dagster.defs.partitions import yearly_partitions
from jutsu_dagster.settings import Settings

FIRST, LAST = 2010, 2025
YEARS = LAST - FIRST + 1
_EMPTY_JOB = "empty_years"
_ROOT = Path(__file__).resolve().parent.parent


@dataclass(frozen=True, slots=True)
class Cost:
    """Seconds."""

    wall: float
    cpu: float


def prepare(home: Path) -> list[str]:
    """Fill a project folder: configuration, ledger, compiled kernels, the sample market.

    Returns
    -------
    list of str
        The active strategies.
    """
    shutil.copytree(_ROOT / "config", home / "config")
    settings = project_settings(home)
    init(settings, quiet=True)
    project = Project(settings)
    ingest(project, last=date(LAST, 12, 31), quiet=True)
    return [entry.id for entry in project.registry.get_active_strategies()]


def project_settings(home: Path) -> Settings:
    """Return settings of a folder of its own, whatever the environment says."""
    return Settings(home=home, database_url=None, etf_source="sample", market_store=None)


def empty_definitions(names: Sequence[str]) -> dg.Definitions:
    """Return one asset a name that does nothing but report every year, as a backtest does."""
    return dg.Definitions(
        assets=[_empty_asset(name) for name in names],
        jobs=[dg.define_asset_job(_EMPTY_JOB, selection=dg.AssetSelection.groups("empty"))],
        executor=dg.in_process_executor,
    )


def _empty_key(name: str) -> dg.AssetKey:
    return dg.AssetKey(["empty", name])


def _empty_asset(name: str) -> dg.AssetsDefinition:
    key = _empty_key(name)

    @dg.multi_asset(
        name=f"empty__{name}",
        specs=[dg.AssetSpec(key, skippable=True, group_name="empty")],
        partitions_def=yearly_partitions(FIRST),
        backfill_policy=dg.BackfillPolicy.single_run(),
    )
    def years(context: dg.AssetExecutionContext) -> Iterator[dg.AssetMaterialization]:
        for year in sorted(context.partition_keys):
            yield dg.AssetMaterialization(asset_key=key, partition=year)

    return years


def run(
    opened: dg.DagsterInstance,
    definitions: dg.Definitions,
    job: str,
    keys: Sequence[dg.AssetKey],
) -> Cost:
    """Materialize all years of each key, one run a key, as ``jutsu backtest`` does."""
    wall, cpu = time.perf_counter(), time.process_time()
    for key in keys:
        run_range(opened, definitions, job, [key], str(FIRST), str(LAST), partitions=YEARS)
    cost = Cost(time.perf_counter() - wall, time.process_time() - cpu)
    for key in keys:
        done = len(opened.get_materialized_partitions(key))
        if done != YEARS:
            sys.exit(f"backfill: {key.to_user_string()} has {done} of {YEARS} years")
    return cost


def pair(prepared: Path, names: Sequence[str], *, ours_first: bool) -> tuple[Cost, Cost]:
    """Run both on one fresh copy of the prepared project; return ours and the empty one's."""
    with tempfile.TemporaryDirectory(dir=prepared.parent) as folder:
        home = Path(folder) / "project"
        shutil.copytree(prepared, home)
        project = Project(project_settings(home))
        backtests, nothing = project.definitions, empty_definitions(names)
        costs: dict[str, Cost] = {}
        with instance(project.settings) as opened:
            sides = [
                (BACKTEST_JOB, backtests, [backtest_key(name) for name in names]),
                (_EMPTY_JOB, nothing, [_empty_key(name) for name in names]),
            ]
            for job, definitions, keys in sides if ours_first else sides[::-1]:
                costs[job] = run(opened, definitions, job, keys)
        return costs[BACKTEST_JOB], costs[_EMPTY_JOB]


def main(argv: Sequence[str] | None = None) -> int:
    """Measure and print."""
    parser = argparse.ArgumentParser(description="16 years of both strategies in Dagster")
    parser.add_argument("--pairs", type=int, default=7)
    parser.add_argument("--json", type=Path, help="write all figures to this file")
    options = parser.parse_args(argv)
    with tempfile.TemporaryDirectory() as folder:
        prepared = Path(folder) / "prepared"
        names = prepare(prepared)
        print(f"{YEARS} years of {', '.join(names)}; the empty side has as many assets and events")
        print("pair       ours s  (CPU)   empty s  (CPU)   more s  (CPU)   ratio")
        rows = []
        for number in range(options.pairs + 1):
            ours, empty = pair(prepared, names, ours_first=number % 2 == 0)
            # The first one also imports what Dagster and the libraries load on first use.
            label = str(number) if number else "first"
            print(
                f"{label:<8}{ours.wall:8.2f} {ours.cpu:7.2f} {empty.wall:8.2f} {empty.cpu:7.2f}"
                f"{ours.wall - empty.wall:9.2f} {ours.cpu - empty.cpu:7.2f}"
                f"{ours.wall / empty.wall:8.2f}",
                flush=True,
            )
            rows.append((ours, empty))
    document = {}
    for unit in ("wall", "cpu"):
        sides = [(getattr(ours, unit), getattr(empty, unit)) for ours, empty in rows[1:]]
        document[unit] = {
            "ours_s": spread([a for a, _ in sides]),
            "empty_s": spread([b for _, b in sides]),
            "difference_s": spread([a - b for a, b in sides]),
            "ratio": spread([a / b for a, b in sides]),
        }
        more, ratio = document[unit]["difference_s"], document[unit]["ratio"]
        print(
            f"{unit}: {more['median']:.2f} s more ({more['min']:.2f}..{more['max']:.2f}),"
            f" ratio {ratio['median']:.2f} ({ratio['min']:.2f}..{ratio['max']:.2f})"
        )
    if options.json:
        options.json.write_text(json.dumps(document, indent=1) + "\n", encoding="utf-8")
    return 0


if __name__ == "__main__":
    sys.exit(main())
