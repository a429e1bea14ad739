"""What one paper day did, and how a recorded session compares with the same one computed again."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date
from typing import Any, Literal

from jutsu_dagster.core.account import AccountState, Segment
from jutsu_dagster.pipeline.evaluate import Evaluation
from jutsu_dagster.storage.database import plain
from jutsu_dagster.storage.records import Checkpoint, Provenance

SessionStatus = Literal["recorded", "verified", "differs", "closed", "before"]


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
    then, now = recorded.closing, segment.closing
    if then.digest == now.digest:
        return ()
    found = [
        f"{recorded.period} {name}: recorded {old!r}, computed {new!r}"
        for name, old, new in (
            ("equity", then.equity, now.equity),
            ("cash", then.cash, now.cash),
            ("positions", dict(then.shares), dict(now.shares)),
        )
        if old != new
    ]
    # Nothing visible: a cost basis, a mark of what is not held, a target weight.
    return tuple(found) or (f"{recorded.period} inner state: recorded {then}, computed {now}",)


def signals_of(evaluation: Evaluation, row: int) -> dict[str, Any]:
    """Return the regime and the indicators behind the decision of one row."""
    cell = int(evaluation.decision.cells[row])
    trend, vol = evaluation.strategy.regimes.get(cell, (None, None))
    indicators = {name: values[row] for name, values in evaluation.decision.diagnostics.items()}
    return {"cell": cell or None, "trend": trend, "vol": vol, **plain(indicators)}
