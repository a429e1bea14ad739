"""Proposals in either database: opened once, closed once, and every step kept."""

from __future__ import annotations

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from datetime import date, timedelta

import pytest
from sqlalchemy import Engine

from jutsu_dagster.core.errors import LedgerError
from jutsu_dagster.storage import promotion_log as log
from jutsu_dagster.storage.ledger import Ledger
from jutsu_dagster.storage.promotion_log import Proposal
from jutsu_dagster.storage.promotion_trail import note_written, unfinished

NIGHT = date(2025, 3, 3)


@pytest.fixture
def engine(ledger_url: str) -> Iterator[Engine]:
    ledger = Ledger(ledger_url)
    yield ledger.engine
    ledger.close()


def made(number: int = 1, day: date = NIGHT, parent: str = "ETH_main") -> Proposal:
    variant = f"{parent}_mut_{number:04d}"
    return Proposal(
        id=log.proposal_id(variant, day), parent_id=parent, variant_id=variant, partition=day,
        expires_on=day + timedelta(days=7), proposal_hash=f"hash{number}",
        document={"numbers": {"pbo": 0.1 + 0.2, "dsr": None}, "variant_id": variant},
    )  # fmt: skip


def events(engine: Engine, id_: str) -> list[str]:
    return [row.event for row in log.audit(engine, id_)]


def test_a_proposal_is_read_back_to_the_bit(engine: Engine) -> None:
    proposal = made()
    assert log.open_proposal(engine, proposal)
    found = log.proposal(engine, "ETH_main_mut_0001_20250303")
    assert found is not None
    assert found.document == proposal.document
    assert (found.status, found.closed_at) == ("open", None)
    assert found.opened_at.tzinfo is not None
    assert log.proposal(engine, "none") is None


def test_the_same_again_changes_nothing(engine: Engine) -> None:
    assert log.open_proposal(engine, made())
    assert not log.open_proposal(engine, made())
    assert events(engine, made().id) == ["opened"]


def test_other_numbers_of_the_same_night_replace_what_nobody_decided_about(engine: Engine) -> None:
    first = made()
    other = replace(first, proposal_hash="other", document={"numbers": {}})
    log.open_proposal(engine, first)
    assert log.open_proposal(engine, other)
    found = log.proposal(engine, first.id)
    assert found is not None
    assert (found.proposal_hash, found.document) == ("other", {"numbers": {}})
    with pytest.raises(LedgerError, match="was replaced meanwhile"):
        log.close(engine, first.id, "approved", "Ada", "good", proposal_hash="hash1")
    log.close(engine, first.id, "rejected", "Ada", "bad", proposal_hash="other")
    assert not log.open_proposal(engine, first)
    assert events(engine, first.id) == ["opened", "replaced", "rejected"]


def test_proposals_are_found_by_parent_and_status(engine: Engine) -> None:
    for each in (made(2), made(1, NIGHT - timedelta(days=9)), made(3, parent="v3_5b")):
        log.open_proposal(engine, each)
    log.close(engine, made(2).id, "withdrawn", "Ada", "another is better")
    assert [row.variant_id for row in log.proposals(engine)] == [
        "ETH_main_mut_0001", "ETH_main_mut_0002", "v3_5b_mut_0003",
    ]  # fmt: skip
    assert [row.id for row in log.proposals(engine, parent_id="v3_5b")] == [
        made(3, parent="v3_5b").id
    ]
    assert len(log.proposals(engine, parent_id="ETH_main", status="open")) == 1
    assert [each.status for each in log.standings(engine)] == ["open", "withdrawn", "open"]


def test_what_nobody_decided_about_expires_the_day_after_its_last(engine: Engine) -> None:
    log.open_proposal(engine, made())
    last = made().expires_on
    assert log.expire(engine, last) == []
    assert log.expire(engine, last + timedelta(days=1)) == [made().id]
    assert log.expire(engine, last + timedelta(days=9)) == []
    row = log.audit(engine, made().id)[-1]
    assert (row.event, row.who) == ("expired", log.NIGHT)


def test_a_proposal_is_closed_once_and_the_second_is_told_by_whom(engine: Engine) -> None:
    log.open_proposal(engine, made())
    with pytest.raises(LedgerError, match="cannot be rolled back: it was opened by the night"):
        log.close(engine, made().id, "rolled_back", "Ada", "too early")
    log.close(engine, made().id, "approved", "Ada", "good")
    for status in ("approved", "rejected", "expired", "withdrawn"):
        with pytest.raises(LedgerError, match=r"it was approved by Ada at .* \(good\)"):
            log.close(engine, made().id, status, "Bo", "me too")
    log.close(engine, made().id, "rolled_back", "Bo", "bad")
    with pytest.raises(LedgerError, match="it was rolled_back by Bo"):
        log.close(engine, made().id, "approved", "Ada", "good")
    with pytest.raises(LedgerError, match="there is no proposal 'x'"):
        log.close(engine, "x", "approved", "Ada", "good")
    assert events(engine, made().id) == ["opened", "approved", "rolled_back"]


def test_of_many_at_once_one_closes_it(engine: Engine) -> None:
    log.open_proposal(engine, made())

    def decide(number: int) -> bool:
        try:
            log.close(engine, made().id, "approved", f"person {number}", "good")
        except LedgerError:
            return False
        return True

    with ThreadPoolExecutor(6) as pool:
        assert sum(pool.map(decide, range(6))) == 1
    assert events(engine, made().id) == ["opened", "approved"]


def test_rivals_are_withdrawn_with_it_unless_they_are_closed_already(engine: Engine) -> None:
    chosen, open_, closed = made(1), made(2), made(3)
    for each in (chosen, open_, closed):
        log.open_proposal(engine, each)
    log.close(engine, closed.id, "rejected", "Bo", "bad")
    why = dict.fromkeys((open_.id, closed.id), "base obsolete")
    log.close(engine, chosen.id, "approved", "Ada", "good", withdraw=why)
    assert [row.status for row in log.proposals(engine)] == ["approved", "withdrawn", "rejected"]
    assert log.audit(engine, open_.id)[-1].detail == {"because_of": chosen.id}


def test_a_repeat_after_a_lost_answer_is_found_to_be_done(engine: Engine) -> None:
    log.open_proposal(engine, made())
    for _ in range(2):
        log.close(engine, made().id, "approved", "Ada", "good", detail={"token": "t", "files": []})
    assert events(engine, made().id) == ["opened", "approved"]
    with pytest.raises(LedgerError, match="it was approved by Ada"):
        log.close(engine, made().id, "approved", "Ada", "good", detail={"token": "u", "files": []})


def test_a_decision_is_unfinished_until_its_files_are_written(engine: Engine) -> None:
    log.open_proposal(engine, made())
    assert unfinished(engine) == []
    log.close(engine, made().id, "approved", "Ada", "good", detail={"token": "t", "files": []})
    (decision,) = unfinished(engine)
    assert decision.event == "approved"
    for _ in range(2):
        note_written(engine, decision, {"retired": []})
    assert unfinished(engine) == []
    assert events(engine, made().id) == ["opened", "approved", "written"]
    with pytest.raises(LedgerError, match="it was approved by Ada"):
        log.close(engine, made().id, "rejected", "Bo", "no")
