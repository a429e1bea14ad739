"""The promotion rule: a variant against its parent's control over the same bars."""

from __future__ import annotations

import hashlib
import json
import math
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date
from typing import Any

from jutsu_dagster.research.meta_review import CONTRADICTORY, INSTABILITY
from jutsu_dagster.research.trades import Json, finite, stamp


@dataclass(frozen=True, slots=True)
class Limits:
    """What a candidate must reach.

    Attributes
    ----------
    min_trades : int
        Closed trades, of the variant and of the control.
    pf_ratio : float
        Profit factor of the variant over that of the control.
    drawdown_ratio : float
        Largest drawdown of the variant over that of the control.
    min_quality : float
    min_improvement : float
        Of the profit factor, to recommend the promotion and not more testing.
    confidence : float
        Probability of being better, for a variant that has no live siblings.
    unbounded_pf : bool
        The recorded rule: a variant without losers is better than any finite profit factor.
    """

    min_trades: int = 12
    pf_ratio: float = 1.10
    drawdown_ratio: float = 1.25
    min_quality: float = 50.0
    min_improvement: float = 0.2
    confidence: float = 0.9
    unbounded_pf: bool = False

    def required_confidence(self, siblings: int) -> float:
        """Return the confidence asked of one of so many live variants (Bonferroni)."""
        return 1.0 - (1.0 - self.confidence) / max(1, siblings)


@dataclass(frozen=True, slots=True)
class Side:
    """One side of the comparison, over the bars since the variant's first.

    ``pf`` is infinite without losers; ``drawdown`` is the largest, a fraction >= 0.
    """

    trades: int
    pf: float | None
    total_pnl: float | None = None
    drawdown: float | None = None


@dataclass(frozen=True, slots=True)
class Circumstances:
    """What else speaks for or against a promotion; the default is nothing.

    Attributes
    ----------
    drift : str
        Of the strategy.
    dream : mapping of label to int, optional
    quality : float or None
    issues : sequence of str
        ``meta_review.blocking``.
    p_better : float or None
        Probability that the variant is better, by paired bootstrap; None where not computed.
    siblings : int
        Live variants of the same parent, itself among them.
    """

    drift: str = "stable"
    dream: Mapping[str, int] | None = None
    quality: float | None = None
    issues: Sequence[str] = ()
    p_better: float | None = None
    siblings: int = 1


@dataclass(frozen=True, slots=True)
class Verdict:
    """Which checks hold; None is one that could not be made and does not decide."""

    checks: dict[str, bool | None]
    improvement: float | None
    recommendation: str
    reasons: list[str] = field(default_factory=list)

    @property
    def eligible(self) -> bool:
        """Whether no check failed."""
        return False not in self.checks.values()


def judge(
    variant: Side, control: Side, about: Circumstances | None = None, limits: Limits | None = None
) -> Verdict:
    """Return the verdict on a variant; a check that lacks its numbers is None.

    Profit factors are required: a record without losers is no infinitely good one, but one that
    says too little ("insufficient losses").
    """
    about, limits = about or Circumstances(), limits or Limits()
    dream = about.dream or {}
    checks: dict[str, bool | None] = {
        "trades_ok": min(variant.trades, control.trades) >= limits.min_trades,
        "pf_ok": _pf_ok(variant.pf, control.pf, limits),
        "pnl_ok": _compared(variant.total_pnl, control.total_pnl),
        "drawdown_ok": _within(variant.drawdown, control.drawdown, limits.drawdown_ratio),
        "drift_ok": about.drift != "degrading",
        "dream_ok": dream.get("bad", 0) <= dream.get("good", 0),
        "meta_ok": INSTABILITY not in about.issues,
        "no_contradictions": CONTRADICTORY not in about.issues,
        "quality_ok": about.quality is None or about.quality >= limits.min_quality,
        "better_ok": None
        if about.p_better is None
        else about.p_better >= limits.required_confidence(about.siblings),
    }
    improvement = None
    if variant.pf is not None and control.pf is not None:
        improvement = finite(variant.pf - control.pf)
    reasons = [name for name, holds in checks.items() if holds is False]
    if not limits.unbounded_pf and math.inf in {variant.pf, control.pf}:
        reasons.append("insufficient losses")
    enough = not reasons and improvement is not None and improvement > limits.min_improvement
    return Verdict(checks, improvement, "promote" if enough else "test further", reasons)


def candidate_row(  # noqa: PLR0913  (one row, every part of it named)
    *,
    variant_id: str,
    parent_id: str,
    symbol: str,
    variant: Side,
    control: Side,
    about: Circumstances,
    window: tuple[str, str],
    limits: Limits | None = None,
    evidence: Mapping[str, Any] | None = None,
) -> Json:
    """Return a candidate with its stats, checks, recommendation and ``proposal_hash``.

    ``window`` is the first and the last time compared; ``evidence`` whatever else was computed.
    The hash is of all the rest: an approval names it, and so names these very numbers.
    """
    found = judge(variant, control, about, limits)
    row: Json = {
        "symbol": symbol,
        "variant_id": variant_id,
        "parent_id": parent_id,
        "stats": {
            "parent_exp_pf": finite(control.pf),
            "variant_exp_pf": finite(variant.pf),
            "pf_improvement": found.improvement,
            "exp_trades": variant.trades,
            "parent_exp_trades": control.trades,
            "total_pnl": variant.total_pnl,
            "parent_total_pnl": control.total_pnl,
            "max_drawdown": variant.drawdown,
            "parent_max_drawdown": control.drawdown,
            "drift": about.drift,
            "dream_stats": dict(about.dream) if about.dream is not None else None,
            "quality_score": about.quality,
            "p_better": about.p_better,
            "live_siblings": about.siblings,
        },
        "checks": found.checks,
        "eligible": found.eligible,
        "reasons": found.reasons,
        "recommendation": found.recommendation,
        "window": {"first": window[0], "last": window[1]},
        "evidence": dict(evidence or {}),
    }
    return {**row, "proposal_hash": proposal_hash(row)}


def proposal_hash(row: Mapping[str, Any]) -> str:
    """Return the hash of a candidate, of all of it but the hash itself."""
    kept = {name: value for name, value in row.items() if name != "proposal_hash"}
    text = json.dumps(kept, sort_keys=True, allow_nan=False, separators=(",", ":"))
    return hashlib.sha256(text.encode()).hexdigest()[:16]


def candidates_document(rows: Iterable[Mapping[str, Any]], day: date) -> Json:
    """Return the night's eligible candidates by parent: generated_at, candidates, summary."""
    by_parent: dict[str, list[Json]] = {}
    for row in rows:
        if row["eligible"]:
            by_parent.setdefault(row["parent_id"], []).append(dict(row))
    symbols = {row["symbol"] for found in by_parent.values() for row in found}
    total = sum(map(len, by_parent.values()))
    summary = {"total_symbols": len(symbols), "total_candidates": total}
    return {"generated_at": stamp(day), "candidates": by_parent, "summary": summary}


def _pf_ok(variant: float | None, control: float | None, limits: Limits) -> bool:
    if variant is None or control is None or control == math.inf:
        return False
    if variant == math.inf:
        return limits.unbounded_pf
    return variant >= limits.pf_ratio * control


def _compared(variant: float | None, control: float | None) -> bool | None:
    return None if variant is None or control is None else variant > control


def _within(variant: float | None, control: float | None, ratio: float) -> bool | None:
    return None if variant is None or control is None else variant <= ratio * control
