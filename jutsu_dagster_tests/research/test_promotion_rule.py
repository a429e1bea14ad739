"""The promotion rule: variant against control, and nothing decided by what is missing."""

from __future__ import annotations

import json
import math
from dataclasses import replace
from typing import Any

import pytest

from jutsu_dagster.research.promotion_rule import (
    Circumstances,
    Limits,
    Side,
    candidate_row,
    candidates_document,
    judge,
    proposal_hash,
)
from jutsu_dagster_tests.research.made import DAY

BETTER = Side(40, 1.5, total_pnl=0.20, drawdown=0.05)
CONTROL = Side(30, 1.2, total_pnl=0.10, drawdown=0.05)


def test_a_better_variant_is_recommended() -> None:
    found = judge(BETTER, CONTROL)
    assert (found.eligible, found.recommendation, found.reasons) == (True, "promote", [])
    assert found.improvement == pytest.approx(0.3)
    little = judge(replace(BETTER, pf=1.35), CONTROL)
    assert (little.eligible, little.recommendation) == (True, "test further")


@pytest.mark.parametrize(
    ("variant", "control", "failed"),
    [
        ({"trades": 11}, {}, "trades_ok"),
        ({}, {"trades": 11}, "trades_ok"),
        ({"pf": 1.31}, {}, "pf_ok"),
        ({"pf": None}, {}, "pf_ok"),
        ({}, {"pf": None}, "pf_ok"),
        ({"total_pnl": 0.10}, {}, "pnl_ok"),
        ({"drawdown": 0.063}, {}, "drawdown_ok"),
    ],
)
def test_each_number_counts(variant: dict[str, Any], control: dict[str, Any], failed: str) -> None:
    found = judge(replace(BETTER, **variant), replace(CONTROL, **control))
    assert found.reasons == [failed]
    assert not found.eligible
    assert found.recommendation == "test further"


@pytest.mark.parametrize(
    ("about", "failed"),
    [
        (Circumstances(drift="degrading"), "drift_ok"),
        (Circumstances(dream={"bad": 2, "good": 1}), "dream_ok"),
        (Circumstances(issues=["tier_instability"]), "meta_ok"),
        (Circumstances(issues=["contradictory_tuning"]), "no_contradictions"),
        (Circumstances(quality=49.9), "quality_ok"),
        (Circumstances(p_better=0.89), "better_ok"),
        (Circumstances(p_better=0.95, siblings=10), "better_ok"),
    ],
)
def test_each_circumstance_counts(about: Circumstances, failed: str) -> None:
    assert judge(BETTER, CONTROL, about).reasons == [failed]


def test_what_does_not_speak_against_it_does_not_count() -> None:
    about = Circumstances(
        "insufficient_data", {"bad": 1, "good": 1}, 50.0, ["tuner_harm_warning"], 0.99, 10
    )
    assert judge(BETTER, CONTROL, about).eligible


def test_the_more_siblings_the_surer() -> None:
    limits = Limits()
    assert limits.required_confidence(0) == limits.required_confidence(1) == pytest.approx(0.9)
    assert limits.required_confidence(100) == pytest.approx(0.999)


def test_a_variant_without_losers_has_too_few_losses_not_infinite_merit() -> None:
    lucky = replace(BETTER, pf=math.inf)
    found = judge(lucky, CONTROL)
    assert not found.eligible
    assert found.reasons == ["pf_ok", "insufficient losses"]
    recorded = judge(lucky, CONTROL, limits=Limits(unbounded_pf=True))
    assert recorded.eligible
    assert recorded.recommendation == "test further"


def test_what_was_not_computed_is_null_and_does_not_decide() -> None:
    found = judge(Side(40, 1.5), Side(30, 1.2))
    assert found.checks["pnl_ok"] is found.checks["better_ok"] is None
    assert found.eligible


def row(variant: Side = BETTER, **changes: Any) -> dict[str, Any]:
    values: dict[str, Any] = {
        "variant_id": "ETH_main_mut_0001",
        "parent_id": "ETH_main",
        "symbol": "ETHUSDT",
        "variant": variant,
        "control": CONTROL,
        "about": Circumstances(),
        "window": ("2025-01-02T00:00:00Z", "2025-01-31T23:45:00Z"),
    }
    return candidate_row(**(values | changes))


def test_the_hash_is_of_every_number_shown() -> None:
    one = row()
    assert one["proposal_hash"] == row()["proposal_hash"] == proposal_hash(one)
    for other in (row(replace(BETTER, pf=1.51)), row(evidence={"dsr": 0.96}), row(symbol="BTC")):
        assert other["proposal_hash"] != one["proposal_hash"]
    json.dumps(row(replace(BETTER, pf=math.inf)), allow_nan=False)


def test_only_eligible_candidates_are_in_the_document() -> None:
    rows = [row(), row(Side(40, 0.5), variant_id="ETH_main_mut_0002")]
    found = candidates_document(rows, DAY)
    assert found["generated_at"] == "2025-02-01T00:00:00Z"
    assert list(found["candidates"]) == ["ETH_main"]
    assert found["summary"] == {"total_symbols": 1, "total_candidates": 1}
    assert candidates_document([], DAY)["candidates"] == {}
