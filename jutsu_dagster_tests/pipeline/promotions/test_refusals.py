"""What no approval gets past: every refusal leaves every file as it was."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from jutsu_dagster.core.errors import JutsuError
from jutsu_dagster.pipeline.promotions import approve, reject, rollback
from jutsu_dagster.pipeline.research.proposals import expire_proposals
from jutsu_dagster.pipeline.shadow_retire import retire
from jutsu_dagster.storage import promotion_log as log
from jutsu_dagster.storage.promotion_log import ProposalRow
from jutsu_dagster_tests.homes import Home
from jutsu_dagster_tests.promoting import (
    FILE,
    LAST_DAY,
    NIGHT,
    PARENT,
    desk,
    files,
    propose,
    row_of,
    variant,
)

WHO = {"by": "Ada", "why": "it holds"}
AT = "2025-03-04T00:00:00Z"


def refused(home: Home, row: ProposalRow, match: str, **options: Any) -> None:
    """Approve, and see that it is refused with nothing changed."""
    before, shown = files(home), options.pop("hash", row.proposal_hash)
    whole: dict[str, Any] = {**WHO, "today": NIGHT} | options
    with pytest.raises(JutsuError, match=match):
        approve(desk(home), row.id, shown, **whole)
    assert files(home) == before
    found = log.proposal(home.ledger.engine, row.id)
    assert found is not None
    assert found.status == row.status


def parameter(home: Home, old: str, new: str) -> None:
    path = home.path / FILE
    assert old in path.read_text()
    path.write_text(path.read_text().replace(old, new))


def entry(key: str, value: object) -> Callable[[Home], None]:
    return lambda home: home.edit_registry(
        lambda document: document["strategies"][PARENT].update({key: value})
    )


@pytest.fixture
def proposed(made: Home) -> ProposalRow:
    return propose(made, variant(made))


def test_a_hash_of_something_else(made: Home, proposed: ProposalRow) -> None:
    refused(made, proposed, "--hash 0123 is not of the evidence.*promotions show", hash="0123")


def test_evidence_that_the_night_has_replaced_since_it_was_shown(
    made: Home, proposed: ProposalRow
) -> None:
    again = propose(made, proposed.variant_id, data_versions=["etf_daily@8"])
    assert again.id == proposed.id
    refused(made, again, "is not of the evidence as it is now", hash=proposed.proposal_hash)


def test_evidence_that_was_altered_in_the_ledger(made: Home, proposed: ProposalRow) -> None:
    with made.ledger.engine.begin() as connection:
        change = (
            "UPDATE promotions SET document = replace(document, '\"days\":504', '\"days\":999')"
        )
        assert connection.exec_driver_sql(change).rowcount == 1
    refused(made, proposed, "the ledger was altered")


def test_the_day_after_the_last(made: Home, proposed: ProposalRow) -> None:
    refused(made, proposed, "expired on 2025-03-10", today=LAST_DAY + timedelta(days=1))
    today = datetime.now(UTC).date()
    refused(made, proposed, f"and today is {today}", today=None)


def test_a_proposal_that_a_night_has_expired(made: Home, proposed: ProposalRow) -> None:
    parts = (made.registry, made.ledger, made.path)
    assert expire_proposals(*parts, LAST_DAY - timedelta(days=1)) == []
    assert row_of(made, proposed.variant_id).status == "proposed"
    assert expire_proposals(*parts, LAST_DAY) == [proposed.id]
    assert row_of(made, proposed.variant_id).status == "shadow"
    expired = log.proposal(made.ledger.engine, proposed.id)
    assert expired is not None
    refused(made, expired, "was expired by the night")


def test_other_parameters_of_the_parent(made: Home, proposed: ProposalRow) -> None:
    parameter(made, "sma_slow: 140", "sma_slow: 150")
    refused(made, proposed, f"parameters of {PARENT} were changed since")
    parameter(made, "sma_slow: 150", "sma_slow: 140  # as it was")
    approve(desk(made), proposed.id, proposed.proposal_hash, **WHO, today=NIGHT)
    assert "sma_slow: 140  # as it was" in (made.path / FILE).read_text()


def test_other_costs_of_the_parent(made: Home, proposed: ProposalRow) -> None:
    parameter(made, "slippage_rate: 0.001", "slippage_rate: 0.002")
    refused(made, proposed, f"orders of {PARENT} fill on other terms than the evidence is of")


def test_a_parent_that_is_broken_or_gone(made: Home) -> None:
    row = propose(made, variant(made, parent="v3_5d"))
    file = made.path / "config/strategies/v3_5d.yaml"
    was = file.read_text()
    file.write_text(was.replace("sma_fast: 40", "sma_fast: many"))
    refused(made, row, "v3_5d.yaml: strategy.parameters.sma_fast .'many'. must be")
    file.write_text(was)

    def gone(document: dict[str, Any]) -> None:
        del document["strategies"]["v3_5d"]
        document["execution_order"].remove("v3_5d")

    made.edit_registry(gone)
    refused(made, row, "v3_5d is not registered any more")


def test_a_parent_that_is_not_on_paper(made: Home, proposed: ProposalRow) -> None:
    off = False
    entry("paper_trading", off)(made)
    refused(made, proposed, "only a strategy on paper is promoted")


def test_something_at_hand_that_sends_orders(
    made: Home, proposed: ProposalRow, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(
        "jutsu_dagster.pipeline.promotions.checks.order_clients", lambda: ["binance"]
    )
    refused(made, proposed, "has binance loaded, which can send orders")


def test_a_variant_that_was_retired_since(made: Home, proposed: ProposalRow) -> None:
    retire(made.registry, made.path, [proposed.variant_id], "dominated", AT)
    refused(made, proposed, "is retired .dominated., no longer proposed.*promotions reject")


@pytest.mark.parametrize(
    ("change", "match"),
    [
        ({"mutations": {"sma_fast_delta": 6}}, "has other mutations now"),
        ({"base_params_hash": "0" * 16}, "is frozen on other parameters"),
        ({"parent_id": "v3_5d"}, "is of parent_id 'v3_5d'"),
        ({"partition": "2025-03-02"}, "is of partition '2025-03-02'"),
    ],
)
def test_a_document_that_is_of_something_else(
    made: Home, change: dict[str, Any], match: str
) -> None:
    from jutsu_dagster.research.promotion_rule import proposal_hash
    from jutsu_dagster_tests.promoting import document

    id_ = variant(made)
    whole = document(made, id_) | change
    made_of = log.Proposal(
        id=log.proposal_id(id_, NIGHT), parent_id=PARENT, variant_id=id_, partition=NIGHT,
        expires_on=LAST_DAY, proposal_hash=proposal_hash(whole), document=whole,
    )  # fmt: skip
    log.open_proposal(made.ledger.engine, made_of)
    row = log.proposal(made.ledger.engine, made_of.id)
    assert row is not None
    with pytest.raises(JutsuError, match=match):
        approve(desk(made), row.id, row.proposal_hash, **WHO, today=NIGHT)


def test_parameters_that_are_not_the_variants_or_not_valid(made: Home) -> None:
    id_ = variant(made)
    whole = propose(made, id_).document["parameters"]
    row = propose(made, id_, parameters={**whole, "sma_fast": 46})
    refused(made, row, f"not those that {id_} has")
    row = propose(made, id_, parameters={**whole, "sma_fast": 500})
    refused(made, row, "sma_fast")


def test_twice(made: Home, proposed: ProposalRow) -> None:
    approve(desk(made), proposed.id, proposed.proposal_hash, **WHO, today=NIGHT)
    now = log.proposal(made.ledger.engine, proposed.id)
    assert now is not None
    refused(made, now, r"was approved by Ada at 20.*\(it holds\); nothing is changed")


def test_a_rejected_one_and_an_unknown_one(made: Home, proposed: ProposalRow) -> None:
    done = reject(desk(made), proposed.id, by="Bo", why="too few bears")
    row = row_of(made, proposed.variant_id)
    assert (done.row.status, row.status) == ("rejected", "rejected")
    assert (row.model_extra or {})["rejected_reason"] == "too few bears"
    refused(made, done.row, r"was rejected by Bo at .* \(too few bears\)")
    with pytest.raises(JutsuError, match="cannot be rejected: it was rejected by Bo"):
        reject(desk(made), proposed.id, by="Bo", why="again")
    with pytest.raises(JutsuError, match="Did you mean 'v3_5b_mut_0001_20250303'"):
        approve(desk(made), "v3_5b_mut_0001", "x", **WHO, today=NIGHT)
    with pytest.raises(JutsuError, match="is rejected; only an approved one"):
        rollback(desk(made), proposed.id, **WHO)


def test_nobody_and_no_reason(made: Home, proposed: ProposalRow) -> None:
    refused(made, proposed, "--by must be a name", by=" ")
    refused(made, proposed, "--why must say why", why="\n")
    refused(made, proposed, "at most 100 characters", by="a" * 101)


def test_a_folder_that_cannot_be_written_is_found_before_anything_is_logged(
    made: Home, proposed: ProposalRow, monkeypatch: pytest.MonkeyPatch
) -> None:
    def closed(**_options: object) -> None:
        raise PermissionError(13, "Permission denied")

    # The tests may run as root, whom no permission stops.
    monkeypatch.setattr("tempfile.TemporaryFile", closed)
    refused(made, proposed, "cannot be written .Permission denied.; nothing is changed")
