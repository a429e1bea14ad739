"""What the regime allocator's state machine reads, shared by sets over the same bars."""

from __future__ import annotations

from collections.abc import Callable
from operator import attrgetter
from typing import Any

import numpy as np
from numpy.typing import NDArray

from jutsu_dagster.core.bars import Bars, FloatArray
from jutsu_dagster.core.kalman import INNOVATION, kalman_path
from jutsu_dagster.core.regime_inputs import (
    bond_trend,
    normalised_trend,
    realised_volatility,
    volatility_change,
    volatility_z,
)
from jutsu_dagster.core.rolling import rolling_mean

# The parameters that each input depends on.
KALMAN = attrgetter(
    "measurement_noise", "process_noise_1", "process_noise_2", "symmetric_volume_adjustment"
)
SMOOTHING = attrgetter("osc_smoothness", "strength_smoothness", "double_smoothing", "T_max")
AVERAGES = attrgetter("sma_fast", "sma_slow")
Z_SCORE = attrgetter("realized_vol_window", "vol_baseline_window")
CHANGE = attrgetter("realized_vol_window", "vol_crush_lookback")
ROLES = attrgetter("signal_symbol", "treasury_trend_symbol")
BONDS = attrgetter("bond_sma_fast", "bond_sma_slow")


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
