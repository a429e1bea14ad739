"""``jutsu promotions``, as a person and a machine use it."""

from __future__ import annotations

import os
import subprocess
import sys
from datetime import UTC, date, datetime, timedelta
from pathlib import Path

import pytest

from jutsu_dagster.pipeline.shadow_registry import read_book
from jutsu_dagster.settings import Settings
from jutsu_dagster.storage import promotion_log as log
from jutsu_dagster.storage.promotion_log import ProposalRow
from jutsu_dagster_tests.cli.conftest import Jutsu
from jutsu_dagster_tests.homes import Home
from jutsu_dagster_tests.promoting import FILE, PARENT, project, propose, row_of, variant

WORDS = ("--by", "Ada", "--why", "ahead in both halves")


@pytest.fixture
def told(monkeypatch: pytest.MonkeyPatch) -> list[Settings]:
    """What a running Dagster is told."""
    calls: list[Settings] = []
    monkeypatch.setattr("jutsu_dagster.cli.reload.reload_code_location", calls.append)
    return calls


@pytest.fixture
def made(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, told: list[Settings]) -> Home:
    assert told == []
    monkeypatch.delenv("JUTSU_DATABASE_URL", raising=False)
    monkeypatch.setenv("JUTSU_HOME", str(tmp_path))
    return project(tmp_path)


def yesterday() -> date:
    return datetime.now(UTC).date() - timedelta(days=1)


@pytest.fixture
def row(made: Home) -> ProposalRow:
    """A proposal of last night, and a sibling of its variant."""
    proposed = propose(made, variant(made), yesterday())
    variant(made, {"sma_fast_delta": 6})
    return proposed


def test_a_promotion_from_proposal_to_rollback(
    made: Home, row: ProposalRow, jutsu: Jutsu, told: list[Settings]
) -> None:
    before = (made.path / FILE).read_bytes()
    seen = jutsu("promotions", "list").out.splitlines()
    assert seen[1].split()[:2] == [row.id, "open"]
    assert f"{row.expires_on}, in 6 d" in seen[1]
    assert "9/9 gates, 504 d; PSR >0.9999" in seen[1]

    shown = jutsu("promotions", "show", row.id).out
    assert "✓ All 9 gates hold, and so does the promotion rule." in shown
    assert f"hash of this evidence: {row.proposal_hash}" in shown
    assert f"jutsu promotions approve {row.id} --hash {row.proposal_hash}" in shown
    assert "Bailey and López de Prado (2014)" in shown
    page = made.path / f"reports/promotions/{row.id}.html"
    assert "To decide" in page.read_text()

    done = jutsu("promotions", "approve", row.id, "--hash", row.proposal_hash, *WORDS)
    assert f"{row.variant_id} is promoted: {PARENT} is version 1.1, from 1.0" in done.out
    assert "written: config/strategies/versions/v3_5b-1.0.yaml" in done.out
    assert "retired (their base is obsolete): v3_5b_mut_0002" in done.out
    assert "    sma_fast: 45\n" in (made.path / FILE).read_text()
    assert len(told) == 1
    assert "To decide" not in page.read_text()
    with made.ledger.engine.connect() as connection:
        query = "SELECT config_yaml FROM strategy_configs WHERE strategy_id = 'v3_5b'"
        assert "sma_fast: 45" in connection.exec_driver_sql(query).scalar_one()

    again = jutsu("promotions", "approve", row.id, "--hash", row.proposal_hash, *WORDS)
    assert "was approved by Ada at" in again.faults[0]
    back = jutsu("promotions", "rollback", row.id, "--by", "Bo", "--why", "it lost")
    assert f"{PARENT} is version 1.0 again, from 1.1" in back.out
    assert "so stay those that its promotion retired" in back.out
    assert (made.path / FILE).read_bytes() == before
    assert "rolled back" in jutsu("promotions", "list").out


def test_machines_get_json_and_open_ones_come_first(
    made: Home, row: ProposalRow, jutsu: Jutsu
) -> None:
    later = propose(made, variant(made, {"max_bars_open": 5}, "ETH_main"), yesterday())
    done = jutsu("promotions", "reject", later.id, *WORDS, "--json").json
    assert (done["status"], done["warnings"]) == ("rejected", [])
    rows = jutsu("promotions", "list", "--json").json["promotions"]
    assert [each["id"] for each in rows] == [row.id, later.id]
    assert rows[0]["gates"]["pbo"] is True
    assert rows[0]["expired"] is False
    assert [each["id"] for each in
            jutsu("promotions", "list", "--parent", "ETH_main", "--json").json["promotions"]
            ] == [later.id]  # fmt: skip
    shown = jutsu("promotions", "show", row.id, "--json").json
    assert shown["changes"]["sma_fast"] == {"from": 40, "to": 45}
    assert shown["document"]["evidence"]["passed"] is True
    approved = jutsu(
        "promotions", "approve", row.id, "--hash", row.proposal_hash, *WORDS, "--json"
    ).json
    assert approved["version"] == {"old": "1.0", "new": "1.1"}
    assert approved["retired"] == ["v3_5b_mut_0002"]


