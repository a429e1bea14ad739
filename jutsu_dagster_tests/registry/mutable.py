"""A strategy class with a parameter of every kind that mutations may meet."""

from __future__ import annotations

import enum
from typing import Annotated, Any, Literal, Self

from pydantic import BaseModel, ConfigDict, Field, model_validator

from jutsu_dagster.strategies.base import Strategy


class Colour(enum.Enum):
    """An enumeration."""

    RED = "red"
    BLUE = "blue"


class Part(BaseModel):
    """A model inside a model, which refuses a field that is of no use to its method."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    method: Literal["plain", "bounded"] = "plain"
    centre: float = Field(0.0, ge=-1, le=1)
    votes: dict[str, Annotated[float, Field(ge=-10, le=10)]] = Field(default_factory=dict)

    @model_validator(mode="after")
    def _used(self) -> Self:
        if self.method == "plain" and "centre" in self.model_fields_set:
            raise ValueError("centre is of no use to method plain")
        return self


class Weights(BaseModel):
    """Numbers by name."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    up: float = Field(0.5, ge=0, le=1)
    down: float = Field(0.5, ge=0, le=1)


class Every(Strategy):
    """A parameter of each kind."""

    symbol: str = "ETHUSDT"
    symbols: tuple[str, ...] = ("ETHUSDT",)
    fast: int = Field(5, ge=1, le=50)
    slow: int = Field(20, gt=1, lt=101)
    level: float = Field(0.5, gt=0, lt=1)
    drift: float = 0.0
    maybe: float | None = None
    flag: bool = False
    kind: Literal["a", "b", 1] = "a"
    colour: Colour = Colour.RED
    fast_delta: float = Field(1.0, ge=-5, le=5)
    cost_bps: float = Field(7.0, ge=0, json_schema_extra={"mutable": False})
    threshold: dict[str, Annotated[float, Field(ge=0, le=1)]] = Field(
        {"trend": 0.70, "chop": 0.25},
        json_schema_extra={"mutated_min": 0.5, "mutated_max": 0.95},
    )
    weights: dict[str, Weights] = Field({"trend": Weights(), "chop": Weights(up=0.2)})
    parts: dict[str, Part] = Field({"rsi": Part(votes={"momentum": 1.0})})

    @property
    def warmup_sessions(self) -> int:
        """None."""
        return 0

    @property
    def universe(self) -> tuple[str, ...]:
        """The symbols."""
        return self.symbols

    @model_validator(mode="after")
    def _ordered(self) -> Self:
        if not self.fast < self.slow:
            raise ValueError(f"fast ({self.fast}) must be < slow ({self.slow})")
        return self


def every(**changes: Any) -> Every:
    """Return the strategy with some parameters changed."""
    return Every.model_validate(changes)
