from __future__ import annotations

import os
import subprocess
import sys
from dataclasses import replace
from datetime import date

import numpy as np
import pandas as pd
import pytest

from jutsu_dagster.core.account import AccountKey
from jutsu_dagster.core.errors import LedgerError
from jutsu_dagster.storage.ledger import Ledger
from jutsu_dagster_tests.accounts import (
    ACCOUNT,
    CAPITAL,
    PROVENANCE,
    recorded_year,
    recorded_years,
)


def test_a_written_period_is_read_back(ledger: Ledger) -> None:
    period = recorded_year(2015)
    ledger.record(period)
    snapshots, trades = ledger.snapshots(ACCOUNT), ledger.trades(ACCOUNT)
    segment = period.segment
    assert len(snapshots) == len(segment) == 252
    assert snapshots["session"].is_monotonic_increasing
    np.testing.assert_array_equal(snapshots["total_equity"], segment.equity)
    np.testing.assert_array_equal(snapshots["cash"], segment.cash)
    np.testing.assert_array_equal(snapshots["baseline_value"], period.baseline)
    np.testing.assert_array_equal(
        snapshots["daily_return"], segment.equity / np.r_[CAPITAL, segment.equity[:-1]] - 1
    )
    assert (snapshots["drawdown"] <= 0).all()
    assert snapshots["positions"].iloc[0] == {"QQQ": 20}
    assert snapshots["positions"].iloc[-1] == {"QQQ": 20, "TMF": 5}
    assert snapshots["values"].iloc[0] == {"QQQ": 20 * segment.marks[0, 0]}
    assert snapshots["weights"].iloc[0] == {"QQQ": 0.6, "TMF": 0.4}
    assert snapshots["indicators"].iloc[0]["T_norm"] is None
    assert snapshots["indicators"].iloc[5]["vol_crush"] in {True, False}
    cells = snapshots["strategy_cell"].fillna(0).astype(int)
    np.testing.assert_array_equal(cells, period.cells)
    assert (snapshots["trend_state"].isna() == (period.cells == 0)).all()
    assert trades["side"].tolist() == ["BUY", "SELL", "BUY"]
    assert trades["sequence"].tolist() == [0, 0, 1]
    assert trades["shares"].tolist() == [20, 3, 5]
    assert trades["realised_pnl"].isna().tolist() == [True, False, True]
    assert set(trades["strategy_name"]) == {"Hierarchical_Adaptive_v3_5b"}
    assert "QQQ to 60.0% of equity" in trades["reason"].iloc[0]


def test_writing_twice_changes_nothing(ledger: Ledger) -> None:
    for period in recorded_years(2014, 2016):
        ledger.record(period)
    before = ledger.snapshots(ACCOUNT), ledger.trades(ACCOUNT)
    ledger.record(recorded_years(2014, 2016)[1])
    pd.testing.assert_frame_equal(ledger.snapshots(ACCOUNT), before[0])
    pd.testing.assert_frame_equal(ledger.trades(ACCOUNT), before[1])
    assert [point.period for point in ledger.checkpoints(ACCOUNT)] == ["2014", "2015", "2016"]


def test_a_period_replaces_only_its_own_rows(ledger: Ledger) -> None:
    other = AccountKey("v3_5b", "paper")
    ledger.record(recorded_year(2015))
    ledger.record(recorded_year(2016))
    ledger.record(recorded_year(2015, account=other))
    changed = recorded_year(2015, seed=1)
    ledger.record(changed)
    equity = ledger.snapshots(ACCOUNT)["total_equity"]
    np.testing.assert_array_equal(equity[:252], changed.segment.equity)
    np.testing.assert_array_equal(equity[252:], recorded_year(2016).segment.equity)
    expected = recorded_year(2015).segment.equity
    np.testing.assert_array_equal(ledger.snapshots(other)["total_equity"], expected)


def test_a_session_belongs_to_one_period(ledger: Ledger) -> None:
    ledger.record(recorded_year(2015))
    overlapping = replace(recorded_year(2015), period="2015b")
    with pytest.raises(LedgerError, match=r"period 2015b of v3_5b .backtest. .* overlaps"):
        ledger.record(overlapping)
    assert len(ledger.snapshots(ACCOUNT)) == 252
    assert ledger.checkpoint(ACCOUNT, "2015b") is None


