"""The promotion gates on planted truth: what is truly better passes, what was lucky does not.

    python benchmarks/planted_truth.py [--seeds N] [--variants N] [--years Y] [--edge S] [--power]

Each seed draws one family with a variant that is better by ``--edge`` (annual Sharpe ratio above
the parent's), and one of the same size without any, whose candidate has the best Sharpe ratio.
Each family is a night: the night's own judging goes over all its variants, and what passes is
proposed, in a project and a ledger of its own that end with the benchmark. The candidate is
evaluated in full whatever fails, for its numbers; all others as every night does.

For each gate: how many candidates it lets through, how many it alone stops, and its number and
threshold (median, least … greatest, over seeds); then what was proposed. The exit code is 1 if
a better one was not proposed, or anything of a family without an edge was. ``--power`` adds the
share of better variants that passes, by edge and length of record: what the gates cost.
"""

from __future__ import annotations

import argparse
import json
import sys
import tempfile
import time
from collections.abc import Sequence
from dataclasses import asdict, replace
from pathlib import Path
from statistics import median
from typing import Any

from planted_nights import Night, PlantedNights

from jutsu_dagster.research.statistics.planted import Truth, observed_edge, planted_evidence

_YEAR = 252
_EDGES, _YEARS = (0.5, 1.0, 1.5, 2.0, 2.5, 3.0), (3, 5, 10)
_POWER_VARIANTS = 100


def arguments(given: Sequence[str] | None = None) -> argparse.Namespace:
    """Read the command line."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawTextHelpFormatter
    )
    parser.add_argument("--seeds", type=int, default=20, help="families of each kind")
    parser.add_argument("--variants", type=int, default=1_000, help="variants of a family")
    parser.add_argument("--years", type=float, default=3.0, help="of 252 days")
    parser.add_argument(
        "--edge", type=float, default=3.5, help="true annual Sharpe above the parent's"
    )
    parser.add_argument("--parent", type=float, default=0.5, help="the parent's true annual Sharpe")
    parser.add_argument("--correlation", type=float, default=0.8, help="between family members")
    parser.add_argument("--power", action="store_true", help="share that passes, by edge and years")
    parser.add_argument("--json", type=Path, help="keep every figure in this file")
    return parser.parse_args(given)


def studied(nights: PlantedNights, truth: Truth, seeds: int) -> list[Night]:
    """Return one night a seed, with a sign of life."""
    found = []
    for seed in range(seeds):
        print(f"\r{seed + 1}/{seeds}", end="", file=sys.stderr, flush=True)
        found.append(nights.night(truth, seed))
    print("\r\033[K", end="", file=sys.stderr)
    return found


def shown(values: Sequence[Any]) -> str:
    """Return median, least and greatest of the known numbers."""
    known = sorted(float(value) for value in values if isinstance(value, int | float))
    if not known:
        return "undefined"
    return f"{median(known):9.4g} ({known[0]:.4g} … {known[-1]:.4g})"


def print_gates(title: str, found: Sequence[Night]) -> None:
    """Print one line a gate: how often it holds, and its numbers; then what was proposed."""
    judged = [night.candidate for night in found]
    edges = [observed_edge(one.evidence) for one in judged if one.evidence]
    passed = sum(one.passed for one in judged)
    print(f"\n{title}: {passed} of {len(found)} pass every gate and the rule")
    print(f"  observed annual Sharpe above the parent's: {shown(edges)}")
    print(f"  {'gate':14}{'holds':>8}{'alone':>7}   number: median (least … greatest), threshold")
    for place, gate in enumerate(judged[0].gates):
        answers = [one.gates[place] for one in judged]
        holds = sum(answer.passed for answer in answers)
        alone = sum(
            not answer.passed and len(one.failed) == 1
            for answer, one in zip(answers, judged, strict=True)
        )
        values = shown([answer.value for answer in answers])
        limits = shown([answer.threshold for answer in answers])
        fixed = len({answer.threshold for answer in answers}) == 1
        limit = f"{gate.threshold:g}" if fixed and gate.threshold is not None else limits
        print(f"  {gate.name:14}{holds:>5}/{len(found):<3}{alone:>6}   {values}, {limit}")
    rule = sum(one.rule.eligible for one in judged)
    print(f"  {'promotion rule':14}{rule:>5}/{len(found):<3}")
    print(f"  deflated about 0: {shown([one.numbers['dsr'] for one in judged])}")
    others = sum(night.others_passed for night in found)
    proposed = [night.proposed for night in found if night.proposed]
    right = sum(night.proposed == night.candidate.name for night in found)
    print(f"  others of the families that pass: {others}; proposals opened: {len(proposed)},")
    print(f"  of the candidate: {right}; a night of {found[0].members} variants took"
          f" {shown([night.seconds for night in found])} s of CPU")  # fmt: skip


def print_power(base: Truth, seeds: int) -> list[dict[str, float]]:
    """Print what share of truly better variants passes, by edge and length."""
    print(f"\nshare that passes every gate, {_POWER_VARIANTS} variants, {seeds} seeds")
    print("  years " + "".join(f"{edge:>8g}" for edge in _EDGES) + "   (edge, annual Sharpe)")
    rows = []
    for years in _YEARS:
        shares = []
        for edge in _EDGES:
            truth = replace(base, days=years * _YEAR, variants=_POWER_VARIANTS, edge=edge)
            passed = (planted_evidence(truth, seed).passed for seed in range(seeds))
            shares.append(sum(passed) / seeds)
        rows.append(
            {"years": years} | {f"edge_{e:g}": s for e, s in zip(_EDGES, shares, strict=True)}
        )
        print(f"  {years:>5} " + "".join(f"{share:>8.2f}" for share in shares))
    return rows


def main() -> int:
    """Run the study; 0 if all true and no lucky candidates pass."""
    given = arguments()
    true = Truth(
        days=round(given.years * _YEAR), variants=given.variants, edge=given.edge,
        parent_sharpe=given.parent, correlation=given.correlation,
    )  # fmt: skip
    start = time.perf_counter()
    with tempfile.TemporaryDirectory() as folder:
        nights = PlantedNights(Path(folder) / "home", given.variants)
        better = studied(nights, true, given.seeds)
        lucky = studied(nights, replace(true, edge=0.0), given.seeds)
        nights.close()
    took = (time.perf_counter() - start) / (2 * given.seeds)
    print(f"{true.variants} variants × {true.days} days, {took:.1f} s a family")
    print_gates(f"truly better by an annual Sharpe of {true.edge:g}", better)
    print_gates(f"luckiest of {true.variants} without any edge", lucky)
    power = print_power(true, given.seeds) if given.power else []
    if given.json:
        kept = {
            "truth": asdict(true), "power": power,
            "better": [night.as_dict() for night in better],
            "lucky": [night.as_dict() for night in lucky],
        }  # fmt: skip
        given.json.write_text(json.dumps(kept, allow_nan=False, indent=1), encoding="utf-8")
    right = all(night.proposed == night.candidate.name for night in better)
    return 0 if right and not any(night.proposed for night in lucky) else 1


if __name__ == "__main__":
    raise SystemExit(main())
