"""Append-only accounts on every database: whole periods, in order, once, never rewritten."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import replace
from typing import Any

import pandas as pd
import pytest
from sqlalchemy import Connection, Engine, text
from sqlalchemy.exc import OperationalError

from jutsu_dagster.core.account import AccountKey
from jutsu_dagster.core.errors import LedgerError
from jutsu_dagster.storage import append
from jutsu_dagster.storage.append import exclusive, in_account
from jutsu_dagster.storage.attempt import lost
from jutsu_dagster.storage.ledger import Ledger, RecordedPeriod
from jutsu_dagster_tests.accounts import recorded_year, recorded_years
from jutsu_dagster_tests.postgres.server import Server

PAPER = AccountKey("v3_5b", "paper")


def years(first: int = 2014, last: int = 2016) -> list[RecordedPeriod]:
    return [replace(period, account=PAPER) for period in recorded_years(first, last)]


def held(ledger: Ledger) -> Any:
    return ledger.snapshots(PAPER), ledger.trades(PAPER), ledger.checkpoints(PAPER)


def assert_unchanged(ledger: Ledger, before: Any) -> None:
    for ours, theirs in zip(held(ledger)[:2], before[:2], strict=True):
        pd.testing.assert_frame_equal(ours, theirs)
    # With the time of recording.
    assert ledger.checkpoints(PAPER) == before[2]


def ids(ledger: Ledger) -> list[int]:
    with ledger.engine.connect() as connection:
        return list(connection.scalars(text("SELECT id FROM performance_snapshots ORDER BY id")))


def test_periods_are_added_in_order_and_a_repeat_writes_nothing(ledger: Ledger) -> None:
    periods = years()
    assert [ledger.append(period) for period in periods] == [True] * 3
    before, numbers = held(ledger), ids(ledger)
    assert [ledger.append(period) for period in reversed(periods)] == [False] * 3
    # Whatever it holds.
    other = replace(recorded_year(2015, seed=7), account=PAPER)
    assert ledger.append(other) is False
    assert_unchanged(ledger, before)
    assert ids(ledger) == numbers
    assert ledger.stale_periods(PAPER) == []


def test_a_period_must_start_where_the_account_stands(ledger: Ledger) -> None:
    first, second, third = years()
    with pytest.raises(LedgerError, match=r"2015 does not start where .* \(not opened yet\)"):
        ledger.append(second)
    ledger.append(first)
    with pytest.raises(LedgerError, match=r"2016 does not start where .* stands \(2014, "):
        ledger.append(third)
    fresh = replace(recorded_year(2015), account=PAPER)
    with pytest.raises(LedgerError, match="2015 does not start where"):
        ledger.append(fresh)
    before = held(ledger)
    assert ledger.append(second)
    assert len(held(ledger)[0]) == 2 * len(before[0])


def test_nothing_is_put_before_or_between_what_is_recorded(ledger: Ledger) -> None:
    early, late = years(2014, 2015)
    ledger.append(replace(recorded_year(2015), account=PAPER))
    before = held(ledger)
    with pytest.raises(LedgerError, match="recorded up to 2015-12-31; 2014 cannot be put before"):
        ledger.append(early)
    half = replace(late, period="late 2015")
    with pytest.raises(LedgerError, match="late 2015 cannot be put before that"):
        ledger.append(half)
    assert_unchanged(ledger, before)


def test_accounts_do_not_see_each_other(ledger: Ledger) -> None:
    other = AccountKey("v3_5d", "paper")
    ledger.append(years()[0])
    assert ledger.append(replace(recorded_year(2014), account=other))
    ledger.record(recorded_year(2015))
    assert ledger.append(years()[1])


def test_threads_with_the_same_period_add_it_once(ledger: Ledger) -> None:
    periods = years(2014, 2015)
    for period in periods:
        with ThreadPoolExecutor(4) as pool:
            done = list(pool.map(ledger.append, [period] * 4))
        assert sorted(done) == [False, False, False, True]
    assert len(held(ledger)[0]) == sum(len(period.segment) for period in periods)


def test_a_kill_in_the_middle_leaves_nothing_and_the_next_run_adds_it(ledger_url: str) -> None:
    code = (
        "import os, signal, sys\n"
        "from dataclasses import replace\n"
        "from sqlalchemy import Engine, event\n"
        "from jutsu_dagster.storage.ledger import Ledger\n"
        "from jutsu_dagster_tests.storage.test_append import years\n"
        "@event.listens_for(Engine, 'before_cursor_execute')\n"
        "def kill(conn, cursor, statement, parameters, context, many):\n"
        "    if statement.startswith('INSERT INTO checkpoints'):\n"
        "        os.kill(os.getpid(), signal.SIGKILL)\n"
        "Ledger(sys.argv[1]).append(years()[0])\n"
    )
    command = [sys.executable, "-c", code, ledger_url]
    run = subprocess.run(command, check=False, capture_output=True, env=os.environ)
    assert run.returncode == -9, run.stderr.decode()
    ledger = Ledger(ledger_url)
    assert [len(rows) for rows in held(ledger)] == [0, 0, 0]
    assert ledger.append(years()[0])
    assert len(held(ledger)[0]) == len(years()[0].segment)
    ledger.close()


def failing_once(monkeypatch: pytest.MonkeyPatch, where: str, message: str) -> list[str]:
    """Let the first transaction fail, before or after its commit; return which did."""
    failed: list[str] = []

    def fail(here: str) -> None:
        if here == where and not failed:
            failed.append(where)
            raise OperationalError("COMMIT", {}, Exception(message))

    @contextmanager
    def broken(engine: Engine, account: AccountKey) -> Iterator[Connection]:
        with exclusive(engine, account) as connection:
            yield connection
            fail("before")
        fail("after")

    monkeypatch.setattr(append, "exclusive", broken)
    monkeypatch.setattr("time.sleep", lambda _seconds: None)
    return failed


@pytest.mark.parametrize(("where", "written"), [("before", True), ("after", False)])
def test_a_connection_lost_at_the_commit_is_tried_again(
    ledger: Ledger, monkeypatch: pytest.MonkeyPatch, where: str, written: object
) -> None:
    failed = failing_once(monkeypatch, where, "server closed the connection unexpectedly")
    assert ledger.append(years()[0]) is written
    assert failed == [where]
    assert len(ledger.checkpoints(PAPER)) == 1
    assert ledger.append(years()[1])


def test_what_waiting_does_not_mend_is_told_at_once(
    ledger: Ledger, monkeypatch: pytest.MonkeyPatch
) -> None:
    failing_once(monkeypatch, "before", "database or disk is full")
    with pytest.raises(LedgerError, match=r"cannot record 2014 of v3_5b \(paper\): .*disk is full"):
        ledger.append(years()[0])
    assert [len(rows) for rows in held(ledger)] == [0, 0, 0]
    assert ledger.append(years()[0])


@pytest.mark.parametrize(
    ("said", "is_lost"),
    [
        ("server closed the connection unexpectedly", True),
        ('connection to server at "::1", port 5432 failed: Connection refused', True),
        ("FATAL:  the database system is starting up", True),
        ("terminating connection due to administrator command", True),
        ('connection to server on socket "/run/x" failed: No such file or directory', True),
        ('connection to server at "::1" failed: FATAL:  password authentication failed', False),
        ('connection to server at "::1" failed: FATAL:  database "x" does not exist', False),
        ("database is locked", False),
        ("database or disk is full", False),
        ("attempt to write a readonly database", False),
    ],
)
def test_a_lost_connection_is_told_from_a_refusal(said: str, *, is_lost: bool) -> None:
    assert lost(OperationalError("SELECT 1", {}, Exception(said))) is is_lost


@pytest.mark.postgres
def test_a_server_that_restarts_in_the_middle_loses_nothing(postgres_server: Server) -> None:
    with postgres_server.database() as url:
        ledger = Ledger(url)
        ledger.migrate()
        first, second = years(2014, 2015)
        ledger.append(first)
        restarts = iter([True])

        def work(connection: Connection) -> int:
            if next(restarts, False):
                postgres_server.restart("immediate")
            return int(connection.execute(text("SELECT 42")).scalar_one())

        assert in_account(ledger.engine, PAPER, work, "ask") == 42
        postgres_server.restart()
        assert ledger.append(second)
        assert [point.period for point in ledger.checkpoints(PAPER)] == ["2014", "2015"]
        ledger.close()
