"""The hierarchical regime allocator: v3.5b, and v3.5d which adds exit confirmation."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import ClassVar, Self, cast

from pydantic import Field, field_validator, model_validator

from jutsu_dagster.core.bars import Bars
from jutsu_dagster.core.engine import Terms
from jutsu_dagster.core.sweep import SweepResult
from jutsu_dagster.strategies import regime_decisions, regime_sweep
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
    def exposures(self) -> Mapping[str, float]:
        """By role: towards the signal bonds are nothing, the leveraged fund three of it."""
        bonds = (self.treasury_trend_symbol, self.bull_bond_symbol, self.bear_bond_symbol)
        return {
            **dict.fromkeys(bonds, 0.0),
            self.signal_symbol: 1.0,
            self.core_long_symbol: 1.0,
            self.leveraged_long_symbol: 3.0,
            self.inverse_hedge_symbol: -1.0,
        }

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
        return regime_decisions.allocate(self, bars)

    @classmethod
    def decide_many(
        cls, sets: Sequence[AllocationStrategy], bars: Bars, anchors: Sequence[int] | None = None
    ) -> list[Allocation]:
        """Decide many sets, each distinct indicator once; where a split cuts, once a piece."""
        if cls._decides_otherwise():
            return super().decide_many(sets, bars, anchors)
        same = cast("Sequence[RegimeAllocator]", sets)
        rows = [0] * len(sets) if anchors is None else anchors
        return regime_decisions.decide_sets(same, bars, rows)

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
        if (bars.splits != 1.0).any() or cls._decides_otherwise():
            return super().evaluate_chunk(sets, bars, terms, start, curves=curves)
        same = cast("Sequence[RegimeAllocator]", sets)
        return regime_sweep.evaluate_chunk(same, bars, terms, start, curves=curves)

    @classmethod
    def _decides_otherwise(cls) -> bool:
        """Whether a class derived from this one has a decision that no shortcut knows."""
        own = (cls.allocate, cls.decide, cls.target_weights)
        base = RegimeAllocator
        return own != (base.allocate, base.decide, base.target_weights)


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
