"""Artefacts: whole or not there, never of another run; what is wrong with one is named."""

from __future__ import annotations

import copy
import json
import random
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from typing import Any

import pytest

from jutsu_dagster.core.errors import JutsuError
from jutsu_dagster.pipeline.research import artefacts, steps
from jutsu_dagster.pipeline.research.artefacts import ArtefactError, partition_path
from jutsu_dagster.pipeline.research.night import write_summary
from jutsu_dagster.pipeline.research.one_night import Night
from jutsu_dagster.pipeline.research.steps import STEPS, dependents_of, run_step
from jutsu_dagster_tests.pipeline.research.nights import NIGHTS, Nights, statuses

LAST = NIGHTS[-1]
DAY = timedelta(days=1)
_WRONG: tuple[Any, ...] = ("text", 5, -0.5, None, True, [], [5], {}, {"a": [1]})


@pytest.mark.parametrize(
    ("content", "said"),
    [
        (b"", "is no JSON: Expecting value"),
        (b'{"output": ', "is no JSON: Expecting value"),
        (b'{"a": NaN}', "is no JSON: NaN is no number"),
        (b'{"a": 1e999}', "is no JSON: 1e999 is no number"),
        (b'{"a": 1, "a": 2}', "is no JSON: 'a' stands twice"),
        (b"\xff", "is no text: invalid start byte"),
        (b"[1]", "holds no JSON object"),
        (b"{}", "generated_at: Field required"),
        (b"[" * 100_000, "is no JSON: nested too deeply"),
    ],
)
def test_a_corrupt_artefact_is_named_with_its_fault_and_the_command_that_mends_it(
    nights: Nights, content: bytes, said: str
) -> None:
    path = partition_path(nights.home.path, "dream", LAST)
    path.write_bytes(content)
    results = nights.run(LAST, ["quality_scores", "tuner"])
    assert results["tuner"] is None
    told = results["quality_scores"] or ""
    assert told.startswith(f"reports/research/by_day/{LAST}/dream.json")
    assert said in told
    assert f"`jutsu nightly --date {LAST}`" in told


def test_a_missing_artefact_is_named(nights: Nights) -> None:
    partition_path(nights.home.path, "reflection", LAST).unlink()
    told = nights.run(LAST, ["tuner"])["tuner"] or ""
    assert f"by_day/{LAST}/reflection.json is not there; run the night again" in told
    assert str(nights.home.path) not in told


@pytest.mark.parametrize(
    ("step", "where", "value", "field"),
    [
        ("reflection", ("input", "strategies", "ETH_main", "exp_trades"), "12", "exp_trades"),
        ("reflection", ("output", "insights", "ETH_main"), 5, "insights"),
        ("reflection", ("output", "tiers", "tier2"), [], "leaves out"),
        ("quality_scores", ("scores", "ETH_main", "score"), "70", "scores.ETH_main.score"),
        ("evolver_output", ("summary",), {}, "summary"),
        ("mutation_preview", ("candidates", "ETH_main", 0, "mutations"), [], "mutations"),
        ("memory_snapshot", ("tuner", "proposals", "ETH_main"), [], "tuner.proposals.ETH_main"),
        ("memory_snapshot", ("partition",), "2025-01-01", "partition"),
        ("meta_review", ("issues",), [{"type": "odd"}], "issues.0.symbols"),
        ("drift_report", ("generated_at",), "2025-01-01T00:00:00Z", "not the end of that night"),
    ],
)
def test_valid_json_of_the_wrong_kind_is_caught_where_it_is_read(
    nights: Nights, step: str, where: tuple[Any, ...], value: object, field: str
) -> None:
    path = partition_path(nights.home.path, step, LAST)
    found = json.loads(path.read_bytes())
    _put(found, where, value)
    path.write_text(json.dumps(found))
    with pytest.raises(ArtefactError, match=rf"by_day/{LAST}/{step}.json: .*") as caught:
        nights.of(step, LAST)
    assert field in str(caught.value)


