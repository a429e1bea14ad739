from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path

import pytest

from jutsu_dagster.storage.state import StateError, text_of
from jutsu_dagster.storage.state_files import StateManager
from jutsu_dagster_tests.storage.test_state_files import START, at, backups, files, manager_of


def _truncate(path: Path) -> None:
    path.write_bytes(path.read_bytes()[:100])


def _empty(path: Path) -> None:
    path.write_text("")


def _break_a_rule(path: Path) -> None:
    path.write_text(path.read_text().replace('"vol_state": 0', '"vol_state": "Low"'))


def _make_a_folder(path: Path) -> None:
    path.unlink()
    path.mkdir()


def _of_another(path: Path) -> None:
    path.write_text(path.read_text().replace('"one"', '"two"'))


DAMAGES = [Path.unlink, _truncate, _empty, _break_a_rule, _make_a_folder, _of_another]


@pytest.mark.parametrize("damage", DAMAGES, ids=lambda damage: damage.__name__)
def test_a_broken_file_is_recovered_from_the_ledger_first(
    tmp_path: Path, caplog: pytest.LogCaptureFixture, damage: Callable[[Path], None]
) -> None:
    known = at(9.0, last_run=START.metadata.created_at)
    manager = manager_of(tmp_path, recover=lambda: known)
    manager.save(START)
    manager.save(at(1.0))
    damage(manager.path)
    assert manager.load() == known
    assert manager.recovered_from == "the ledger's checkpoint of 2026-01-20T00:00:00Z"
    (message,) = [record.getMessage() for record in caplog.records]
    assert message.startswith("one/state.json")
    assert "Recovered from the ledger's checkpoint of 2026-01-20T00:00:00Z." in message
    assert manager.path.read_text() == text_of(known)
    kept = manager.backups.names("state_corrupt")
    assert len(kept) == (damage is not Path.unlink)
    assert all(f"kept as backups/{path.name}" in message for path in kept)
    assert manager.load() == known
    assert manager.recovered_from is None


@pytest.mark.parametrize("damage", DAMAGES, ids=lambda damage: damage.__name__)
def test_where_the_ledger_knows_nothing_the_newest_valid_backup_is_taken(
    tmp_path: Path, caplog: pytest.LogCaptureFixture, damage: Callable[[Path], None]
) -> None:
    manager = manager_of(tmp_path, recover=lambda: None)
    for number in range(4):
        manager.save(at(float(number)))
    *_, good, bad = manager.backups.names()
    bad.write_text("{")
    damage(manager.path)
    assert manager.load() == at(1.0)
    origin = f"backups/{good.name}, because the ledger has no checkpoint"
    assert manager.recovered_from == origin
    assert f"Recovered from {origin}." in caplog.text
    assert manager.path.read_text() == text_of(at(1.0))


def test_backups_are_newest_by_name_whatever_their_times_say(tmp_path: Path) -> None:
    manager = manager_of(tmp_path)
    for number in range(3):
        manager.save(at(float(number)))
    manager.backups.names()[0].touch()
    manager.path.unlink()
    assert manager.load() == at(1.0)


def test_a_file_deleted_from_a_folder_without_backups_is_made_again_with_a_warning(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    manager = manager_of(tmp_path)
    manager.load()
    manager.path.unlink()
    state = manager.load()
    assert (state.account_equity, state.last_run) == (10_000.0, None)
    assert manager.recovered_from == "the initial values, as the account was never used"
    assert "one/state.json is missing. Recovered from the initial values" in caplog.text


@pytest.mark.parametrize("damage", DAMAGES[1:], ids=lambda damage: damage.__name__)
def test_a_broken_file_that_nothing_can_replace_stays_and_is_named(
    tmp_path: Path, damage: Callable[[Path], None]
) -> None:
    manager = manager_of(tmp_path)
    manager.save(START)
    damage(manager.path)
    before = files(tmp_path)
    with pytest.raises(StateError) as caught:
        manager.load()
    first, last = str(caught.value).splitlines()
    assert first.startswith("one/state.json")
    assert "cannot be recovered: there is no ledger to ask, and backups/ holds no valid" in last
    assert files(tmp_path) == before


def test_a_missing_file_whose_backups_are_all_broken_is_no_new_account(tmp_path: Path) -> None:
    manager = manager_of(tmp_path)
    manager.save(START)
    manager.save(at(1.0))
    manager.backups.names()[0].write_text("{")
    manager.path.unlink()
    with pytest.raises(StateError, match="is missing"):
        manager.load()


def test_the_same_broken_content_is_kept_once(tmp_path: Path) -> None:
    manager = manager_of(tmp_path, recover=lambda: START)
    for _ in range(3):
        manager.save(START)
        manager.path.write_text("{")
        assert manager.load() == START
    assert len(manager.backups.names("state_corrupt")) == 1


def test_only_ten_broken_files_are_kept(tmp_path: Path) -> None:
    manager = manager_of(tmp_path, recover=lambda: START)
    for number in range(12):
        manager.path.parent.mkdir(exist_ok=True)
        manager.path.write_text("{" * (number + 1))
        manager.load()
    kept = manager.backups.names("state_corrupt")
    assert [len(path.read_text()) for path in kept] == list(range(3, 13))
    assert backups(manager) == []


def test_a_dangling_link_is_recovered_at_its_target(tmp_path: Path) -> None:
    link = tmp_path / "state.json"
    link.symlink_to("one/state.json")
    manager = StateManager(link, "one", recover=lambda: at(3.0))
    assert manager.load() == at(3.0)
    assert link.is_symlink()
    assert json.loads((tmp_path / "one" / "state.json").read_text())["account_equity"] == 3.0


def test_a_link_to_itself_leads_nowhere_and_is_kept_aside(tmp_path: Path) -> None:
    link = tmp_path / "state.json"
    link.symlink_to("state.json")
    manager = StateManager(link, "one", recover=lambda: at(3.0))
    assert manager.load() == at(3.0)
    assert link.read_text() == text_of(at(3.0))


def test_a_small_drift_is_told(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    manager = manager_of(tmp_path)
    state = at(1.0, current_positions={"QQQ": 100, "TMF": 0})
    assert manager.reconcile(state, {"QQQ": 100}) == {}
    assert manager.reconcile(state, {"QQQ": 98}) == {"QQQ": 2.0}
    assert caplog.records == []
    assert manager.reconcile(state, {"QQQ": 110}) == {"QQQ": 10.0}
    (record,) = caplog.records
    assert record.getMessage() == (
        "one/state.json: current_positions.QQQ (100) drifts by 10.0 % from the 110 actually held."
    )


def test_a_large_drift_stops_and_every_symbol_is_named(tmp_path: Path) -> None:
    state = at(1.0, current_positions={"QQQ": 100, "TMF": 10, "PSQ": -50})
    with pytest.raises(StateError) as caught:
        manager_of(tmp_path).reconcile(state, {"QQQ": 90, "TQQQ": 1, "PSQ": 50})
    assert [fault.key for fault in caught.value.faults] == [
        "current_positions.PSQ",
        "current_positions.TMF",
        "current_positions.TQQQ",
    ]
    assert "PSQ (-50) drifts by 200.0 %" in str(caught.value)
    assert "TQQQ (0) drifts by 100.0 % from the 1" in str(caught.value)
