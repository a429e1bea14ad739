"""Cost of a sweep, per bar and parameter set, and beside it vectorbt's on finished signals.

    python benchmarks/sweep.py [--quick] [--market FILE] [--json FILE] [--no-peer]

The README beside this file says what the columns mean.
"""

from __future__ import annotations

import argparse
import gc
import itertools
import json
import pickle
import subprocess
import sys
import tempfile
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
from cases import KINDS, Market, build, load_market, parameter_sets, peak_mb, spread, timed
from tables import PEER_HEADER, SWEEP_HEADER, print_peer, print_sweep

from jutsu_dagster.core.engine import Terms
from jutsu_dagster.core.errors import JutsuError
from jutsu_dagster.core.sweep import SWEEP_METRICS, concatenated
from jutsu_dagster.strategies.regime_allocator import HierarchicalAdaptiveV35b, RegimeAllocator

COUNTS, QUICK_COUNTS = (1, 100, 1_000, 10_000), (1, 100)
THREADS = (1, 2)
# Sets that vectorbt is given; what it costs a set does not fall any more with their number.
_PEER_SETS = 1_000
_EQUAL_SETS = 200
_SHARPE = SWEEP_METRICS.index("sharpe_ratio")

Sets = Sequence[HierarchicalAdaptiveV35b]
Row = dict[str, Any]


@dataclass(frozen=True, slots=True)
class Plan:
    """How much is measured."""

    counts: tuple[int, ...]
    repeats: int
    seconds: float


def evaluate(sets: Sets, market: Market, threads: int) -> np.ndarray[Any, np.dtype[np.float64]]:
    """Return the metrics of all sets, shape (S, 21)."""
    results = HierarchicalAdaptiveV35b.evaluate_many(
        sets, market.bars, Terms(), market.start, threads=threads
    )
    return concatenated(list(results)).metrics


def check_equal(sets: Sets, market: Market) -> int:
    """Compare the sweep with one set at a time, by its kernel and by a backtest, to the last bit.

    Raises
    ------
    SystemExit
        If any metric of any set differs.
    """
    together = {threads: evaluate(sets, market, threads).tobytes() for threads in THREADS}
    alone = np.concatenate([evaluate([one], market, 1) for one in sets])
    backtests = super(RegimeAllocator, HierarchicalAdaptiveV35b).evaluate_chunk(
        sets, market.bars, Terms(), market.start, curves=False
    )
    same = {alone.tobytes(), backtests.metrics.tobytes(), *together.values()}
    if len(same) > 1:
        sys.exit("sweep: evaluate_many differs from one set at a time")
    return len(sets)


def memory(market_file: str, kind: str, count: int, threads: int) -> Row:
    """Run one row in a fresh process and return its peak and what it held before, in MB."""
    arguments = [kind, str(count), str(threads), market_file]
    command = [sys.executable, __file__, "--child", *arguments]
    answer = subprocess.run(command, capture_output=True, text=True, check=True)
    row: Row = json.loads(answer.stdout)
    return row


def _child(kind: str, count: int, threads: int, market_file: str) -> int:
    market: Market = pickle.loads(Path(market_file).read_bytes())  # noqa: S301  (our own file)
    before = peak_mb()
    values = parameter_sets(kind, count)
    if threads:
        evaluate(build(values), market, threads)
    else:
        import vectorbt_peer

        # Signals and call are what vectorbt holds at once; importing it is not counted.
        given = vectorbt_peer.signals(build(values[:1]), market)
        vectorbt_peer.runner(given, "one call")()
        before = peak_mb()
        given = vectorbt_peer.signals(build(values), market)
        vectorbt_peer.runner(given, "one call")()
    print(json.dumps({"peak_mb": peak_mb(), "baseline_mb": before}))
    return 0


def sweep_row(market: Market, kind: str, count: int, threads: int, plan: Plan) -> Row:
    """Time one row: median of repeats, per traded session and set."""
    values = parameter_sets(kind, count)
    sets = build(values)
    build_seconds, _ = timed(lambda: build(values), plan.seconds)
    cells = market.traded * count
    cpu, wall = [], []
    for _ in range(plan.repeats):
        gc.collect()
        a, b = timed(lambda: evaluate(sets, market, threads), plan.seconds)
        cpu.append(a / cells * 1e9)
        wall.append(b / cells * 1e9)
    return {
        "kind": kind, "sets": count, "threads": threads, "cpu_ns": spread(cpu),
        "wall_ns": spread(wall), "build_us_per_set": build_seconds / count * 1e6,
    }  # fmt: skip


