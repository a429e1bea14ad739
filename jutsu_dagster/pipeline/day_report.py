"""What one day of a directional account did, and how a record compares with the same again."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date
from typing import Any

import numpy as np

from jutsu_dagster.core.exploration_rules import Decided
from jutsu_dagster.core.exploration_state import ExplorationState
from jutsu_dagster.pipeline.session_report import SessionStatus
from jutsu_dagster.storage.exploration_log import Head
from jutsu_dagster.storage.exploration_rows import DayRecord
from jutsu_dagster.storage.records import Provenance

# What people look at; the rest of a checkpoint follows from it.
_VISIBLE = ("dir", "entry_px", "exp_trades", "total_pnl")


@dataclass(frozen=True, eq=False, slots=True)
class DayReport:
    """What one UTC date of a directional account holds.

    Attributes
    ----------
    day : date
    status : "recorded", "verified", "differs", "closed" or "before"
        As of a session; see ``SessionReport``.
    state : ExplorationState or None
        As recorded at the close.
    record : DayRecord or None
        The day as computed now.
    equity, previous_equity, peak : float
        As recorded, money; at the close, at the close before, and the highest so far.
    baseline : float
        Buy-and-hold of the symbol since the close of the account's first day, money.
    provenance : Provenance or None
        Of the record.
    signals : mapping
        The last bar's regime, direction and confidence, and how many bars each regime had.
    note : str
    differences : tuple of str
        What differs from the record, if anything.
    """

    day: date
    status: SessionStatus
    state: ExplorationState | None = None
    record: DayRecord | None = None
    equity: float = 0.0
    previous_equity: float = 0.0
    peak: float = 0.0
    baseline: float = 0.0
    provenance: Provenance | None = None
    signals: Mapping[str, Any] = field(default_factory=dict)
    note: str = ""
    differences: tuple[str, ...] = ()

    @property
    def content_hash(self) -> str:
        """Equal for equal records: the digest of the checkpoint, ``empty`` for no day."""
        return self.state.digest if self.state is not None else "empty"


def provenance_of(made: DayRecord | Head) -> Provenance:
    """Return what a day was computed from."""
    return Provenance(
        parameter_hash=made.parameter_hash,
        data_version=made.data_version,
        data_hash=made.data_hash,
        code_version=made.code_version,
    )


def day_differences(recorded: Head, made: DayRecord) -> tuple[str, ...]:
    """Return what a day computed again has different, to the bit; nothing if it is equal."""
    then, now = dict(recorded.state), dict(made.state)
    changed = [name for name in now if then.get(name) != now[name]]
    pairs = [(name, then.get(name), now[name]) for name in _VISIBLE if name in changed]
    pairs = pairs or [(name, then.get(name), now[name]) for name in changed]
    if recorded.equity != made.equity:
        pairs.insert(0, ("equity", recorded.equity, made.equity))
    return tuple(
        f"{made.day} {name}: recorded {old!r}, computed {new!r}" for name, old, new in pairs
    )


def day_signals(decided: Decided) -> dict[str, Any]:
    """Return what was decided on the bars of one day."""
    counts = np.bincount(decided.regime, minlength=len(decided.regimes)).tolist()
    return {
        "regime": decided.regimes[int(decided.regime[-1])],
        "direction": int(decided.direction[-1]),
        "confidence": float(decided.confidence[-1]),
        "bars_by_regime": {
            label: count for label, count in zip(decided.regimes, counts, strict=True) if count
        },
    }
