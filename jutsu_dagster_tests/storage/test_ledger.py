from __future__ import annotations

import json
import os
import subprocess
import sys
from dataclasses import replace
from datetime import date
from time import perf_counter
from typing import Any

import numpy as np
import pandas as pd
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from jutsu_dagster.core.account import AccountKey, AccountState, Segment
from jutsu_dagster.core.errors import LedgerError
from jutsu_dagster.storage.ledger import Ledger
from jutsu_dagster.storage.records import RecordedPeriod
from jutsu_dagster_tests.accounts import (
    ACCOUNT,
    CAPITAL,
    PROVENANCE,
    fills_of,
    recorded_year,
    recorded_years,
)

FINITE = st.floats(allow_nan=False, allow_infinity=False)


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


def test_money_that_is_no_number_is_refused(ledger: Ledger) -> None:
    period = recorded_year(2015)
    period.segment.equity[3] = np.nan
    with pytest.raises(LedgerError, match="equity of 2015-01-07 is nan; must be finite"):
        ledger.record(period)
    assert ledger.checkpoints(ACCOUNT) == []


def test_lengths_that_disagree_are_refused(ledger: Ledger) -> None:
    period = recorded_year(2015)
    with pytest.raises(LedgerError, match="cells has 251 values; must be 252"):
        ledger.record(replace(period, cells=period.cells[1:]))


def test_json_is_strict(ledger: Ledger) -> None:
    period = recorded_year(2015)
    metrics: dict[str, Any] = {
        "sharpe_ratio": float("nan"),
        "profit_factor": float("inf"),
        "trades": np.int64(3),
    }
    ledger.record(replace(period, metrics=metrics))
    point = ledger.checkpoint(ACCOUNT, "2015")
    assert point is not None
    assert point.metrics == {"sharpe_ratio": None, "profit_factor": None, "trades": 3}
    for indicators in ledger.snapshots(ACCOUNT)["indicators"]:
        json.dumps(indicators, allow_nan=False)


@given(money=st.lists(FINITE, min_size=3, max_size=3), price=FINITE, indicator=FINITE)
@settings(
    max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
def test_floats_come_back_bit_for_bit(
    ledger: Ledger, money: list[float], price: float, indicator: float
) -> None:
    period = _period_of(money, price, indicator)
    ledger.record(period)
    snapshots, trades = ledger.snapshots(ACCOUNT), ledger.trades(ACCOUNT)
    point = ledger.checkpoint(ACCOUNT, "2020")
    assert point is not None
    read = [*snapshots["cash"], *trades["fill_price"], snapshots["indicators"].iloc[0]["x"]]
    # The sign of a zero is not kept, on any database.
    assert [value.hex() for value in read] == [
        (value + 0.0).hex() for value in (*money, price, indicator)
    ]
    assert point.closing.cash.hex() == money[0].hex()


def test_sixteen_years_are_written_within_a_second(ledger: Ledger) -> None:
    periods = recorded_years(2008, 2023)
    started = perf_counter()
    for period in periods:
        ledger.record(period)
    assert perf_counter() - started < 3.0  # 0.3 s here; CI machines differ
    assert len(ledger.snapshots(ACCOUNT)) == sum(len(period.segment) for period in periods)


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


def _period_of(money: list[float], price: float, indicator: float) -> RecordedPeriod:
    length = len(money)
    state = AccountState.open(CAPITAL)
    segment = Segment(
        symbols=("QQQ",),
        sessions=np.datetime64("2020-01-06", "D") + np.arange(length),
        equity=np.full(length, CAPITAL),
        cash=np.array(money),
        shares=np.zeros((length, 1), dtype=np.int64),
        marks=np.full((length, 1), np.nan),
        weights=np.zeros((length, 1)),
        rebalanced=np.zeros(length, dtype=np.bool_),
        fills=fills_of([(0, 0, 1, price, np.nan)]),
        opening=state,
        closing=replace(state, cash=money[0], session=date(2020, 1, 8)),
    )
    with np.errstate(all="ignore"):
        cash_after = np.nan_to_num(segment.fills.cash_after)
    return RecordedPeriod(
        account=ACCOUNT,
        strategy_class="X",
        period="2020",
        segment=replace(segment, fills=replace(segment.fills, cash_after=cash_after)),
        cells=np.zeros(length, dtype=np.int64),
        regimes={},
        indicators={"x": np.full(length, indicator)},
        baseline=np.full(length, CAPITAL),
        previous_equity=CAPITAL,
        provenance=PROVENANCE,
        metrics={},
    )