def test_no_wrong_shape_gets_further_than_an_error_of_ours(
    nights: Nights, monkeypatch: pytest.MonkeyPatch
) -> None:
    # Neither lists nor ids come to harm: nothing is written.
    monkeypatch.setattr(steps, "remember", lambda _home, _row: [])
    monkeypatch.setattr(steps, "renew", lambda *_: {"refused": {}})
    rng, refused = random.Random(7), 0  # noqa: S311  (which places, no secret)
    for step in STEPS:
        path = partition_path(nights.home.path, step, LAST)
        content = path.read_bytes()
        readers = [name for name, one in STEPS.items() if step in one.needs]
        places = [place for place in _places(json.loads(content)) if 0 < len(place) < 6]
        for where in rng.sample(places, min(len(places), 15)) if readers else ():
            found = json.loads(content)
            _put(found, where, rng.choice(_WRONG))
            path.write_text(json.dumps(found))
            for name in readers:
                try:
                    STEPS[name].compute(Night(nights.desk, LAST))
                except JutsuError:
                    refused += 1
        path.write_bytes(content)
    assert refused > 50


def test_a_step_that_fails_leaves_neither_its_artefact_nor_what_followed_from_it(
    nights: Nights, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fails(*_: object) -> None:
        raise JutsuError("no")

    monkeypatch.setattr(steps, "dream_input", fails)
    results = nights.run(LAST)
    assert results["dream"] == "no"
    there = {name for name in STEPS if partition_path(nights.home.path, name, LAST).exists()}
    assert there == set(STEPS) - {"dream", *dependents_of("dream")}
    assert {name for name, error in results.items() if error is None} == there
    found = statuses(write_summary(LAST, nights.desk, results))
    assert found["dream"] == "FAILED"
    assert {found[name] for name in dependents_of("dream")} == {"SKIPPED"}
    assert found["reflection"] == "OK"


def test_the_night_after_a_lost_or_corrupt_memory_says_so_and_goes_on(nights: Nights) -> None:
    partition_path(nights.home.path, "memory_snapshot", NIGHTS[0]).unlink()
    partition_path(nights.home.path, "memory_snapshot", NIGHTS[1]).write_text('{"ts": 5}')
    assert set(nights.run(LAST).values()) == {None}
    assert nights.of("meta_review", LAST)["memory_entries_analyzed"] == 1
    notes = write_summary(LAST, nights.desk, {})["notes"]
    assert [note.partition(": ")[0] for note in notes] == [
        f"looked back without {day}" for day in NIGHTS[:2]
    ]
    assert "memory_snapshot.json is not there" in notes[0]
    assert "memory_snapshot.json: " in notes[1]


def test_an_early_night_run_again_leaves_the_views_of_the_newest(nights: Nights) -> None:
    view = nights.home.path / "reports/gpt/dream_output.json"
    before = view.read_bytes()
    run_step("dream", NIGHTS[0], nights.desk)
    assert view.read_bytes() == before
    partition_path(nights.home.path, "dream", LAST).unlink()
    run_step("dream", NIGHTS[1], nights.desk)
    assert view.read_bytes() != before


def test_what_is_no_strict_json_is_not_written(nights: Nights) -> None:
    before = nights.files()
    for bad in (float("nan"), float("inf"), {1, 2}, object()):
        with pytest.raises(ArtefactError, match="odd is no strict JSON"):
            artefacts.write(nights.home.path, "odd", LAST, {"a": bad})
    assert nights.files() == before


def test_two_runs_of_a_night_at_once_do_not_disturb_each_other(nights: Nights) -> None:
    before = nights.files()
    with ThreadPoolExecutor(2) as pool:
        done = list(pool.map(nights.run, [LAST, LAST, NIGHTS[1], LAST]))
    assert [set(one.values()) for one in done] == [{None}] * 4
    assert nights.files() == before


def test_folders_that_are_no_nights_are_passed_over(nights: Nights) -> None:
    folder = nights.home.path / "reports/research/by_day"
    for name in ("notes", "2025-13-99", "x"):
        (folder / name).mkdir()
        (folder / name / "memory_snapshot.json").write_text("{")
    assert artefacts.nights(nights.home.path, "memory_snapshot") == list(NIGHTS)
    assert set(nights.run(LAST).values()) == {None}


def _places(value: object, above: tuple[Any, ...] = ()) -> Iterator[tuple[Any, ...]]:
    yield above
    if isinstance(value, dict):
        for name, inside in value.items():
            yield from _places(inside, (*above, name))
    elif isinstance(value, list):
        for at, inside in enumerate(value):
            yield from _places(inside, (*above, at))


def _put(found: Any, where: tuple[Any, ...], value: object) -> None:
    for name in where[:-1]:
        found = found[name]
    found[where[-1]] = copy.deepcopy(value)
