"""Proposals: one a week and parent, gone after a week, the same night the same."""

from __future__ import annotations

from datetime import date, timedelta
from typing import Any

import pytest

from jutsu_dagster.pipeline.research import artefacts, proposals
from jutsu_dagster.pipeline.research.judging import Court, judge_family
from jutsu_dagster.pipeline.research.openings import open_best
from jutsu_dagster.pipeline.research.planted_families import planted_family
from jutsu_dagster.pipeline.research.proposals import STEP, Decided
from jutsu_dagster.pipeline.shadow_retire import retire
from jutsu_dagster.research.promotion_rule import Limits, proposal_hash
from jutsu_dagster.research.statistics.planted import Truth
from jutsu_dagster.research.trades import stamp
from jutsu_dagster.storage import promotion_log as log
from jutsu_dagster_tests.homes import Home
from jutsu_dagster_tests.pipeline.research_evidence.families import ONE, Families

DAY = timedelta(days=1)
NIGHT = date(2026, 9, 10)
TRUE = Truth(days=504, variants=3, edge=4.0)


@pytest.fixture
def three(crypto_home: Home) -> Families:
    """Three variants of ETH_main; of planted families the first is the better one."""
    families = Families(crypto_home)
    families.make({"max_bars_open_delta": 1}, {"max_bars_open_delta": 2}, {"exploration_cap": 3})
    return families


def night(families: Families, day: date, truth: Truth = TRUE) -> Decided:
    """Judge a planted family and propose, as the night does, and leave its file behind."""
    desk = families.desk
    data, _, tried, bars = planted_family(truth, 1, "ETH_main", day)
    proposals.expire_proposals(desk.registry, desk.ledger, desk.home, day)
    pairs = [(data, one) for one in judge_family(data, Court(tried, lambda _: bars))]
    entry = desk.registry.entries["ETH_main"]
    decided = open_best(desk, entry, families.rows, day, pairs, Limits())
    proposals.bring_in_line(desk.registry, desk.ledger, desk.home)
    artefacts.write(desk.home, STEP, day, {"generated_at": stamp(day)})
    return decided


def stands(families: Families) -> dict[str, str]:
    return {one.id: one.status for one in log.standings(families.home.ledger.engine)}


def status(families: Families) -> str:
    return families.rows.rows[ONE].status


def test_what_passes_is_proposed_with_all_that_is_known_of_it(three: Families) -> None:
    decided = night(three, NIGHT)
    assert decided.proposal is not None
    assert decided.proposal.id == f"{ONE}_20260910"
    assert decided.proposal.expires_on == NIGHT + 7 * DAY
    row = log.proposal(three.home.ledger.engine, decided.proposal.id)
    assert row is not None
    assert proposal_hash(row.document) == row.proposal_hash
    document: dict[str, Any] = dict(row.document)
    assert document["parameters"]["max_bars_open"] == 11
    assert document["window"] == {"first": "2025-04-25", "last": "2026-09-10", "days": 504}
    assert len(document["curves"]["days"]) == len(document["curves"]["control"]) == 504
    assert document["evidence"]["passed"] is True
    assert [gate["name"] for gate in document["evidence"]["gates"]][-1] == "look_ahead"
    config = three.home.registry.entries["ETH_main"].config
    assert config is not None
    assert document["parent_parameter_hash"] == config.strategy.parameter_hash
    assert document["fill_terms"] == config.fill_terms
    assert document["candidate"]["eligible"] is True
    assert status(three) == "proposed"


def test_noise_is_never_proposed(three: Families) -> None:
    decided = night(three, NIGHT, Truth(days=504, variants=3, edge=0.0))
    assert decided.proposal is None
    assert decided.reason == "no variant passes every gate"
    assert (stands(three), status(three)) == ({}, "shadow")


def test_the_same_night_again_changes_nothing(three: Families) -> None:
    first = night(three, NIGHT).proposal
    engine = three.home.ledger.engine
    log_before, file = log.audit(engine), three.home.path / "reports/evolver"
    before = (file / "mutation_strategies.jsonl").read_bytes()
    again = night(three, NIGHT).proposal
    assert again == first
    assert log.audit(engine) == log_before
    assert (file / "mutation_strategies.jsonl").read_bytes() == before


def test_a_parent_has_one_proposal_a_week(three: Families) -> None:
    night(three, NIGHT)
    second = night(three, NIGHT + 6 * DAY)
    assert second.proposal is None
    assert second.reason == f"{ONE}_20260910 was proposed within 7 days"
    third = night(three, NIGHT + 7 * DAY)
    assert third.proposal is not None
    assert stands(three) == {f"{ONE}_20260910": "expired", f"{ONE}_20260917": "open"}


def test_nobody_decides_and_the_variant_is_a_shadow_again(three: Families) -> None:
    night(three, NIGHT)
    quiet = Truth(days=504, variants=3, edge=0.0)
    night(three, NIGHT + 6 * DAY, quiet)
    assert (stands(three), status(three)) == ({f"{ONE}_20260910": "open"}, "proposed")
    # The night of the last day runs on the day after it.
    night(three, NIGHT + 7 * DAY, quiet)
    assert (stands(three), status(three)) == ({f"{ONE}_20260910": "expired"}, "shadow")


def test_an_old_night_opens_nothing_that_has_expired_since(three: Families) -> None:
    quiet = Truth(days=504, variants=3, edge=0.0)
    night(three, NIGHT + 8 * DAY, quiet)
    late = night(three, NIGHT)
    assert late.proposal is None
    assert late.reason == "it would have expired on 2026-09-17, and the night of 2026-09-18 is over"
    assert night(three, NIGHT + 2 * DAY).proposal is not None


def test_an_old_night_run_again_leaves_a_closed_proposal_closed(three: Families) -> None:
    first = night(three, NIGHT).proposal
    night(three, NIGHT + 20 * DAY)
    before = stands(three)
    again = night(three, NIGHT).proposal
    assert again is not None
    assert first is not None
    assert (again.id, again.status) == (first.id, "expired")
    assert stands(three) == before


def test_whoever_was_killed_between_the_ledger_and_the_file_is_caught_up_with(
    three: Families, monkeypatch: pytest.MonkeyPatch
) -> None:
    with monkeypatch.context() as patched:
        patched.setattr(proposals, "bring_in_line", lambda *_: None)
        night(three, NIGHT)
    assert status(three) == "shadow"
    night(three, NIGHT + DAY, Truth(days=504, variants=3, edge=0.0))
    assert status(three) == "proposed"


def test_what_was_retired_or_has_another_parent_now_is_not_proposed(three: Families) -> None:
    home = three.home
    home.edit("ETH_main", lambda each: each["strategy"]["parameters"].update(max_bars_open=20))
    assert night(three, NIGHT).reason == "no variant passes every gate"
    home.edit("ETH_main", lambda each: each["strategy"]["parameters"].update(max_bars_open="?"))
    assert night(three, NIGHT).reason == "no variant passes every gate"
    home.edit("ETH_main", lambda each: each["strategy"]["parameters"].update(max_bars_open=10))
    retire(home.registry, home.path, [ONE], "enough", stamp(NIGHT))
    assert night(three, NIGHT).proposal is None
    assert stands(three) == {}
