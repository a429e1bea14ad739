"""Rows as pages show them, in either database: both kinds of account in one order."""

from __future__ import annotations

from datetime import date

import pytest

from jutsu_dagster.core.account import AccountKey
from jutsu_dagster.storage import exploration_write, view_rows
from jutsu_dagster.storage.ledger import Ledger
from jutsu_dagster.storage.view_rows import Wanted
from jutsu_dagster_tests.accounts import ACCOUNT, worked_example
from jutsu_dagster_tests.storage.test_exploration_log import record

SHARES = AccountKey("v3_5b", "backtest")
STAKES = AccountKey("ETH_main", "backtest")


@pytest.fixture
def filled(ledger: Ledger) -> Ledger:
    """A ledger with five sessions of one kind of account and two days of the other."""
    ledger.record(worked_example())
    days = [record("ETH_main", day, mode="backtest") for day in range(2)]
    assert exploration_write.append(ledger.engine, STAKES, days) == {}
    return ledger


def test_orders_of_both_kinds_come_in_one_order(filled: Ledger) -> None:
    wanted = Wanted("backtest")
    rows = view_rows.executed(filled.engine, wanted)
    assert len(rows) == view_rows.count_executed(filled.engine, wanted) == 9
    assert [(row["date"], row["strategy_id"], row["sequence"]) for row in rows] == [
        (date(2025, 1, 2), "ETH_main", 1), (date(2025, 1, 2), "ETH_main", 0),
        (date(2025, 1, 1), "ETH_main", 1), (date(2025, 1, 1), "ETH_main", 0),
        (date(2020, 1, 10), "v3_5b", 1), (date(2020, 1, 10), "v3_5b", 0),
        (date(2020, 1, 8), "v3_5b", 1), (date(2020, 1, 8), "v3_5b", 0),
        (date(2020, 1, 6), "v3_5b", 0),
    ]  # fmt: skip
    assert view_rows.executed(filled.engine, wanted, newest=False) == rows[::-1]
    pages = [view_rows.executed(filled.engine, wanted, 2, at) for at in range(0, 10, 2)]
    assert [row for page in pages for row in page] == rows


def test_an_order_has_what_its_kind_has(filled: Ledger) -> None:
    rows = view_rows.executed(filled.engine, Wanted("backtest"), newest=False)
    first, opened, closed = rows[0], rows[5], rows[6]
    assert (first["shares"], first["fill_price"], first["result"]) == (100, 100.0, None)
    assert (opened["side"], opened["action"], opened["fill_price"]) == ("SELL", "open", 100.0)
    # A short one is closed by buying, at the price of its exit.
    assert (closed["side"], closed["action"], closed["fill_price"]) == ("BUY", "close", 99.0)
    assert (closed["result"], closed["gross_result"], closed["shares"]) == (0.0086, 0.01, None)


@pytest.mark.parametrize(
    ("wanted", "count"),
    [
        (Wanted("paper"), 0),
        (Wanted("backtest", ["v3_5b"]), 5),
        (Wanted("backtest", ["ETH_main", "none"]), 4),
        (Wanted("backtest", side="BUY"), 5),
        (Wanted("backtest", side="SELL"), 4),
        (Wanted("backtest", symbol="TMF"), 2),
        (Wanted("backtest", symbol="QQQ' or '1'='1"), 0),
        (Wanted("backtest", first=date(2020, 1, 8), last=date(2025, 1, 1)), 6),
    ],
)
def test_filters(filled: Ledger, wanted: Wanted, count: int) -> None:
    assert view_rows.count_executed(filled.engine, wanted) == count
    assert len(view_rows.executed(filled.engine, wanted)) == count


def test_sessions_are_those_of_the_snapshots(filled: Ledger) -> None:
    rows, whole = view_rows.sessions(filled.engine, SHARES), filled.snapshots(ACCOUNT)
    assert rows["session"].tolist() == whole["session"].tolist()
    for name in ("total_equity", "baseline_value", "drawdown", "daily_return"):
        assert rows[name].tolist() == whole[name].tolist()
    assert rows["cell"].tolist() == [1, 1, 4, 4, 1]
    part = view_rows.sessions(filled.engine, SHARES, date(2020, 1, 8))
    assert part.equals(rows.head(3))
    last = view_rows.last_close(filled.engine, SHARES, date(2020, 1, 9))
    assert last is not None
    assert (last["session"], last["cell"]) == (date(2020, 1, 9), 4)


def test_an_account_without_rows_has_typed_columns(filled: Ledger) -> None:
    nobody = AccountKey("nobody", "paper")
    rows = view_rows.sessions(filled.engine, nobody)
    days = view_rows.days(filled.engine, nobody)
    assert (len(rows), len(days)) == (0, 0)
    assert rows["session"].dtype == days["session"].dtype == "datetime64[s]"
    assert rows["total_equity"].dtype == days["total_equity"].dtype == "float64"
    assert view_rows.last_close(filled.engine, nobody) is None
    assert view_rows.latest_mark(filled.engine, nobody) is None
