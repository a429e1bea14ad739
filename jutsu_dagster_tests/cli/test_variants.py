"""`jutsu variants` and `jutsu mutate`, as a person and a machine use them."""

from __future__ import annotations

import subprocess
import sys
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import get_args

import pytest

from jutsu_dagster.cli import variants
from jutsu_dagster.registry.mutation_sampling import METHODS
from jutsu_dagster.registry.shadow_rows import Status
from jutsu_dagster.registry.shadows import SHADOWS_PATH
from jutsu_dagster.settings import Settings
from jutsu_dagster_tests.cli.conftest import Jutsu
from jutsu_dagster_tests.homes import Home, write_coin_config

ROOT = Path(__file__).parents[2]
CHANGE = '{"conf_min_delta": -0.02, "exploration_cap_delta": 1}'
FIRST = "ETH_main_mut_0001"


@pytest.fixture
def told(monkeypatch: pytest.MonkeyPatch) -> list[Settings]:
    """What a running Dagster is told."""
    calls: list[Settings] = []

    def told(settings: Settings) -> str:
        calls.append(settings)
        return "Dagster has loaded the change"

    monkeypatch.setattr("jutsu_dagster.cli.reload.reload_code_location", told)
    return calls


@pytest.fixture
def coins(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, told: list[Settings]) -> Home:
    """A project of configuration only, with v3_5b and ETH_main."""
    assert told == []
    write_coin_config(tmp_path)
    monkeypatch.setenv("JUTSU_HOME", str(tmp_path))
    return Home(tmp_path)


def made(jutsu: Jutsu, *more: str) -> None:
    answer = jutsu("variants", "create", "--parent", "ETH_main", "--mutations", CHANGE, *more)
    assert answer.code == 0, answer


def lines(home: Home) -> list[bytes]:
    return (home.path / SHADOWS_PATH).read_bytes().splitlines()


@pytest.mark.usefixtures("coins")
def test_the_life_of_a_variant(jutsu: Jutsu, told: list[Settings]) -> None:
    assert "no variants; make some: jutsu mutate" in jutsu("variants", "list").out
    today = datetime.now(UTC).date()
    answer = jutsu("variants", "create", "--parent", "ETH_main", "--mutations", CHANGE)
    assert f"{FIRST}: {CHANGE}\n  conf_min.trend: 0.7 → 0.68\n" in answer.out
    assert f"1 made, trading from {today}" in answer.out
    assert (len(told), answer.err) == (1, "Dagster has loaded the change\n")

    seen = jutsu("variants", "list").out.splitlines()
    assert seen[0].split() == ["id", "parent", "status", "created", "mutations"]
    yesterday = today - timedelta(days=1)
    assert seen[1] == f"{FIRST}  ETH_main  shadow  {yesterday}  {CHANGE}"
    assert seen[-1] == "1 variant, of which 1 run at night"

    assert jutsu("variants", "retire", FIRST, "--reason", "dull").out == f"{FIRST} is retired\n"
    again = jutsu("variants", "retire", FIRST)
    assert (again.code, len(told)) == (0, 2)
    assert "is retired already, since 20" in again.out
    shown = jutsu("variants", "show", FIRST).out
    assert "retired_reason: dull\n" in shown
    assert "  exploration_cap: 2 → 3\n" in shown

    refused = jutsu("variants", "create", "--parent", "ETH_main", "--mutations", CHANGE)
    assert "is ETH_main_mut_0001 already, whose status is retired" in refused.faults[0]
    made(jutsu, "--again")
    rows = jutsu("variants", "list", "--status", "shadow", "--json").json["variants"]
    assert [row["id"] for row in rows] == ["ETH_main_mut_0002"]


def test_broken_lines_are_named_below_the_list_and_stay(coins: Home, jutsu: Jutsu) -> None:
    made(jutsu)
    torn = b'{"id": "ETH_main_mut_0005", "sym'
    with (coins.path / SHADOWS_PATH).open("ab") as file:
        file.write(b'{"id": "X_mut_0001", "status": "shadow", "mutations": {}}\n' + torn)
    seen = jutsu("variants", "list")
    assert seen.code == 0
    assert f"set aside: {SHADOWS_PATH} line 2: parent ('X') is no registered strategy" in seen.out
    assert "line 3 is not JSON" in seen.out
    assert len(jutsu("variants", "list", "--json", "--parent", "v3_5b").json["faults"]) == 2
    illegible = jutsu("variants", "show", "ETH_main_mut_0005")
    assert "stands in a line that cannot be used" in illegible.faults[0]
    assert "set aside: " in jutsu("variants", "show", "X_mut_0001").out
    made(jutsu, "--mutations", '{"max_bars_open": 5}')
    assert lines(coins)[-1].startswith(b'{"id": "ETH_main_mut_0006"')
    assert lines(coins)[-2] == torn


