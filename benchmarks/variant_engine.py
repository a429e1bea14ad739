"""What the exploration engine costs a bar and variant, with every opening and closing kept."""

from __future__ import annotations

import gc
import json
import subprocess
import sys
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from pathlib import Path
from typing import Any

import numpy as np
from cases import peak_mb, spread, timed
from variant_cases import FIRST, PARAMETERS_TRADED, project_settings

from jutsu_dagster.cli.project import Project
from jutsu_dagster.core.exploration import Explored, explore
from jutsu_dagster.core.exploration_rules import Decided, ExplorationRules
from jutsu_dagster.pipeline.candles import read_candles
from jutsu_dagster.registry.mutation_sampling import sample_mutations
from jutsu_dagster.registry.mutations import mutate
from jutsu_dagster.registry.param_specs import param_specs
from jutsu_dagster.strategies.directional import DirectionalStrategy

COUNTS = (10, 100, 1_000, 10_000)
DAYS = 30
BARS_A_DAY = 96
EARLIER_NS = 9e6
"""What the recorded earlier system took a variant and bar, CPU ns."""
_SEED = 4
_EQUAL = 100

Row = dict[str, Any]


@dataclass(frozen=True, slots=True)
class Case:
    """Decided bars of one parent, the signals' cost, and the rules of many variants.

    Attributes
    ----------
    decided : Decided
    rules : list of ExplorationRules
    signals_ns : float
        CPU of the parent's decisions, a bar of all that was read, warm-up included.
    """

    decided: Decided
    rules: list[ExplorationRules]
    signals_ns: float


def load_case(home: Path, count: int) -> Case:
    """Return 30 days as the first coin of a project decides them, and variants that trade them."""
    project = Project(project_settings(home))
    parent = project.config("ETH_main")
    strategy = parent.strategy
    assert isinstance(strategy, DirectionalStrategy)  # noqa: S101  (as the shipped file says)
    candles = read_candles(
        project.store, [strategy], FIRST, FIRST + timedelta(days=DAYS - 1), date(2025, 1, 4)
    )
    directional = strategy.direct(candles.bars)  # compiles
    seconds, _wall = timed(lambda: strategy.direct(candles.bars), 0.2)
    start = int(np.searchsorted(candles.bars.timestamps, np.datetime64(FIRST, "s")))
    decided = candles.decided(directional).window(start, len(candles.bars))
    specs = param_specs(strategy)
    drawn = sample_mutations(strategy, count, seed=_SEED, names=PARAMETERS_TRADED).mutations
    made = (mutate(strategy, one, where="benchmark", specs=specs).strategy for one in drawn)
    rules = [one.rules for one in made if isinstance(one, DirectionalStrategy)]
    return Case(decided, rules, seconds / len(candles.bars) * 1e9)


def by_days(case: Case, count: int) -> int:
    """Carry variants day by day, as nights do; return how many events there were."""
    states, events = None, 0
    for start in range(0, len(case.decided), BARS_A_DAY):
        day = case.decided.window(start, start + BARS_A_DAY)
        done = explore(day, case.rules[:count], states)
        states, events = done.closing, events + len(done.events)
    return events


def check_equal(case: Case) -> int:
    """Compare all at once with each alone and with days one by one; return how many variants.

    Raises
    ------
    SystemExit
        If a bit differs.
    """
    rules = case.rules[:_EQUAL]
    together = explore(case.decided, rules)
    for at, one in enumerate(rules):
        alone = explore(case.decided, [one])
        if not _same(alone, together.closing[at : at + 1], together.events_of(at)):
            sys.exit(f"variants: variant {at} differs alone and in company")
    if by_days(case, len(rules)) != len(together.events):
        sys.exit("variants: days one by one differ from a range")
    return len(rules)


def _same(one: Explored, closing: Sequence[object], events: np.ndarray[Any, Any]) -> bool:
    return one.closing == tuple(closing) and one.events.tobytes() == events.tobytes()


def engine_rows(case: Case, counts: Sequence[int], repeats: int, seconds: float) -> list[Row]:
    """Time all counts, one thread: 30 days at once, day by day, and at once without events."""
    rows = []
    for count in counts:
        rules, bars = case.rules[:count], len(case.decided)
        ways = {
            "events": lambda rules=rules: explore(case.decided, rules),
            "by_days": lambda count=count: by_days(case, count),
            "summary": lambda rules=rules: explore(case.decided, rules, events=False),
        }
        row: Row = {"variants": count, "events_each": by_days(case, count) / count}
        costs: dict[str, list[float]] = {name: [] for name in ways}
        for _ in range(repeats):
            for name, way in ways.items():
                gc.collect()
                cpu, _wall = timed(way, seconds)
                costs[name].append(cpu / (count * bars) * 1e9)
        rows.append(row | {f"{name}_ns": spread(values) for name, values in costs.items()})
    return rows


def memory(home: Path, count: int) -> Row:
    """Run one count in a fresh process and return its peak and what it held before, in MB."""
    command = [sys.executable, __file__, str(home), str(count)]
    answer = subprocess.run(command, capture_output=True, text=True, check=True)
    row: Row = json.loads(answer.stdout)
    return row


def _child(home: str, count: str) -> int:
    case = load_case(Path(home), int(count))
    explore(case.decided, case.rules[:1])  # compiles, or loads what was compiled
    before = peak_mb()
    kept = explore(case.decided, case.rules)
    print(json.dumps({"peak_mb": peak_mb(), "baseline_mb": before, "events": len(kept.events)}))
    return 0


if __name__ == "__main__":
    sys.exit(_child(*sys.argv[1:]))
