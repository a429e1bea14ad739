"""Dream: every trade of the day looked at again, and what was good or bad about it."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from datetime import date
from typing import Any, Literal

from jutsu_dagster.research.trades import Json, Subject, Trade, is_finite, since, stamp

Label = Literal["good", "bad", "improve", "neutral", "unknown"]
LABELS: tuple[Label, ...] = ("good", "bad", "improve", "neutral", "unknown")

# A reversal this soon after the entry says that the entry was wrong.
SOON = 2
_RECORDED = 0.01


def dream_input(trades: Iterable[Trade], subjects: Sequence[Subject], day: date) -> Json:
    """Return the trades that closed on ``day`` as scenarios, all of them.

    The recorded step takes the best and worst of the last fifty, which biases the counts that
    promotions are judged by.

    Returns
    -------
    dict
        generated_at, and scenarios in order of time: strategy_id, symbol, time, dir, pct,
        trade_kind, exit_reason, regime (at the entry where known), bars_open, cost.
    """
    costs = {subject.strategy_id: subject.round_trip_cost for subject in subjects}
    today = [trade for trade in since(trades, day, 1) if trade.strategy_id in costs]
    scenarios = [
        {
            "strategy_id": trade.strategy_id,
            "symbol": trade.symbol,
            "time": trade.ts,
            "dir": trade.dir,
            "pct": trade.pct,
            "trade_kind": trade.lane,
            "exit_reason": trade.exit_reason,
            "regime": trade.known_regime,
            "bars_open": trade.bars_open,
            "cost": costs[trade.strategy_id],
        }
        for trade in today
    ]
    return {"generated_at": stamp(day), "scenarios": scenarios}


def side_of(regime: str) -> int:
    """Return the direction that a regime's label speaks for: 1 up, -1 down, 0 none."""
    label = regime.lower()
    if label == "trend_up" or "bull" in label:
        return 1
    return -1 if label in {"trend_down", "panic_down"} or "bear" in label else 0


def label_of(scenario: Mapping[str, Any]) -> tuple[Label, str]:
    """Return the label of a scenario, and why.

    Bad is a trade against its regime, and one that lost by a reversal within two bars; good one
    that won with its regime; to improve one that timed out within its own costs; else neutral.
    """
    pct, side = scenario["pct"], side_of(scenario["regime"]) * scenario["dir"]
    if side < 0:
        return "bad", f"against {scenario['regime']}"
    if scenario["exit_reason"] == "reverse" and scenario["bars_open"] <= SOON and pct < 0:
        return "bad", f"reversed after {scenario['bars_open']} bars at a loss"
    if side > 0 and pct > 0:
        return "good", f"with {scenario['regime']}"
    if scenario["exit_reason"] == "timeout" and abs(pct) < scenario["cost"]:
        return "improve", "timed out within its costs"
    return "neutral", ""


def recorded_label(pct: object) -> str:
    """Return the label by the recorded rule, to check tables against: a result alone."""
    if not is_finite(pct):
        return "unknown"
    if pct < -_RECORDED:
        return "bad"
    return "good" if pct > _RECORDED else "flat"


def review_by_rules(given: Mapping[str, Any]) -> Json:
    """Return the reviews of ``dream_input`` by fixed rules.

    Returns
    -------
    dict
        generated_at, scenario_reviews (strategy_id, symbol, time, pct, trade_kind, label, notes)
        and global_summary (patterns, warnings).
    """
    reviews, against = [], Counter[str]()
    for scenario in given["scenarios"]:
        label, why = label_of(scenario)
        kept = ("strategy_id", "symbol", "time", "pct", "trade_kind")
        row = {name: scenario[name] for name in kept}
        reviews.append({**row, "label": label, "notes": [why] if why else []})
        against[scenario["strategy_id"]] += label == "bad"
    bad = [f"{id_}: {many} bad trades" for id_, many in sorted(against.items()) if many > 1]
    return {
        "generated_at": given["generated_at"],
        "scenario_reviews": reviews,
        "global_summary": {"patterns": [], "warnings": bad},
    }


def dream_counts(outputs: Iterable[Mapping[str, Any] | None]) -> dict[str, dict[str, int]]:
    """Return how often each label was given, by strategy, over one or more nights."""
    counts: dict[str, dict[str, int]] = {}
    for output in outputs:
        for review in (output or {}).get("scenario_reviews", ()):
            mine = counts.setdefault(review["strategy_id"], dict.fromkeys(LABELS, 0))
            mine[review["label"]] += 1
    return counts