def test_refusals_exit_with_2_and_say_what_to_do(
    made: Home, row: ProposalRow, jutsu: Jutsu
) -> None:
    wrong = jutsu("promotions", "approve", row.id, "--hash", "beef", *WORDS)
    assert f"jutsu promotions show {row.id}" in wrong.faults[0]
    unknown = jutsu("promotions", "show", "v3_5b_mut_0001")
    assert f"Did you mean '{row.id}'?" in unknown.faults[0]
    assert "Did you mean 'v3_5b'?" in jutsu("promotions", "list", "--parent", "v35b").faults[0]
    as_json = jutsu("promotions", "approve", row.id, "--hash", "beef", *WORDS, "--json")
    assert (as_json.code, "PromotionError" in as_json.err) == (2, True)
    for missing in ("--hash", "--by", "--why"):
        options = {"--hash": row.proposal_hash, "--by": "Ada", "--why": "good"}
        del options[missing]
        arguments = [part for pair in options.items() for part in pair]
        answer = jutsu("promotions", "approve", row.id, *arguments)
        assert (answer.code, missing in answer.err) == (2, True)
    assert row_of(made, row.variant_id).status == "proposed"


def test_an_old_proposal_is_called_over_and_refused(made: Home, jutsu: Jutsu) -> None:
    old = propose(made, variant(made), yesterday() - timedelta(days=30))
    assert f"{old.expires_on}, over" in jutsu("promotions", "list").out
    assert "which is over" in jutsu("promotions", "show", old.id).out
    refused = jutsu("promotions", "approve", old.id, "--hash", old.proposal_hash, *WORDS)
    assert f"expired on {old.expires_on}" in refused.faults[0]


@pytest.mark.usefixtures("made")
def test_where_nothing_is_proposed_it_says_when_something_is(jutsu: Jutsu) -> None:
    assert "the night proposes a variant once every gate holds" in jutsu("promotions", "list").out


def test_the_next_look_finishes_what_a_killed_approval_left(
    made: Home, row: ProposalRow, jutsu: Jutsu, told: list[Settings]
) -> None:
    kills = (
        "import os, signal, sys\n"
        "from jutsu_dagster.cli.app import main\n"
        "from jutsu_dagster.pipeline.promotions import recovery\n"
        "recovery.bring = lambda *_: os.kill(os.getpid(), signal.SIGKILL)\n"
        "main(sys.argv[1:])"
    )
    program = [sys.executable, "-c", kills, "promotions", "approve", row.id]
    run = subprocess.run(
        [*program, "--hash", row.proposal_hash, *WORDS], capture_output=True, check=False,
        env={**os.environ, "JUTSU_HOME": str(made.path)}, timeout=120,
    )  # fmt: skip
    assert run.returncode == -9, run.stderr
    assert made.registry.entries[PARENT].active_strategy is None
    path = made.path / FILE
    was = path.read_text()
    path.write_text(was + "# mine\n")
    # A look goes on; who wants to decide must mend it first.
    assert "warning: config/strategies/v3_5b.yaml was edited" in jutsu("promotions", "list").err
    assert jutsu("promotions", "reject", row.id, *WORDS).code == 2
    path.write_text(was)
    said = jutsu("promotions", "list")
    assert f"{row.id}: approved by Ada, interrupted then, is now written" in said.err
    assert made.registry.entries[PARENT].active_strategy == row.variant_id
    assert read_book(made.registry, made.path).shadows[row.variant_id].row.status == "promoted"
    assert [each.event for each in log.audit(made.ledger.engine, row.id)][-1] == "written"
    assert len(told) == 1


def test_the_help_teaches_the_way(jutsu: Jutsu) -> None:
    said = " ".join(jutsu("promotions", "--help").out.split())
    for words in ("Nothing is ever promoted by itself", "expires after a week", "--hash HASH"):
        assert words in said
    assert "comments kept" in " ".join(jutsu("promotions", "approve", "--help").out.split())
