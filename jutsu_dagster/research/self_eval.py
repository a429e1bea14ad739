"""Tuning self-evaluation: whether what was tuned earned more afterwards."""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Literal

from jutsu_dagster.research.trades import Json, Trade, known_by, of_strategy, stamp, tally

Verdict = Literal["improved", "degraded", "inconclusive"]
VERDICTS: tuple[Verdict, ...] = ("improved", "degraded", "inconclusive")

WINDOW = 5
_BETTER, _WORSE = 1.1, 0.9


@dataclass(frozen=True, slots=True)
class TuningEvent:
    """A change of a strategy's threshold or cap.

    Attributes
    ----------
    ts : str
        When it took effect, UTC: ``2025-01-03T00:00:00Z``.
    strategy_id : str
    conf_min_delta : float
    exploration_cap_delta : int
    applied : bool
        Whether the strategy has traded with it since; a proposal alone changes nothing.
    """

    ts: str
    strategy_id: str
    conf_min_delta: float = 0.0
    exploration_cap_delta: int = 0
    applied: bool = False

    @property
    def is_real(self) -> bool:
        """Whether trades after it can tell anything of it."""
        return self.applied and bool(self.conf_min_delta or self.exploration_cap_delta)


def tuning_self_eval(
    events: Iterable[TuningEvent], trades: Iterable[Trade], day: date, *, every_event: bool = False
) -> Json:
    """Judge each past tuning by the last five closes before it and the first five after.

    Parameters
    ----------
    events : iterable of TuningEvent
    trades : iterable of Trade
        What closed after ``day`` is not looked at.
    day : date
    every_event : bool
        The recorded rule: proposals that were never applied, and changes of nothing, count too.

    Returns
    -------
    dict
        generated_at; events (ts, strategy_id, verdict, before_pf, after_pf); summary, by id how
        many improved, degraded and inconclusive.
    """
    known = known_by(trades, day)
    judged: list[Json] = []
    summary: dict[str, dict[str, int]] = {}
    for event in sorted(events, key=lambda one: (one.ts, one.strategy_id)):
        if event.ts > stamp(day) or not (event.is_real or every_event):
            continue
        mine = of_strategy(known, event.strategy_id)
        before = [trade.pct for trade in mine if trade.ts < event.ts][-WINDOW:]
        after = [trade.pct for trade in mine if trade.ts >= event.ts][:WINDOW]
        said = verdict(before, after)
        counts = summary.setdefault(event.strategy_id, dict.fromkeys(VERDICTS, 0))
        counts[said] += 1
        pfs = {"before_pf": _shown(before), "after_pf": _shown(after)}
        judged.append({"ts": event.ts, "strategy_id": event.strategy_id, "verdict": said, **pfs})
    return {"generated_at": stamp(day), "events": judged, "summary": summary}


def verdict(before: Sequence[float], after: Sequence[float]) -> Verdict:
    """Compare the profit factors of two windows of results; fewer than five say nothing.

    Where their ratio is undefined, more wins less losses decide.
    """
    if min(len(before), len(after)) < WINDOW:
        return "inconclusive"
    one, other = tally(before), tally(after)
    if one.pf and other.pf is not None and math.isfinite(one.pf) and math.isfinite(other.pf):
        ratio = other.pf / one.pf
        return "improved" if ratio > _BETTER else "degraded" if ratio < _WORSE else "inconclusive"
    change = (other.wins - other.losses) - (one.wins - one.losses)
    return "improved" if change > 0 else "degraded" if change < 0 else "inconclusive"


def _shown(pcts: Sequence[float]) -> float | None:
    pf = tally(pcts).pf
    return pf if pf is not None and math.isfinite(pf) else None
