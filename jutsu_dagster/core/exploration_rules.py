"""What the exploration engine runs on: a variant's rules, and bars with their decisions."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from jutsu_dagster.core.bars import FloatArray, IntArray, TimeArray
from jutsu_dagster.core.errors import DataError, StrategyError

# Whatever thresholds a configuration or a mutation asks for, entries need this much.
ENTRY_BOUNDS = (0.50, 0.95)
_CLASS_OF = {
    "trend_up": "trend", "trend_down": "trend", "panic_down": "trend", "unknown": "chop",
}  # fmt: skip


@dataclass(frozen=True, slots=True)
class ExplorationRules:
    """What one variant may do; exits and caps as parameters, entries by class of regime.

    Attributes
    ----------
    conf_min : mapping of regime class (or label) to float
        Confidence that an entry needs; kept within ENTRY_BOUNDS.
    exploration_cap : int
        Entries per UTC day, or closed trades of a lifetime; less than 1 counts as 1.
    exit_min_conf : float
        A position is left below it.
    reverse_min_conf : float
        An opposite decision this sure closes the position.
    max_bars_open : int
        The bar at which a position is closed whatever is decided.
    cost_bps_per_side : float
        Basis points of the entry price, paid at the entry and again at the exit.
    """

    conf_min: Mapping[str, float]
    exploration_cap: int = 2
    exit_min_conf: float = 0.30
    reverse_min_conf: float = 0.60
    max_bars_open: int = 10
    cost_bps_per_side: float = 0.0

    def threshold(self, regime: str) -> float:
        """Return the confidence that an entry needs under the regime label ``regime``.

        A label that ``conf_min`` names has its own; trend_up, trend_down and panic_down are of
        the class trend, unknown of chop.

        Raises
        ------
        StrategyError
            If neither the label nor its class has a threshold.
        """
        name = regime if regime in self.conf_min else _CLASS_OF.get(regime, regime)
        if name not in self.conf_min:
            known = ", ".join(self.conf_min)
            raise StrategyError(f"regime {regime!r} has no entry threshold; conf_min has {known}")
        low, high = ENTRY_BOUNDS
        return max(low, min(high, self.conf_min[name]))

    @property
    def round_trip_cost(self) -> float:
        """What entry and exit cost together, as a fraction of the entry price."""
        return 2.0 * self.cost_bps_per_side / 1e4

    @property
    def limits(self) -> tuple[float, ...]:
        """The columns of the kernel's ``limits``."""
        return (
            max(1, self.exploration_cap),
            self.exit_min_conf,
            self.reverse_min_conf,
            self.max_bars_open,
            self.round_trip_cost,
        )


@dataclass(frozen=True, eq=False, slots=True)
class Decided:
    """T bars of one symbol and what a directional strategy decided at each close.

    Attributes
    ----------
    timestamps : datetime64[s] of shape (T,)
        Bar open, UTC, ascending.
    close : float64 of shape (T,)
        Price of every entry and exit.
    direction : int8 of shape (T,)
        -1, 0 or 1.
    confidence : float64 of shape (T,)
    regime : int64 of shape (T,)
        Index into ``regimes``.
    regimes : tuple of str

    Raises
    ------
    DataError
        If timestamps do not ascend or a close is no positive number.
    StrategyError
        If a decision has another shape or lies outside its range.
    """

    timestamps: TimeArray
    close: FloatArray
    direction: NDArray[np.int8]
    confidence: FloatArray
    regime: IntArray
    regimes: tuple[str, ...]

    def __post_init__(self) -> None:
        shape = self.timestamps.shape
        if (np.diff(self.timestamps) <= np.timedelta64(0)).any():
            raise DataError("bars must ascend in time, each bar once")
        if self.close.shape != shape or not (np.isfinite(self.close) & (self.close > 0)).all():
            raise DataError("every bar must have a close, finite and > 0")
        for name, valid in (
            ("direction", (self.direction >= -1) & (self.direction <= 1)),
            ("confidence", (self.confidence >= 0) & (self.confidence <= 1)),
            ("regime", (self.regime >= 0) & (self.regime < len(self.regimes))),
        ):
            if valid.shape != shape:
                raise StrategyError(f"{name} has shape {valid.shape}; bars have {shape}")
            if not valid.all():
                first = int(np.flatnonzero(~valid)[0])
                value = getattr(self, name)[first]
                raise StrategyError(f"{name} at {self.timestamps[first]}Z is {value}: out of range")

    def __len__(self) -> int:
        return len(self.timestamps)

    def window(self, start: int, stop: int) -> Decided:
        """Return bars ``start`` to ``stop``, exclusive."""
        rows = slice(start, stop)
        return Decided(
            self.timestamps[rows], self.close[rows], self.direction[rows],
            self.confidence[rows], self.regime[rows], self.regimes,
        )  # fmt: skip
