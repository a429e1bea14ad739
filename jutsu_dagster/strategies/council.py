"""The council: buckets of normalised signals, weighed against each other by market regime."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Annotated, cast

import numpy as np
from pydantic import Field, field_validator

from jutsu_dagster.core.bars import Bars, FloatArray
from jutsu_dagster.core.council_decision import BUCKETS, Bucket, decide
from jutsu_dagster.core.council_regime import FEATURES, REGIMES, Regime
from jutsu_dagster.core.council_signals import SHORTEST_WINDOW, SIGNALS
from jutsu_dagster.core.errors import nearest
from jutsu_dagster.strategies.council_inputs import CouncilInputs
from jutsu_dagster.strategies.council_parameters import (
    BucketWeights,
    SignalSpec,
    TrendRule,
)
from jutsu_dagster.strategies.directional import (
    TREND,
    Directional,
    DirectionalStrategy,
    Number,
    Share,
)


class Council(DirectionalStrategy):
    """Signals vote in buckets; the regime says which buckets count, and how much.

    Everything that tells one profile from another is a parameter: a profile is a file.
    """

    windowed = True

    signals: dict[str, SignalSpec] = Field(description="The signals there are, by name")
    signal_window: int = Field(
        200, strict=True, ge=SHORTEST_WINDOW, le=2000, description="Bars that a signal sees"
    )
    min_bars: int = Field(
        25,
        strict=True,
        ge=1,
        le=2000,
        description="Bars before a decision",
        json_schema_extra={"mutable": False},
    )
    dead_zone: Share = Field(0.05, description="Size below which a bucket abstains")
    weights_trend: BucketWeights = Field(description="Bucket weights in a trend or panic")
    weights_chop: BucketWeights = Field(description="Bucket weights in chop and unknown")
    weights_high_vol: BucketWeights = Field(description="Bucket weights in high volatility")
    masks: dict[Regime, tuple[Bucket, ...]] = Field(
        default_factory=dict, description="Buckets that vote, by regime; all where not named"
    )
    regime_window: int = Field(
        200, strict=True, ge=1, le=2000, description="Closes that the classifier sees"
    )
    high_vol_atr: Annotated[Number, Field(gt=0, le=10)] = Field(
        0.018, description="ATR as a fraction of price that makes high_vol"
    )
    high_vol_ratio: Annotated[Number, Field(gt=0, le=100)] = Field(
        1.10, description="ATR over its long average that makes high_vol"
    )
    trend_rules: tuple[TrendRule, ...] = Field(description="Doors to a trend, the first one wins")

    @field_validator("signals")
    @classmethod
    def _in_order(cls, value: dict[str, SignalSpec]) -> dict[str, SignalSpec]:
        for name in value:
            if name not in SIGNALS:
                hint = nearest(name, SIGNALS)
                close = f"; did you mean {hint!r}?" if hint else f"; there are {', '.join(SIGNALS)}"
                raise ValueError(f"{name!r} is no signal{close}")
        # One order of summation and one hash, however the file has them.
        return {name: value[name] for name in SIGNALS if name in value}

    @field_validator("masks")
    @classmethod
    def _masks_in_order(
        cls, value: dict[Regime, tuple[Bucket, ...]]
    ) -> dict[Regime, tuple[Bucket, ...]]:
        return {
            label: tuple(name for name in BUCKETS if name in value[label])
            for label in REGIMES
            if label in value
        }

    @property
    def warmup_bars(self) -> int:
        """Bars before the first one whose windows are all full."""
        voters = [spec.lookback for spec in self.signals.values() if spec.votes]
        deepest = max(voters, default=1)
        return max(self.signal_window + deepest - 1, self.regime_window) - 1

    @property
    def idle_parameters(self) -> frozenset[str]:
        """Weights of buckets without a voter, and of one that is weighed against no other."""
        voted = {
            name for spec in self.signals.values() for name, vote in spec.votes.items() if vote
        }
        idle = set()
        for field in ("weights_trend", "weights_chop", "weights_high_vol"):
            weights = getattr(self, field)
            heard = [name for name in BUCKETS if name in voted and getattr(weights, name)]
            idle |= {f"{field}.{name}" for name in BUCKETS if name not in voted or heard == [name]}
        return frozenset(idle)

    def raw(self, candles: Bars) -> dict[str, FloatArray]:
        """Return every signal, float64 of shape (T,); a missing value filled in where told so."""
        return CouncilInputs(candles, self.symbol).raw(self.signals, self.signal_window)

    def normalised(self, candles: Bars) -> dict[str, FloatArray]:
        """Return the signals of the parameters between -1 and 1, shape (T,); NaN abstains."""
        return CouncilInputs(candles, self.symbol).normalised(self.signals, self.signal_window)

    def direct(self, candles: Bars) -> Directional:
        """Return direction, confidence and regime of every bar; see the base class."""
        return self.direct_from(CouncilInputs(candles, self.symbol))

    @classmethod
    def direct_many(cls, sets: Sequence[DirectionalStrategy], candles: Bars) -> list[Directional]:
        """Return the decision of each set; what sets have in common is computed once."""
        inputs: dict[str, CouncilInputs] = {}
        known: dict[str, Directional] = {}
        keys = [one.decision_key for one in sets]
        for key, one in zip(keys, cast("Sequence[Council]", sets), strict=True):
            if key not in known:
                if one.symbol not in inputs:
                    inputs[one.symbol] = CouncilInputs(candles, one.symbol)
                known[key] = one.direct_from(inputs[one.symbol])
        return [known[key] for key in keys]

    def direct_from(self, inputs: CouncilInputs) -> Directional:
        """Return the decision at every close of candles that other sets may have read before."""
        asked = self.model_dump_json(include={"signals"})
        scores = inputs.scores(self.signals, self.signal_window, asked)
        high_vol = (self.high_vol_atr, self.high_vol_ratio)
        regime = inputs.regime(self.regime_window, high_vol, self.trend_rules)
        count = len(inputs)
        direction, confidence, total = np.empty(count, np.int8), np.empty(count), np.empty(count)
        decide(
            scores, regime, self.weight_table(), self.dead_zone, self.min_bars - 1,
            direction, confidence, total,
        )  # fmt: skip
        diagnostics = {
            "score": total,
            **{f"score_{name}": row for name, row in zip(BUCKETS, scores, strict=True)},
            **dict(zip(FEATURES, inputs.features(self.regime_window), strict=True)),
        }
        return Directional(direction, confidence, regime, REGIMES, diagnostics)

    def weight_table(self) -> FloatArray:
        """Return the weight of each bucket under each regime, 0 where it is masked."""
        table = np.zeros((len(REGIMES), len(BUCKETS)))
        of_class = {"high_vol": self.weights_high_vol, **dict.fromkeys(TREND, self.weights_trend)}
        for row, label in zip(table, REGIMES, strict=True):
            weights = of_class.get(label, self.weights_chop)
            heard = self.masks.get(label, BUCKETS)
            row[:] = [getattr(weights, name) if name in heard else 0.0 for name in BUCKETS]
        return table