def test_mutate_makes_shows_and_rehearses(coins: Home, jutsu: Jutsu, told: list[Settings]) -> None:
    asked = ("mutate", "--parent", "ETH_main", "--count", "30", "--seed", "3")
    rehearsed = jutsu(*asked, "--dry-run", "--json").json
    assert (rehearsed["dry_run"], len(rehearsed["created"]), told) == (True, 30, [])
    assert not (coins.path / SHADOWS_PATH).exists()
    answer = jutsu(*asked, "--partition", "2025-01-09", "--reason", "a look")
    assert "… and 10 more, up to ETH_main_mut_0030" in answer.out
    assert "30 made, trading from 2025-01-10" in answer.out
    rows = jutsu("variants", "list", "--json").json["variants"]
    assert [row["mutations"] for row in rows] == [row["mutations"] for row in rehearsed["created"]]
    assert {row["source"] for row in rows} == {"jutsu mutate --method random"}
    few = jutsu(
        "mutate", "--parent", "ETH_main", "--count", "90", "--method", "grid",
        "--param", "exploration_cap", "--param", "max_bars_open", "--dry-run",
    )  # fmt: skip
    assert "of 90; there are no more distinct mutations within the bounds" in few.err
    old = jutsu("variants", "retire", "--older-than", "30", "--parent", "ETH_main", "--json").json
    assert len(old["retired"]) == 30


def test_the_ledgers_ids_are_taken(
    coins: Home, jutsu: Jutsu, monkeypatch: pytest.MonkeyPatch
) -> None:
    coins.ledger.migrate()
    coins.ledger.close()
    monkeypatch.setattr(
        "jutsu_dagster.cli.variant_change.recorded_ids", lambda _engine: {"ETH_main_mut_0041"}
    )
    made(jutsu)
    assert lines(coins)[0].startswith(b'{"id": "ETH_main_mut_0042"')


def test_an_inactive_parent_and_a_changed_one_are_noted(coins: Home, jutsu: Jutsu) -> None:
    made(jutsu)
    coins.edit("ETH_main", lambda each: each["strategy"]["parameters"].update(max_bars_open=12))
    coins.edit_registry(lambda each: each["strategies"]["ETH_main"].update(is_active=False))
    answer = jutsu("mutate", "--parent", "ETH_main", "--count", "1")
    assert "note: ETH_main is inactive: its variants rest until it is active" in answer.err
    seen = jutsu("variants", "list").out
    assert "(rebased: the parent has changed; rests: the parent is inactive)" in seen
    assert "of which 0 run at night" in seen


CREATE = ["variants", "create", "--parent", "ETH_main", "--mutations"]
REFUSED = [
    ([*CREATE, "{'max_bars_open': 5}"], "names in double quotes, all in single ones"),
    ([*CREATE, "[1]"], "--mutations must be an object of names and values"),
    ([*CREATE, '{"max_bars_open": NaN}'], "NaN is no number"),
    ([*CREATE, '{"max_bars_open": 5, "max_bars_open": 6}'], "'max_bars_open' stands twice"),
    ([*CREATE, '{"max_bars_opn": 5}'], "Did you mean 'max_bars_open'?"),
    ([*CREATE, "{}"], "changes nothing"),
    ([*CREATE, CHANGE, "--partition", "2199-01-01"], "is to come; at the latest, it is today"),
    ([*CREATE, CHANGE, "--partition", "1980-01-01"], "must lie between 1990-01-01"),
    (["mutate", "--parent", "ETH", "--count", "1"], "is not registered; there are v3_5b, ETH_main"),
    (["mutate", "--parent", "ETH_main", "--count", "1001"], "settings.max_live_variants (1000)"),
    (["mutate", "--parent", "ETH_main", "--count", "1", "--param", "x"], "x is no parameter of"),
    (["variants", "show", FIRST], "is no variant; there are none"),
    (["variants", "list", "--parent", "ETH_mian"], "Did you mean 'ETH_main'?"),
    (["variants", "retire"], "give the ids, or --older-than DAYS with --parent ID"),
    (["variants", "retire", FIRST, "--older-than", "3"], "give the ids, or --older-than DAYS"),
]


@pytest.mark.parametrize(("arguments", "rule"), REFUSED)
def test_a_mistake_is_explained_and_nothing_written(
    coins: Home, jutsu: Jutsu, arguments: list[str], rule: str, told: list[Settings]
) -> None:
    answer = jutsu(*arguments)
    assert (answer.code, answer.out) == (2, ""), answer
    assert rule in answer.err
    assert not (coins.path / SHADOWS_PATH).exists()
    assert told == []


def test_the_choices_are_those_of_the_registry() -> None:
    assert [each.value for each in variants.Status] == list(get_args(Status))
    assert tuple(each.value for each in variants.Method) == METHODS


def test_the_earlier_systems_command_is_a_caller(coins: Home) -> None:
    assert coins.registry.entries

    def run(*arguments: str) -> subprocess.CompletedProcess[str]:
        program = [sys.executable, "-m", "tools.create_mutation_shadows", *arguments]
        return subprocess.run(program, cwd=ROOT, capture_output=True, text=True, check=True)

    assert "1 made" in run("--parent", "v3_5b", "--count", "1").stdout
    assert len(lines(coins)) == 1
