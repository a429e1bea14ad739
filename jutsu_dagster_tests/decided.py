"""Decided bars for the exploration engine's tests: written out by hand, or seeded."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from jutsu_dagster.core.exploration_rules import Decided, ExplorationRules

REGIMES = ("chop", "trend_up", "trend_down", "panic_down", "high_vol", "unknown")
EVERYWHERE = {"trend": 0.70, "chop": 0.72, "high_vol": 0.71}
QUARTER = np.timedelta64(900, "s")


def decided(
    close: Sequence[float],
    decisions: Sequence[tuple[int, float]],
    regimes: Sequence[str] | None = None,
    start: str = "2025-01-03T00:00:00",
) -> Decided:
    """Return 15-minute bars with (direction, confidence) at each; chop unless told."""
    directions, confidences = zip(*decisions, strict=True)
    labels = regimes if regimes is not None else ["chop"] * len(close)
    return Decided(
        np.datetime64(start, "s") + np.arange(len(close)) * QUARTER,
        np.array(close, np.float64),
        np.array(directions, np.int8),
        np.array(confidences, np.float64),
        np.array([REGIMES.index(label) for label in labels], np.int64),
        REGIMES,
    )


def walk(bars: int, seed: int, start: str = "2025-01-03T00:00:00") -> Decided:
    """Return a seeded walk whose decisions flip, fade and pass through all regimes."""
    rng = np.random.default_rng(seed)
    # Rounded, so that some trades end exactly where they began.
    close = np.round(50 * np.exp(np.cumsum(rng.normal(0, 0.003, bars))), 1)
    return Decided(
        np.datetime64(start, "s") + np.arange(bars) * QUARTER,
        close,
        np.repeat(rng.integers(-1, 2, bars), 3)[:bars].astype(np.int8),
        np.round(rng.random(bars) ** 0.5, 2),
        np.repeat(rng.integers(0, len(REGIMES), bars), 5)[:bars].astype(np.int64),
        REGIMES,
    )


def rules(**changes: Any) -> ExplorationRules:
    """Return the default rules without a cap worth the name, changed as told."""
    fields: dict[str, Any] = {"conf_min": EVERYWHERE, "exploration_cap": 96} | changes
    return ExplorationRules(**fields)


def many_rules(count: int, seed: int) -> list[ExplorationRules]:
    """Return seeded rules that differ in every parameter."""
    rng = np.random.default_rng(seed)
    return [
        ExplorationRules(
            {name: float(rng.uniform(0.4, 1.0)) for name in EVERYWHERE},
            int(rng.integers(0, 12)),
            float(rng.uniform(0.1, 0.5)),
            float(rng.uniform(0.4, 0.9)),
            int(rng.integers(1, 15)),
            float(rng.choice([0.0, 7.0, 30.0])),
        )
        for _ in range(count)
    ]
