"""A night makes variants of what its preview proposes: once, and within the budgets."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from jutsu_dagster.pipeline.research.new_variants import SOURCES, current_hash
from jutsu_dagster.pipeline.research.one_night import Night
from jutsu_dagster.pipeline.research.steps import run_step
from jutsu_dagster.pipeline.research.tuning import (
    Applied,
    applied_promotions,
    promoted_since,
    tuning_events,
)
from jutsu_dagster.pipeline.shadow_registry import read_book
from jutsu_dagster.pipeline.shadow_retire import retire
from jutsu_dagster.research.trades import stamp
from jutsu_dagster.storage import promotion_log
from jutsu_dagster.storage.promotion_rows import Proposal, proposal_id
from jutsu_dagster_tests.nights import set_settings
from jutsu_dagster_tests.pipeline.research.families import make, rows
from jutsu_dagster_tests.pipeline.research.nights import IDS, NIGHTS, Nights

FIRST, LAST = NIGHTS[0], NIGHTS[-1]
DAY = timedelta(days=1)


def set_research(nights: Nights, **settings: object) -> None:
    def change(registry: dict[str, Any]) -> None:
        registry["settings"]["research"].update(settings)

    nights.home.edit_registry(change)


def made(nights: Nights, day: Any = FIRST) -> dict[str, Any]:
    assert set(nights.run(day).values()) == {None}
    return nights.of("mutation_strategies", day)


def test_a_variant_says_when_why_and_by_whom_it_was_made(traded: Nights) -> None:
    created = made(traded)["created"]
    preview = traded.of("mutation_preview", FIRST)["candidates"]
    known = rows(traded.home)
    for id_ in IDS:
        assert len(created[id_]) == 3
        for variant, candidate in zip(created[id_], preview[id_], strict=True):
            row = known[variant]
            assert row.mutations == candidate["mutations"]
            assert (row.reason, row.source) == (candidate["reason"], candidate["source"])
            assert (row.created_partition, row.created_at) == (FIRST, stamp(FIRST))
            assert row.base_params_hash == current_hash(traded.home.registry, id_)
            assert row.first_day == FIRST + DAY


def test_a_night_that_was_killed_halfway_makes_the_rest_only(traded: Nights) -> None:
    before = made(traded)
    file = traded.home.path / "reports/evolver/mutation_strategies.jsonl"
    whole = file.read_bytes()
    lines = whole.splitlines(keepends=True)
    file.write_bytes(b"".join(lines[:2] + lines[3:5]))
    assert made(traded) == before
    assert sorted(file.read_bytes().splitlines(keepends=True)) == sorted(lines)


def test_the_budget_of_research_holds(traded: Nights) -> None:
    set_research(traded, max_variants=4)
    first = made(traded)
    assert first["live"] == dict.fromkeys(IDS, 3)
    traded.trade(FIRST + DAY, FIRST + DAY)
    second = made(traded, FIRST + DAY)
    assert {id_: len(ids) for id_, ids in second["created"].items()} == dict.fromkeys(IDS, 1)
    assert second["live"] == dict.fromkeys(IDS, 4)
    reasons = {one["reason"] for one in second["refused"]["ETH_main"]}
    assert reasons == {"research has 4 live variants; research.max_variants is 4"}
    assert made(traded, FIRST + DAY) == second
    assert made(traded) == first


def test_what_a_person_made_counts_for_the_hard_budget_alone(traded: Nights) -> None:
    make(traded.home, FIRST - DAY, *({"max_bars_open": at} for at in (4, 5, 6)), source="a person")
    set_research(traded, max_variants=2)
    assert len(made(traded)["created"]["ETH_main"]) == 2
    traded.trade(FIRST + DAY, FIRST + DAY)
    set_research(traded, max_variants=60)
    set_settings(traded.home, max_live_variants=6)
    found = made(traded, FIRST + DAY)
    assert len(found["created"]["ETH_main"]) == 1
    assert found["live"]["ETH_main"] == 6
    assert "max_live_variants is 6" in found["refused"]["ETH_main"][0]["reason"]


def test_room_that_a_retirement_leaves_is_used_the_same_night(traded: Nights) -> None:
    set_research(traded, max_variants=1, retire_after_days=30)
    (old,) = make(traded.home, FIRST - 31 * DAY, {"max_bars_open": 4})
    found = made(traded)
    assert [one["id"] for one in found["retired"]] == [old.id]
    assert len(found["created"]["ETH_main"]) == 1
    assert made(traded) == found


def test_variants_retired_later_were_there_that_night(nights: Nights) -> None:
    before = nights.files()
    book = read_book(nights.home.registry, nights.home.path)
    retire(nights.home.registry, nights.home.path, list(book.shadows)[:4], "", "2025-02-01T00:00Z")
    for day in NIGHTS:
        run_step("mutation_preview", day, nights.desk)
        run_step("mutation_strategies", day, nights.desk)
    changed = {name for name, content in nights.files().items() if before[name] != content}
    assert changed == {"reports/evolver/mutation_strategies.jsonl"}


def test_tried_is_what_was_made_of_the_parent_as_it_stands_before_the_night(
    nights: Nights,
) -> None:
    for at, day in enumerate(NIGHTS):
        tried = Night(nights.desk, day).tried()
        assert {id_: len(found) for id_, found in tried.items()} == dict.fromkeys(IDS, 3 * at)

    def other(document: dict[str, Any]) -> None:
        document["strategy"]["parameters"]["max_bars_open"] = 12

    nights.home.edit("ETH_main", other)
    tried = Night(nights.desk, LAST).tried()
    assert {id_: len(found) for id_, found in tried.items()} == {"v3_5b": 6, "ETH_main": 0}


def test_as_many_are_proposed_as_the_registry_says(traded: Nights) -> None:
    set_research(traded, new_variants=5)
    assert {len(ids) for ids in made(traded)["created"].values()} == {5}
    set_research(traded, new_variants=0)
    traded.trade(FIRST + DAY, FIRST + DAY)
    assert made(traded, FIRST + DAY)["summary"]["total_created"] == 0


def test_issues_of_the_review_are_told_and_stop_nothing(
    traded: Nights, monkeypatch: pytest.MonkeyPatch
) -> None:
    issue = {"type": "tier_instability", "symbols": ["ETHUSDT"], "strategies": ["ETH_main"]}
    review = {"ts": stamp(FIRST), "issues": [issue]}
    monkeypatch.setattr("jutsu_dagster.pipeline.research.steps.meta_review", lambda *_: review)
    found = made(traded)
    assert found["remarks"] == {"ETH_main": ["tier_instability"]}
    assert len(found["created"]["ETH_main"]) == 3


def approve(nights: Nights, day: Any, **mutations: object) -> None:
    id_ = proposal_id("ETH_main_mut_0001", day)
    engine = nights.home.ledger.engine
    proposal = Proposal(
        id=id_, parent_id="ETH_main", variant_id="ETH_main_mut_0001", partition=day,
        expires_on=day + 7 * DAY, proposal_hash="h", document={"mutations": mutations},
    )  # fmt: skip
    promotion_log.open_proposal(engine, proposal)
    promotion_log.close(engine, id_, "approved", "me", "good")


def test_a_night_before_a_promotion_makes_nothing_of_what_it_did_not_know(
    traded: Nights,
) -> None:
    approve(traded, FIRST, conf_min_delta=-0.02)
    assert promoted_since(traded.home.ledger, FIRST + DAY) == {}
    found = made(traded)
    assert found["created"]["ETH_main"] == []
    assert len(found["created"]["v3_5b"]) == 3
    assert "ETH_main_mut_0001_20250109 was approved" in found["refused"]["ETH_main"][0]["reason"]


def test_what_was_approved_is_a_tuning_and_nothing_else_is(traded: Nights) -> None:
    assert applied_promotions(traded.home.ledger) == []
    approve(traded, FIRST, conf_min_delta=-0.02, exploration_cap_delta=1)
    approve(traded, FIRST + DAY, max_bars_open=8)
    (event,) = tuning_events(applied_promotions(traded.home.ledger))
    assert (event.strategy_id, event.conf_min_delta, event.exploration_cap_delta) == (
        "ETH_main", -0.02, 1
    )  # fmt: skip
    # It is of today, which the night does not know yet.
    assert Night(traded.desk, FIRST).self_eval["events"] == []
    early = Applied(datetime(2025, 1, 8, tzinfo=UTC), "ETH_main", {"conf_min_delta": 0.02})
    assert tuning_events([early])[0].ts == "2025-01-08T00:00:00Z"
    assert tuning_events() == []


def test_sources_are_those_that_a_preview_names(nights: Nights) -> None:
    named = {
        one["source"]
        for day in NIGHTS
        for found in nights.of("mutation_preview", day)["candidates"].values()
        for one in found
    }
    assert named == set(SOURCES)
