"""What the benchmarks of sweeps share: a market, parameter sets, clocks and memory."""

from __future__ import annotations

import resource
import statistics
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from datetime import date
from pathlib import Path
from typing import Any

import numpy as np

from jutsu_dagster.core.align import bars_from_rows, require_sessions
from jutsu_dagster.core.bars import Bars
from jutsu_dagster.sources.files import FilesMarket
from jutsu_dagster.sources.sample import SampleMarket
from jutsu_dagster.strategies.regime_allocator import HierarchicalAdaptiveV35b

FIRST, LAST = date(2010, 1, 1), date(2025, 12, 31)
# The day on which the sample market is looked at: its bars are the same on any machine.
_TODAY = date(2026, 1, 15)
_SEED = 20_100_101
KINDS = ("thresholds", "everything")


@dataclass(frozen=True, slots=True)
class Market:
    """Bars with their warm-up, and the row of the first traded session."""

    bars: Bars
    start: int

    @property
    def traded(self) -> int:
        """How many sessions are traded: the bars that a cost per bar is counted over."""
        return len(self.bars) - self.start


def load_market(path: Path | None) -> Market:
    """Return 16 years and what lies before them, of the sample market or a user's files."""
    base = HierarchicalAdaptiveV35b()
    source = FilesMarket(path) if path else SampleMarket(today=_TODAY)
    begins = source.listings(base.universe)[base.signal_symbol].first
    bars = bars_from_rows(source.bars(base.universe, begins, LAST), base.universe)
    bars = require_sessions(bars, begins, bars.sessions[-1].item(), base.signal_symbol)
    # Both sides get one series without jumps: the sweep's kernel is what is measured.
    bars = replace(bars.rebased(), splits=np.ones_like(bars.splits))
    return Market(bars, bars.position(FIRST))


def parameter_sets(kind: str, count: int) -> list[dict[str, Any]]:
    """Return sets that differ in the thresholds only, or in every numeric parameter and switch.

    Always the same ones, drawn around the default set; a longer list starts with the shorter.
    """
    rng = np.random.default_rng(_SEED)
    draw = _thresholds if kind == "thresholds" else _everything
    return [draw(rng) for _ in range(count)]


def _thresholds(rng: np.random.Generator) -> dict[str, Any]:
    return {
        "t_norm_bull_thresh": rng.uniform(0.1, 0.4),
        "t_norm_bear_thresh": -rng.uniform(0.15, 0.5),
        "upper_thresh_z": rng.uniform(0.7, 1.5),
        "lower_thresh_z": rng.uniform(-0.2, 0.6),
        "vol_crush_threshold": -rng.uniform(0.08, 0.25),
        "rebalance_threshold": rng.uniform(0.01, 0.1),
    }


def _everything(rng: np.random.Generator) -> dict[str, Any]:
    def whole(low: int, high: int) -> int:
        return int(rng.integers(low, high + 1))

    return _thresholds(rng) | {
        "measurement_noise": rng.uniform(500.0, 8000.0),
        "process_noise_1": rng.uniform(0.001, 0.1),
        "process_noise_2": rng.uniform(0.001, 0.1),
        "osc_smoothness": whole(5, 20),
        "strength_smoothness": whole(5, 20),
        "T_max": rng.uniform(30.0, 70.0),
        "symmetric_volume_adjustment": bool(rng.integers(2)),
        "double_smoothing": bool(rng.integers(2)),
        "sma_fast": whole(20, 70),
        "sma_slow": whole(90, 220),
        "realized_vol_window": whole(10, 42),
        "vol_baseline_window": whole(60, 200),
        "vol_crush_lookback": whole(3, 12),
        "leverage_scalar": rng.uniform(0.8, 1.2),
        "use_inverse_hedge": bool(rng.integers(2)),
        "w_PSQ_max": rng.uniform(0.2, 0.6),
        "allow_treasury": bool(rng.integers(2)),
        "bond_sma_fast": whole(10, 35),
        "bond_sma_slow": whole(40, 120),
        "max_bond_weight": rng.uniform(0.1, 0.6),
    }


def build(values: Sequence[dict[str, Any]]) -> list[HierarchicalAdaptiveV35b]:
    """Return validated strategies."""
    return [HierarchicalAdaptiveV35b.model_validate(one) for one in values]


def timed(work: Callable[[], object], at_least: float = 0.0) -> tuple[float, float]:
    """Return CPU (of all threads) and wall seconds of one call, averaged over ``at_least`` s."""
    calls = 0
    wall, cpu = time.perf_counter(), time.process_time()
    while True:
        work()
        calls += 1
        spent = time.process_time() - cpu
        if spent >= at_least:
            return spent / calls, (time.perf_counter() - wall) / calls


def spread(values: Sequence[float]) -> dict[str, float]:
    """Return median, least and greatest."""
    return {"median": statistics.median(values), "min": min(values), "max": max(values)}


def peak_mb() -> float:
    """Return the most memory this process has held since it began, in MB.

    Linux hands ``ru_maxrss`` on from the parent that forked a child, so its own mark is read
    where /proc has it.
    """
    status = Path("/proc/self/status")
    if status.is_file():
        for line in status.read_text(encoding="ascii").splitlines():
            if line.startswith("VmHWM:"):
                return int(line.split()[1]) * 1024 / 1e6
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024 / 1e6
