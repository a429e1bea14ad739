"""A promotion approved: the parent's next version, and nothing else of its file."""

from __future__ import annotations

from datetime import timedelta

import pytest
import yaml

from jutsu_dagster.core.account import AccountKey
from jutsu_dagster.pipeline.promotions import approve, rollback
from jutsu_dagster.pipeline.promotions.texts import next_version
from jutsu_dagster.storage import promotion_log as log
from jutsu_dagster_tests.homes import Home
from jutsu_dagster_tests.nights import NIGHT as MONDAY
from jutsu_dagster_tests.nights import trade
from jutsu_dagster_tests.promoting import (
    FILE,
    LAST_DAY,
    NIGHT,
    PARENT,
    REGISTRY,
    changed_lines,
    desk,
    files,
    propose,
    row_of,
    variant,
)

WHO = {"by": "Ada", "why": "every gate holds, and I looked"}


def test_the_promoted_parameters_are_the_next_version_and_comments_stay(made: Home) -> None:
    id_ = variant(made)
    row, before = propose(made, id_), files(made)
    done = approve(desk(made), row.id, row.proposal_hash, **WHO, today=LAST_DAY)
    after = files(made)
    assert changed_lines(before[FILE], after[FILE]) == [
        ('version: "1.0"', 'version: "1.1"'),
        ("    sma_fast: 40", "    sma_fast: 45"),
        ("    upper_thresh_z: 1.0", "    upper_thresh_z: 1.1"),
    ]
    entry = made.registry.entries[PARENT]
    assert entry.config is not None
    assert (entry.config.version, entry.config.strategy.sma_fast) == ("1.1", 45)  # type: ignore[attr-defined]
    assert (entry.active_strategy, entry.parent_strategy, entry.variants) == (id_, PARENT, (id_,))
    assert done.version == ("1.0", "1.1")
    kept = "config/strategies/versions/v3_5b-1.0.yaml"
    assert (done.kept, after[kept]) == (kept, before[FILE])
    same = {name for name in before if before[name] == after[name]}
    assert set(before) - same == {FILE, REGISTRY, "reports/evolver/mutation_strategies.jsonl"}


def test_the_registry_keeps_its_comments_and_only_gains_lines(made: Home) -> None:
    id_ = variant(made)
    row, before = propose(made, id_), (made.path / REGISTRY).read_text()
    approve(desk(made), row.id, row.proposal_hash, **WHO, today=NIGHT)
    left = (made.path / REGISTRY).read_text().splitlines()
    for line in before.splitlines():
        left.remove(line)
    added = ['active_strategy: "v3_5b_mut_0001"', 'parent_strategy: "v3_5b"', "variants:"]
    assert [line.strip() for line in left if line.strip()] == [*added, "- v3_5b_mut_0001"]


def test_the_log_says_who_why_when_and_what_of_which_files(made: Home) -> None:
    row = propose(made, variant(made))
    approve(desk(made), row.id, row.proposal_hash, **WHO, today=NIGHT)
    opened, approved, written = log.audit(made.ledger.engine, row.id)
    assert (opened.event, opened.who) == ("opened", log.NIGHT)
    assert (approved.event, approved.who, approved.why) == ("approved", *WHO.values())
    assert approved.proposal_hash == row.proposal_hash
    assert approved.detail["version"] == {"old": "1.0", "new": "1.1"}
    assert [each["path"] for each in approved.detail["files"]][1:] == [FILE, REGISTRY]
    assert all(len(each["new_hash"]) == 64 for each in approved.detail["files"])
    assert (written.event, written.detail["token"]) == ("written", approved.detail["token"])
    found = log.proposal(made.ledger.engine, row.id)
    assert found is not None
    assert (found.status, found.closed_at is not None) == ("approved", True)


