"""Who reflects, tunes and dreams: the registry says, and on any failure the rules do."""

from __future__ import annotations

import json
from typing import Any

import pytest

from jutsu_dagster.pipeline.research.recordings import RECORDED, Recordings
from jutsu_dagster.research.trades import Json
from jutsu_dagster_tests.pipeline.research.nights import NIGHTS, Nights

LAST = NIGHTS[-1]
HOSTED = ("reflection", "tuner", "dream")


def use(nights: Nights, adapter: str) -> None:
    def change(registry: dict[str, Any]) -> None:
        registry["settings"]["research"]["adapter"] = adapter

    nights.home.edit_registry(change)


def record(nights: Nights, task: str, content: str | bytes, *, day: str = "") -> None:
    path = nights.home.path / RECORDED / day / f"{task}.json"
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(content.encode() if isinstance(content, str) else content)


def hosted(nights: Nights, task: str) -> Json:
    assert set(nights.run(LAST, HOSTED).values()) == {None}
    return nights.of(task, LAST)


def test_rules_are_the_default(nights: Nights) -> None:
    for task in HOSTED:
        found = nights.of(task, LAST)
        assert (found["source"], found["fallback_reason"]) == ("rules", None)


def test_llm_is_a_seam_without_a_model(nights: Nights) -> None:
    before = {task: nights.of(task, LAST)["output"] for task in HOSTED}
    use(nights, "llm")
    for task in HOSTED:
        found = hosted(nights, task)
        assert found["source"] == "rules"
        assert found["fallback_reason"] == "AdapterError: no language model is connected"
        assert found["output"] == before[task]


def test_a_recording_is_replayed(nights: Nights) -> None:
    use(nights, "recorded")
    output = nights.of("tuner", LAST)["output"]
    output["proposals"]["ETH_main"]["conf_min_delta"] = 0.015
    record(nights, "tuner", json.dumps(output))
    found = hosted(nights, "tuner")
    assert (found["source"], found["fallback_reason"]) == ("recorded", None)
    # Twelve trades: the gates let it pass.
    assert found["output"]["proposals"]["ETH_main"]["conf_min_delta"] == 0.015
    other = hosted(nights, "dream")
    assert other["fallback_reason"] == "AdapterError: no dream is recorded"


def test_the_nights_own_recording_comes_before_the_one_for_all(nights: Nights) -> None:
    use(nights, "recorded")
    output = nights.of("tuner", LAST)["output"]
    for day, delta in (("", 0.01), (LAST.isoformat(), -0.01)):
        output["proposals"]["ETH_main"]["conf_min_delta"] = delta
        record(nights, "tuner", json.dumps(output), day=day)
    assert hosted(nights, "tuner")["output"]["proposals"]["ETH_main"]["conf_min_delta"] == -0.01


def test_a_nights_artefact_answers_its_own_input_only(nights: Nights) -> None:
    use(nights, "recorded")
    record(nights, "dream", json.dumps(nights.of("dream", LAST)))
    assert hosted(nights, "dream")["source"] == "recorded"
    record(nights, "dream", json.dumps(nights.of("dream", NIGHTS[1])))
    told = hosted(nights, "dream")["fallback_reason"]
    assert told == "AdapterError: the dream was recorded for another input"


@pytest.mark.parametrize(
    ("content", "said"),
    [
        (b"{", "reports/gpt/recorded/dream.json is no JSON"),
        (b"\xff", "reports/gpt/recorded/dream.json is no JSON"),
        (b"[]", "reports/gpt/recorded/dream.json holds no JSON object"),
        (b'{"output": 5}', "OutputError: dream: "),
        (b'{"output": {"scenario_reviews": []}}', "dream: leaves out"),
    ],
)
def test_a_corrupt_recording_leaves_the_work_to_the_rules_and_says_why(
    nights: Nights, content: bytes, said: str
) -> None:
    use(nights, "recorded")
    record(nights, "dream", content)
    found = hosted(nights, "dream")
    assert found["source"] == "rules"
    assert said in found["fallback_reason"]


def test_recordings_are_a_mapping_of_what_there_is(nights: Nights) -> None:
    assert dict(Recordings(nights.home.path, LAST)) == {}
    record(nights, "tuner", "{}")
    found = Recordings(nights.home.path, LAST)
    assert (dict(found), len(found)) == ({"tuner": {}}, 1)
