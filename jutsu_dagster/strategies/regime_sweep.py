"""Sweeps of the regime allocator: each distinct input once, one kernel pass a set."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import lru_cache
from operator import attrgetter
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from jutsu_dagster.core.bars import Bars, BoolArray, FloatArray
from jutsu_dagster.core.engine import Terms, Timing, kernel_prices
from jutsu_dagster.core.errors import StrategyError
from jutsu_dagster.core.sweep import SWEEP_METRICS, SweepResult
from jutsu_dagster.core.sweep_kernel import FIRST, sweep_sets
from jutsu_dagster.strategies.regime_shared import (
    AVERAGES,
    BONDS,
    CHANGE,
    KALMAN,
    ROLES,
    SMOOTHING,
    Z_SCORE,
    RegimeInputs,
)

if TYPE_CHECKING:
    from jutsu_dagster.strategies.regime_allocator import RegimeAllocator

_NUMBERS = attrgetter(
    "t_norm_bull_thresh", "t_norm_bear_thresh", "upper_thresh_z", "lower_thresh_z",
    "vol_crush_threshold", "confirm_days", "leverage_scalar", "use_inverse_hedge", "w_PSQ_max",
    "allow_treasury", "max_bond_weight", "rebalance_threshold", "first_evaluated",
)  # fmt: skip


@lru_cache(maxsize=2)
def _shared(
    bars: Bars, signal: str, bond: str, traded: tuple[str, ...], timing: Timing
) -> tuple[RegimeInputs, FloatArray, FloatArray, BoolArray]:
    """Return what all chunks over the same bars share: inputs, marks, fill prices, presence."""
    # The engine needs only what can be held.
    held = bars.select(traded)
    return RegimeInputs(bars, signal, bond), *kernel_prices(held, timing), ~np.isnan(held.close)


def _unknown_change(one: RegimeAllocator, anchor: int) -> int:
    """Return the row before which a backtest from ``anchor`` knows no change of volatility.

    0 where the set is evaluated later than that anyway, so that sets share the input.
    """
    ready = one.realized_vol_window + one.vol_crush_lookback
    return anchor + ready if ready > one.first_evaluated else 0


def _stack(
    keys: Sequence[tuple[Any, ...]], make: Callable[..., NDArray[Any]]
) -> tuple[NDArray[Any], list[int]]:
    """Return the distinct inputs of a chunk as rows, and each set's row."""
    rows: dict[tuple[Any, ...], int] = {}
    picks = [rows.setdefault(key, len(rows)) for key in keys]
    return np.stack([make(*key) for key in rows]), picks


def evaluate_chunk(
    sets: Sequence[RegimeAllocator], bars: Bars, terms: Terms, start: int, *, curves: bool
) -> SweepResult:
    """Evaluate parameter sets that share symbols; see ``AllocationStrategy.evaluate_many``.

    Each set's filter starts at its own anchor, as in a backtest of that set alone; windows of
    closes do not depend on where the bars begin.
    """
    roles = ROLES(sets[0])
    if any(ROLES(one) != roles for one in sets):
        raise StrategyError(f"a sweep has one signal and one bond trend symbol, here {roles}")
    inputs, marks, price, present = _shared(bars, *roles, sets[0].traded, terms.timing)
    anchors = [start - one.warmup_sessions for one in sets]
    numbers = np.array([_NUMBERS(one) for one in sets], dtype=np.float64)
    numbers[:, FIRST] += anchors
    trend, trend_at = _stack(
        [(anchor, KALMAN(one), SMOOTHING(one)) for anchor, one in zip(anchors, sets, strict=True)],
        inputs.trend,
    )
    up, up_at = _stack([AVERAGES(one) for one in sets], inputs.uptrend)
    z, z_at = _stack([Z_SCORE(one) for one in sets], inputs.z_score)
    change, change_at = _stack(
        [
            (*CHANGE(one), _unknown_change(one, anchor))
            for anchor, one in zip(anchors, sets, strict=True)
        ],
        inputs.change,
    )
    bond, bond_at = _stack([BONDS(one) for one in sets], inputs.bond)
    picks = np.array([trend_at, up_at, z_at, change_at, bond_at], dtype=np.int64).T.copy()
    sessions = bars.sessions[start:]
    days = int((sessions[-1] - sessions[0]).astype(np.int64))
    out = np.empty((len(sets), len(SWEEP_METRICS)))
    curve = np.empty((len(sets), len(sessions)) if curves else (0, 0))
    sweep_sets(
        numbers, picks, trend, up, z, change, bond, marks, price,
        present, start, terms.timing != "close", days, terms.initial_capital,
        terms.commission_per_share, terms.slippage_rate, 0.0, out, curve,
    )  # fmt: skip
    return SweepResult(out, sessions, curve if curves else None)
