from __future__ import annotations

import errno
import sqlite3

import pytest
from sqlalchemy import Engine, create_engine
from sqlalchemy.exc import DBAPIError, IntegrityError, OperationalError

from jutsu_dagster.core.errors import LedgerError
from jutsu_dagster.storage import attempt
from jutsu_dagster.storage.attempt import attempted, storage_fault, with_remedy

GONE = (
    'connection to server at "db", port 5432 failed: Connection refused\n\tIs the server running?'
)


@pytest.fixture
def engine() -> Engine:
    return create_engine("sqlite://")


@pytest.fixture(autouse=True)
def naps(monkeypatch: pytest.MonkeyPatch) -> list[float]:
    """What was waited, without waiting."""
    waited: list[float] = []
    monkeypatch.setattr("jutsu_dagster.storage.attempt.time.sleep", waited.append)
    return waited


def refused(said: str, kind: type[DBAPIError] = OperationalError) -> DBAPIError:
    return kind("SELECT 1", None, sqlite3.OperationalError(said))


def once_fine(errors: list[DBAPIError]) -> str:
    if errors:
        raise errors.pop(0)
    return "done"


def test_a_lost_server_is_asked_again_until_it_answers(engine: Engine, naps: list[float]) -> None:
    errors = [refused(GONE), refused("terminating connection due to administrator command")]
    assert attempted(engine, "read", lambda: once_fine(errors)) == "done"
    assert naps == list(attempt.PAUSES[:2])


def test_a_server_that_stays_away_is_said_in_one_line(engine: Engine, naps: list[float]) -> None:
    errors = [refused(GONE) for _ in range(20)]
    with pytest.raises(LedgerError) as caught:
        attempted(engine, "read the ledger", lambda: once_fine(errors))
    assert str(caught.value) == (
        'cannot read the ledger: sqlite://: connection to server at "db", port 5432 failed:'
        " Connection refused Is the server running?"
    )
    assert naps == list(attempt.PAUSES)


@pytest.mark.parametrize(
    "error",
    [
        refused("database or disk is full"),
        refused(f"{GONE.splitlines()[0]} FATAL: password authentication failed"),
        refused("UNIQUE constraint failed", IntegrityError),
    ],
    ids=lambda error: type(error).__name__,
)
def test_what_no_waiting_mends_is_not_tried_again(
    engine: Engine, naps: list[float], error: DBAPIError
) -> None:
    with pytest.raises(LedgerError, match="cannot write"):
        attempted(engine, "write", lambda: once_fine([error]))
    assert naps == []


@pytest.mark.parametrize(
    ("said", "remedy"),
    [
        ("database or disk is full", "free space"),
        ("disk I/O error", "look whether its disk is full"),
        ("attempt to write a readonly database", "must be allowed to write"),
        ("unable to open database file", "its folder must be there"),
        ("database is locked", "run it again when that one is done"),
        ("[Errno 30] Read-only file system: 'x'", "must be allowed to write"),
        ("no such table: x", None),
    ],
)
def test_what_is_known_to_help_is_said(said: str, remedy: str | None) -> None:
    found = with_remedy(said)
    if remedy is None:
        assert found == said
    else:
        assert found.startswith(f"{said}; ")
        assert remedy in found


def test_the_fault_behind_anothers_error_is_found() -> None:
    full = OSError(errno.ENOSPC, "No space left on device", "/disk/file")
    try:
        try:
            raise full
        except OSError as error:
            raise RuntimeError("run failed") from error
    except RuntimeError as error:
        said = storage_fault(error)
    assert said == "/disk/file: No space left on device; free space on its disk, then run it again"
    assert storage_fault(refused("disk I/O error")) == with_remedy("disk I/O error")
    assert storage_fault(RuntimeError("run failed")) is None
    assert storage_fault(FileNotFoundError(errno.ENOENT, "No such file", "x")) is None
