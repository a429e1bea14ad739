"""Variants made, drawn and retired in a project: all or none, never twice, never too many."""

from __future__ import annotations

import json
from datetime import date
from pathlib import Path
from typing import Any

import pytest

from jutsu_dagster.core.errors import ConfigError, JutsuError
from jutsu_dagster.pipeline.shadow_registry import Change, Draw, create, draw, read_book
from jutsu_dagster.pipeline.shadow_retire import day_before, retire, retire_older
from jutsu_dagster.registry.shadow_create import Making
from jutsu_dagster.registry.shadows import SHADOWS_PATH, ShadowBook
from jutsu_dagster_tests.homes import Home, write_coin_config

AT = "2025-02-01T00:00:00Z"
FIRST, SECOND = "ETH_main_mut_0001", "ETH_main_mut_0002"


@pytest.fixture
def coins(tmp_path: Path) -> Home:
    """A project of configuration only."""
    write_coin_config(tmp_path)
    return Home(tmp_path)


def make(home: Home, *mutations: dict[str, Any], day: int = 9, **options: Any) -> Change:
    parent = options.pop("parent", "ETH_main")
    making = Making(date(2025, 1, day), AT)
    return create(home.registry, home.path, parent, mutations, making, **options)


def sample(home: Home, count: int, **options: Any) -> Change:
    wanted, making = Draw(count, **options), Making(date(2025, 1, 9), AT)
    return draw(home.registry, home.path, "ETH_main", wanted, making)


def end(home: Home, *ids: str, reason: str = "") -> Change:
    return retire(home.registry, home.path, ids, reason, AT)


def book_of(home: Home) -> ShadowBook:
    return read_book(home.registry, home.path)


def content(home: Home) -> bytes:
    return (home.path / SHADOWS_PATH).read_bytes()


def most(home: Home, count: int) -> None:
    home.edit_registry(lambda document: document["settings"].update(max_live_variants=count))


def test_variants_of_any_class_are_made_by_the_same_call(coins: Home) -> None:
    done = make(coins, {"conf_min_delta": -0.02, "exploration_cap_delta": 1})
    assert [row.id for row in done.rows] == [FIRST]
    other = {"sma_fast_delta": 5, "upper_thresh_z_scale": 1.1}
    assert make(coins, other, parent="v3_5b").rows[0].id == "v3_5b_mut_0001"
    assert [shadow.id for shadow in book_of(coins).running()] == [FIRST, "v3_5b_mut_0001"]
    assert book_of(coins).shadows[FIRST].row.first_day == date(2025, 1, 10)


def test_of_several_all_are_made_or_none(coins: Home) -> None:
    make(coins, {"max_bars_open": 5})
    before = content(coins)
    for second in ({"max_bars_open": 5.0}, {"max_bars": 1}, {"exploration_cap": 2}):
        with pytest.raises(ConfigError):
            make(coins, {"max_bars_open": 6}, second)
    with pytest.raises(ConfigError, match="is ETH_main_mut_0002 already"):
        make(coins, {"max_bars_open": 6}, {"max_bars_open": 6})
    assert content(coins) == before


def test_an_id_that_only_the_ledger_knows_is_not_given_again(coins: Home) -> None:
    done = make(coins, {"max_bars_open": 5}, {"max_bars_open": 6}, taken={"ETH_main_mut_0041"})
    assert [row.id for row in done.rows] == ["ETH_main_mut_0042", "ETH_main_mut_0043"]


def test_a_retired_variant_comes_back_under_a_new_id(coins: Home) -> None:
    make(coins, {"max_bars_open": 5})
    with pytest.raises(ConfigError, match="whose status is shadow"):
        make(coins, {"max_bars_open": 5}, again=True)
    done = end(coins, FIRST, FIRST, reason="dull")
    assert len(done.rows) == 1
    assert done.rows[0].model_extra == {"retired_at": AT, "retired_reason": "dull"}
    with pytest.raises(ConfigError, match="whose status is retired"):
        make(coins, {"max_bars_open": 5})
    assert make(coins, {"max_bars_open": 5}, again=True, day=20).rows[0].id == SECOND
    with pytest.raises(ConfigError, match="is ETH_main_mut_0002 already"):
        make(coins, {"max_bars_open": 5}, again=True)
    assert [shadow.id for shadow in book_of(coins).running()] == [SECOND]


def test_no_more_are_live_than_the_registry_says(coins: Home) -> None:
    most(coins, 3)
    make(coins, {"max_bars_open": 5}, {"max_bars_open": 6})
    with pytest.raises(ConfigError, match=r"max_live_variants \(3\).* ETH_main has 2, so 2 more"):
        sample(coins, 2)
    end(coins, FIRST)
    assert len(sample(coins, 2).rows) == 2
    # Another parent has its own budget.
    assert make(coins, {"sma_fast": 45}, parent="v3_5b").rows
    most(coins, 0)
    with pytest.raises(ConfigError, match="must be >= 1"):
        make(coins, {"max_bars_open": 9})


