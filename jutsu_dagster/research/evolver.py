"""Evolver: which strategies deserve more freedom, which less; and what to propose for each."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from jutsu_dagster.research.trades import Json, Subject, read_pf

_TIER = "tier2"


@dataclass(frozen=True, slots=True)
class Evidence:
    """What is known of one strategy.

    Attributes
    ----------
    tier : str
    exp_pf, norm_pf : float or None
        Profit factors of the lanes; infinite without losers.
    exp_trades, norm_trades : int
    quality_score : float or None
    long_pf, short_pf : float or None
        Of all trades and of the last five.
    long_trades : int or None
        None without horizons: then the lane's own result counts.
    exploration_closes : int
    improved, degraded : int
        Of the tuning self-evaluation.
    one_lane : bool
        Whether there is no normal lane to ask for a result.
    """

    tier: str = _TIER
    exp_pf: float | None = None
    exp_trades: int = 0
    norm_pf: float | None = None
    norm_trades: int = 0
    quality_score: float | None = None
    long_pf: float | None = None
    long_trades: int | None = None
    short_pf: float | None = None
    exploration_closes: int = 0
    improved: int = 0
    degraded: int = 0
    one_lane: bool = False

    @property
    def effective(self) -> tuple[float | None, int]:
        """Profit factor and trades of the exploration lane."""
        if self.long_trades is None:
            return self.exp_pf, self.exp_trades
        return self.long_pf, self.long_trades


def is_promising(known: Evidence) -> bool:
    """Return whether a tier 2 strategy may go up."""
    pf, trades = known.effective
    normal = known.one_lane or (
        known.norm_pf is not None and known.norm_pf >= 1.0 and known.norm_trades >= 2  # noqa: PLR2004
    )
    harmed = known.degraded >= 2 and not known.improved  # noqa: PLR2004
    good = known.quality_score is None or known.quality_score >= 70  # noqa: PLR2004
    return (
        (known.tier == "tier2" and pf is not None and pf >= 1.5 and trades >= 6)  # noqa: PLR2004
        and normal
        and good
        and not harmed
        and known.exploration_closes >= 20  # noqa: PLR2004
        and not _is_spike(known)
    )


def is_failing(known: Evidence) -> bool:
    """Return whether a strategy of tier 1 or 2 should go down: no winner among its trades."""
    pf, trades = known.effective
    normal = known.one_lane or (known.norm_pf is not None and known.norm_pf <= 0.5)  # noqa: PLR2004
    lost = pf is not None and pf <= 0.0 and trades >= 7  # noqa: PLR2004
    return known.tier in {"tier1", "tier2"} and lost and normal


def judge(known: Evidence) -> Json:
    """Return promotion_candidate, demotion_candidate, the suggested deltas, and notes.

    A spike, five good trades in a bad record, cancels a promotion together with its deltas; the
    recorded rule leaves the deltas.
    """
    up, down = is_promising(known), is_failing(known)
    notes = ["short horizon spikes above a losing record"] if _is_spike(known) else []
    return {
        "promotion_candidate": up,
        "demotion_candidate": down,
        "suggested_conf_min_delta": -0.02 if up else 0.02 if down else 0.0,
        "suggested_exploration_cap_delta": 1 if up else -1 if down else 0,
        "notes": notes,
    }


def deltas_of(
    tier: str, quality: float | None, *, promising: bool, failing: bool
) -> tuple[float, int, str] | None:
    """Return changes of entry_conf_min and exploration_cap, and the rule; None for none.

    The first rule that holds, in the order of the recorded table.
    """
    score = -1.0 if quality is None else quality
    if promising:
        return -0.02, 1, "promotion candidate"
    if tier == "tier1" and score >= 70:  # noqa: PLR2004
        return -0.01, 1, "tier 1 of good quality"
    if failing:
        return 0.02, -1, "demotion candidate"
    if tier == "tier3":
        return 0.02, -1, "tier 3"
    if tier == "tier2" and score >= 50:  # noqa: PLR2004
        return -0.01, 0, "tier 2 of fair quality"
    return None


def proposals_of(tier: str, quality: float | None, *, promising: bool, failing: bool) -> list[Json]:
    """Return the proposal rows for one strategy: param, delta, reason."""
    found = deltas_of(tier, quality, promising=promising, failing=failing)
    if found is None:
        return []
    conf, cap, reason = found
    rows: list[Json] = [{"param": "entry_conf_min", "delta": conf, "reason": reason}]
    if cap:
        rows.append({"param": "exploration_cap", "delta": cap, "reason": reason})
    return rows


def evolve(
    subjects: Sequence[Subject],
    reflection: Mapping[str, Any],
    reflection_given: Mapping[str, Any],
    quality: Mapping[str, Any],
    horizons: Mapping[str, Any],
    self_eval: Mapping[str, Any] | None = None,
) -> Json:
    """Return the evolver's artefact.

    Parameters
    ----------
    subjects : sequence of Subject
    reflection, reflection_given : mapping
        Output and input of the reflection.
    quality, horizons : mapping
        Artefacts of the night.
    self_eval : mapping, optional

    Returns
    -------
    dict
        generated_at and summary: a list of strategy_id, symbol, tier, quality_score and the keys
        of ``judge``, in the order of ``subjects``.
    """
    rows = []
    for subject in subjects:
        id_ = subject.strategy_id
        lanes = reflection_given["strategies"].get(id_, {})
        long_, short = (horizons["strategies"].get(id_, {}).get(name) for name in ("long", "short"))
        counts = (self_eval or {}).get("summary", {}).get(id_, {})
        known = Evidence(
            tier=reflection["insights"].get(id_, {}).get("tier", _TIER),
            exp_pf=read_pf(lanes),
            exp_trades=lanes.get("exp_trades", 0),
            norm_pf=read_pf(lanes, "normal"),
            norm_trades=lanes.get("norm_trades", 0),
            quality_score=quality["scores"].get(id_, {}).get("score"),
            long_pf=read_pf(long_),
            long_trades=None if long_ is None else long_["exp_trades_count"],
            short_pf=read_pf(short),
            exploration_closes=lanes.get("exp_trades", 0),
            improved=counts.get("improved", 0),
            degraded=counts.get("degraded", 0),
            one_lane=subject.one_lane,
        )
        head = {"strategy_id": id_, "symbol": subject.symbol, "tier": known.tier}
        rows.append({**head, "quality_score": known.quality_score, **judge(known)})
    return {"generated_at": reflection_given["generated_at"], "summary": rows}


def _is_spike(known: Evidence) -> bool:
    short, long_ = known.short_pf, known.long_pf
    return short is not None and long_ is not None and short > 2.0 and long_ < 1.0  # noqa: PLR2004
