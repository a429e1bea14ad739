"""The strategies, markets and accounts that the contract tests run over."""

from __future__ import annotations

import json
from datetime import date
from functools import cache
from typing import Any

import numpy as np
from numpy.typing import NDArray

from jutsu_dagster.core.account import AccountState, Segment
from jutsu_dagster.core.align import bars_from_rows
from jutsu_dagster.core.bars import Bars
from jutsu_dagster.core.engine import Terms, Timing, run_segment
from jutsu_dagster.core.sweep import SweepResult, concatenated
from jutsu_dagster.sources.sample import SampleMarket
from jutsu_dagster.strategies.allocation import Allocation
from jutsu_dagster.strategies.base import AllocationStrategy
from jutsu_dagster.strategies.kinds import KINDS
from jutsu_dagster_tests.walks import ETFS, walk, with_split

MOMENTUM = "user_momentum:Momentum"
NAMES = [
    *(name for name, kind in KINDS.items() if issubclass(kind, AllocationStrategy)),
    MOMENTUM,
]

# Windows short enough that a few hundred bars pass through every cell.
_SHORT: dict[str, Any] = {
    "sma_fast": 6, "sma_slow": 18, "realized_vol_window": 6, "vol_baseline_window": 15,
    "bond_sma_fast": 5, "bond_sma_slow": 12, "osc_smoothness": 5, "strength_smoothness": 4,
    "t_norm_bull_thresh": 0.05, "upper_thresh_z": 0.6, "lower_thresh_z": 0.0,
    "process_noise_2": 0.5, "vol_crush_lookback": 3,
}  # fmt: skip
# Changes that touch every input and switch, and the length of the warm-up.
_CHANGES: list[dict[str, Any]] = [
    {},
    {"sma_slow": 40, "sma_fast": 10},
    {"measurement_noise": 50.0, "symmetric_volume_adjustment": True},
    {"use_inverse_hedge": True, "w_PSQ_max": 0.3, "rebalance_threshold": 0.3},
    {"allow_treasury": False, "double_smoothing": True, "T_max": 20.0},
    {"vol_baseline_window": 25, "realized_vol_window": 9, "vol_crush_threshold": -0.05},
    {"bond_sma_slow": 50, "leverage_scalar": 1.3, "max_bond_weight": 0.2},
    # The crush looks further back than the warm-up reaches.
    {"vol_crush_lookback": 80, "vol_crush_threshold": -0.02, "lower_thresh_z": -3.0},
]


def parameters(name: str) -> list[dict[str, Any]]:
    """Return parameter sets of one class that differ in what they hold and need."""
    if name == MOMENTUM:
        symbols = ["QQQ", "TLT", "TMF"]
        return [{"symbols": symbols, "lookback": lookback} for lookback in (12, 5, 30)]
    sets = [_SHORT | change for change in _CHANGES]
    if name.endswith("d"):
        sets = [one | {"cell1_exit_confirmation_enabled": True} for one in sets]
        sets.append(_SHORT | {"cell1_exit_confirmation_days": 5})
    return sets


@cache
def sample() -> Bars:
    """Return four years of the sample market, in which TQQQ and the bond funds start late."""
    rows = SampleMarket(today=date(2012, 1, 1)).bars(ETFS, date(2008, 1, 2), date(2011, 12, 30))
    return bars_from_rows(rows, ETFS)


@cache
def wild() -> Bars:
    """Return a seeded walk in which two symbols start late."""
    return walk(ETFS, 300, 11, late={"TQQQ": 90, "TMF": 130}, volatility=0.03)


@cache
def splitting() -> Bars:
    """Return the walk with a split of the signal and one, the other way, of a fund."""
    return with_split(with_split(wild(), "QQQ", 180, 3.0), "TQQQ", 240, 0.1)


MARKETS = {"sample": sample, "walk": wild, "splits": splitting}


def weights_of(decision: Allocation) -> NDArray[np.float64]:
    """Return the target weights at each close, NaN where there is no opinion."""
    known = decision.codes >= 0
    return np.where(known[:, None], decision.table[np.where(known, decision.codes, 0)], np.nan)


def account(
    strategy: AllocationStrategy, bars: Bars, timing: Timing = "close"
) -> tuple[Allocation, Segment]:
    """Decide and trade from the first row that the warm-up allows."""
    own, start = bars.select(strategy.universe), strategy.warmup_sessions
    decision = strategy.decide(own)
    segment = run_segment(
        own, decision.codes, decision.table, Terms(timing=timing), AccountState.open(10_000.0),
        min_weight_change=strategy.min_weight_change, start=start, stop=len(own),
    )  # fmt: skip
    return decision, segment


def daily_account(
    strategy: AllocationStrategy, bars: Bars, timing: Timing
) -> tuple[list[Allocation], list[Segment]]:
    """Decide and trade each session with what was known then, from the last one's JSON."""
    own, state = bars.select(strategy.universe), AccountState.open(10_000.0)
    decisions, segments = [], []
    for row in range(strategy.warmup_sessions, len(own)):
        known = own.head(row + 1)
        decision = strategy.decide(known)
        segment = run_segment(
            known, decision.codes, decision.table, Terms(timing=timing), state,
            min_weight_change=strategy.min_weight_change, start=row, stop=row + 1,
        )  # fmt: skip
        state = AccountState.from_dict(json.loads(json.dumps(segment.closing.to_dict())))
        decisions.append(decision)
        segments.append(segment)
    return decisions, segments


def sweep(
    sets: list[AllocationStrategy],
    bars: Bars,
    start: int,
    *,
    threads: int = 1,
    timing: Timing = "close",
) -> SweepResult:
    """Evaluate sets together, with their curves."""
    kind = type(sets[0])
    results = kind.evaluate_many(
        sets, bars, Terms(timing=timing), start, threads=threads, curves=True
    )
    return concatenated(list(results))


def assert_same(one: Any, other: Any, names: tuple[str, ...], stop: int | None = None) -> None:
    """Compare the named arrays of two results bit for bit, up to row ``stop``."""
    for name in names:
        np.testing.assert_array_equal(
            np.asarray(getattr(one, name))[:stop], np.asarray(getattr(other, name))[:stop], name
        )
