"""Backtests that are killed, and two at once: the ledger ends as if undisturbed."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager

import dagster as dg
import pandas as pd
import pytest

from jutsu_dagster.cli.instance import instance
from jutsu_dagster.core.account import AccountKey
from jutsu_dagster.pipeline.backtest import run_years
from jutsu_dagster_tests.homes import YEARS, Home

ACCOUNT = AccountKey("v3_5b", "backtest")
# Slow enough to be met in the middle of the years.
SLOWLY = """
import sys, time
from jutsu_dagster.cli.app import main
from jutsu_dagster.storage.ledger import Ledger

record = Ledger.record

def slowly(self, period):
    record(self, period)
    time.sleep(float(sys.argv[1]))

Ledger.record = slowly
sys.exit(main(sys.argv[2:]))
"""


@contextmanager
def started(home: Home, pause: float, *arguments: str) -> Iterator[subprocess.Popen[str]]:
    process = subprocess.Popen(
        [sys.executable, "-c", SLOWLY, str(pause), "backtest", *arguments],
        env={**os.environ, "JUTSU_HOME": str(home.path)},
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )
    try:
        yield process
    finally:
        process.kill()
        process.communicate()


@pytest.fixture
def expected(home: Home) -> tuple[pd.DataFrame, pd.DataFrame]:
    """What an undisturbed run records; the ledger is emptied again."""
    list(run_years(home.config(), home.store, home.ledger, YEARS))
    found = home.curve(), home.fills()
    home.ledger.forget(ACCOUNT, [str(year) for year in YEARS])
    return found


def await_a_year(home: Home, process: subprocess.Popen[str]) -> None:
    until = time.monotonic() + 60
    while not home.ledger.checkpoints(ACCOUNT):
        assert process.poll() is None, process.communicate()
        assert time.monotonic() < until
        time.sleep(0.05)


def assert_recorded(home: Home, expected: tuple[pd.DataFrame, pd.DataFrame]) -> None:
    pd.testing.assert_frame_equal(home.curve(), expected[0], check_exact=True)
    pd.testing.assert_frame_equal(home.fills(), expected[1], check_exact=True)
    assert home.ledger.stale_periods(ACCOUNT) == []


def test_a_backtest_killed_in_the_middle_ends_the_same_when_run_again(
    home: Home, expected: tuple[pd.DataFrame, pd.DataFrame]
) -> None:
    with started(home, 60, "--strategy", "v3_5b") as process:
        await_a_year(home, process)
        process.send_signal(signal.SIGKILL)
        process.wait()
    assert [done.period for done in home.ledger.checkpoints(ACCOUNT)] == ["2010"]
    with instance(home.settings, mend=False) as opened:
        assert [run.status for run in opened.get_runs()] == [dg.DagsterRunStatus.STARTED]
    with started(home, 0, "--strategy", "v3_5b") as process:
        out, err = process.communicate(timeout=120)
    assert process.returncode == 0, err
    assert "2010-01-04 to 2013-12-31" in out
    assert_recorded(home, expected)
    with instance(home.settings) as opened:
        statuses = [run.status for run in opened.get_runs()]
        shown = opened.get_materialized_partitions(dg.AssetKey(["backtests", "v3_5b"]))
    assert statuses == [dg.DagsterRunStatus.SUCCESS, dg.DagsterRunStatus.FAILURE]
    assert shown == {str(year) for year in YEARS}


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_a_stop_by_hand_ends_the_whole_command_and_keeps_finished_years(
    home: Home, number: signal.Signals
) -> None:
    with started(home, 60) as process:
        await_a_year(home, process)
        process.send_signal(number)
        out, err = process.communicate(timeout=30)
    assert (process.returncode, out) == (130, "")
    assert err.splitlines()[-1] == "jutsu: stopped; what was finished stays recorded"
    assert "Traceback" not in err
    assert "v3_5d" not in err
    assert [done.period for done in home.ledger.checkpoints(ACCOUNT)] == ["2010"]
    with instance(home.settings, mend=False) as opened:
        assert [run.status for run in opened.get_runs()] == [dg.DagsterRunStatus.FAILURE]


def test_two_at_once_both_end_well(home: Home, expected: tuple[pd.DataFrame, pd.DataFrame]) -> None:
    with started(home, 0.2) as one, started(home, 0.3) as other:
        ends = [(process.communicate(timeout=120), process.returncode) for process in (one, other)]
    assert [code for _, code in ends] == [0, 0], ends
    assert ends[0][0][0] == ends[1][0][0]
    assert "Traceback" not in ends[0][0][1] + ends[1][0][1]
    assert_recorded(home, expected)
