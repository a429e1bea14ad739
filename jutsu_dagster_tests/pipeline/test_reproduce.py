"""A recorded result from exactly what its record names: identical, or it says what differs."""

from __future__ import annotations

from datetime import date

import pytest

from jutsu_dagster.core.errors import DataError
from jutsu_dagster.pipeline import carry
from jutsu_dagster.pipeline.backtest import run_years
from jutsu_dagster.pipeline.paper import paper_account
from jutsu_dagster.pipeline.reproduce import Reproduction, reproduce
from jutsu_dagster_tests.homes import LAST, Home, lift_closes
from jutsu_dagster_tests.pipeline.paper_books import START, everything, move_in, paper, trade
from jutsu_dagster_tests.pipeline.years import TIMINGS

UNTIL, DAY = date(2013, 2, 8), date(2013, 1, 16)


def again(home: Home, day: date = DAY) -> Reproduction:
    return reproduce(paper(home), home.store, home.ledger, day)


def change(home: Home, table: str, what: str, where: str) -> None:
    with home.ledger.engine.begin() as connection:
        found = connection.exec_driver_sql(f"UPDATE {table} SET {what} WHERE {where}")
    assert found.rowcount == 1


@pytest.mark.parametrize("timing", TIMINGS)
def test_every_session_is_reproduced_to_the_last_column(home: Home, timing: str) -> None:
    config = paper(home, "v3_5d", **{"execution.execution_time": timing})
    trade(home, config, START, UNTIL)
    before = everything(home.ledger)
    assert len(before["trades"]) > 4
    for point in home.ledger.checkpoints(paper_account("v3_5d")):
        found = reproduce(config, home.store, home.ledger, point.last_session)
        assert (found.differences, found.recorded.period) == ((), point.period)
        assert found.identical
        assert not found.code_changed
    assert everything(home.ledger) == before


def test_revised_bars_leave_what_was_recorded_before_reproducible(home: Home) -> None:
    trade(home, paper(home), START, UNTIL)
    home.change_bars(date(2008, 9, 1), LAST, lift_closes)
    assert again(home).identical
    # A new session on the revised bars, and they change once more.
    trade(home, paper(home), date(2013, 2, 11))
    home.change_bars(START, LAST, lift_closes)
    versions = {again(home, day).recorded.provenance.data_version for day in (DAY, UNTIL)}
    last = again(home, date(2013, 2, 11))
    assert last.identical
    assert last.recorded.provenance.data_version not in versions


def test_other_code_is_told_also_where_the_result_is_the_same(
    home: Home, monkeypatch: pytest.MonkeyPatch
) -> None:
    trade(home, paper(home), START, DAY)
    monkeypatch.setattr(carry, "code_version", lambda _kind: "other")
    found = again(home)
    assert (found.identical, found.code_changed, found.code_now) == (True, True, "other")


@pytest.mark.parametrize(
    ("table", "what", "where", "told"),
    [
        (
            "performance_snapshots",
            "drawdown = drawdown - 1e-16",
            f"snapshot_date = '{DAY}'",
            "snapshot of 2013-01-16, drawdown: recorded -0.0",
        ),
        (
            "performance_snapshots",
            "indicators = '{}'",
            f"snapshot_date = '{DAY}'",
            "snapshot of 2013-01-16, indicators: recorded {}",
        ),
        (
            "trades",
            "fill_price = fill_price + 1",
            "trade_date = '2013-01-02' and sequence = 0",
            "trade of 2013-01-02, fill_price: recorded",
        ),
        (
            "checkpoints",
            "data_hash = 'tampered'",
            f"period = '{DAY}'",
            "bars: recorded hash tampered, now",
        ),
        (
            "checkpoints",
            "opening_hash = 'tampered'",
            f"period = '{START}'",
            "opening state: recorded tampered, now",
        ),
    ],
)
def test_what_differs_is_named(home: Home, table: str, what: str, where: str, told: str) -> None:
    trade(home, paper(home), START, DAY)
    change(home, table, what, where)
    found = again(home, START if str(START) in where else DAY)
    assert len(found.differences) == 1
    assert found.differences[0].startswith(told)
    assert not found.identical


def test_a_trade_too_many_is_counted(home: Home) -> None:
    trade(home, paper(home), START, DAY)
    change(home, "trades", f"trade_date = '{DAY}'", "trade_date = '2013-01-02' and sequence = 0")
    (difference,) = again(home).differences
    assert difference.startswith("trades: recorded ")


def test_a_backtest_year_is_reproduced_by_any_of_its_days(home: Home) -> None:
    config = home.config()
    list(run_years(config, home.store, home.ledger, [2010, 2011]))
    home.change_bars(date(2010, 6, 1), date(2010, 6, 30), lift_closes)
    for day in (date(2010, 1, 4), date(2011, 7, 2)):
        found = reproduce(config, home.store, home.ledger, day, mode="backtest")
        assert found.differences == ()
        assert found.recorded.period == str(day.year)
    change(home, "performance_snapshots", "cash = 1.5", "snapshot_date = '2011-07-01'")
    found = reproduce(config, home.store, home.ledger, date(2011, 12, 30), mode="backtest")
    assert found.differences[0].startswith("snapshot of 2011-07-01, cash: recorded 1.5, now ")


def test_a_day_that_is_not_recorded_says_what_is(home: Home) -> None:
    with pytest.raises(DataError, match=r"v3_5b \(paper\): .* 2013-01-16 .*it holds nothing yet"):
        again(home)
    trade(home, paper(home), START, UNTIL)
    for day in (date(2013, 1, 1), date(2013, 1, 5), date(2013, 2, 11)):
        rule = f"no session of {day} is recorded; it holds 2013-01-02 to 2013-02-08"
        with pytest.raises(DataError, match=rule):
            again(home, day)


def test_parameters_that_nobody_kept_are_named(home: Home) -> None:
    trade(home, paper(home), START, DAY)
    home.edit("v3_5b", lambda document: document["costs"].update(slippage_rate=0.002))
    assert again(home).identical
    with home.ledger.engine.begin() as connection:
        connection.exec_driver_sql("DELETE FROM parameter_sets")
    made = home.config()
    with pytest.raises(DataError, match=r"settings [0-9a-f]{16} that a session was recorded with"):
        reproduce(made, home.store, home.ledger, DAY)


def test_a_version_that_is_not_in_the_store_is_named(home: Home) -> None:
    trade(home, paper(home), START, DAY)
    change(home, "checkpoints", "data_version = 'etf_daily@99'", f"period = '{DAY}'")
    with pytest.raises(DataError, match="there is no version 99; the newest is"):
        again(home)


@pytest.mark.parametrize("price", [None, 200.0])
def test_an_account_that_was_moved_in_is_reproduced_from_its_opening(
    home: Home, price: float | None
) -> None:
    move_in(home.ledger, date(2013, 1, 4), price)
    trade(home, paper(home), START, DAY)
    for day in (date(2013, 1, 7), date(2013, 1, 8), DAY):
        assert again(home, day).differences == ()
    # What came before the move is not ours to compute.
    with pytest.raises(
        DataError, match="2013-01-04 is recorded; it holds 2013-01-07 to 2013-01-16"
    ):
        again(home, date(2013, 1, 4))