def test_the_same_draw_again_makes_the_next_ones_and_a_rehearsal_none(coins: Home) -> None:
    seen = sample(coins, 3, seed=5, rehearsal=True)
    assert not (coins.path / SHADOWS_PATH).exists()
    made = sample(coins, 3, seed=5)
    assert [row.mutations for row in made.rows] == [row.mutations for row in seen.rows]
    more = sample(coins, 3, seed=5)
    assert more.rows[0].id == "ETH_main_mut_0004"
    assert not [row for row in more.rows if row.mutations in [old.mutations for old in made.rows]]


def test_a_draw_that_finds_nothing_new_says_so(coins: Home) -> None:
    wanted: dict[str, Any] = {"method": "neighbours", "names": ("exploration_cap",)}
    done = sample(coins, 9, **wanted)
    assert done.sample is not None
    assert (len(done.rows), done.sample.exhausted) == (2, True)
    # What a parent that has changed was tried with counts no more: it is another experiment.
    with pytest.raises(JutsuError, match=r"no new mutation to draw by neighbours of .*; 2 came"):
        sample(coins, 9, **wanted)
    coins.edit("ETH_main", lambda each: each["strategy"]["parameters"].update(max_bars_open=12))
    assert len(sample(coins, 9, **wanted).rows) == 2


def test_retiring_is_refused_as_a_whole_and_a_repeat_is_no_fault(coins: Home) -> None:
    make(coins, {"max_bars_open": 5}, {"max_bars_open": 6}, {"max_bars_open": 7})
    lines = content(coins).replace(b'"shadow"', b'"promoted"', 1)
    (coins.path / SHADOWS_PATH).write_bytes(lines)
    with pytest.raises(ConfigError) as refusal:
        end(coins, SECOND, "ETH_main_mut_0009", FIRST)
    assert "'ETH_main_mut_0009') is no variant. Did you mean" in str(refusal.value)
    assert f"('{FIRST}') is promoted; only live variants are retired" in str(refusal.value)
    assert content(coins) == lines
    end(coins, SECOND)
    before = content(coins)
    again = end(coins, SECOND)
    assert (again.rows, [row.id for row in again.left]) == ((), [SECOND])
    assert content(coins) == before


def test_the_old_ones_are_retired_by_the_night_that_made_them(coins: Home) -> None:
    make(coins, {"max_bars_open": 5}, day=9)
    make(coins, {"max_bars_open": 6}, day=10)
    make(coins, {"sma_fast": 45}, parent="v3_5b", day=1)
    short = {"id": "ETH_main_mut_0003", "symbol": "ETHUSDT", "status": "shadow"}
    with (coins.path / SHADOWS_PATH).open("a") as file:
        file.write(json.dumps(short | {"mutations": {"max_bars_open": 7}}) + "\n")
    before = day_before(30, date(2025, 2, 9))
    done = retire_older(coins.registry, coins.path, "ETH_main", before, reason="old", at=AT)
    assert [row.id for row in done.rows] == [FIRST]
    assert [row.id for row in done.left] == ["ETH_main_mut_0003"]
    with pytest.raises(ConfigError, match="is no parent of variants"):
        retire_older(coins.registry, coins.path, "ETH_mian", before, reason="", at=AT)


def test_variants_of_a_parent_that_is_gone_can_be_retired(coins: Home) -> None:
    make(coins, {"sma_fast": 45}, parent="v3_5b")
    make(coins, {"max_bars_open": 5}, {"max_bars_open": 6})

    def forget(document: dict[str, Any]) -> None:
        del document["strategies"]["ETH_main"]
        document["execution_order"].remove("ETH_main")

    coins.edit_registry(forget)
    assert len(book_of(coins).faults) == 2
    assert [row.id for row in end(coins, SECOND).rows] == [SECOND]
    assert [fault.value for fault in book_of(coins).faults] == ["ETH_main"]
    today = date(2026, 1, 1)
    retire_older(coins.registry, coins.path, "ETH_main", today, reason="gone", at=AT)
    book = book_of(coins)
    assert book.faults == ()
    assert [shadow.row.status for shadow in book.shadows.values()] == ["shadow", *2 * ["retired"]]


def test_what_could_not_be_read_back_is_not_written(coins: Home) -> None:
    make(coins, {"max_bars_open": 5})
    before = content(coins)
    for reason, rule in (("x" * 2_000_000, "a row has at most"), ("\udcff", "is not Unicode")):
        with pytest.raises(ConfigError, match=rule):
            end(coins, FIRST, reason=reason)
    with pytest.raises(ConfigError, match="must lie between 1990"):
        create(
            coins.registry, coins.path, "ETH_main", [{"max_bars_open": 6}],
            Making(date(1980, 1, 1), AT),
        )  # fmt: skip
    assert content(coins) == before
