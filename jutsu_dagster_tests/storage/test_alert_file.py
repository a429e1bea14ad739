from __future__ import annotations

import fcntl
import os
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from jutsu_dagster.storage.alert_file import AlertFile

NOON = datetime(2026, 1, 5, 12, tzinfo=UTC)


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "state" / "alerts_unsent.jsonl"


def test_a_cause_is_new_once_also_to_another_process(path: Path) -> None:
    assert AlertFile(path).kept() == []
    assert AlertFile(path).note("a", "info", "first", "body\nof lines", now=NOON)
    AlertFile(path).mark_delivered("a")
    assert not AlertFile(path).note("a", "info", "second", "body\nof lines", now=NOON)
    assert AlertFile(path).note("b", "info", "other", "body", now=NOON - timedelta(days=2))
    assert AlertFile(path).is_delivered("a")
    assert [kept.subject for kept in AlertFile(path).kept()] == ["second", "other"]
    assert [kept.key for kept in AlertFile(path).undelivered(NOON - timedelta(days=3), 9)] == ["b"]
    assert AlertFile(path).undelivered(NOON, 9) == []
    AlertFile(path).clear()
    assert not path.exists()


def test_a_torn_line_costs_that_line_only(path: Path) -> None:
    file = AlertFile(path)
    file.note("a", "info", "first", "body", now=NOON)
    with path.open("ab") as opened:
        opened.write(b'{"key": "torn", "sev')
    assert file.note("b", "info", "second", "body", now=NOON)
    assert [kept.key for kept in file.kept()] == ["a", "b"]


def test_one_works_at_a_time_and_nobody_waits_for_ever(path: Path) -> None:
    file = AlertFile(path)
    with file.alone(0) as first:
        assert first
        with file.alone(0.05) as second:
            assert not second
    with file.alone(0) as third:
        assert third


def test_a_folder_that_cannot_be_made_is_no_turn(tmp_path: Path) -> None:
    (tmp_path / "state").write_text("a file")
    with AlertFile(tmp_path / "state" / "alerts_unsent.jsonl").alone(0) as turn:
        assert not turn


def test_a_file_system_without_locks_is_no_turn(
    path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def no_locks(_descriptor: int, _how: int) -> None:
        raise OSError(os.strerror(38))

    monkeypatch.setattr(fcntl, "flock", no_locks)
    with AlertFile(path).alone(5) as turn:
        assert not turn
