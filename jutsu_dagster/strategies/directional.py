"""Strategies that say up, down or nothing of one symbol at every bar, and how sure they are."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Annotated, Any, ClassVar, Literal

import numpy as np
from numpy.typing import NDArray
from pydantic import BaseModel, ConfigDict, Field

from jutsu_dagster.core.bars import Bars, FloatArray, IntArray
from jutsu_dagster.core.council_regime import REGIMES
from jutsu_dagster.core.errors import StrategyError
from jutsu_dagster.core.exploration_rules import ENTRY_BOUNDS, ExplorationRules
from jutsu_dagster.strategies.base import Strategy

Timeframe = Literal["15m", "1h", "4h", "1d"]
BARS_A_DAY: Mapping[str, int] = {"15m": 96, "1h": 24, "4h": 6, "1d": 1}

Number = Annotated[float, Field(strict=True, allow_inf_nan=False)]
Share = Annotated[Number, Field(ge=0, le=1)]
Symbol = Annotated[str, Field(strict=True, pattern=r"^\S+$")]

TREND = ("trend_up", "trend_down", "panic_down")
# What a mutation may make of a threshold. A file may state less, as the recorded runner's did.
_MUTATED: dict[str, Any] = {"mutated_min": ENTRY_BOUNDS[0], "mutated_max": ENTRY_BOUNDS[1]}


@dataclass(frozen=True, eq=False, slots=True)
class Directional:
    """What is decided at each of T closes.

    Attributes
    ----------
    direction : int8 of shape (T,)
        1 up, -1 down, 0 nothing.
    confidence : float64 of shape (T,)
        0 to 1.
    regime : int64 of shape (T,)
        Index into ``regimes``.
    regimes : tuple of str
    diagnostics : mapping of name to array of shape (T,)
        Numbers worth keeping beside the decision.
    """

    direction: NDArray[np.int8]
    confidence: FloatArray
    regime: IntArray
    regimes: tuple[str, ...] = REGIMES
    diagnostics: Mapping[str, NDArray[Any]] = field(default_factory=dict)


class ConfMin(BaseModel):
    """Least confidence of an entry, by class of regime."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    trend: Share = Field(0.70, description="trend_up, trend_down, panic_down",
                         json_schema_extra=_MUTATED)  # fmt: skip
    chop: Share = Field(0.72, description="chop, unknown", json_schema_extra=_MUTATED)
    high_vol: Share = Field(0.71, description="high_vol", json_schema_extra=_MUTATED)

    def of(self, regime: str) -> float:
        """Return the threshold of a regime label, as stated."""
        if regime in TREND:
            return self.trend
        return self.high_vol if regime == "high_vol" else self.chop


class _OneMarket(BaseModel):
    """Which bars are read: fields of their own class, since Strategy has a class's timeframe."""

    symbol: Symbol = Field("ETHUSDT", description="The instrument that is read and traded")
    timeframe: Timeframe = Field("15m", description="Length of a bar")


class DirectionalStrategy(_OneMarket, Strategy):
    """A strategy that decides a direction for one symbol at every bar.

    The smallest subclass has ``warmup_bars`` and ``direct``. When to enter and to leave on a
    decision is the exploration engine's part; its parameters are fields here.
    """

    # Whether a decision is, to the bit, that of the last ``warmup_bars`` + 1 bars alone. Then a
    # night reads no more than these; else it reads from the strategy's fixed anchor.
    windowed: ClassVar[bool] = False

    conf_min: ConfMin = Field(ConfMin(), description="Least confidence of an entry")
    exploration_cap: int = Field(2, strict=True, ge=1, le=96, description="Entries per UTC day")
    exit_min_conf: Share = Field(0.30, description="Confidence below which a position is left")
    reverse_min_conf: Share = Field(0.60, description="Confidence of an opposite decision to leave")
    max_bars_open: int = Field(10, strict=True, ge=1, le=1000, description="Bars, then it is left")
    # Not a matter of trying: a variant that pays less than its parent proves nothing.
    cost_bps_per_side: Number = Field(
        7.0,
        ge=0,
        le=1000,
        description="Basis points of the price, at entry and at exit",
        json_schema_extra={"mutable": False},
    )

    @property
    def universe(self) -> tuple[str, ...]:
        """The one symbol."""
        return (self.symbol,)

    @property
    def warmup_bars(self) -> int:
        """Bars to load before the first one whose decision counts."""
        raise NotImplementedError(f"{type(self).__name__} must say its warmup_bars")

    @property
    def warmup_sessions(self) -> int:
        """The warm-up in whole UTC days."""
        return -(-self.warmup_bars // BARS_A_DAY[self.timeframe])

    @property
    def rules(self) -> ExplorationRules:
        """What the exploration engine may do on the decisions."""
        return ExplorationRules(
            conf_min=self.conf_min.model_dump(),
            exploration_cap=self.exploration_cap,
            exit_min_conf=self.exit_min_conf,
            reverse_min_conf=self.reverse_min_conf,
            max_bars_open=self.max_bars_open,
            cost_bps_per_side=self.cost_bps_per_side,
        )

    @property
    def entry_min_conf(self) -> FloatArray:
        """The thresholds as stated, float64, in the order of REGIMES."""
        return np.array([self.conf_min.of(regime) for regime in REGIMES])

    @property
    def decision_key(self) -> str:
        """A hash of what decides directions: variants that only trade otherwise share it."""
        # Two sets may differ in nothing but what the engine reads.
        traded = DirectionalStrategy.model_fields.keys() - _OneMarket.model_fields.keys()
        text = f"{type(self).__name__}:{self.model_dump_json(exclude=set(traded))}"
        return hashlib.sha256(text.encode()).hexdigest()[:16]

    def direct(self, candles: Bars) -> Directional:
        """Return the decision at every close, from bars up to it; pure.

        Parameters
        ----------
        candles : Bars
            With the strategy's symbol, from ``warmup_bars`` before the first bar that counts.

        Raises
        ------
        DataError
            If the symbol is not there.
        StrategyError
            If there is a split: decisions are made on one basis of prices.
        """
        raise NotImplementedError(f"{type(self).__name__} must define direct(self, candles)")

    @classmethod
    def direct_many(cls, sets: Sequence[DirectionalStrategy], candles: Bars) -> list[Directional]:
        """Return the decision of each set; sets of one ``decision_key`` share one object."""
        known: dict[str, Directional] = {}
        keys = [one.decision_key for one in sets]
        for key, one in zip(keys, sets, strict=True):
            if key not in known:
                known[key] = one.direct(candles)
        return [known[key] for key in keys]


def one_symbol(candles: Bars, symbol: str) -> dict[str, FloatArray]:
    """Return open, high, low, close and volume of one symbol, float64 of shape (T,) each.

    Raises
    ------
    DataError
        If the symbol is not there.
    StrategyError
        If it was split.
    """
    column = candles.column(symbol)
    if (candles.splits[:, column] != 1.0).any():
        raise StrategyError(f"{symbol} was split; directional strategies read unsplit candles")
    names = ("open", "high", "low", "close", "volume")
    return {name: np.ascontiguousarray(getattr(candles, name)[:, column]) for name in names}
