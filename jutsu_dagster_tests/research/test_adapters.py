"""Adapters: anyone may produce; the host checks, clamps, gates, and falls back on the rules."""

from __future__ import annotations

import copy
import json
from collections.abc import Callable
from typing import Any

import pytest

from jutsu_dagster.research.adapters import (
    SOURCES,
    Answer,
    LlmAdapter,
    RecordedAdapter,
    Request,
    RulesAdapter,
    adapter_of,
)
from jutsu_dagster.research.dream import dream_input
from jutsu_dagster.research.host import run_dream, run_reflection, run_tuner
from jutsu_dagster.research.reflection import reflection_input
from jutsu_dagster.research.schemas import TASKS, json_schema
from jutsu_dagster.research.tuner import FROZEN, INSUFFICIENT, tuner_input
from jutsu_dagster_tests.research.made import DAY, ETH, QQQ, course, trade

EARNING = course(*[0.02, -0.005] * 6)
GIVEN = reflection_input(EARNING, [ETH, QQQ], DAY)
REFLECTED = run_reflection(GIVEN)
ASKED = tuner_input(GIVEN, REFLECTED["output"])
TRADED = dream_input([trade(0.02, regime="trend_up"), trade(0.001, minute=5)], [ETH], DAY)
ONLY_TIER_2 = {"tiers": {"tier2": ["ETH_main", "v3_5b"]}}


def said(output: object, seen: list[Request] | None = None) -> LlmAdapter:
    """Return a model that always answers this."""

    def complete(request: Request) -> str:
        if seen is not None:
            seen.append(request)
        return output if isinstance(output, str) else json.dumps(output)

    return LlmAdapter(complete, {"temperature": 0.0})


def test_by_default_the_rules_produce_all_three() -> None:
    assert REFLECTED["source"] == "rules"
    assert REFLECTED["fallback_reason"] is None
    assert REFLECTED["output"]["tiers"] == {"tier1": ["ETH_main"], "tier2": ["v3_5b"], "tier3": []}
    assert run_tuner(ASKED)["output"]["proposals"]["ETH_main"]["conf_min_delta"] == -0.02
    labels = [review["label"] for review in run_dream(TRADED)["output"]["scenario_reviews"]]
    assert labels == ["good", "neutral"]
    for artefact in (REFLECTED, run_tuner(ASKED), run_dream(TRADED)):
        json.dumps(artefact, allow_nan=False)


def test_what_was_recorded_is_replayed_for_the_same_input_only() -> None:
    artefacts = {"reflection": REFLECTED, "tuner": run_tuner(ASKED), "dream": run_dream(TRADED)}
    recorded = RecordedAdapter(json.loads(json.dumps(artefacts)))
    again = run_reflection(GIVEN, recorded)
    assert (again["source"], again["output"]) == ("recorded", REFLECTED["output"])
    assert run_tuner(ASKED, recorded)["output"] == artefacts["tuner"]["output"]
    assert run_dream(TRADED, recorded)["output"] == artefacts["dream"]["output"]
    other = run_reflection(reflection_input(EARNING[:3], [ETH, QQQ], DAY), recorded)
    assert other["source"] == "rules"
    assert "another input" in other["fallback_reason"]
    missing = run_dream(TRADED, RecordedAdapter({}))
    assert "no dream is recorded" in missing["fallback_reason"]
    bare = run_reflection(GIVEN, RecordedAdapter({"reflection": ONLY_TIER_2}))
    assert bare["source"] == "recorded"


def test_a_model_is_asked_with_the_schema_and_its_words_stay_in_the_metadata() -> None:
    seen: list[Request] = []
    found = run_reflection(GIVEN, said(ONLY_TIER_2, seen))
    assert found["source"] == "llm"
    assert seen[0].schema == json_schema("reflection")
    assert set(found["metadata"]) == {"temperature", "prompt_hash", "raw_response"}
    assert found["output"].keys() == REFLECTED["output"].keys()
    assert found["output"]["insights"]["v3_5b"]["tier"] == "tier2"
    assert found["output"]["generated_at"] == GIVEN["generated_at"]


def test_without_a_model_the_rules_do_the_work_and_say_so() -> None:
    found = run_reflection(GIVEN, LlmAdapter())
    assert (found["source"], found["output"]) == ("rules", REFLECTED["output"])
    assert found["fallback_reason"] == "AdapterError: no language model is connected"
    assert found["metadata"] == {"asked": "llm"}


BAD_REFLECTIONS: list[tuple[object, str]] = [
    ("{", "no JSON"),
    ('{"tiers": NaN}', "no JSON"),
    ([], "reflection"),
    ({"tiers": {"tier2": ["ETH_main"]}}, "leaves out v3_5b"),
    ({"tiers": {"tier1": ["ETH_main"], "tier2": ["ETH_main", "v3_5b"]}}, "names twice ETH_main"),
    ({"tiers": {"tier2": ["ETH_main", "v3_5b", "x"]}}, "was not asked about x"),
    ({**ONLY_TIER_2, "insights": {"x": {"tier": "tier1"}}}, "was not asked about x"),
    ({**ONLY_TIER_2, "insights": {"v3_5b": {"tier": "tier1"}}}, "its insight says tier1"),
    ({**ONLY_TIER_2, "insights": {"v3_5b": ["a list"]}}, "insights.v3_5b"),
    ({**ONLY_TIER_2, "orders": ["buy"]}, "orders"),
    ({**ONLY_TIER_2, "notes": ["x" * 3_000]}, "notes.0"),
]