def test_siblings_are_retired_and_other_proposals_of_the_parent_withdrawn(made: Home) -> None:
    chosen, rival, idle = (variant(made, {"sma_fast_delta": n}) for n in (5, 6, 7))
    other = variant(made, {"max_bars_open": 5}, "ETH_main")
    row, lost = propose(made, chosen), propose(made, rival)
    done = approve(desk(made), row.id, row.proposal_hash, **WHO, today=NIGHT)
    assert (set(done.retired), done.withdrawn) == ({rival, idle}, (lost.id,))
    found = {id_: row_of(made, id_) for id_ in (chosen, rival, idle, other)}
    states = [each.status for each in found.values()]
    assert states == ["promoted", "retired", "retired", "shadow"]
    assert (found[idle].model_extra or {})["retired_reason"].startswith(f"{chosen} was promoted")
    assert (found[chosen].model_extra or {})["promoted_by"] == "Ada"
    withdrawn = log.proposal(made.ledger.engine, lost.id)
    assert withdrawn is not None
    assert withdrawn.status == "withdrawn"


def test_an_entry_of_a_map_is_changed_in_place_to_the_bit_that_was_tried(made: Home) -> None:
    id_ = variant(made, {"conf_min.trend_delta": -0.02}, "ETH_main")
    row, before = propose(made, id_), files(made)
    approve(desk(made), row.id, row.proposal_hash, **WHO, today=NIGHT)
    file = "config/strategies/ETH_main.yaml"
    ((old, new),) = changed_lines(before[file], files(made)[file])[1:]
    assert old == "    conf_min: {trend: 0.70, chop: 0.72, high_vol: 0.71}  # By class of regime"
    assert new == old.replace("0.70", "0.6799999999999999")


def test_a_parameter_that_the_file_leaves_to_its_default_is_added(made: Home) -> None:
    path = made.path / FILE
    path.write_text(path.read_text().replace("    bond_sma_slow: 60\n", ""))
    row = propose(made, variant(made, {"bond_sma_slow_delta": 5}))
    approve(desk(made), row.id, row.proposal_hash, **WHO, today=NIGHT)
    assert yaml.safe_load(path.read_text())["strategy"]["parameters"]["bond_sma_slow"] == 65


def test_a_promoted_strategy_is_promoted_again_and_no_version_is_given_twice(made: Home) -> None:
    first = propose(made, variant(made))
    approve(desk(made), first.id, first.proposal_hash, **WHO, today=NIGHT)
    later = NIGHT + timedelta(days=7)
    one = variant(made, {"sma_slow_delta": 10})
    second = propose(made, one, later)
    done = approve(desk(made), second.id, second.proposal_hash, **WHO, today=later)
    assert done.version == ("1.1", "1.2")
    assert made.registry.entries[PARENT].variants == (first.variant_id, one)
    rollback(desk(made), second.id, **WHO)
    third = propose(made, variant(made, {"T_max_delta": 5}), later)
    done = approve(desk(made), third.id, third.proposal_hash, **WHO, today=later)
    assert done.version == ("1.1", "1.3")


def test_a_version_written_as_a_number_becomes_text(made: Home) -> None:
    path = made.path / FILE
    path.write_text(path.read_text().replace('version: "1.0"', "version: 1.0  # the first"))
    row = propose(made, variant(made))
    approve(desk(made), row.id, row.proposal_hash, **WHO, today=NIGHT)
    assert "version: '1.1'  # the first\n" in path.read_text()


def test_paper_goes_on_with_the_new_parameters_and_the_past_keeps_its_own(
    paper_home: Home,
) -> None:
    key, old = AccountKey(PARENT, "paper"), paper_home.registry.entries[PARENT].config
    assert old is not None
    row = propose(paper_home, variant(paper_home))
    approve(desk(paper_home), row.id, row.proposal_hash, **WHO, today=NIGHT)
    new = paper_home.registry.entries[PARENT].config
    assert new is not None
    done = trade(paper_home, MONDAY, MONDAY, "after")
    assert done[PARENT].success, done[PARENT].error
    hashes = [point.provenance.parameter_hash for point in paper_home.ledger.checkpoints(key)]
    assert hashes[-1] == new.settings_hash != old.settings_hash
    assert set(hashes[:-1]) == {old.settings_hash}


@pytest.mark.parametrize(
    ("version", "used", "expected"),
    [("1.0", [], "1.1"), ("1.9", [], "1.10"), ("2", [], "2.1"), ("beta", [], "beta.1"),
     ("1.0", ["1.1", "1.2"], "1.3"), ("3.5.1", [], "3.5.2")],
)  # fmt: skip
def test_the_next_version_counts_the_last_number(
    version: str, used: list[str], expected: str
) -> None:
    assert next_version(version, used) == expected
