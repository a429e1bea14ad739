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
from jutsu_dagster.core.kalman import INNOVATION, kalman_path
from jutsu_dagster.core.regime_inputs import (
    bond_trend,
    normalised_trend,
    realised_volatility,
    volatility_change,
    volatility_z,
)
from jutsu_dagster.core.rolling import rolling_mean
from jutsu_dagster.core.sweep import SWEEP_METRICS, SweepResult
from jutsu_dagster.core.sweep_kernel import FIRST, sweep_sets

if TYPE_CHECKING:
    from jutsu_dagster.strategies.regime_allocator import RegimeAllocator

_NUMBERS = attrgetter(
    "t_norm_bull_thresh", "t_norm_bear_thresh", "upper_thresh_z", "lower_thresh_z",
    "vol_crush_threshold", "confirm_days", "leverage_scalar", "use_inverse_hedge", "w_PSQ_max",
    "allow_treasury", "max_bond_weight", "rebalance_threshold", "first_evaluated",
)  # fmt: skip
_KALMAN = attrgetter(
    "measurement_noise", "process_noise_1", "process_noise_2", "symmetric_volume_adjustment"
)
_SMOOTHING = attrgetter("osc_smoothness", "strength_smoothness", "double_smoothing", "T_max")
_AVERAGES = attrgetter("sma_fast", "sma_slow")
_Z = attrgetter("realized_vol_window", "vol_baseline_window")
_CHANGE = attrgetter("realized_vol_window", "vol_crush_lookback")
_ROLES = attrgetter("signal_symbol", "treasury_trend_symbol")
_BONDS = attrgetter("bond_sma_fast", "bond_sma_slow")


# Inputs kept for later sets: 512 of at most 35 kB each for 16 years.
_KEPT = 512


class RegimeInputs:
    """The state machine's inputs over one set of bars, each distinct one computed once."""

    def __init__(self, bars: Bars, signal: str, bond: str) -> None:
        column = bars.column(signal)
        self._close = np.ascontiguousarray(bars.close[:, column])
        self._volume = np.ascontiguousarray(bars.volume[:, column])
        self._bond_close = np.ascontiguousarray(bars.close[:, bars.column(bond)])
        self._made: dict[tuple[Any, ...], NDArray[Any]] = {}

    def _once(self, key: tuple[Any, ...], make: Callable[[], NDArray[Any]]) -> NDArray[Any]:
        made = self._made.get(key)
        if made is None:
            # Sets that differ in everything would fill the memory with what is not used again;
            # another thread may clear meanwhile, and then computes anew.
            if len(self._made) >= _KEPT:
                self._made.clear()
            made = self._made[key] = make()
        return made

    def innovation(self, anchor: int, kalman: tuple[Any, ...]) -> FloatArray:
        """Return the innovations of a filter that starts at row ``anchor``."""
        return self._once(
            ("kalman", anchor, *kalman),
            lambda: np.ascontiguousarray(
                kalman_path(self._close[anchor:], self._volume[anchor:], *kalman)[:, INNOVATION]
            ),
        )

    def trend(self, anchor: int, kalman: tuple[Any, ...], smoothing: tuple[Any, ...]) -> FloatArray:
        """Return T_norm; 0 before ``anchor``."""

        def make() -> FloatArray:
            trend = np.zeros(len(self._close))
            trend[anchor:] = normalised_trend(self.innovation(anchor, kalman), *smoothing)[1]
            return trend

        return self._once(("trend", anchor, *kalman, *smoothing), make)

    def average(self, window: int) -> FloatArray:
        """Return the mean of the last ``window`` closes."""
        return self._once(("mean", window), lambda: rolling_mean(self._close, window))

    def uptrend(self, fast: int, slow: int) -> NDArray[np.bool_]:
        """Return whether the fast average is above the slow one."""
        return self._once(("up", fast, slow), lambda: self.average(fast) > self.average(slow))

    def volatility(self, window: int) -> FloatArray:
        """Return realised volatility."""
        return self._once(("vol", window), lambda: realised_volatility(self._close, window))

    def z_score(self, window: int, baseline: int) -> FloatArray:
        """Return the z-score of realised volatility."""
        return self._once(
            ("z", window, baseline),
            lambda: volatility_z(self.volatility(window), window, baseline),
        )

    def change(self, window: int, lookback: int, unknown: int) -> FloatArray:
        """Return the relative change of realised volatility; NaN before row ``unknown``."""

        def make() -> FloatArray:
            change = volatility_change(self.volatility(window), lookback)
            change[:unknown] = np.nan
            return change

        return self._once(("change", window, lookback, unknown), make)

    def bond(self, fast: int, slow: int) -> NDArray[np.int8]:
        """Return the bond state."""
        return self._once(
            ("bond", fast, slow), lambda: bond_trend(self._bond_close, fast, slow).state
        )


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
    roles = _ROLES(sets[0])
    if any(_ROLES(one) != roles for one in sets):
        raise StrategyError(f"a sweep has one signal and one bond trend symbol, here {roles}")
    inputs, marks, price, present = _shared(bars, *roles, sets[0].traded, terms.timing)
    anchors = [start - one.warmup_sessions for one in sets]
    numbers = np.array([_NUMBERS(one) for one in sets], dtype=np.float64)
    numbers[:, FIRST] += anchors
    trend, trend_at = _stack(
        [
            (anchor, _KALMAN(one), _SMOOTHING(one))
            for anchor, one in zip(anchors, sets, strict=True)
        ],
        inputs.trend,
    )
    up, up_at = _stack([_AVERAGES(one) for one in sets], inputs.uptrend)
    z, z_at = _stack([_Z(one) for one in sets], inputs.z_score)
    change, change_at = _stack(
        [
            (*_CHANGE(one), _unknown_change(one, anchor))
            for anchor, one in zip(anchors, sets, strict=True)
        ],
        inputs.change,
    )
    bond, bond_at = _stack([_BONDS(one) for one in sets], inputs.bond)
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