@pytest.mark.parametrize(("output", "why"), BAD_REFLECTIONS)
def test_a_bad_reflection_is_replaced_by_the_rules(output: object, why: str) -> None:
    found = run_reflection(GIVEN, said(output))
    assert (found["source"], found["output"]) == ("rules", REFLECTED["output"])
    assert why in found["fallback_reason"]
    assert "raw_response" in found["metadata"]
    json.dumps(found, allow_nan=False)


def proposals(**one: Any) -> dict[str, Any]:
    return {"proposals": {"ETH_main": one}}


def test_deltas_are_clamped_and_who_is_left_out_is_left_alone() -> None:
    output = proposals(conf_min_delta=-0.5, exploration_cap_delta=7)
    found = run_tuner(ASKED, said(output))
    assert found["source"] == "llm"
    one = found["output"]["proposals"]["ETH_main"]
    assert (one["conf_min_delta"], one["exploration_cap_delta"]) == (-0.02, 1)
    other = found["output"]["proposals"]["v3_5b"]
    assert (other["conf_min_delta"], other["exploration_cap_delta"]) == (0.0, 0)


@pytest.mark.parametrize(
    "output",
    [
        proposals(conf_min_delta="0.01"),
        proposals(exploration_cap_delta=0.5),
        proposals(sma_fast_delta=5),
        {"proposals": {"somebody": {}}},
        {"tuning_proposals": {}},
        '{"proposals": {"ETH_main": {"conf_min_delta": 1e999}}}',
    ],
)
def test_a_bad_proposal_is_replaced_by_the_rules(output: object) -> None:
    found = run_tuner(ASKED, said(output))
    assert found["source"] == "rules"
    assert found["output"] == run_tuner(ASKED)["output"]


@pytest.mark.parametrize(
    ("trades", "counts", "note"),
    [
        (course(*[0.02] * 4, *[-0.01] * 5), None, INSUFFICIENT),
        (EARNING, {"improved": 0, "degraded": 2}, FROZEN),
        (EARNING, {"improved": 3, "degraded": 4}, FROZEN),
    ],
)
def test_no_producer_gets_past_the_gates(
    trades: list[Any], counts: dict[str, int] | None, note: str
) -> None:
    given = reflection_input(trades, [ETH], DAY)
    self_eval = {"summary": {"ETH_main": counts}} if counts else None
    asked = tuner_input(given, run_reflection(given)["output"], self_eval)
    for adapter in (RulesAdapter(), said(proposals(conf_min_delta=-0.02))):
        one = run_tuner(asked, adapter)["output"]["proposals"]["ETH_main"]
        assert (one["conf_min_delta"], one["exploration_cap_delta"]) == (0.0, 0)
        assert note in one["notes"]


def test_the_numbers_of_a_dream_are_ours_and_flat_is_neutral() -> None:
    one, other = TRADED["scenarios"]
    output = {
        "scenario_reviews": [
            {"strategy_id": "ETH_main", "time": other["time"], "label": "flat", "pct": 9.0},
            {"strategy_id": "ETH_main", "time": one["time"], "label": "improve"},
        ]
    }
    found = run_dream(TRADED, said(output))
    reviews = found["output"]["scenario_reviews"]
    assert [review["pct"] for review in reviews] == [0.02, 0.001]
    assert [review["label"] for review in reviews] == ["improve", "neutral"]
    short = {"scenario_reviews": output["scenario_reviews"][:1]}
    assert "leaves out" in run_dream(TRADED, said(short))["fallback_reason"]


def test_two_lanes_may_close_at_one_time() -> None:
    twins = [trade(0.01), trade(-0.01, lane="normal", bars_open=1)]
    given = dream_input(twins, [ETH], DAY)
    reviews = run_dream(given)["output"]["scenario_reviews"]
    assert [(one["pct"], one["label"]) for one in reviews] == [(-0.01, "bad"), (0.01, "neutral")]
    twice = {"scenario_reviews": [{**reviews[0]}] * 3}
    assert "needs 2 reviews, not 3" in run_dream(given, said(twice))["fallback_reason"]


class Meddler(RulesAdapter):
    """Changes what it is given, then fails in a way of its own."""

    source = "llm"

    def __init__(self, act: Callable[[dict[str, Any]], Answer]) -> None:
        self.act = act

    def reflect(self, given: dict[str, Any]) -> Answer:
        return self.act(given)


def test_a_producer_that_meddles_or_fails_changes_nothing() -> None:
    before = copy.deepcopy(GIVEN)

    def clear(given: dict[str, Any]) -> Answer:
        given.clear()
        raise ZeroDivisionError("of its own")

    found = run_reflection(GIVEN, Meddler(clear))
    assert before == GIVEN
    assert found["fallback_reason"] == "ZeroDivisionError: of its own"
    told = run_reflection(GIVEN, Meddler(lambda _: Answer(ONLY_TIER_2, {"when": float("nan")})))
    assert told["source"] == "llm"
    json.dumps(told, allow_nan=False)


def test_there_is_an_adapter_and_a_schema_for_every_name() -> None:
    assert [adapter_of(source).source for source in SOURCES] == list(SOURCES)
    assert all(json_schema(task)["additionalProperties"] is False for task in TASKS)


def test_rules_that_fail_are_a_fault_of_ours() -> None:
    with pytest.raises(KeyError):
        run_reflection({"generated_at": "", "strategies": {"x": {}}})
