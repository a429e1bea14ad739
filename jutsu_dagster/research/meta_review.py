"""Meta review: what the last nights say about research itself."""

from __future__ import annotations

import itertools
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from datetime import date
from typing import Any

from jutsu_dagster.research.reflection import tiers_by_id
from jutsu_dagster.research.trades import Json, stamp
from jutsu_dagster.research.tuner import CONF

INSTABILITY, CONTRADICTORY = "tier_instability", "contradictory_tuning"
DISAGREEMENT, HARM = "reflection_tuner_disagreement", "tuner_harm_warning"

_ADVICE: Mapping[str, str] = {
    INSTABILITY: "Promote nothing of these strategies until their tier holds.",
    CONTRADICTORY: "Leave the thresholds alone until the tuner keeps to one direction.",
    DISAGREEMENT: "Ask why the tuner acts against the reflection.",
    HARM: "Stop tuning these strategies: it did more harm than good.",
}
_CHANGES, _FLIPS, _DELTAS, _HARMS, _AGAINST = 2, 2, 3, 2, 0.01


def meta_review(
    rows: Sequence[Mapping[str, Any]],
    day: date,
    symbols: Mapping[str, str],
    self_eval: Mapping[str, Any] | None = None,
) -> Json:
    """Return the report on the last nights; always, also on the first.

    Parameters
    ----------
    rows : sequence of mappings
        Of ``memory.remembered``, the oldest first.
    day : date
    symbols : mapping of id to symbol
        The strategies that are reviewed.
    self_eval : mapping, optional
        Its ``summary`` counts improved and degraded by id.

    Returns
    -------
    dict
        ts, issues, recommendations, memory_entries_analyzed, issue_count_by_type. An issue has
        type, symbols and strategies (lists, what it is about), details, and the history behind
        it: tier_history, delta_history, or tier and tuner_action.
    """
    issues: list[Json] = []
    for id_, symbol in symbols.items():
        named = {"symbol": symbol, "symbols": [symbol], "strategies": [id_]}
        tiers = [_tier(row, id_) for row in rows]
        deltas = [_delta(row, id_) for row in rows]
        history = [tier for tier in tiers if tier is not None]
        moved = [delta for delta in deltas if delta is not None]
        if is_unstable(history):
            details = f"{id_} changed its tier {_changed(history)} times in {len(history)} nights"
            issues.append(_issue(INSTABILITY, named, details, {"tier_history": history}))
        if is_contradictory(moved):
            details = f"proposals for {id_} changed their sign {_flips(moved)} times"
            issues.append(_issue(CONTRADICTORY, named, details, {"delta_history": moved}))
        for row, tier, delta in zip(rows, tiers, deltas, strict=True):
            if disagree(tier, delta):
                details = f"{row['partition']}: {id_} is {tier}, the tuner moved it by {delta:+}"
                more = {"tier": tier, "tuner_action": delta, "partition": row["partition"]}
                issues.append(_issue(DISAGREEMENT, named, details, more))
    issues += _harm(symbols, (self_eval or {}).get("summary", {}))
    counts = Counter(issue["type"] for issue in issues)
    return {
        "ts": stamp(day),
        "issues": issues,
        "recommendations": [_ADVICE[type_] for type_ in counts],
        "memory_entries_analyzed": len(rows),
        "issue_count_by_type": dict(counts),
    }


def is_unstable(tiers: Sequence[str]) -> bool:
    """Return whether the tier changed from one night to the next twice or more."""
    return _changed(tiers) >= _CHANGES


def is_contradictory(deltas: Sequence[float], *, zeros_count: bool = False) -> bool:
    """Return whether proposals changed their sign twice or more.

    Nights that proposed nothing are passed over; by the recorded rule, reachable for tables,
    ``zeros_count``: a zero between hides a change of sign.
    """
    return len(deltas) >= _DELTAS and _flips(deltas, zeros_count=zeros_count) >= _FLIPS


def disagree(tier: str | None, delta: float | None) -> bool:
    """Return whether a proposal tightens the best tier or loosens the worst."""
    if delta is None:
        return False
    return (tier == "tier1" and delta > _AGAINST) or (tier == "tier3" and delta < -_AGAINST)


def blocking(
    issues: Iterable[Mapping[str, Any]], symbol: str, strategy_id: str | None = None
) -> list[str]:
    """Return the types of issues that speak against promoting a variant of a strategy.

    An issue is about the strategies that it lists, or where it lists none, about its symbols.
    """
    types = []
    for issue in issues:
        about = issue.get("strategies")
        if about and strategy_id is not None:
            named = strategy_id in about
        else:
            named = symbol in issue.get("symbols", ())
        if named and issue["type"] in {INSTABILITY, CONTRADICTORY}:
            types.append(issue["type"])
    return list(dict.fromkeys(types))


def _issue(type_: str, named: Json, details: str, more: Json) -> Json:
    return {"type": type_, **named, "details": details, **more}


def _harm(symbols: Mapping[str, str], summary: Mapping[str, Mapping[str, int]]) -> list[Json]:
    harmed = [
        id_
        for id_ in symbols
        if (counts := summary.get(id_))
        and counts.get("degraded", 0) >= _HARMS
        and counts.get("degraded", 0) > counts.get("improved", 0)
    ]
    if not harmed:
        return []
    about = sorted({symbols[id_] for id_ in harmed})
    named = {"symbols": about, "strategies": harmed}
    return [_issue(HARM, named, f"tuning made {', '.join(harmed)} worse more often", {})]


def _tier(row: Mapping[str, Any], id_: str) -> str | None:
    reflection = row.get("reflection")
    return tiers_by_id(reflection).get(id_) if reflection else None


def _delta(row: Mapping[str, Any], id_: str) -> float | None:
    proposal = ((row.get("tuner") or {}).get("proposals") or {}).get(id_)
    return None if proposal is None else proposal[CONF]


def _changed(tiers: Sequence[str]) -> int:
    return sum(one != other for one, other in itertools.pairwise(tiers))


def _flips(deltas: Sequence[float], *, zeros_count: bool = False) -> int:
    signed = [delta for delta in deltas if delta or zeros_count]
    return sum(one * other < 0 for one, other in itertools.pairwise(signed))
