"""Attempts, parameters, marks and ends of days, on every database."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, date, datetime, timedelta, timezone
from pathlib import Path
from typing import Any

import pytest

from jutsu_dagster.core.account import AccountKey
from jutsu_dagster.core.errors import LedgerError
from jutsu_dagster.storage import journal
from jutsu_dagster.storage.journal import Attempt, Mark
from jutsu_dagster.storage.ledger import Ledger
from jutsu_dagster_tests.accounts import recorded_year

PAPER, OTHER = AccountKey("v3_5b", "paper"), AccountKey("v3_5d", "paper")
NOON = datetime(2024, 3, 8, 12, 0, tzinfo=UTC)
DAY = date(2024, 3, 8)
MARK = Mark(
    account=PAPER,
    source="refresh",
    at=NOON,
    session=DAY,
    total_equity=10_100.1,
    cash=100.1,
    positions_value=10_000.0,
    daily_return=0.01,
    cumulative_return=0.0101,
    drawdown=-0.02,
    positions={"QQQ": 20},
    values={"QQQ": 10_000.0},
    parameter_hash="p",
    data_version="quotes:sample",
    code_version="c",
)


def attempt(partition: str, **changes: object) -> Attempt:
    made = Attempt(
        account=PAPER,
        partition=partition,
        status="ok",
        started_at=NOON,
        run_id="one",
        duration_seconds=0.5,
    )
    return replace(made, **changes)  # type: ignore[arg-type]


def test_the_last_attempt_at_a_partition_counts(ledger: Ledger) -> None:
    engine = ledger.engine
    journal.note_attempts(engine, [attempt("2024-03-07"), attempt("2024-03-08")])
    failed = attempt("2024-03-08", status="failed", error="x" * 5000, duration_seconds=None)
    later = NOON + timedelta(hours=1)
    journal.note_attempts(engine, [replace(failed, started_at=later, run_id="two")])
    journal.note_attempts(engine, [attempt("2024-03-08", account=OTHER)])
    found = journal.attempts(engine)
    assert found["strategy_id"].tolist() == ["v3_5b", "v3_5d", "v3_5b"]
    assert found["partition"].tolist() == ["2024-03-08", "2024-03-08", "2024-03-07"]
    assert found["status"].tolist() == ["failed", "ok", "ok"]
    assert found["error"].tolist() == ["x" * 5000, None, None]
    assert found["started_at"].tolist() == [later, NOON, NOON]
    assert found["duration_seconds"].isna().tolist() == [True, False, False]
    assert journal.attempts(engine, "two")["partition"].tolist() == ["2024-03-08"]
    assert len(journal.attempts(engine, limit=1)) == 1
    journal.note_attempts(engine, [])


def test_a_moment_is_kept_in_utc(ledger: Ledger) -> None:
    tokyo = NOON.astimezone(timezone(timedelta(hours=9)))
    journal.note_attempts(ledger.engine, [attempt("2024-03-08", started_at=tokyo)])
    (kept,) = journal.attempts(ledger.engine)["started_at"]
    assert (kept, kept.utcoffset()) == (NOON, timedelta(0))


def test_parameters_are_kept_once_as_they_first_were(ledger: Ledger) -> None:
    document: dict[Any, Any] = {
        "strategy": {"parameters": {"x": 0.1 + 0.2, "symbols": ("QQQ", "TLT")}},
        "paper": {"start": DAY},
        7: None,
    }
    journal.remember_parameters(ledger.engine, "v3_5b", "hash", document)
    journal.remember_parameters(ledger.engine, "v3_5b", "hash", {"other": 1})
    assert journal.parameters(ledger.engine, "v3_5b", "hash") == {
        "strategy": {"parameters": {"x": 0.1 + 0.2, "symbols": ["QQQ", "TLT"]}},
        "paper": {"start": "2024-03-08"},
        "7": None,
    }
    assert journal.parameters(ledger.engine, "v3_5b", "unknown") is None
    assert journal.parameters(ledger.engine, "v3_5d", "hash") is None


def test_a_mark_is_no_session_and_the_same_moment_replaces_it(ledger: Ledger) -> None:
    engine = ledger.engine
    ledger.append(replace(recorded_year(2015), account=PAPER))
    journal.record_marks(engine, [MARK, replace(MARK, at=NOON + timedelta(hours=1))])
    journal.record_marks(engine, [replace(MARK, total_equity=1.5), replace(MARK, source="eod")])
    journal.record_marks(engine, [])
    found = journal.marks(engine, PAPER)
    assert found["snapshot_source"].tolist() == ["refresh", "eod", "refresh"]
    assert found["total_equity"].tolist() == [1.5, 10_100.1, 10_100.1]
    assert found["snapshot_time"].tolist() == [NOON, NOON, NOON + timedelta(hours=1)]
    assert found["session"].dt.date.tolist() == [DAY] * 3
    assert found["positions"].iloc[0] == {"QQQ": 20}
    assert len(journal.marks(engine, PAPER, "eod")) == 1
    assert journal.marks(engine, OTHER).empty
    # Sessions are what they were.
    assert len(ledger.snapshots(PAPER)) == 252
    assert set(ledger.snapshots(PAPER)["snapshot_source"]) == {"session"}


def test_marks_of_the_session_that_is_traded_later_are_not_in_its_way(ledger: Ledger) -> None:
    day = date(2015, 1, 2)
    journal.record_marks(ledger.engine, [replace(MARK, session=day)])
    assert ledger.append(replace(recorded_year(2015), account=PAPER))
    assert len(ledger.snapshots(PAPER, day, day)) == 1
    assert len(journal.marks(ledger.engine, PAPER)) == 1


def test_a_mark_that_is_no_number_is_refused_whole(ledger: Ledger) -> None:
    with pytest.raises(LedgerError, match=r"cannot write performance_snapshots"):
        journal.record_marks(ledger.engine, [replace(MARK, total_equity=float("nan"))])
    assert journal.marks(ledger.engine, PAPER).empty


def test_ends_of_days_count_their_attempts(ledger: Ledger) -> None:
    engine = ledger.engine
    earlier = DAY - timedelta(days=1)

    def status(day: date) -> tuple[str, int]:
        row = journal.eod_status(engine, day).iloc[0]
        return str(row["status"]), int(row["retry_count"])

    journal.note_eod(engine, DAY, "running", {})
    assert status(DAY) == ("running", 0)
    journal.note_eod(engine, DAY, "failed", {"marked": []}, "no quotes")
    assert status(DAY) == ("failed", 0)
    journal.note_eod(engine, DAY, "running", {})
    journal.note_eod(engine, DAY, "completed", {"marked": ["v3_5b"], "x": float("nan")})
    assert status(DAY) == ("completed", 1)
    # A day before it has attempts of its own.
    journal.note_eod(engine, earlier, "running", {})
    assert status(earlier) == ("running", 0)
    found = journal.eod_status(engine, earlier)
    assert len(found) == 2
    assert found["detail"].iloc[1] == {"marked": ["v3_5b"], "x": None}
    assert found["error"].tolist() == [None, None]
    assert len(journal.eod_status(engine, DAY)) == 1


def test_a_database_that_cannot_be_had_is_named(tmp_path: Path) -> None:
    ledger = Ledger(f"sqlite:///{tmp_path / 'empty.db'}")
    with pytest.raises(LedgerError, match=r"cannot read strategy_runs: .*no such table"):
        journal.attempts(ledger.engine)
    with pytest.raises(LedgerError, match=r"cannot write strategy_runs: .*no such table"):
        journal.note_attempts(ledger.engine, [attempt("2024-03-08")])
    ledger.close()
