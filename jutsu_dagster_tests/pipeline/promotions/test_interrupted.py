"""Killed at any point, or two people at once: one whole decision or none."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from jutsu_dagster.pipeline.promotions import PromotionError, approve, recover, rollback
from jutsu_dagster.storage import promotion_log as log
from jutsu_dagster.storage.ledger import Ledger
from jutsu_dagster.storage.promotion_log import ProposalRow
from jutsu_dagster.storage.promotion_trail import unfinished
from jutsu_dagster_tests.homes import Home
from jutsu_dagster_tests.promoting import FILE, NIGHT, REGISTRY, desk, files, propose, variant

WHO = {"by": "Ada", "why": "it holds"}
SHADOWS = "reports/evolver/mutation_strategies.jsonl"

# Decides in a process of its own, which kills itself before the call of `function` that is
# counted down to, or after it.
_DECIDE = """
import os, signal, sys
from datetime import date
from pathlib import Path
from importlib import import_module
from jutsu_dagster.pipeline.promotions import approve, rollback, recover
from jutsu_dagster_tests.homes import Home
from jutsu_dagster_tests.promoting import NIGHT, desk

home, what, id_, hash_, who, place, count, when = sys.argv[1:]
if place:
    module, name = place.rsplit(".", 1)
    module, left = import_module(module), [int(count)]
    real = getattr(module, name)

    def dies(*arguments, **options):
        left[0] -= 1
        if left[0] == 0 and when == "before":
            os.kill(os.getpid(), signal.SIGKILL)
        found = real(*arguments, **options)
        if left[0] == 0:
            os.kill(os.getpid(), signal.SIGKILL)
        return found

    setattr(module, name, dies)
made = desk(Home(Path(home)))
sys.stdin.readline()
if what == "approve":
    approve(made, id_, hash_, by=who, why="it holds", today=NIGHT)
else:
    rollback(made, id_, by=who, why="it lost")
"""
_HERE = "jutsu_dagster.pipeline.promotions"
# Where it dies, which call of it, before or after; and whether the decision is then logged.
DEATHS = [
    ("jutsu_dagster.storage.promotion_log.close", 1, "before", False),
    ("jutsu_dagster.storage.promotion_log.close", 1, "after", True),
    (f"{_HERE}.recovery.changed", 1, "after", True),
    (f"{_HERE}.recovery.bring", 1, "before", True),
    (f"{_HERE}.recovery.bring", 1, "after", True),
    (f"{_HERE}.recovery.bring", 2, "after", True),
    (f"{_HERE}.recovery.bring", 3, "after", True),
    (f"{_HERE}.recovery.note_written", 1, "after", True),
]


def start(
    home: Home, what: str, row: ProposalRow, who: str, death: tuple[str, int, str] = ("", 0, "")
) -> subprocess.Popen[str]:
    place, count, when = death
    program = [sys.executable, "-c", _DECIDE, str(home.path), what, row.id, row.proposal_hash]
    return subprocess.Popen(
        [*program, who, place, str(count), when],
        env={**os.environ, "JUTSU_HOME": str(home.path)},
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )


@pytest.fixture(scope="module")
def outcome(tmp_path_factory: pytest.TempPathFactory) -> dict[str, dict[str, bytes]]:
    """Every file before, after an approval, and after its rollback, where nobody was killed."""
    from jutsu_dagster_tests.promoting import project

    home = project(tmp_path_factory.mktemp("whole"))
    row = propose(home, variant(home))
    variant(home, {"sma_fast_delta": 6})
    found = {"before": _timeless(home)}
    approve(desk(home), row.id, row.proposal_hash, by="Ada", why="it holds", today=NIGHT)
    found["approve"] = _timeless(home)
    rollback(desk(home), row.id, by="Ada", why="it lost")
    found["rollback"] = _timeless(home)
    home.ledger.close()
    return found


def _timeless(home: Home) -> dict[str, bytes]:
    """Return the files without the moments in variants' rows."""
    import re

    found = files(home)
    found[SHADOWS] = re.sub(rb'(_at": ")[^"]+', rb"\1now", found[SHADOWS])
    return found


