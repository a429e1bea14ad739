"""``jutsu nightly`` as a person uses it: whole nights, bad input, two at once, a killed one."""

from __future__ import annotations

import json
import time
from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from jutsu_dagster.pipeline.research.artefacts import partition_path
from jutsu_dagster_tests.cli.conftest import Jutsu
from jutsu_dagster_tests.homes import COIN_START, Home
from jutsu_dagster_tests.killable import JUTSU, Night

FIRST = COIN_START
SECOND, THIRD = FIRST + timedelta(days=1), FIRST + timedelta(days=2)
MEMORY = Path("reports/research/research_memory.jsonl")


def reports(home: Home) -> Mapping[str, bytes]:
    return {name: data for name, data in home.content().items() if name.startswith("reports")}


def started(home: Home, *arguments: object) -> Night:
    return Night([*JUTSU, "nightly", *map(str, arguments)], {"JUTSU_HOME": str(home.path)})


def partitions(home: Home) -> list[str]:
    rows = (home.path / MEMORY).read_text().splitlines()
    return [json.loads(row)["partition"] for row in rows]


def test_nights_in_turn_make_variants_that_trade_from_the_next_one_on(
    crypto_home: Home, jutsu: Jutsu
) -> None:
    answer = jutsu("nightly", "--from", FIRST, "--to", SECOND)
    assert answer.code == 0, answer
    assert f"Night of {SECOND}" in answer.out
    assert partitions(crypto_home) == [str(FIRST), str(SECOND)]
    listed = jutsu("variants", "list", "--json").json["variants"]
    made = {row["id"]: row["created_partition"] for row in listed}
    traded = {
        path.name.removesuffix("_summary.json")
        for path in (crypto_home.path / "reports/variant").glob("*_summary.json")
    }
    assert traded == {id_ for id_, day in made.items() if day == str(FIRST)}
    assert traded
    assert set(made) > traded
    # Again: nothing changes.
    before = reports(crypto_home)
    assert jutsu("nightly", "--date", SECOND).code == 0
    assert reports(crypto_home) == before


def test_the_machine_gets_every_summary(crypto_home: Home, jutsu: Jutsu) -> None:
    answer = jutsu("nightly", "--date", FIRST, "--json")
    assert answer.code == 0, answer
    (night,) = answer.json["nights"]
    assert {step["status"] for step in night["steps"]} == {"OK"}
    assert night == json.loads(
        partition_path(crypto_home.path, "nightly_summary", FIRST).read_text()
    )


def test_a_night_that_is_not_ok_exits_with_1_and_names_what_failed(
    crypto_home: Home, jutsu: Jutsu
) -> None:
    path = partition_path(crypto_home.path, "dream", FIRST)
    path.mkdir(parents=True)
    (path / "in the way").touch()
    answer = jutsu("nightly", "--date", FIRST)
    assert answer.code == 1
    assert "dream" in answer.err.splitlines()[-1]
    assert "because of dream" in answer.out
    # What does not need it ran.
    assert partition_path(crypto_home.path, "drift_report", FIRST).is_file()


@pytest.mark.parametrize("damage", ["", "{"])
def test_a_memory_that_is_damaged_between_nights_is_named_and_done_without(
    crypto_home: Home, jutsu: Jutsu, damage: str
) -> None:
    assert jutsu("nightly", "--date", FIRST).code == 0
    path = partition_path(crypto_home.path, "memory_snapshot", FIRST)
    if damage:
        path.write_text(damage)
    else:
        path.unlink()
    answer = jutsu("nightly", "--date", SECOND)
    assert answer.code == 0, answer
    assert f"looked back without {FIRST}" in answer.err
    assert partitions(crypto_home) == [str(FIRST), str(SECOND)]


def test_a_killed_night_is_resumed(crypto_home: Home, jutsu: Jutsu) -> None:
    with started(crypto_home, "--date", FIRST) as night:
        until = time.monotonic() + 60
        while not partition_path(crypto_home.path, "reflection", FIRST).exists():
            assert time.monotonic() < until, night.end()
            time.sleep(0.01)
        night.kill()
    assert not partition_path(crypto_home.path, "nightly_summary", FIRST).exists()
    answer = jutsu("nightly", "--date", FIRST)
    assert answer.code == 0, answer
    assert partitions(crypto_home) == [str(FIRST)]


def test_of_two_at_once_one_works_and_the_other_says_so(crypto_home: Home) -> None:
    with started(crypto_home, "--date", FIRST) as one, started(crypto_home, "--date", FIRST) as two:
        ends = sorted((night.end() for night in (one, two)), key=lambda end: end[0])
    (good, _, _), (refused, out, err) = ends
    assert (good, refused, out) == (0, 2, "")
    assert "another `jutsu nightly` is at work" in err
    assert partitions(crypto_home) == [str(FIRST)]


def test_bad_input_is_refused_before_anything_is_done(crypto_home: Home, jutsu: Jutsu) -> None:
    before = crypto_home.content()
    today = datetime.now(UTC).date()
    assert jutsu("nightly", "--date", today).faults[0].startswith(f"{today} has not ended yet")
    assert "is empty" in jutsu("nightly", "--from", SECOND, "--to", FIRST).faults[0]
    for wrong in (
        ("--date", FIRST, "--nights", 2), ("--nights", 0), ("--date", "yesterday"),
        ("--from", FIRST, "--date", SECOND),
    ):  # fmt: skip
        answer = jutsu("nightly", *wrong)
        assert (answer.code, answer.out) == (2, ""), wrong
    assert crypto_home.content() == before


def test_a_later_night_than_the_first_missed_one_can_be_asked_for(
    crypto_home: Home, jutsu: Jutsu
) -> None:
    assert jutsu("nightly", "--date", FIRST).code == 0
    assert jutsu("nightly", "--date", THIRD).code == 0
    assert partitions(crypto_home) == [str(FIRST), str(THIRD)]
