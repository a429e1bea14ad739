"""Nights in a row: each reads what the ones before it left, and nothing that came later."""

from __future__ import annotations

import json
from datetime import date, timedelta

import pytest

from jutsu_dagster.pipeline.research import artefacts
from jutsu_dagster.pipeline.research.artefacts import content_hash, view_paths
from jutsu_dagster.pipeline.research.desk import open_research
from jutsu_dagster.pipeline.research.new_variants import SOURCES
from jutsu_dagster.pipeline.research.night import NEEDS, changed_config, write_summary
from jutsu_dagster.pipeline.research.steps import STEPS, dependents_of, run_step
from jutsu_dagster.pipeline.shadow_registry import read_book
from jutsu_dagster.research.trades import stamp
from jutsu_dagster.storage import exploration_log as log
from jutsu_dagster_tests.pipeline.research.nights import IDS, NIGHTS, Nights, statuses

LAST = NIGHTS[-1]
DAY = timedelta(days=1)
# Written by `jutsu`'s other parts, or by the report, which is not run here.
_NOT_HERE = {"promotion_candidates"}


def test_steps_stand_in_an_order_in_which_each_finds_what_it_needs() -> None:
    seen: set[str] = set()
    for name, step in STEPS.items():
        assert seen.issuperset(step.needs), name
        seen.add(name)
    assert set(NEEDS) == seen | {"variants", "promotion_candidates", "nightly_summary"}


def test_what_depends_on_a_step_is_found_however_far_off() -> None:
    assert dependents_of("mutation_preview") == ["mutation_strategies"]
    assert dependents_of("dream") == [
        "quality_scores", "evolver_output", "mutation_preview", "memory_snapshot", "meta_review",
        "mutation_strategies",
    ]  # fmt: skip


def test_every_night_leaves_every_artefact_dated_by_its_end(nights: Nights) -> None:
    for day in NIGHTS:
        for step in STEPS:
            found = nights.of(step, day)
            assert found.get("generated_at", found.get("ts")) == stamp(day)


def test_the_views_show_the_newest_night(nights: Nights) -> None:
    for step in (*STEPS, "nightly_summary"):
        for path in view_paths(nights.home.path, step):
            assert stamp(LAST) in path.read_text(), path
    body = json.loads((nights.home.path / "reports/evolver/mutations.json").read_text())
    assert set(body) == {"generated_at", "mutations", "summary"}


def test_a_night_run_again_gives_the_same_bytes(nights: Nights) -> None:
    before = nights.files(("reports", "config"))
    for day in reversed(NIGHTS):
        nights.whole(day)
    assert nights.files(("reports", "config")) == before


def test_what_is_traded_later_cannot_change_a_night(nights: Nights) -> None:
    before = nights.files()
    nights.trade(LAST + 4 * DAY, LAST + DAY)
    nights.variants(LAST + DAY)
    for day in NIGHTS:
        assert set(nights.run(day).values()) == {None}
    after = nights.files()
    assert {name for name, content in after.items() if before[name] != content} == set()


def test_each_night_reads_the_memory_of_those_before_it(nights: Nights) -> None:
    rows = [len(nights.of("reflection", day)["input"]["memory"]) for day in NIGHTS]
    assert rows == [0, 1, 2]
    seen = [nights.of("meta_review", day)["memory_entries_analyzed"] for day in NIGHTS]
    assert seen == [1, 2, 3]
    path = nights.home.path / "reports/research/research_memory.jsonl"
    told = [json.loads(line)["partition"] for line in path.read_text().splitlines()]
    assert told == [day.isoformat() for day in NIGHTS]


def test_a_night_looks_back_on_four_others_and_no_more(nights: Nights) -> None:
    later = [LAST + offset * DAY for offset in (1, 2, 3, 4)]
    nights.trade(later[-1], later[0])
    for day in later:
        assert set(nights.run(day).values()) == {None}
    assert nights.of("meta_review", later[-1])["memory_entries_analyzed"] == 5
    told = [row["partition"] for row in nights.of("reflection", later[-1])["input"]["memory"]]
    assert told == [day.isoformat() for day in (*NIGHTS[1:], *later)][:5]


