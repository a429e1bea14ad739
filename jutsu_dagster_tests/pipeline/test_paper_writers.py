"""Several runs of the same sessions at once: each session is recorded once, by one of them."""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from datetime import date
from pathlib import Path
from threading import Barrier

import pytest

from jutsu_dagster.pipeline.paper import trade_sessions
from jutsu_dagster.pipeline.session_report import SessionReport
from jutsu_dagster.registry.config import StrategyConfig
from jutsu_dagster.storage.ledger import Ledger
from jutsu_dagster.storage.market import MarketStore
from jutsu_dagster_tests.homes import Home
from jutsu_dagster_tests.pipeline.paper_books import (
    START,
    assert_same_record,
    paper,
    record,
    reopened,
    traded,
)
from jutsu_dagster_tests.postgres.server import Server

UNTIL = date(2013, 1, 18)
RUNS = 3
_TRADE = """
import json, sys
from datetime import date
from pathlib import Path
from jutsu_dagster.pipeline.paper import trade_sessions
from jutsu_dagster.registry.config import load_strategy_config
from jutsu_dagster.storage.ledger import Ledger
from jutsu_dagster.storage.market import MarketStore
home, market, url, first, last = sys.argv[1:]
config = load_strategy_config("config/strategies/v3_5b.yaml", Path(home))
days = date.fromisoformat(first), date.fromisoformat(last)
print("ready", flush=True)
sys.stdin.readline()
reports = trade_sessions(config, MarketStore(market), Ledger(url), *days)
print(json.dumps([report.status for report in reports]))
"""


@pytest.fixture
def expected(home: Home, tmp_path: Path) -> object:
    """What an undisturbed run records."""
    return traded(home, paper(home), f"sqlite:///{tmp_path / 'alone.db'}", [(START, UNTIL)])


def recorded_by(runs: Sequence[Sequence[str]]) -> list[int]:
    """Return how many of the runs recorded each session; the others found it equal."""
    days = [day for day in zip(*runs, strict=True) if "closed" not in day]
    assert {status for day in days for status in day} <= {"recorded", "verified"}
    return [day.count("recorded") for day in days]


def test_threads_that_write_the_same_session_at_once_record_it_once(
    home: Home, empty_url: str, expected: object
) -> None:
    config, together = paper(home), Barrier(RUNS)

    def run(_number: int) -> list[str]:
        ledger, store = Ledger(empty_url), MarketStore(home.settings.market_url)
        reports = trade_sessions(config, store, ledger, START, UNTIL)
        found: list[str] = []
        while True:
            together.wait(60)
            report: SessionReport | None = next(reports, None)
            if report is None:
                ledger.close()
                return found
            found.append(report.status)

    with reopened(empty_url) as ledger:
        with ThreadPoolExecutor(RUNS) as pool:
            found = recorded_by(list(pool.map(run, range(RUNS))))
        assert found == [1] * 13
        assert_same_record(record(ledger, config), expected)


def test_threads_share_one_ledger(home: Home, empty_url: str, expected: object) -> None:
    config = paper(home)
    with reopened(empty_url) as ledger:

        def run(_number: int) -> list[str]:
            return [r.status for r in trade_sessions(config, home.store, ledger, START, UNTIL)]

        with ThreadPoolExecutor(RUNS) as pool:
            assert recorded_by(list(pool.map(run, range(RUNS)))) == [1] * 13
        assert_same_record(record(ledger, config), expected)


def test_processes_that_write_at_once_record_each_session_once(
    home: Home, empty_url: str, expected: object
) -> None:
    config: StrategyConfig = paper(home)
    home.edit("v3_5b", lambda document: document.update(paper={"start": START}))
    command = [sys.executable, "-c", _TRADE, str(home.path), home.settings.market_url, empty_url]
    with reopened(empty_url) as ledger:
        processes = [
            subprocess.Popen(
                [*command, str(START), str(UNTIL)],
                stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True,
            )
            for _ in range(RUNS - 1)
        ]  # fmt: skip
        for process in processes:
            assert process.stdout is not None
            assert process.stdout.readline() == "ready\n"
        for process in processes:
            assert process.stdin is not None
            process.stdin.write("\n")
            process.stdin.flush()
        answers = [process.communicate(timeout=120) for process in processes]
        assert [process.returncode for process in processes] == [0] * len(processes), answers
        assert recorded_by([json.loads(out) for out, _ in answers]) == [1] * 13
        assert_same_record(record(ledger, config), expected)


@pytest.mark.postgres
def test_a_server_that_restarts_between_sessions_is_waited_for(
    home: Home, postgres_server: Server, expected: object
) -> None:
    config = paper(home)
    with postgres_server.database() as url, reopened(url) as ledger:
        statuses = []
        for report in trade_sessions(config, home.store, ledger, START, UNTIL):
            statuses.append(report.status)
            if report.day in {date(2013, 1, 4), date(2013, 1, 16)}:
                postgres_server.restart("immediate")
        assert statuses.count("recorded") == 13
        assert_same_record(record(ledger, config), expected)
