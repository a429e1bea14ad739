from __future__ import annotations

import os
import tempfile
from datetime import UTC, datetime, tzinfo
from pathlib import Path
from typing import Any

import pytest

from jutsu_dagster.core.errors import LedgerError
from jutsu_dagster.storage import state_backups
from jutsu_dagster.storage.state import StateError, TradingState, text_of
from jutsu_dagster.storage.state_files import StateManager

CREATED = datetime(2026, 1, 20, tzinfo=UTC)
START = TradingState.initial("one", 10_000.0, CREATED)


def at(equity: float, **changes: object) -> TradingState:
    return START.model_copy(update={"account_equity": equity, **changes})


@pytest.fixture
def manager(tmp_path: Path) -> StateManager:
    return manager_of(tmp_path)


def manager_of(home: Path, **options: Any) -> StateManager:
    return StateManager(home / "one" / "state.json", "one", home=home, **options)


def files(folder: Path) -> list[str]:
    """Return what people see of a folder, and any temporary file."""
    found = [path for path in sorted(folder.rglob("*")) if path.is_file()]
    return [path.name for path in found if not path.name.endswith(".lock")]


def backups(manager: StateManager) -> list[str]:
    return [path.read_text() for path in manager.backups.names()]


def test_an_account_never_used_starts_from_the_initial_values(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    manager = manager_of(tmp_path, initial_equity=2500.0)
    state = manager.load()
    created = state.metadata.created_at
    assert created is not None
    assert state == TradingState.initial("one", 2500.0, created)
    assert manager.load() == state
    assert manager.recovered_from is None
    assert caplog.records == []


def test_a_saved_state_is_loaded_and_the_one_before_kept(manager: StateManager) -> None:
    manager.save(START)
    manager.save(at(10_100.0))
    assert manager.load() == at(10_100.0)
    assert backups(manager) == [text_of(START)]
    assert files(manager.path.parent) == [manager.backups.names()[0].name, "state.json"]


def test_the_same_content_again_changes_nothing(manager: StateManager) -> None:
    manager.save(START)
    manager.save(at(1.0))
    before = manager.path.stat(), files(manager.path.parent)
    manager.save(at(1.0))
    after = manager.path.stat(), files(manager.path.parent)
    assert (after[0].st_mtime_ns, after[0].st_ino) == (before[0].st_mtime_ns, before[0].st_ino)
    assert after[1] == before[1]


def test_ten_backups_are_kept_the_newest_by_name(manager: StateManager) -> None:
    for number in range(15):
        manager.save(at(float(number)))
        for path in manager.backups.names():
            os.utime(path, (100 - number, 100 - number))
    assert backups(manager) == [text_of(at(float(number))) for number in range(4, 14)]


def test_backups_of_one_moment_and_of_a_clock_gone_back_keep_their_order(
    manager: StateManager, monkeypatch: pytest.MonkeyPatch
) -> None:
    years = [2030, 2030, 2030, 2026, 2026, 2031]

    class Clock:
        @staticmethod
        def now(tz: tzinfo) -> datetime:
            return datetime(years.pop(0), 1, 5, 21, 0, 0, 7, tzinfo=tz)

    monkeypatch.setattr(state_backups, "datetime", Clock)
    for number in range(7):
        manager.save(at(float(number)))
    assert [path.name for path in manager.backups.names()] == [
        "state_backup_20300105_210000_000007.json",
        *(f"state_backup_20300105_210000_000007_00000{number}.json" for number in range(1, 5)),
        "state_backup_20310105_210000_000007.json",
    ]
    assert backups(manager) == [text_of(at(float(number))) for number in range(6)]


def test_backups_with_an_earlier_systems_names_are_older_ones(manager: StateManager) -> None:
    manager.save(START)
    old = manager.backups.folder / "state_backup_20990105_210000.json"
    old.parent.mkdir()
    old.write_text(text_of(at(5.0)))
    for number in (6.0, 7.0, 8.0):
        manager.save(at(number))
    assert manager.backups.names()[0] == old
    assert backups(manager)[1:] == [text_of(state) for state in (START, at(6.0), at(7.0))]


def test_no_backup_is_made_where_the_configuration_says_so(tmp_path: Path) -> None:
    manager = manager_of(tmp_path, backup=False)
    manager.save(START)
    manager.save(at(1.0))
    assert files(manager.path.parent) == ["state.json"]


def test_a_state_that_breaks_a_rule_is_not_written(manager: StateManager) -> None:
    manager.save(START)
    rule = r"^one/state\.json: account_equity \(nan\) must be a finite number\.$"
    with pytest.raises(StateError, match=rule):
        manager.save(at(float("nan")))
    assert manager.path.read_text() == text_of(START)
    assert files(manager.path.parent) == ["state.json"]


def test_saving_over_a_broken_file_keeps_it(
    manager: StateManager, caplog: pytest.LogCaptureFixture
) -> None:
    manager.save(START)
    manager.path.write_text("{")
    manager.save(at(1.0))
    assert manager.load() == at(1.0)
    (kept,) = manager.backups.names("state_corrupt")
    assert kept.read_text() == "{"
    assert manager.backups.names() == []
    assert f"kept as backups/{kept.name}" in caplog.text


def test_a_symlink_is_followed_and_stays_one(tmp_path: Path) -> None:
    manager_of(tmp_path).save(START)
    link = tmp_path / "state.json"
    link.symlink_to("one/state.json")
    linked = StateManager(link)
    linked.save(at(7.0))
    assert str(link.readlink()) == "one/state.json"
    assert manager_of(tmp_path).load() == at(7.0)
    assert len(manager_of(tmp_path).backups.names()) == 1
    (tmp_path / "one" / "state.json").unlink()
    assert linked.load() == START
    assert link.is_symlink()


def test_a_link_to_another_strategys_state_is_never_written_through(tmp_path: Path) -> None:
    manager_of(tmp_path).save(START)
    link = tmp_path / "two" / "state.json"
    link.parent.mkdir()
    link.symlink_to("../one/state.json")
    two = StateManager(link, "two", recover=lambda: TradingState.initial("two", 1.0, CREATED))
    for act in (two.load, lambda: two.save(TradingState.initial("two", 2.0, CREATED))):
        with pytest.raises(StateError, match="is a symlink to the state of 'one', not 'two'"):
            act()
    assert manager_of(tmp_path).load() == START


def unwritable(monkeypatch: pytest.MonkeyPatch) -> None:
    """Refuse every new file, as a full or read-only disk does; root heeds no permissions."""

    def refuse(*_args: object, **_options: object) -> tuple[int, str]:
        raise OSError(30, "Read-only file system")

    monkeypatch.setattr(tempfile, "mkstemp", refuse)


def test_a_save_that_cannot_write_says_why_and_leaves_the_old_file(
    manager: StateManager, monkeypatch: pytest.MonkeyPatch
) -> None:
    manager.save(START)
    with monkeypatch.context() as patch:
        unwritable(patch)
        with pytest.raises(
            StateError, match=r"one/state\.json cannot be written: .*Read-only file system"
        ):
            manager.save(at(1.0))
    assert manager.load() == START
    assert files(manager.path.parent) == ["state.json"]


def test_a_file_in_place_of_the_folder_is_named_by_a_save(manager: StateManager) -> None:
    manager.path.parent.write_text("in the way")
    with pytest.raises(StateError, match=r"cannot be written: .*File exists: .*/one'"):
        manager.save(START)


def test_a_broken_file_in_a_folder_that_cannot_be_written_is_still_recovered(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    manager = manager_of(tmp_path, recover=lambda: at(9.0))
    manager.save(START)
    manager.path.write_text("{")
    unwritable(monkeypatch)
    assert manager.load() == at(9.0)
    assert manager.path.read_text() == "{"
    assert files(manager.path.parent) == ["state.json"]
    assert "It could not be written back: [Errno 30] Read-only file system." in caplog.text
    in_the_way = StateManager(manager.path / "state.json", recover=lambda: at(9.0))
    assert in_the_way.load() == at(9.0)


def test_a_ledger_that_does_not_answer_is_not_taken_for_an_empty_one(tmp_path: Path) -> None:
    def fail() -> TradingState:
        raise LedgerError("database is locked")

    manager = manager_of(tmp_path, recover=fail)
    with pytest.raises(StateError, match=r"is missing\.\n.*does not answer \(database is locked\)"):
        manager.load()
    assert files(tmp_path) == []