def test_a_variant_trades_from_the_day_after_the_night_that_made_it(nights: Nights) -> None:
    rows = [one.row for one in read_book(nights.home.registry, nights.home.path).shadows.values()]
    made = {row.id: row.created_partition or date.min for row in rows}
    assert set(made.values()) == set(NIGHTS)
    assert {row.source for row in rows} <= set(SOURCES)
    assert {row.created_at for row in rows} == {stamp(day) for day in NIGHTS}
    with nights.home.ledger.engine.connect() as connection:
        query = log.DAYS.select().where(log.DAYS.c.mode == "shadow")
        first: dict[str, date] = {}
        for row in connection.execute(query):
            first[row.strategy_id] = min(row.day, first.get(row.strategy_id, row.day))
    assert set(first) == {
        id_ for id_, day in made.items() if day < (LAST if "ETH" in id_ else NIGHTS[1])
    }
    assert all(day > made[id_] for id_, day in first.items())


def test_crypto_and_etf_parents_get_variants_and_none_twice(nights: Nights) -> None:
    book = read_book(nights.home.registry, nights.home.path)
    keys = [(one.row.parent_id, one.row.mutation_hash) for one in book.shadows.values()]
    assert len(keys) == len(set(keys))
    most = nights.home.registry.settings.research.new_variants
    for day in NIGHTS:
        created = nights.of("mutation_strategies", day)["created"]
        assert {id_: len(made) for id_, made in created.items()} == dict.fromkeys(IDS, most)


def test_a_night_without_trades_of_etfs_goes_on_with_the_coins(nights: Nights) -> None:
    assert LAST.weekday() == 5
    before, after = (nights.of("reflection", day)["input"]["strategies"] for day in NIGHTS[1:])
    assert after["v3_5b"]["bars"] == before["v3_5b"]["bars"]
    assert after["ETH_main"]["bars"] == before["ETH_main"]["bars"] + 96


def test_the_summary_calls_every_step_ok(nights: Nights) -> None:
    found = statuses(nights.of("nightly_summary", LAST))
    assert list(found) == list(NEEDS)
    assert {name for name, status in found.items() if status != "OK"} == _NOT_HERE


def test_a_night_changes_no_configuration_and_a_change_is_named(nights: Nights) -> None:
    assert changed_config(nights.home.path, LAST) == []
    nights.home.edit("ETH_main", lambda document: document["strategy"].update(parameters={}))
    (nights.home.path / "config" / "new.yaml").write_text("")
    assert changed_config(nights.home.path, LAST) == [
        "config/new.yaml is new", "config/strategies/ETH_main.yaml has changed"
    ]  # fmt: skip
    with pytest.raises(artefacts.ArtefactError, match=r"config_fingerprint.json cannot be read"):
        changed_config(nights.home.path, LAST + DAY)


def test_the_desk_is_opened_from_the_settings(nights: Nights) -> None:
    with open_research(nights.home.registry, nights.home.settings) as desk:
        found = run_step("dream", LAST, desk)
    assert content_hash(found) == content_hash(nights.of("dream", LAST))


def test_the_summary_comes_whatever_the_night_did(fresh: Nights) -> None:
    results = {"market/crypto_15m": None, "strategies/ETH_main": "no bars", "dream": "no trades"}
    summary = write_summary(LAST, fresh.desk, results, ["run one was cancelled"])
    steps = {step["name"]: (step["status"], step.get("error")) for step in summary["steps"]}
    assert list(steps)[:3] == ["market/crypto_15m", "strategies/ETH_main", "are_snapshot"]
    assert steps["strategies/ETH_main"] == ("FAILED", "no bars")
    assert steps["quality_scores"] == ("SKIPPED", "because of dream")
    assert steps["variants"] == ("SKIPPED", "because of dream")
    assert steps["are_snapshot"] == ("SKIPPED", "was not run")
    assert steps["nightly_summary"] == ("OK", None)
    assert summary["notes"][0] == "run one was cancelled"
