"""The hierarchical regime allocator: v3.5b, and v3.5d which adds exit confirmation."""

from __future__ import annotations

from collections.abc import Sequence
from typing import ClassVar, Self, cast

import numpy as np
from pydantic import Field, field_validator, model_validator

from jutsu_dagster.core.bars import Bars, FloatArray
from jutsu_dagster.core.engine import Terms
from jutsu_dagster.core.kalman import INNOVATION, kalman_path
from jutsu_dagster.core.regime import BOND_STATES, CODES, NO_BOND, regime_path, weight_table
from jutsu_dagster.core.regime_inputs import (
    bond_trend,
    normalised_trend,
    realised_volatility,
    volatility_change,
    volatility_z,
)
from jutsu_dagster.core.rolling import rolling_mean
from jutsu_dagster.core.sweep import SweepResult
from jutsu_dagster.strategies import regime_sweep
from jutsu_dagster.strategies.allocation import Allocation
from jutsu_dagster.strategies.base import AllocationStrategy, RegimeNames

EXECUTION_TIMES = ("open", "15min_after_open", "15min_before_close", "close")


class RegimeAllocator(AllocationStrategy):
    """Six regimes of trend and volatility, each with its own mix of QQQ, TQQQ, PSQ and bonds.

    Trend comes from a volume-adaptive Kalman filter and two averages, volatility from the
    z-score of realised volatility with hysteresis and a crush override.
    """

    regimes: ClassVar[RegimeNames] = {
        1: ("BullStrong", "Low"),
        2: ("BullStrong", "High"),
        3: ("Sideways", "Low"),
        4: ("Sideways", "High"),
        5: ("BearStrong", "Low"),
        6: ("BearStrong", "High"),
    }

    measurement_noise: float = Field(2000.0, gt=0, le=1e6, description="Base Kalman noise R")
    process_noise_1: float = Field(0.01, gt=0, le=1e3, description="Kalman Q of the level")
    process_noise_2: float = Field(0.01, gt=0, le=1e3, description="Kalman Q of the velocity")
    osc_smoothness: int = Field(15, ge=1, le=500, description="Bars of the weighted average")
    strength_smoothness: int = Field(15, ge=1, le=500, description="Innovations before a signal")
    T_max: float = Field(50.0, gt=0, le=1e3, description="Divisor of trend strength")
    symmetric_volume_adjustment: bool = Field(False, description="Volume may also raise noise")
    double_smoothing: bool = Field(False, description="Average the strength a second time")
    sma_fast: int = Field(40, ge=1, le=1000, description="Fast average, sessions")
    sma_slow: int = Field(140, ge=2, le=2000, description="Slow average, sessions")
    t_norm_bull_thresh: float = Field(0.2, gt=0, le=1, description="Trend strength of a bull")
    t_norm_bear_thresh: float = Field(-0.3, ge=-1, lt=0, description="Trend strength of a bear")
    realized_vol_window: int = Field(21, ge=2, le=500, description="Sessions of volatility")
    vol_baseline_window: int = Field(126, ge=2, le=2000, description="Sessions of its baseline")
    upper_thresh_z: float = Field(1.0, ge=-10, le=10, description="z above which vol is High")
    lower_thresh_z: float = Field(0.2, ge=-10, le=10, description="z below which vol is Low")
    vol_crush_threshold: float = Field(-0.15, ge=-1, lt=0, description="Fall that is a crush")
    vol_crush_lookback: int = Field(5, ge=1, le=250, description="Sessions of the crush")
    leverage_scalar: float = Field(1.0, ge=0.5, le=1.5, description="Not leverage: cell 5 only")
    use_inverse_hedge: bool = Field(False, description="Hold the inverse ETF in cell 6")
    w_PSQ_max: float = Field(0.5, gt=0, le=1, description="Largest inverse weight")  # noqa: N815
    allow_treasury: bool = Field(True, description="Bonds in the defensive cells")
    bond_sma_fast: int = Field(20, ge=1, le=1000, description="Fast bond average, sessions")
    bond_sma_slow: int = Field(60, ge=2, le=2000, description="Slow bond average, sessions")
    max_bond_weight: float = Field(0.4, ge=0, le=1, description="Cap of the bond weight")
    rebalance_threshold: float = Field(0.025, gt=0, le=2, description="Summed change of targets")
    execution_time: str = Field("close", description="Accepted for old files; see execution")

    signal_symbol: str = "QQQ"
    core_long_symbol: str = "QQQ"
    leveraged_long_symbol: str = "TQQQ"
    inverse_hedge_symbol: str = "PSQ"
    treasury_trend_symbol: str = "TLT"
    bull_bond_symbol: str = "TMF"
    bear_bond_symbol: str = "TMV"

    @field_validator("execution_time")
    @classmethod
    def _known_time(cls, value: str) -> str:
        if value not in EXECUTION_TIMES:
            raise ValueError(f"must be one of {', '.join(EXECUTION_TIMES)}")
        return value

    @model_validator(mode="after")
    def _ordered(self) -> Self:
        for low, high in (
            ("sma_fast", "sma_slow"),
            ("bond_sma_fast", "bond_sma_slow"),
            ("lower_thresh_z", "upper_thresh_z"),
        ):
            if not getattr(self, low) < getattr(self, high):
                raise ValueError(
                    f"{low} ({getattr(self, low)}) must be < {high} ({getattr(self, high)})"
                )
        return self

    @model_validator(mode="after")
    def _distinct(self) -> Self:
        if len(set(self.traded)) < len(self.traded):
            raise ValueError(f"the five traded symbols {self.traded} must be distinct")
        return self

    @property
    def traded(self) -> tuple[str, ...]:
        """The five symbols that can be held, in the order of orders."""
        return (
            self.leveraged_long_symbol,
            self.core_long_symbol,
            self.inverse_hedge_symbol,
            self.bull_bond_symbol,
            self.bear_bond_symbol,
        )

    @property
    def universe(self) -> tuple[str, ...]:
        """The traded symbols, then those only read."""
        return tuple(dict.fromkeys((*self.traded, self.signal_symbol, self.treasury_trend_symbol)))

    @property
    def signal_of_record(self) -> str:
        """The signal symbol."""
        return self.signal_symbol

    @property
    def required_bars(self) -> int:
        """Bars before every indicator is ready."""
        bonds = self.bond_sma_slow if self.allow_treasury else 0
        return max(self.sma_slow + 10, self.vol_baseline_window + self.realized_vol_window, bonds)

    @property
    def warmup_sessions(self) -> int:
        """Half as many again as required: the Kalman filter and hysteresis need a past."""
        return self.required_bars * 3 // 2

    @property
    def min_weight_change(self) -> float:
        """The rebalance threshold."""
        return self.rebalance_threshold

    @property
    def first_evaluated(self) -> int:
        """Index of the first bar with every indicator ready."""
        return max(self.sma_slow, self.vol_baseline_window + self.realized_vol_window) - 1

    @property
    def confirm_days(self) -> int:
        """Sessions of confirmation before cell 1 is left; 0 without."""
        return 0

    def allocate(self, bars: Bars) -> Allocation:
        """Walk the state machine over all bars; the first one is the filter's first."""
        signal = bars.column(self.signal_symbol)
        close = np.ascontiguousarray(bars.close[:, signal])
        path = kalman_path(
            close, np.ascontiguousarray(bars.volume[:, signal]), self.measurement_noise,
            self.process_noise_1, self.process_noise_2, self.symmetric_volume_adjustment,
        )  # fmt: skip
        strength, t_norm = normalised_trend(
            np.ascontiguousarray(path[:, INNOVATION]), self.osc_smoothness,
            self.strength_smoothness, self.double_smoothing, self.T_max,
        )  # fmt: skip
        fast, slow = rolling_mean(close, self.sma_fast), rolling_mean(close, self.sma_slow)
        volatility = realised_volatility(close, self.realized_vol_window)
        z = volatility_z(volatility, self.realized_vol_window, self.vol_baseline_window)
        change = volatility_change(volatility, self.vol_crush_lookback)
        bonds = bond_trend(
            np.ascontiguousarray(bars.close[:, bars.column(self.treasury_trend_symbol)]),
            self.bond_sma_fast,
            self.bond_sma_slow,
        )
        codes, pending = np.empty((2, len(bars)), dtype=np.int8)
        regime_path(
            t_norm, fast > slow, z, change, bonds.state, self.first_evaluated,
            self.t_norm_bull_thresh, self.t_norm_bear_thresh, self.upper_thresh_z,
            self.lower_thresh_z, self.vol_crush_threshold, self.confirm_days, codes, pending,
        )  # fmt: skip
        ready = codes >= 0
        diagnostics = {
            "kalman_filtered": path[:, 0],
            "kalman_strength": strength,
            "kf_pos": path[:, 0],
            "kf_vel": path[:, 1],
            "kf_P00": path[:, 2],
            "kf_P01": path[:, 3],
            "kf_P11": path[:, 4],
            "T_norm": np.where(ready, t_norm, np.nan),
            "SMA_fast": np.where(ready, fast, np.nan),
            "SMA_slow": np.where(ready, slow, np.nan),
            "z_score": np.where(ready, z, np.nan),
            "vol_crush": (change < self.vol_crush_threshold) & ready,
        }
        if self.allow_treasury:
            known = ready & (bonds.state != NO_BOND)
            diagnostics["Bond_SMA_fast"] = np.where(known, bonds.fast, np.nan)
            diagnostics["Bond_SMA_slow"] = np.where(known, bonds.slow, np.nan)
        if "cell1_exit_confirmation_days" in type(self).model_fields:
            diagnostics["cell1_exit_pending_days"] = pending
        return Allocation(
            codes.astype(np.int64),
            self._weights(len(bars.symbols)),
            np.where(ready, codes // BOND_STATES + 1, 0).astype(np.int64),
            diagnostics,
        )

    @classmethod
    def evaluate_chunk(
        cls,
        sets: Sequence[AllocationStrategy],
        bars: Bars,
        terms: Terms,
        start: int,
        *,
        curves: bool,
    ) -> SweepResult:
        """Evaluate in one kernel, unless a split makes the history depend on the session."""
        if (bars.splits != 1.0).any():
            return super().evaluate_chunk(sets, bars, terms, start, curves=curves)
        same = cast("Sequence[RegimeAllocator]", sets)
        return regime_sweep.evaluate_chunk(same, bars, terms, start, curves=curves)

    def _weights(self, n_symbols: int) -> FloatArray:
        table = np.empty((CODES, n_symbols))
        weight_table(
            self.leverage_scalar, self.use_inverse_hedge, self.w_PSQ_max, self.allow_treasury,
            self.max_bond_weight, table,
        )  # fmt: skip
        return table


class HierarchicalAdaptiveV35b(RegimeAllocator):
    """The allocator as it trades: no exit confirmation."""


class HierarchicalAdaptiveV35d(RegimeAllocator):
    """The allocator with confirmation before it leaves cell 1."""

    cell1_exit_confirmation_enabled: bool = Field(False, description="Wait before leaving cell 1")
    cell1_exit_confirmation_days: int = Field(2, ge=1, le=10, description="Sessions to wait")

    @property
    def confirm_days(self) -> int:
        """The confirmation's sessions, if it is on."""
        return self.cell1_exit_confirmation_days if self.cell1_exit_confirmation_enabled else 0
