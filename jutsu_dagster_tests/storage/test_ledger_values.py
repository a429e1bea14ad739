from __future__ import annotations

import json
from dataclasses import replace
from datetime import date
from time import perf_counter
from typing import Any

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from jutsu_dagster.core.account import AccountState, Segment
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
