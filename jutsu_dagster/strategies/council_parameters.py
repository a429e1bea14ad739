"""The parts of a council's parameters: signals, buckets, masks and trend rules."""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import Annotated, Any, Literal, Self

import numpy as np
from pydantic import BaseModel, ConfigDict, Field, field_validator, model_validator

from jutsu_dagster.core.bars import FloatArray
from jutsu_dagster.core.council_decision import BUCKETS, Bucket
from jutsu_dagster.core.council_normalise import bounded, clamped, scaled_tanh, z_score, z_tanh
from jutsu_dagster.core.council_signals import SIGNALS
from jutsu_dagster.strategies.directional import Number, Share

Method = Literal["z-tanh", "bounded", "clamp", "tanh", "z-score"]
Unit = Literal["none", "close", "atr", "atr_share"]
Weight = Annotated[Number, Field(ge=-10, le=10)]

# What a signal is, mutations leave alone: most combinations make no sense. Its votes they may
# change.
_FIXED: dict[str, Any] = {"mutable": False}
# Which fields belong to a method; others must not stand beside it.
_OF_METHOD: Mapping[str, tuple[str, ...]] = {
    "z-tanh": (),
    "bounded": ("low", "centre", "high"),
    "clamp": (),
    "tanh": ("scale",),
    "z-score": ("window", "scale"),
}


class _Part(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")


class SignalSpec(_Part):
    """How one raw signal becomes a vote, and for which buckets."""

    method: Method = Field(description="How it is brought to [-1, 1]", json_schema_extra=_FIXED)
    low: Number = Field(-1.0, description="bounded: what becomes -1", json_schema_extra=_FIXED)
    centre: Number = Field(0.0, description="bounded: what becomes 0", json_schema_extra=_FIXED)
    high: Number = Field(1.0, description="bounded: what becomes 1", json_schema_extra=_FIXED)
    scale: Number = Field(
        1.0, gt=0, description="tanh, z-score: divisor before the tangent", json_schema_extra=_FIXED
    )
    window: int = Field(
        200,
        strict=True,
        ge=2,
        le=2000,
        description="z-score: bars of mean and deviation",
        json_schema_extra=_FIXED,
    )
    per: Unit = Field(
        "none",
        description="Divisor: the close, ATR in price, or ATR as a fraction",
        json_schema_extra=_FIXED,
    )
    direction_of: str | None = Field(None, description="A signal whose sign it takes, if any")
    missing: Number | Literal["abstain"] = Field(
        "abstain", description="Raw value where there is none, or abstain"
    )
    votes: dict[Bucket, Weight] = Field(
        default_factory=dict, description="Weight in each bucket it votes in; < 0 votes against"
    )

    @field_validator("votes")
    @classmethod
    def _in_order(cls, value: dict[Bucket, float]) -> dict[Bucket, float]:
        # One hash, however the file has them; a vote of 0 is none.
        return {name: value[name] for name in BUCKETS if value.get(name, 0.0) != 0.0}

    @model_validator(mode="after")
    def _sound(self) -> Self:
        for name in ("low", "centre", "high", "scale", "window"):
            default = type(self).model_fields[name].default
            if name not in _OF_METHOD[self.method] and getattr(self, name) != default:
                raise ValueError(f"{name} is of no use to method {self.method}")
        if not self.low < self.centre < self.high:
            raise ValueError(
                f"must ascend: low ({self.low}), centre ({self.centre}), high ({self.high})"
            )
        if self.direction_of is not None and self.direction_of not in SIGNALS:
            raise ValueError(f"direction_of ({self.direction_of!r}) is no signal")
        return self

    @property
    def lookback(self) -> int:
        """Raw values that a vote needs, the current one included."""
        return self.window if self.method == "z-score" else 1

    def vote(
        self, values: FloatArray, raw: Mapping[str, FloatArray], close: FloatArray
    ) -> FloatArray:
        """Bring raw values to [-1, 1].

        Parameters
        ----------
        values : float64 of shape (T,)
            The signal, the missing filled in.
        raw : mapping of name to float64 of shape (T,)
            All signals.
        close : float64 of shape (T,)

        Returns
        -------
        float64 of shape (T,)
            NaN where the signal abstains.
        """
        with np.errstate(divide="ignore", invalid="ignore"):
            if self.per == "close":
                values = values / close
            elif self.per == "atr":
                values = values / (close * raw["ATRp"])
            elif self.per == "atr_share":
                values = values / raw["ATRp"]
            if self.direction_of is not None:
                values = values * np.sign(raw[self.direction_of])
        # So many ranges that there is none to count them in: no size at all.
        values = np.where(np.isfinite(values), values, np.nan)
        if self.method == "z-tanh":
            return z_tanh(values)
        if self.method == "bounded":
            return bounded(values, self.low, self.centre, self.high)
        if self.method == "clamp":
            return clamped(values)
        return scaled_tanh(
            z_score(values, self.window) if self.method == "z-score" else values, self.scale
        )


class BucketWeights(_Part):
    """Weight of each bucket under one class of regime; only their ratios matter."""

    momentum: Share = Field(0.0, description="Follows the last move")
    meanrev: Share = Field(0.0, description="Expects a return to the mean")
    flow: Share = Field(0.0, description="What volume says")
    positioning: Share = Field(0.0, description="What other traders hold")
    timing: Share = Field(0.0, description="When to trade at all")


class TrendRule(_Part):
    """A door to a trend; all of its conditions must hold."""

    direction: Literal["up", "down"]
    change_min: Number | None = Field(None, description="Change over the window, a fraction")
    slope_min: Number | None = Field(None, description="Slope of 20 closes, fraction a bar")
    swing_min: Annotated[int, Field(strict=True)] | None = Field(
        None, description="Peaks less troughs in the direction"
    )

    @property
    def row(self) -> tuple[float, float, float, float]:
        """The rule as the classifier's kernel reads it."""
        least = (self.change_min, self.slope_min, self.swing_min)
        sign = 1.0 if self.direction == "up" else -1.0
        change, slope, swing = (-math.inf if one is None else float(one) for one in least)
        return sign, change, slope, swing