@pytest.mark.parametrize("what", ["approve", "rollback"])
@pytest.mark.parametrize(
    "death", DEATHS, ids=lambda death: f"{death[2]} {death[0][-12:]} {death[1]}"
)
def test_a_decision_killed_anywhere_is_whole_after_the_next_command(
    made: Home, outcome: dict[str, dict[str, bytes]], what: str, death: tuple[str, int, str, bool]
) -> None:
    place, count, when, logged = death
    row = propose(made, variant(made))
    variant(made, {"sma_fast_delta": 6})
    if what == "rollback":
        approve(desk(made), row.id, row.proposal_hash, **WHO, today=NIGHT)
    process = start(made, what, row, "Ada", (place, count, when))
    _, said = process.communicate("\n", timeout=120)
    assert process.returncode == -signal.SIGKILL, said
    finished = recover(desk(made))
    noted = place.endswith("note_written")
    assert [each.promotion_id for each in finished] == ([row.id] if logged and not noted else [])
    stage = what if logged else {"approve": "before", "rollback": "approve"}[what]
    assert _timeless(made) == outcome[stage]
    assert unfinished(made.ledger.engine) == []
    if not logged:
        process = start(made, what, row, "Bo")
        _, said = process.communicate("\n", timeout=120)
        assert process.returncode == 0, said


def test_a_file_edited_between_death_and_recovery_is_not_overwritten(made: Home) -> None:
    row = propose(made, variant(made))
    process = start(made, "approve", row, "Ada", (f"{_HERE}.recovery.bring", 1, "after"))
    process.communicate("\n", timeout=120)
    path = made.path / FILE
    was = path.read_text()
    path.write_text(was.replace("sma_slow: 140", "sma_slow: 150"))
    with pytest.raises(PromotionError, match="edited in the middle of a decision") as refusal:
        recover(desk(made))
    assert "+    sma_slow: 150" in str(refusal.value)
    assert "sma_slow: 150" in path.read_text()
    path.write_text(was)
    assert [each.promotion_id for each in recover(desk(made))] == [row.id]
    assert "sma_fast: 45" in path.read_text()


def test_of_two_people_at_once_exactly_one_approves(made: Home) -> None:
    row = propose(made, variant(made))
    people = {who: start(made, "approve", row, who) for who in ("Ada", "Bo", "Cy")}
    for process in people.values():
        assert process.stdin is not None
        process.stdin.write("\n")
        process.stdin.flush()
    ends = {
        who: (each.communicate(timeout=120)[1], each.returncode) for who, each in people.items()
    }
    winners = [who for who, (_, code) in ends.items() if code == 0]
    assert len(winners) == 1
    for who, (said, _) in ends.items():
        if who not in winners:
            assert f"{row.id} was approved by {winners[0]} at" in said
    events = [each.event for each in log.audit(made.ledger.engine, row.id)]
    assert events == ["opened", "approved", "written"]
    assert (made.path / REGISTRY).read_text().count("active_strategy") == 1


@pytest.mark.postgres
def test_in_postgresql_too_a_decision_is_made_taken_back_and_recovered(
    tmp_path: Path, postgres_url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    from jutsu_dagster.pipeline.promotions import PromotionDesk
    from jutsu_dagster_tests.promoting import project

    monkeypatch.setenv("JUTSU_DATABASE_URL", postgres_url)
    home = project(tmp_path)
    own = PromotionDesk(home.settings, Ledger(home.settings.ledger_url))
    row, before = propose(home, variant(home)), files(home)
    process = start(home, "approve", row, "Ada", (f"{_HERE}.recovery.bring", 2, "after"))
    process.communicate("\n", timeout=120)
    assert len(recover(own)) == 1
    with pytest.raises(PromotionError, match="was approved by Ada"):
        approve(own, row.id, row.proposal_hash, **WHO, today=NIGHT)
    rollback(own, row.id, **WHO)
    assert files(home)[FILE] == before[FILE]
    own.ledger.close()
    home.ledger.close()
