"""What is worth saying of a simulation: its decisions by regime, and what a reader must know."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import numpy as np

from jutsu_dagster.core.exploration_kernel import OPEN
from jutsu_dagster.core.exploration_state import iso_utc
from jutsu_dagster.pipeline.simulate import Simulation
from jutsu_dagster.strategies.council import Council
from jutsu_dagster.strategies.directional import BARS_A_DAY


def report(result: Simulation) -> dict[str, Any]:
    """Return all there is to say, as JSON-ready data."""
    state, decided = result.state, result.decided
    return {
        "summary": {
            "variant_id": result.variant_id,
            "symbol": result.strategy.symbol,
            "mutations": dict(result.mutations),
            "position": state.position,
            "stats": state.stats,
        },
        "gross": state.gross_stats,
        "bars": {
            "count": len(decided),
            "first_index": result.first_bar,
            "first": iso_utc(decided.timestamps[:1])[0],
            "last": iso_utc(decided.timestamps[-1:])[0],
        },
        "regimes": by_regime(result),
        "changed": dict(result.changed),
        "clamped": dict(result.clamped),
        "notes": notes_on(result),
    }


def by_regime(result: Simulation) -> dict[str, dict[str, int]]:
    """Return, for each regime that occurs, its bars, decisions and entries, long and short."""
    decided, events = result.decided, result.explored.events_of(0)
    opened = events[events["kind"] == OPEN]
    table = {}
    for index in np.unique(decided.regime).tolist():
        sides = decided.direction[decided.regime == index]
        entries = opened["dir"][opened["regime"] == index]
        table[decided.regimes[index]] = {
            "bars": len(sides),
            "up": int((sides > 0).sum()),
            "down": int((sides < 0).sum()),
            "entries long": int((entries > 0).sum()),
            "entries short": int((entries < 0).sum()),
        }
    return table


def notes_on(result: Simulation) -> list[str]:
    """Return, as sentences, what the numbers alone do not say."""
    notes = [*_on_time(result), *_on_mutations(result)]
    strategy = result.strategy
    if result.first_bar < strategy.warmup_bars:
        notes.append(
            f"windows are full from bar {strategy.warmup_bars} on; before it they hold fewer bars"
        )
    if not isinstance(strategy, Council):
        notes.append(
            f"{type(strategy).__name__} tells no signals: signals_raw.csv and"
            " signals_normalized.csv hold times alone"
        )
    return notes


def _on_time(result: Simulation) -> list[str]:
    times = result.candles.timestamps
    steps, counts = np.unique(np.diff(times), return_counts=True)
    if not len(steps):
        return []
    notes, usual = [], steps[counts.argmax()]
    own = timedelta(days=1) / BARS_A_DAY[result.strategy.timeframe]
    if usual.item() != own:
        notes.append(
            f"candles are {_spelled(usual.item())} apart; the strategy's timeframe is"
            f" {result.strategy.timeframe}: its windows count bars, whatever their length"
        )
    gaps = np.flatnonzero(np.diff(times) > usual)
    if len(gaps):
        after = iso_utc(times[gaps[:1]])[0]
        several = "" if len(gaps) == 1 else "s"
        notes.append(f"{len(gaps)} gap{several} between candles, the first after {after}")
    return notes


def _spelled(step: timedelta) -> str:
    """Return a length of candles as timeframes are named."""
    minutes = int(step.total_seconds()) // 60
    for unit, length in (("d", 24 * 60), ("h", 60)):
        if minutes % length == 0:
            return f"{minutes // length}{unit}"
    return f"{minutes}m"


def _on_mutations(result: Simulation) -> list[str]:
    notes = []
    for name, wanted in result.clamped.items():
        kept = result.changed.get(name, "as before")
        notes.append(f"{name} would be {wanted:.6g}, beyond its bounds; it is {kept}")
    if result.mutations and not result.changed:
        notes.append("the mutations change nothing")
    return notes
