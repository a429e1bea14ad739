"""A whole night with many variants beside Dagster's own floor: empty assets of the same keys.

    python benchmarks/night.py [--variants N] [--pairs N] [--parents ID,…] [--json FILE]

Both sides run the jobs ``nightly_research_cycle`` and ``nightly_report`` for the same partitions
on one instance in alternation: ours with research, ledger, files and evidence, the other with
steps that report each asset and each check and do nothing else.
"""

# No `from __future__ import annotations`: Dagster reads the signature of the empty assets.
import argparse
import json
import sys
import tempfile
from collections.abc import Iterator, Sequence
from datetime import date
from pathlib import Path
from typing import Any

import dagster as dg
import yaml
from cases import spread
from variant_cases import PARENTS, make_variants, nights, prepare
from variant_nights import Cost, clocked, empty_asset, fresh

from jutsu_dagster.cli.instance import instance
from jutsu_dagster.cli.project import Project
from jutsu_dagster.cli.runs import run_partition, run_range
from jutsu_dagster.defs.market import market_key
from jutsu_dagster.defs.night_events import NIGHT_JOB, REPORT_JOB
from jutsu_dagster.defs.paper import paper_key
from jutsu_dagster.defs.schedules import TRADING_JOB
from jutsu_dagster.pipeline.night import paper_entries

_NIGHT = {"research", "variants"}
_SIDES = ("ours", "empty")
Row = dict[str, Any]


def main(argv: Sequence[str] | None = None) -> int:
    """Measure and print."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--variants", type=int, default=1_000, help="live ones")
    parser.add_argument("--pairs", type=int, default=5, help="paired nights that count")
    parser.add_argument("--parents", default=",".join(PARENTS), help="ids, by commas")
    parser.add_argument("--json", type=Path, help="write all figures to this file")
    options = parser.parse_args(argv)
    parents = options.parents.split(",")
    with tempfile.TemporaryDirectory() as folder:
        prepared = Path(folder) / "prepared"
        prepare(prepared, parents)
        _only(prepared, parents)
        make_variants(prepared, parents, options.variants)
        row = measure(prepared, options.pairs) | {"variants": options.variants, "parents": parents}
    print("\nside    wall s: median (min..max)    CPU s                     report, CPU s")
    for side in _SIDES:
        print(
            f"{side:8}{_text(row[f'{side}_wall_s']):29}{_text(row[f'{side}_cpu_s']):26}"
            f"{_text(row[f'{side}_report_cpu_s'])}"
        )
    print(f"ratio, pair by pair: CPU {_text(row['cpu_ratio'])}, wall {_text(row['wall_ratio'])}")
    if options.json:
        options.json.write_text(json.dumps(row, indent=1) + "\n", encoding="utf-8")
    return 0


def _only(home: Path, parents: Sequence[str]) -> None:
    """Keep the graph as it is: other strategies rest, and research makes no variants."""
    path = home / "config" / "strategies_registry.yaml"
    document = yaml.safe_load(path.read_text(encoding="utf-8"))
    for id_, entry in document["strategies"].items():
        entry["is_active"] = id_ in parents
        entry["is_primary"] = id_ == parents[0]
    document["execution_order"] = list(parents)
    document["settings"]["research"]["new_variants"] = 0
    path.write_text(yaml.safe_dump(document, sort_keys=False), encoding="utf-8")
    for parent in parents:
        file = home / "config" / "strategies" / f"{parent}.yaml"
        strategy = yaml.safe_load(file.read_text(encoding="utf-8"))
        strategy["paper"] = {"start": nights(1)[0]}
        file.write_text(yaml.safe_dump(strategy, sort_keys=False), encoding="utf-8")


def measure(prepared: Path, pairs: int) -> Row:
    """Run paired nights in alternation; the first pair loads what is loaded once."""
    found: list[dict[str, tuple[Cost, Cost]]] = []
    with fresh(prepared) as project, instance(project.settings) as opened:
        days = nights(pairs + 1)
        _trade(project, opened, days)
        graphs = {"ours": project.definitions, "empty": _emptied(project.definitions)}
        for number, day in enumerate(days):
            order = _SIDES if number % 2 == 0 else _SIDES[::-1]
            found.append({side: _night(opened, graphs[side], day) for side in order})
            print(f"\r{number} of {pairs} pairs", end="", file=sys.stderr, flush=True)
    row: Row = {"nights": [str(day) for day in days[1:]]}
    counted = found[1:]
    for unit in ("wall", "cpu"):
        costs = {
            side: [sum(getattr(cost, unit) for cost in pair[side]) for pair in counted]
            for side in _SIDES
        }
        row |= {f"{side}_{unit}_s": spread(costs[side]) for side in _SIDES}
        ratios = [a / b for a, b in zip(costs["ours"], costs["empty"], strict=True)]
        row[f"{unit}_ratio"] = spread(ratios)
    row |= {
        f"{side}_report_cpu_s": spread([pair[side][1].cpu for pair in counted]) for side in _SIDES
    }
    return row


def _trade(project: Project, opened: dg.DagsterInstance, days: Sequence[date]) -> None:
    entries = paper_entries(project.registry)
    keys = [*dict.fromkeys(map(market_key, entries)), *(paper_key(entry.id) for entry in entries)]
    run_range(
        opened, project.definitions, TRADING_JOB, keys, days[0].isoformat(), days[-1].isoformat(),
        partitions=len(days),
    )  # fmt: skip


def _night(opened: dg.DagsterInstance, graph: dg.Definitions, day: date) -> tuple[Cost, Cost]:
    taken: list[Cost] = []
    for job in (NIGHT_JOB, REPORT_JOB):
        with clocked(taken):
            run_partition(opened, graph, job, day.isoformat())
    return taken[0], taken[1]


def _emptied(definitions: dg.Definitions) -> dg.Definitions:
    """Return the graph with steps of the night that report assets and checks, and do no work."""
    assets = [one for one in definitions.assets or () if isinstance(one, dg.AssetsDefinition)]
    mine = [one for one in assets if {spec.key.path[0] for spec in one.specs} <= _NIGHT]
    checks = [one for one in definitions.asset_checks or () if isinstance(one, dg.AssetsDefinition)]
    own = [one for one in checks if {key.asset_key.path[0] for key in one.check_keys} <= _NIGHT]
    return dg.Definitions(
        assets=[*(one for one in assets if one not in mine), *map(empty_asset, mine)],
        asset_checks=[*(one for one in checks if one not in own), *map(_empty_check, own)],
        jobs=[job for job in definitions.jobs or () if job.name in (NIGHT_JOB, REPORT_JOB)],
        resources=definitions.resources,
        executor=dg.in_process_executor,
    )


def _empty_check(check: dg.AssetsDefinition) -> dg.AssetChecksDefinition:
    specs = list(check.check_specs)
    assert isinstance(check.op, dg.OpDefinition)  # noqa: S101  (no graphs here)

    @dg.multi_asset_check(name=check.op.name, specs=specs, op_tags=dict(check.op.tags))
    def nothing() -> Iterator[dg.AssetCheckResult]:
        for spec in specs:
            yield dg.AssetCheckResult(passed=True, asset_key=spec.asset_key, check_name=spec.name)

    return nothing


def _text(values: dict[str, float]) -> str:
    return f"{values['median']:.2f} ({values['min']:.2f}..{values['max']:.2f})"


if __name__ == "__main__":
    sys.exit(main())