def peer_rows(market: Market, kind: str, counts: Sequence[int], plan: Plan) -> list[Row]:
    """Measure ours and vectorbt's in alternation, one thread each."""
    import vectorbt_peer

    sets = build(parameter_sets(kind, max(counts)))
    finished = vectorbt_peer.signals(sets[:_PEER_SETS], market)
    rows = []
    for count in counts:
        given = vectorbt_peer.part(finished, 0, min(count, _PEER_SETS))
        exact = vectorbt_peer.exact_equity(given)
        metrics = evaluate(sets[: len(exact)], market, 1)
        ours = partial(evaluate, sets[:count], market, 1)
        for mode in vectorbt_peer.MODES:
            theirs = vectorbt_peer.runner(given, mode)
            equity, sharpe = theirs()  # compiles
            pairs = _alternate(ours, theirs, plan)
            costs = [(a / count, b / len(exact)) for a, b in pairs]
            row = {
                "kind": kind,
                "sets": count,
                "peer_sets": len(exact),
                "mode": mode,
                "ours_ns": spread([a / market.traded * 1e9 for a, _ in costs]),
                "peer_ns": spread([b / market.traded * 1e9 for _, b in costs]),
                "ratio": spread([b / a for a, b in costs]),
                "equity_difference": spread(np.abs(equity / given.equity - 1.0).tolist()),
                "equity_difference_same_shares": float(np.abs(exact / given.equity - 1.0).max()),
                "sharpe_difference": float(np.abs(sharpe - metrics[:, _SHARPE]).max()),
            }
            print_peer(row)
            rows.append(row)
    return rows


def _alternate(
    ours: Callable[[], object], theirs: Callable[[], object], plan: Plan
) -> list[tuple[float, float]]:
    pairs = []
    for _ in range(plan.repeats):
        gc.collect()
        a, _wall = timed(ours, plan.seconds)
        gc.collect()
        b, _wall = timed(theirs, plan.seconds)
        pairs.append((a, b))
    return pairs


def main(argv: Sequence[str] | None = None) -> int:
    """Measure and print; 0 done, 2 the market cannot be read."""
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0] if __doc__ else None)
    parser.add_argument("--market", type=Path, help="Parquet, CSV or folder; default the sample")
    parser.add_argument("--json", type=Path, help="write all figures to this file")
    parser.add_argument("--quick", action="store_true", help="small counts, few repeats")
    parser.add_argument("--no-peer", action="store_true", help="leave vectorbt out")
    parser.add_argument("--child", nargs=4, help=argparse.SUPPRESS)
    options = parser.parse_args(argv)
    if options.child:
        kind, count, threads, market_file = options.child
        return _child(kind, int(count), int(threads), market_file)
    plan = Plan(QUICK_COUNTS, 3, 0.1) if options.quick else Plan(COUNTS, 7, 0.3)
    try:
        market = load_market(options.market)
    except JutsuError as error:
        print(f"sweep: {error}", file=sys.stderr)
        return 2
    sessions = market.bars.sessions
    print(
        f"{market.traded} traded sessions, {sessions[market.start]} to {sessions[-1]};"
        " each is a bar"
    )
    equal = sum(check_equal(build(parameter_sets(kind, _EQUAL_SETS)), market) for kind in KINDS)
    print(f"equal: {equal} sets; together on 1 and 2 threads, alone, as backtests: every bit")
    document: Row = {"traded_sessions": market.traded, "equal_sets": equal}
    with tempfile.TemporaryDirectory() as folder:
        file = Path(folder) / "market.pickle"
        file.write_bytes(pickle.dumps(market))
        print(SWEEP_HEADER)
        document["sweep"] = rows = []
        for kind, count, threads in itertools.product(KINDS, plan.counts, THREADS):
            row = sweep_row(market, kind, count, threads, plan)
            rows.append(row | memory(str(file), kind, count, threads))
            print_sweep(rows[-1])
        if not options.no_peer:
            print(PEER_HEADER)
            document["peer"] = []
            for kind in KINDS:
                document["peer"] += peer_rows(market, kind, plan.counts, plan)
            count = min(_PEER_SETS, plan.counts[-1])
            held = document["peer_memory"] = memory(str(file), KINDS[0], count, 0)
            above = held["peak_mb"] - held["baseline_mb"]
            print(f"vectorbt, {count:,} sets in one call: {above:.0f} MB above its start")
    if options.json:
        options.json.write_text(json.dumps(document, indent=1) + "\n", encoding="utf-8")
    return 0


if __name__ == "__main__":
    sys.exit(main())
