"""The nightly steps against the recorded tables."""

from __future__ import annotations

from typing import Any

import pytest

from jutsu_dagster.research.dream import recorded_label
from jutsu_dagster.research.drift import recorded_drift
from jutsu_dagster.research.evolver import Evidence, judge, proposals_of
from jutsu_dagster.research.horizons import result_statistics
from jutsu_dagster.research.meta_review import (
    blocking,
    disagree,
    is_contradictory,
    is_unstable,
)
from jutsu_dagster.research.promotion_rule import Circumstances, Limits, Side
from jutsu_dagster.research.promotion_rule import judge as judge_variant
from jutsu_dagster.research.quality import quality_score
from jutsu_dagster.research.reflection import tier_of
from jutsu_dagster.research.trades import read_pf
from jutsu_dagster.research.tuner import CAP, CONF, proposal_of
from jutsu_dagster_tests.oracle.nightly import NIGHTLY, cases, document

pytestmark = NIGHTLY


def assert_close(found: dict[str, Any], expected: dict[str, Any]) -> None:
    for name, value in expected.items():
        if isinstance(value, float):
            assert found[name] == pytest.approx(value, rel=1e-9, abs=1e-12), name
        else:
            assert found[name] == value, name


def test_horizons_have_the_recorded_statistics() -> None:
    for case in cases("are_horizon.jsonl"):
        found = result_statistics(case["pcts"])
        # Infinity is no JSON: with us it is null, and told by what was won and not lost.
        found["exp_pf"] = read_pf(found)
        assert_close(found, case["stats"])
        assert ("volatility_std_pct" in found) == ("volatility_std_pct" in case["stats"])


def test_the_recorded_drift_is_reproduced() -> None:
    for case in cases("drift.jsonl"):
        found = recorded_drift(case["pcts"])
        assert_close(found, case["drift"])


def evidence_of(case: dict[str, Any]) -> Evidence:
    known = case["metrics"]
    long_, short = known["are_long"], known["are_short"]
    eval_ = case.get("self_eval") or known.get("self_eval") or {}
    return Evidence(
        tier=known["tier"],
        exp_pf=known["exp_pf"],
        exp_trades=known["exp_trades"],
        norm_pf=known["norm_pf"],
        norm_trades=known["norm_trades"],
        quality_score=known["quality_score"],
        long_pf=long_["exp_pf"] if long_ else None,
        long_trades=long_["exp_trades_count"] if long_ else None,
        short_pf=short["exp_pf"] if short else None,
        exploration_closes=case["exploration_closes"],
        improved=eval_.get("improved", 0),
        degraded=eval_.get("degraded", 0),
    )


def test_the_evolver_judges_and_proposes_as_recorded() -> None:
    for case in cases("evolver_and_mutations.jsonl"):
        known = evidence_of(case)
        found = judge(known)
        assert {name: found[name] for name in found if name in case} == {
            name: case[name] for name in found if name in case
        }, case
        rows = proposals_of(
            known.tier,
            known.quality_score,
            promising=case["promotion_candidate"],
            failing=case["demotion_candidate"],
        )
        proposed = [{"param": row["param"], "delta": row["delta"]} for row in rows]
        expected = [{"param": row["param"], "delta": row["delta"]} for row in case["mutations"]]
        assert proposed == expected, case


def test_quality_scores_are_the_recorded_ones() -> None:
    for case in cases("quality_score.jsonl"):
        dream = {name: case[name] for name in ("good", "bad", "improve")}
        lanes = {name: case[name] for name in ("exp_pf", "exp_trades", "norm_pf", "norm_trades")}
        assert quality_score(**lanes, dream=dream) == case["score"], case


def test_tiers_and_proposals_are_the_recorded_ones() -> None:
    for case in document("stub_reflection_tuner_dream.json")["reflection_and_tuner"]:
        lanes = [case[name] for name in ("exp_pf", "exp_trades", "norm_pf", "norm_trades")]
        tier = tier_of(*lanes)
        assert tier == case["tier"], case
        proposal = proposal_of(tier, case["exp_pf"], case["exp_trades"])
        assert proposal == {name: case[name] for name in (CONF, CAP)}, case


def test_the_recorded_dream_labels_are_reproduced() -> None:
    for case in document("stub_reflection_tuner_dream.json")["dream_labels"]:
        assert recorded_label(case["pct"]) == case["label"], case


def test_the_meta_rules_find_the_recorded_issues() -> None:
    differing = 0
    for case in cases("meta_reasoner.jsonl"):
        tiers, deltas = case["tiers"], case["deltas"]
        assert is_unstable(tiers) == case["tier_instability"], case
        if case["tuner_shape"] == "as_written":
            # The recorded reader looked for the tuner's deltas where nobody writes them.
            assert not case["contradictory_tuning"]
            assert not case["reflection_tuner_disagreement"]
            continue
        assert is_contradictory(deltas, zeros_count=True) == case["contradictory_tuning"], case
        against = sum(map(disagree, tiers, deltas))
        assert against == case["reflection_tuner_disagreement"], case
        differing += is_contradictory(deltas) != is_contradictory(deltas, zeros_count=True)
    assert differing


def test_the_promotion_rule_decides_as_recorded() -> None:
    limits = Limits(unbounded_pf=True)
    by_default = 0
    for case in cases("promotion_decisions.jsonl"):
        variant = Side(case["variant_trades"], case["variant_pf"])
        # The recorded parent is all of history: it always has trades enough.
        control = Side(1_000, case["parent_pf"])
        about = Circumstances(case["drift"], case["dream"], case["quality"])
        found = judge_variant(variant, control, about, limits)
        assert found.eligible == case["eligible"], case
        promoted = found.recommendation == "promote"
        assert promoted == case["recommend_promotion"], case
        by_default += found.eligible and not judge_variant(variant, control, about).eligible
    assert by_default


def test_issues_block_a_promotion_as_recorded() -> None:
    for case in document("promotion_meta_filter.json")["cases"]:
        assert bool(blocking([case["issue"]], "X")) == case["blocked"], case
