"""What one paper day did, and how a recorded session compares with the same one computed again."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date
from typing import Any, Literal

from jutsu_dagster.core.account import AccountState, Segment
from jutsu_dagster.pipeline.evaluate import Evaluation
from jutsu_dagster.storage.database import plain
from jutsu_dagster.storage.records import Checkpoint, Provenance

SessionStatus = Literal["recorded", "verified", "differs", "closed", "before"]
# What people look at, by its name in the state.
_VISIBLE = {"equity": "equity", "cash": "cash", "shares": "positions"}


@dataclass(frozen=True, eq=False, slots=True)
class SessionReport:
    """What one UTC date of a paper account holds.

    Attributes
    ----------
    day : date
    status : "recorded", "verified", "differs", "closed" or "before"
        Recorded now; recorded earlier and equal, or not equal, to what is computed now; no
        session; before the account's first one.
    state : AccountState or None
        As recorded at the close.
    segment : Segment or None
        The session as computed now.
    baseline : float
        Buy-and-hold of the signal symbol since the account's start, money.
    provenance : Provenance or None
        Of the record.
    signals : mapping
        Regime and indicators behind the decision.
    note : str
    differences : tuple of str
        What differs from the record, if anything.
    """

    day: date
    status: SessionStatus
    state: AccountState | None = None
    segment: Segment | None = None
    baseline: float = 0.0
    provenance: Provenance | None = None
    signals: Mapping[str, Any] = field(default_factory=dict)
    note: str = ""
    differences: tuple[str, ...] = ()

    @property
    def content_hash(self) -> str:
        """Equal for equal records: the digest of the closing state, ``empty`` for no session."""
        return self.state.digest if self.state is not None else "empty"


def differences(recorded: Checkpoint, segment: Segment) -> tuple[str, ...]:
    """Return what a session computed again has different, to the bit; nothing if it is equal."""
    then, now = recorded.closing.to_dict(), segment.closing.to_dict()
    changed = [name for name in then if _exact(then[name]) != _exact(now[name])]
    # The rest follows from these; without them it is a cost basis, the price of what is not held.
    shown = [name for name in _VISIBLE if name in changed] or changed
    return tuple(
        f"{recorded.period} {_VISIBLE.get(name, name)}: recorded {old!r}, computed {new!r}"
        for name, (old, new) in ((name, _narrowed(then[name], now[name])) for name in shown)
    )


def _exact(value: Any) -> str:
    return json.dumps(value, sort_keys=True)


def _narrowed(old: Any, new: Any) -> tuple[Any, Any]:
    """Return two values; of two mappings only the entries that differ."""
    if not (isinstance(old, Mapping) and isinstance(new, Mapping)):
        return old, new
    keys = [key for key in {**old, **new} if old.get(key) != new.get(key)]
    before = {key: old[key] for key in keys if key in old}
    return before, {key: new[key] for key in keys if key in new}


def signals_of(evaluation: Evaluation, row: int) -> dict[str, Any]:
    """Return the regime and the indicators behind the decision of one row."""
    cell = int(evaluation.decision.cells[row])
    trend, vol = evaluation.strategy.regimes.get(cell, (None, None))
    indicators = {name: values[row] for name, values in evaluation.decision.diagnostics.items()}
    return {"cell": cell or None, "trend": trend, "vol": vol, **plain(indicators)}
