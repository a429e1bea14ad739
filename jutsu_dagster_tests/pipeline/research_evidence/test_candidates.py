"""The night's candidates over a real small market, from the ledger to the artefact."""

from __future__ import annotations

import json
from datetime import date, timedelta
from typing import Any

import pytest

from jutsu_dagster.core.errors import JutsuError
from jutsu_dagster.pipeline.research import artefacts
from jutsu_dagster.pipeline.research.candidates import promotion_candidates
from jutsu_dagster.pipeline.shadow_retire import retire
from jutsu_dagster.research.trades import stamp
from jutsu_dagster.storage import exploration_log as log
from jutsu_dagster.storage import promotion_log
from jutsu_dagster_tests.pipeline.research_evidence.families import (
    FIRST,
    LAST,
    ONE,
    THREE,
    TWO,
    YOUNG,
    Families,
    by_variant,
)
from jutsu_dagster_tests.pipeline.research_evidence.test_on_bars import own

DAY = timedelta(days=1)
MIDDLE = date(2025, 2, 1)
FOLLOW = "follow_mut_0001"
# Up or down with the last two hours, without costs: ahead on these bars by much.
WITH_IT = """
        return Directional(np.sign(moved).astype(np.int8), np.ones(len(close)), regime)
"""


def test_every_variant_of_the_night_has_a_row_of_numbers(families: Families) -> None:
    found = families.night(LAST)
    assert json.loads(families.artefact(LAST)) == found
    rows = by_variant(found)
    assert list(rows) == [ONE, TWO, THREE, YOUNG]
    assert rows[ONE]["days"] == 44
    assert rows[YOUNG]["days"] == 30
    assert (rows[YOUNG]["first"], rows[YOUNG]["last"]) == ("2025-01-20", "2025-02-18")
    for row in rows.values():
        assert row["control_trades"] > 30
        assert row["sharpe"] < 0
        assert row["gates_failed"][0] == "track_record"
        assert row["note"] == "not computed, because track_record already fails"
    assert rows[ONE]["rule_failed"] == ["pf_ok", "pnl_ok", "drawdown_ok"]
    assert found["summary"]["variants"] == 4
    assert found["not_proposed"] == {"ETH_main": "no variant passes every gate"}
    assert (found["proposals"], found["candidates"], found["not_judged"]) == ([], {}, {})
    view = families.home.path / "reports/evolver/promotion_candidates.json"
    assert view.read_bytes() == families.artefact(LAST)
    assert len(families.home.ledger.trials("ETH_main")) == 4


def test_a_night_is_the_same_whatever_came_after_it(families: Families) -> None:
    families.night(MIDDLE)
    once = families.artefact(MIDDLE)
    families.night(LAST)
    home = families.home
    retire(home.registry, home.path, [TWO], "enough", stamp(LAST))
    families.night(LAST)
    families.night(MIDDLE)
    assert families.artefact(MIDDLE) == once
    rows = by_variant(json.loads(once))
    assert {row["last"] for row in rows.values()} == {"2025-02-01"}


def test_who_did_not_trade_the_day_is_not_judged_and_said_to_be(families: Families) -> None:
    with families.home.ledger.engine.begin() as connection:
        gone = (log.DAYS.c.strategy_id == THREE, log.DAYS.c.day == LAST)
        connection.execute(log.DAYS.delete().where(*gone))
    found = families.night(LAST)
    assert list(by_variant(found)) == [ONE, TWO, YOUNG]
    assert found["not_judged"] == {THREE: "it stands at 2025-02-17"}
    # A night whose variants have not run at all.
    found = families.night(LAST + DAY)
    assert by_variant(found) == {}
    assert set(found["not_judged"]) == {ONE, TWO, THREE, YOUNG}
    # Before its first day there is nothing to say of the one that is not made yet.
    assert YOUNG not in families.night(FIRST)["not_judged"]


@pytest.mark.parametrize("step", ["drift_report", "dream", "quality_scores", "meta_review"])
def test_without_what_the_rule_asks_for_nothing_is_proposed(families: Families, step: str) -> None:
    families.night(LAST)
    artefacts.partition_path(families.home.path, step, LAST).unlink()
    with pytest.raises(JutsuError, match=f"{step}.json is not there; run the night again"):
        promotion_candidates(LAST, families.desk)
    assert LAST not in artefacts.nights(families.home.path, "promotion_candidates")


def test_what_the_night_says_of_the_parent_is_in_the_rule(families: Families) -> None:
    at = stamp(LAST)
    drifts = {"generated_at": at, "strategies": {
        "ETH_main": {"symbol": "ETHUSDT", "status": "degrading"}}}  # fmt: skip
    poor = {"generated_at": at, "scores": {"ETH_main": {"symbol": "ETHUSDT", "score": 12.0}}}
    issue = {"type": "tier_instability", "symbols": ["ETHUSDT"], "strategies": ["ETH_main"]}
    found = families.night(
        LAST, drift_report=drifts, quality_scores=poor, meta_review={"ts": at, "issues": [issue]}
    )
    failed = by_variant(found)[THREE]["rule_failed"]
    assert {"drift_ok", "quality_ok", "meta_ok"} <= set(failed)


@pytest.fixture
def ahead(families: Families) -> Families:
    """A user's strategy with two variants that are ahead of it, and gates that suit 44 days."""
    home = families.home

    def lenient(registry: dict[str, Any]) -> None:
        gates = {"min_dsr": 0.3, "max_pbo": 0.6, "stepm_size": 0.2, "min_neighbour_share": 0.0}
        registry["settings"]["research"]["gates"].update(gates)

    home.edit_registry(lenient)
    return own(home, "ahead", WITH_IT, days=(FIRST, LAST), parameters={
        "lookback": 96, "exploration_cap": 96, "cost_bps_per_side": 0, "max_bars_open": 96,
    }, mutations=({"lookback": 8}, {"lookback": 90}, {"lookback": 100}))  # fmt: skip


def test_what_is_ahead_of_its_parent_is_proposed_from_the_ledger_on(ahead: Families) -> None:
    found = ahead.night(LAST)
    row = by_variant(found)[FOLLOW]
    assert (row["gates_failed"], row["rule_failed"], row["note"]) == ([], [], "")
    (proposal,) = found["proposals"]
    assert proposal["proposal_id"] == f"{FOLLOW}_20250218"
    evidence = found["evidence"][FOLLOW]
    gates = {gate["name"]: gate for gate in evidence["gates"]}
    assert len(gates) == 10
    assert gates["look_ahead"]["why"].startswith("Decisions with the bars cut at 12 places")
    assert {"lookback 7", "lookback 9"} <= set(evidence["neighbours"])
    stored = promotion_log.proposal(ahead.home.ledger.engine, proposal["proposal_id"])
    assert stored is not None
    assert stored.document["parameters"]["lookback"] == 8
    assert stored.document["data_versions"]
    assert stored.document["evidence"] == evidence
    assert ahead.rows.rows[FOLLOW].status == "proposed"
    notes = artefacts.read_notes(ahead.home.path, "promotion_candidates", LAST)
    id_ = f"{FOLLOW}_20250218"
    assert notes == [f"{id_} is proposed until 2025-02-25; see `jutsu promotions show {id_}`"]


def test_the_same_night_again_proposes_the_same(ahead: Families) -> None:
    ahead.night(LAST)
    engine = ahead.home.ledger.engine
    once, log_once = ahead.artefact(LAST), promotion_log.audit(engine)
    ahead.night(LAST)
    assert ahead.artefact(LAST) == once
    assert promotion_log.audit(engine) == log_once
