"""A promotion taken back: to the byte where nobody edited since, and never over an edit."""

from __future__ import annotations

from datetime import timedelta

import pytest

from jutsu_dagster.pipeline.promotions import PromotionError, approve, rollback
from jutsu_dagster.pipeline.registry_edits import apply_edit
from jutsu_dagster.registry.edit import set_active
from jutsu_dagster.storage import promotion_log as log
from jutsu_dagster.storage.promotion_log import ProposalRow
from jutsu_dagster_tests.homes import Home
from jutsu_dagster_tests.promoting import (
    FILE,
    NIGHT,
    PARENT,
    REGISTRY,
    desk,
    files,
    propose,
    row_of,
    variant,
)

WHO = {"by": "Ada", "why": "it holds"}
BACK = {"by": "Bo", "why": "it lost a lot"}


def approved(home: Home, row: ProposalRow) -> ProposalRow:
    return approve(desk(home), row.id, row.proposal_hash, **WHO, today=row.partition).row


def test_file_and_registry_are_as_before_to_the_byte(made: Home) -> None:
    chosen, sibling = variant(made), variant(made, {"sma_fast_delta": 6})
    row, before = propose(made, chosen), files(made)
    approved(made, row)
    promoted = files(made)[FILE]
    done = rollback(desk(made), row.id, **BACK)
    after = files(made)
    assert [after[name] for name in (FILE, REGISTRY)] == [before[FILE], before[REGISTRY]]
    assert after["config/strategies/versions/v3_5b-1.1.yaml"] == promoted
    assert (done.version, done.row.status) == (("1.1", "1.0"), "rolled_back")
    retired = [row_of(made, id_) for id_ in (chosen, sibling)]
    assert [each.status for each in retired] == ["retired", "retired"]
    assert (retired[0].model_extra or {})["retired_reason"] == (
        "promotion rolled back by Bo: it lost a lot"
    )
    events = [each.event for each in log.audit(made.ledger.engine, row.id)]
    assert events == ["opened", "approved", "written", "rolled_back", "written"]
    with pytest.raises(PromotionError, match="is rolled back; only an approved one"):
        rollback(desk(made), row.id, **BACK)


def test_an_edit_since_is_shown_and_not_lost(made: Home) -> None:
    row = propose(made, variant(made))
    approved(made, row)
    path = made.path / FILE
    path.write_text(path.read_text().replace("sma_slow: 140", "sma_slow: 150"))
    before = files(made)
    with pytest.raises(PromotionError) as refusal:
        rollback(desk(made), row.id, **BACK)
    assert "was edited since it was promoted" in str(refusal.value)
    assert "-    sma_slow: 140\n  +    sma_slow: 150" in str(refusal.value)
    assert files(made) == before
    found = log.proposal(made.ledger.engine, row.id)
    assert found is not None
    assert found.status == "approved"


def test_other_edits_of_the_registry_survive(made: Home) -> None:
    row = propose(made, variant(made))
    approved(made, row)
    home, path = made.path, made.settings.registry_path
    apply_edit(made.settings, lambda: set_active(path, home, "v3_5d", active=False))
    rollback(desk(made), row.id, **BACK)
    registry = made.registry
    assert registry.entries["v3_5d"].is_active is False
    assert registry.entries[PARENT].active_strategy == PARENT
    assert registry.entries[PARENT].variants == (row.variant_id,)


def test_an_entry_edited_by_hand_is_not_overwritten(made: Home) -> None:
    row = propose(made, variant(made))
    approved(made, row)
    path = made.path / REGISTRY
    edited = path.read_text().replace(
        f'active_strategy: "{row.variant_id}"', 'active_strategy: "mine"'
    )
    path.write_text(edited)
    with pytest.raises(PromotionError, match="active_strategy of v3_5b is mine, not"):
        rollback(desk(made), row.id, **BACK)
    assert path.read_text() == edited


def test_promotions_of_one_strategy_are_taken_back_last_first(made: Home) -> None:
    before = files(made)
    first = propose(made, variant(made))
    approved(made, first)
    second = propose(made, variant(made, {"sma_slow_delta": 10}), day=NIGHT + timedelta(days=7))
    approved(made, second)
    with pytest.raises(PromotionError, match=f"promoted again since, by {second.id}"):
        rollback(desk(made), first.id, **BACK)
    rollback(desk(made), second.id, **BACK)
    rollback(desk(made), first.id, **BACK)
    after = files(made)
    assert (after[FILE], after[REGISTRY]) == (before[FILE], before[REGISTRY])
