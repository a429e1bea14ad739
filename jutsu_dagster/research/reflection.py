"""Reflection: each strategy's lanes, sorted into three tiers by what they earned."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import asdict
from datetime import date
from typing import Any, Literal

from jutsu_dagster.research.trades import (
    Json,
    Lane,
    Subject,
    Trade,
    is_finite,
    known_by,
    of_strategy,
    stamp,
    tally,
)

Tier = Literal["tier1", "tier2", "tier3"]
TIERS: tuple[Tier, ...] = ("tier1", "tier2", "tier3")

RECENT = 50
_LANES: tuple[Lane, ...] = ("exploration", "normal")
_ENOUGH, _GOOD, _POOR = 3, 1.5, 0.8
_SAID: Mapping[Tier, str] = {
    "tier1": "earns well",
    "tier2": "unremarkable, or too few trades to tell",
    "tier3": "loses",
}


def reflection_input(
    trades: Iterable[Trade],
    subjects: Sequence[Subject],
    day: date,
    *,
    activity: Mapping[str, Mapping[str, int]] | None = None,
    open_positions: Sequence[Mapping[str, Any]] = (),
    drift: Mapping[str, Any] | None = None,
    memory: Sequence[Mapping[str, Any]] = (),
) -> Json:
    """Return what a producer of reflections is given, as known after ``day``.

    Parameters
    ----------
    trades : iterable of Trade
    subjects : sequence of Subject
    day : date
    activity : mapping of id to counts, optional
        bars, exploration_bars, can_open_bars, and of the gates blocked_regime,
        blocked_confidence, blocked_edge, allowed_exploration; null where not counted.
    open_positions : sequence of mappings
    drift : mapping, optional
        The night's drift report.
    memory : sequence of mappings
        Rows of earlier nights, the oldest first.
    """
    known, counts = known_by(trades, day), activity or {}
    strategies, gates = {}, {}
    for subject in subjects:
        seen = counts.get(subject.strategy_id, {})
        lanes: Json = {}
        for lane in _LANES:
            mine = of_strategy(known, subject.strategy_id, lane)
            lanes |= tally(trade.pct for trade in mine).row(lane)
        bars = {name: seen.get(name) for name in ("bars", "exploration_bars", "can_open_bars")}
        strategies[subject.strategy_id] = {"symbol": subject.symbol, **lanes, **bars}
        gates[subject.strategy_id] = {
            name: seen.get(name)
            for name in (
                "blocked_regime", "blocked_confidence", "blocked_edge", "allowed_exploration",
            )
        }  # fmt: skip
    ids = set(strategies)
    mine_all = [trade for trade in known if trade.strategy_id in ids]
    return {
        "generated_at": stamp(day),
        "engine_mode": "PAPER",
        "summary": {
            "total_strategies": len(strategies),
            "total_trades": len(mine_all),
            "total_open_positions": len(open_positions),
        },
        "strategies": strategies,
        "gates": gates,
        "recent_trades": [asdict(trade) for trade in mine_all[-RECENT:]],
        "open_positions": [dict(position) for position in open_positions],
        "drift": dict((drift or {}).get("strategies", {})),
        "memory": [dict(row) for row in memory],
    }


def tier_of(exp_pf: object, exp_trades: int, norm_pf: object = None, norm_trades: int = 0) -> Tier:
    """Return the tier of one strategy, from its exploration lane if that traded at all.

    A profit factor that is no finite number, of a record without losers too, gives no verdict.
    """
    pf, many = (exp_pf, exp_trades) if exp_trades > 0 else (norm_pf, norm_trades)
    if many < _ENOUGH or not is_finite(pf):
        return "tier2"
    if pf > _GOOD:
        return "tier1"
    return "tier3" if pf < _POOR else "tier2"


def reflect_by_rules(given: Mapping[str, Any]) -> Json:
    """Return the reflection on ``reflection_input`` by fixed rules.

    Returns
    -------
    dict
        generated_at, tiers (three lists of ids), insights (by id tier, comment, actions),
        global_summary (notes, warnings), notes.
    """
    tiers: dict[str, list[str]] = {tier: [] for tier in TIERS}
    insights, untried = {}, []
    for id_, row in given["strategies"].items():
        tier = tier_of(row["exp_pf"], row["exp_trades"], row["norm_pf"], row["norm_trades"])
        tiers[tier].append(id_)
        insights[id_] = {"tier": tier, "comment": _SAID[tier], "actions": []}
        if not row["exp_trades"] and not row["norm_trades"]:
            untried.append(id_)
    warnings = [f"no closed trade yet: {', '.join(untried)}"] if untried else []
    return {
        "generated_at": given["generated_at"],
        "tiers": tiers,
        "insights": insights,
        "global_summary": {"notes": [], "warnings": warnings},
        "notes": [],
    }


def tiers_by_id(output: Mapping[str, Any]) -> dict[str, Tier]:
    """Return the tier of every strategy in a reflection."""
    return {id_: tier for tier in TIERS for id_ in output["tiers"].get(tier, ())}