def test_first_and_last_are_inclusive_and_no_rows_keep_their_columns(ledger: Ledger) -> None:
    nothing = ledger.snapshots(ACCOUNT), ledger.trades(ACCOUNT)
    ledger.record(recorded_year(2015))
    some = ledger.snapshots(ACCOUNT, date(2015, 1, 2), date(2015, 1, 7))
    assert some["session"].dt.strftime("%m-%d").tolist() == ["01-02", "01-05", "01-06", "01-07"]
    assert len(ledger.trades(ACCOUNT, last=date(2015, 1, 2))) == 1
    for empty, full in zip(
        nothing, (ledger.snapshots(ACCOUNT), ledger.trades(ACCOUNT)), strict=True
    ):
        assert len(empty) == 0
        assert empty.dtypes.to_dict() == full.dtypes.to_dict()


def test_checkpoints_carry_the_state_to_the_last_bit(ledger: Ledger) -> None:
    periods = recorded_years(2014, 2016)
    for period in reversed(periods):
        ledger.record(period)
    recorded = ledger.checkpoints(ACCOUNT)
    assert [point.period for point in recorded] == ["2014", "2015", "2016"]
    for point, period in zip(recorded, periods, strict=True):
        assert point.closing == period.segment.closing
        assert point.closing.digest == point.closing_hash
        assert point.provenance == PROVENANCE
        assert point.metrics == period.metrics
        assert (point.sessions, point.trades) == (len(period.segment), 3)
        assert point.recorded_at.tzinfo is not None
    latest = ledger.latest_checkpoint(ACCOUNT)
    assert latest is not None
    assert latest.period == "2016"
    before = ledger.latest_checkpoint(ACCOUNT, before=recorded[1].last_session)
    assert before is not None
    assert before.period == "2014"
    assert ledger.latest_checkpoint(ACCOUNT, before=date(2014, 1, 1)) is None


def test_overwriting_a_year_makes_the_later_ones_stale(ledger: Ledger) -> None:
    periods = recorded_years(2014, 2017)
    for period in periods:
        ledger.record(period)
    assert ledger.stale_periods(ACCOUNT) == []
    changed = recorded_year(2015, periods[0].segment.closing, seed=1)
    ledger.record(changed)
    assert ledger.stale_periods(ACCOUNT) == ["2016", "2017"]
    ledger.record(recorded_year(2016, changed.segment.closing, seed=2))
    assert ledger.stale_periods(ACCOUNT) == ["2017"]
    assert ledger.stale_periods(AccountKey("nobody", "backtest")) == []


def test_a_fill_of_the_next_session_names_the_regime_that_decided_it(ledger: Ledger) -> None:
    period = recorded_year(2015)
    cells = period.cells.copy()
    cells[:] = 1
    at = int(period.segment.fills.row[1])
    cells[at - 1 : at + 1] = [4, 3]
    ledger.record(replace(period, cells=cells, decision_lag=1, opening_cell=3))
    trades = ledger.trades(ACCOUNT)
    assert trades["strategy_cell"].tolist() == [3, 4, 4]
    assert trades["vol_state"].tolist() == ["Low", "High", "High"]
    assert trades["reason"].iloc[0] == "cell 3 (Sideways/Low): close QQQ"


def test_a_kill_in_the_middle_of_a_write_leaves_the_old_period_whole(ledger_url: str) -> None:
    ledger = Ledger(ledger_url)
    ledger.record(recorded_year(2015))
    before = ledger.snapshots(ACCOUNT), ledger.trades(ACCOUNT)
    ledger.close()
    code = (
        "import os, signal, sys\n"
        "from sqlalchemy import Engine, event\n"
        "from jutsu_dagster.storage.ledger import Ledger\n"
        "from jutsu_dagster_tests.accounts import recorded_year\n"
        "@event.listens_for(Engine, 'before_cursor_execute')\n"
        "def kill(conn, cursor, statement, parameters, context, many):\n"
        "    if statement.startswith('INSERT INTO checkpoints'):\n"
        "        os.kill(os.getpid(), signal.SIGKILL)\n"
        "Ledger(sys.argv[1]).record(recorded_year(2015, seed=1))\n"
    )
    run = subprocess.run(
        [sys.executable, "-c", code, ledger_url], check=False, capture_output=True, env=os.environ
    )
    assert run.returncode == -9, run.stderr.decode()
    pd.testing.assert_frame_equal(ledger.snapshots(ACCOUNT), before[0])
    pd.testing.assert_frame_equal(ledger.trades(ACCOUNT), before[1])
    ledger.record(recorded_year(2015, seed=1))
    expected = recorded_year(2015, seed=1).segment.equity
    np.testing.assert_array_equal(ledger.snapshots(ACCOUNT)["total_equity"], expected)
    ledger.close()
