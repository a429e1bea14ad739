"""Mutation preview: proposals as mutations a parent can take, and never the same twice."""

from __future__ import annotations

import json
from typing import Any

import pytest

from jutsu_dagster.registry.mutations import mutate
from jutsu_dagster.research.mutation_preview import candidates_of, mutation_preview, sensible
from jutsu_dagster.strategies.base import Strategy
from jutsu_dagster.strategies.regime_allocator import HierarchicalAdaptiveV35b
from jutsu_dagster_tests.councils import council
from jutsu_dagster_tests.registry.mutable import every

ALLOCATOR = HierarchicalAdaptiveV35b.model_validate({})
COUNCIL = council("default")
PARENTS: dict[str, Strategy] = {"ETH_main": COUNCIL, "v3_5b": ALLOCATOR}


def verdict(id_: str, **changes: Any) -> dict[str, Any]:
    row = {
        "strategy_id": id_,
        "symbol": "ETHUSDT" if id_ == "ETH_main" else "QQQ",
        "tier": "tier2",
        "quality_score": 50.0,
        "promotion_candidate": False,
        "demotion_candidate": False,
    }
    return {**row, **changes}


def preview(*rows: dict[str, Any], most: int = 1, **tried: Any) -> dict[str, Any]:
    evolved = {"generated_at": "2025-02-01T00:00:00Z", "summary": list(rows)}
    return mutation_preview(evolved, PARENTS, tried, most)


def test_a_proposal_becomes_one_mutation_in_the_grammar() -> None:
    found = preview(verdict("ETH_main", promotion_candidate=True))
    (one,) = found["candidates"]["ETH_main"]
    assert one["mutations"] == {"conf_min_delta": -0.02, "exploration_cap_delta": 1}
    assert mutate(COUNCIL, one["mutations"]).changed
    rows = [(row["param"], row["delta"]) for row in found["mutations"]["ETH_main"]]
    assert rows == [("entry_conf_min", -0.02), ("exploration_cap", 1)]
    assert found["summary"] == {
        "total_symbols": 1, "total_strategies": 1, "total_mutations": 2, "total_candidates": 1,
    }  # fmt: skip


def test_an_allocator_gets_single_steps_of_sensible_parameters() -> None:
    found = preview(verdict("v3_5b"), most=40)
    json.dumps(found, allow_nan=False)
    names = set(sensible(ALLOCATOR))
    assert {"sma_fast", "sma_slow", "upper_thresh_z"} <= names
    assert "leverage_scalar" not in names
    candidates = found["candidates"]["v3_5b"]
    assert len(candidates) > 10
    for one in candidates:
        (key,) = one["mutations"]
        assert key.removesuffix("_delta") in names
        assert mutate(ALLOCATOR, one["mutations"]).changed


def test_no_mutation_comes_twice_in_however_many_nights() -> None:
    tried: dict[str, list[Any]] = {"ETH_main": [], "v3_5b": []}
    nights = 0
    while True:
        found = preview(verdict("ETH_main"), verdict("v3_5b"), most=3, **tried)
        if not found["candidates"]:
            break
        nights += 1
        for id_, candidates in found["candidates"].items():
            for one in candidates:
                assert one["mutations"] not in tried[id_]
                tried[id_].append(one["mutations"])
    assert nights > 3
    effects = [str(sorted(mutate(COUNCIL, one).changed.items())) for one in tried["ETH_main"]]
    assert len(effects) == len(set(effects))
    assert "every neighbour was tried" in found["skipped"]["v3_5b"]


def test_a_proposal_tried_in_other_words_is_not_proposed_again() -> None:
    asked = [{"param": "entry_conf_min", "delta": -0.02, "reason": "tier 3"}]
    values = COUNCIL.conf_min.model_dump()
    words = {f"conf_min.{name}": round(value - 0.02, 10) for name, value in values.items()}
    (one,), why = candidates_of(COUNCIL, asked, [words])
    assert one["source"] == "neighbours"
    assert why == "the proposal was tried before" or not why
    (first,), _ = candidates_of(COUNCIL, asked, [{"no_such_parameter": 1}])
    assert first["source"] == "evolver"


def test_a_proposal_that_changes_nothing_gives_way_to_a_neighbour() -> None:
    bounded = council("default", exploration_cap=1)
    asked = [{"param": "exploration_cap", "delta": -1, "reason": "tier 3"}]
    (one,), _ = candidates_of(bounded, asked, [])
    assert one["source"] == "neighbours"


def test_nothing_to_propose_is_a_preview_too_and_says_why() -> None:
    found = preview(verdict("ETH_main", quality_score=40.0), verdict("gone"))
    assert found["mutations"] == {}
    assert found["candidates"] == {}
    assert found["skipped"] == {
        "ETH_main": "no rule proposes a change",
        "gone": "cannot be loaded",
    }
    assert preview()["summary"]["total_mutations"] == 0


@pytest.mark.parametrize("most", [1, 4])
def test_a_class_without_sensible_parameters_is_tried_in_all(most: int) -> None:
    asked = [{"param": "entry_conf_min", "delta": -0.01, "reason": "tier 2"}]
    parent = every()
    assert sensible(parent) == ()
    found, _ = candidates_of(parent, asked, [], most)
    assert len(found) == most


def test_flags_are_told_as_values() -> None:
    evolved = {"generated_at": "", "summary": [verdict("x")]}
    found = mutation_preview(evolved, {"x": every()}, {}, 100)
    rows = {row["param"]: row for row in found["mutations"]["x"]}
    assert rows["flag"]["value"] is True
    assert "delta" in rows["slow"]
    # There is a parameter of the name that a step of `fast` would have had.
    assert rows["fast"]["value"] == 4


def test_what_does_not_fit_is_passed_over_and_keeps_no_place() -> None:
    parent = ALLOCATOR
    asked = [{"param": "entry_conf_min", "delta": -0.01, "reason": "fine"}]
    everything, _ = candidates_of(parent, asked, [], 4)

    def fits(mutated: Strategy) -> bool:
        return mutated.warmup_sessions <= parent.warmup_sessions

    chosen, _ = candidates_of(parent, asked, [], 4, fits)
    assert len(chosen) == 4
    unfit = [one for one in everything if not fits(mutate(parent, one["mutations"]).strategy)]
    assert unfit
    assert not [one for one in chosen if one in unfit]
    nothing, why = candidates_of(parent, asked, [], 4, lambda _mutated: False)
    assert (nothing, why) == ([], "every neighbour was tried, or does not fit")
