"""Tuner: proposed changes of entry thresholds and caps, and the gates that hold them back."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from jutsu_dagster.research.trades import Json, is_finite

CONF, CAP = "conf_min_delta", "exploration_cap_delta"
# No proposal goes further, whoever made it.
LIMITS: Mapping[str, float] = {CONF: 0.02, CAP: 1}

INSUFFICIENT, FROZEN = "tuning_insufficient_sample", "tuning_frozen_due_to_self_eval"
_ENOUGH, _GATE, _HARMS = 5, 10, 2


def tuner_input(
    reflection_given: Mapping[str, Any],
    reflection: Mapping[str, Any],
    self_eval: Mapping[str, Any] | None = None,
) -> Json:
    """Return what a producer of proposals is given.

    Parameters
    ----------
    reflection_given, reflection : mapping
        Input and output of the reflection.
    self_eval : mapping, optional
        The last self-evaluation; its ``summary`` counts by id.
    """
    counts = (self_eval or {}).get("summary", {})
    strategies = {}
    for id_, row in reflection_given["strategies"].items():
        drift = reflection_given.get("drift", {}).get(id_, {})
        strategies[id_] = {
            **row,
            **reflection["insights"][id_],
            "gates": reflection_given.get("gates", {}).get(id_),
            "drift": drift.get("status"),
            "self_eval": counts.get(id_),
        }
    return {"generated_at": reflection_given["generated_at"], "strategies": strategies}


def proposal_of(tier: str, exp_pf: object, exp_trades: int) -> dict[str, float]:
    """Return the deltas for one strategy: looser where it earns, tighter where it loses."""
    if is_finite(exp_pf) and exp_trades >= _ENOUGH:
        if tier == "tier1":
            return {CONF: -0.02, CAP: 0}
        if tier == "tier3":
            return {CONF: 0.02, CAP: -1}
    return {CONF: 0.0, CAP: 0}


def tune_by_rules(given: Mapping[str, Any]) -> Json:
    """Return the proposals on ``tuner_input`` by fixed rules, before the gates.

    Returns
    -------
    dict
        generated_at, and proposals: by id conf_min_delta, exploration_cap_delta, notes.
    """
    proposals = {
        id_: {**proposal_of(row["tier"], row["exp_pf"], row["exp_trades"]), "notes": []}
        for id_, row in given["strategies"].items()
    }
    return {"generated_at": given["generated_at"], "proposals": proposals}


def gated(output: Mapping[str, Any], given: Mapping[str, Any]) -> Json:
    """Return proposals after the two gates that hold for every producer.

    Fewer than ten exploration closes, or tuning that has done harm, make a proposal zero; its
    notes say which.
    """
    proposals = {}
    for id_, row in given["strategies"].items():
        proposal = dict(output["proposals"][id_])
        shut = [INSUFFICIENT] if row["exp_trades"] < _GATE else []
        shut += [FROZEN] if is_frozen(row.get("self_eval")) else []
        if shut:
            proposal |= {CONF: 0.0, CAP: 0}
        # A recorded output has been through the gates once.
        notes = list(dict.fromkeys([*proposal["notes"], *shut]))
        proposals[id_] = {**proposal, "notes": notes}
    return {**output, "proposals": proposals}


def is_frozen(counts: Mapping[str, int] | None) -> bool:
    """Return whether a strategy's self-evaluation forbids more tuning."""
    if not counts:
        return False
    degraded, improved = counts.get("degraded", 0), counts.get("improved", 0)
    return (degraded >= _HARMS and not improved) or degraded > improved


def clamped(name: str, delta: float) -> float:
    """Return a delta within what may be proposed."""
    return max(-LIMITS[name], min(LIMITS[name], delta))
