"""An account computed again from its first session: equal, or it says what changed and for whom."""

from __future__ import annotations

from datetime import date
from pathlib import Path

import pandas as pd
import pytest

from jutsu_dagster.core.errors import DataError
from jutsu_dagster.pipeline import replay
from jutsu_dagster.pipeline.book import Book
from jutsu_dagster.pipeline.ingest import ETF_DAILY
from jutsu_dagster.pipeline.paper import paper_account
from jutsu_dagster.pipeline.replay import Replay, replay_account
from jutsu_dagster.storage.market import MarketStore
from jutsu_dagster_tests.homes import LAST, Home, lift_closes
from jutsu_dagster_tests.nights import starts
from jutsu_dagster_tests.pipeline.paper_books import (
    START,
    by_status,
    everything,
    move_in,
    nights,
    paper,
    trade,
)

UNTIL = date(2013, 2, 8)
PRICES = ["open", "high", "low", "close"]


def replayed(home: Home, strategy_id: str = "v3_5b") -> Replay:
    return replay_account(home.config(strategy_id), home.registry, home.store, home.ledger)


def lift(home: Home, day: date, *symbols: str) -> None:
    """Raise what some symbols cost on a day by one percent."""
    home.change_bars(
        day, day, lambda rows: rows.where(~rows["symbol"].isin(symbols), lift_closes(rows))
    )


@pytest.fixture
def traded(home: Home) -> Home:
    """A home whose two accounts hold five weeks."""
    starts(home, START, "v3_5b", "v3_5d")
    for id_ in ("v3_5b", "v3_5d"):
        trade(home, home.config(id_), START, UNTIL)
    return home


def test_unchanged_data_give_the_same_bits(traded: Home) -> None:
    before = everything(traded.ledger)
    for id_ in ("v3_5b", "v3_5d"):
        found = replayed(traded, id_)
        assert found == Replay(paper_account(id_), 27)
        assert found.identical
    # Bars of days that no account has seen.
    traded.change_bars(date(2013, 2, 11), LAST, lift_closes)
    assert replayed(traded).identical
    assert everything(traded.ledger) == before


def test_an_account_without_sessions_is_its_own_replay(home: Home) -> None:
    assert replayed(home) == Replay(paper_account("v3_5b"), 0)


def test_a_revised_bar_is_named_with_the_accounts_that_read_it(traded: Home) -> None:
    day = date(2013, 2, 5)
    held = traded.ledger.snapshots(paper_account("v3_5b"), day, day)["positions"].iloc[0]
    before = traded.store.rows(ETF_DAILY, ["QQQ"], day, day).iloc[0]
    assert held["QQQ"] > 0
    lift(traded, day, "QQQ")
    found = replayed(traded)
    assert not found.identical
    assert found.first_difference == day
    assert found.differences[0].startswith("2013-02-05 equity: recorded 1")
    assert [(bar.session, bar.symbol, bar.field) for bar in found.changed] == [
        (day, "QQQ", field) for field in PRICES
    ]
    assert [bar.before for bar in found.changed] == before[PRICES].tolist()
    assert [bar.after for bar in found.changed] == (before[PRICES] * 1.01).tolist()
    assert str(found.changed[3]).startswith("QQQ 2013-02-05 close 1")
    assert found.touched == ("v3_5b", "v3_5d")
    assert not found.code_changed


def test_only_accounts_that_reach_the_bar_are_touched(home: Home) -> None:
    starts(home, START, "v3_5b", "v3_5d")
    trade(home, home.config("v3_5b"), START, UNTIL)
    trade(home, home.config("v3_5d"), START, date(2013, 1, 31))
    lift(home, date(2013, 2, 5), "QQQ")
    assert replayed(home).touched == ("v3_5b",)
    assert replayed(home, "v3_5d").identical


def test_a_bar_that_changes_no_position_cash_or_equity_is_no_difference(traded: Home) -> None:
    lift(traded, date(2013, 2, 5), "TMV")
    assert replayed(traded).identical


def test_a_bar_from_before_the_account_is_named_too(traded: Home) -> None:
    day = date(2012, 12, 31)
    lift(traded, day, "QQQ", "TQQQ")
    found = replayed(traded)
    assert found.first_difference is not None
    assert {(bar.session, bar.symbol) for bar in found.changed} == {(day, "QQQ"), (day, "TQQQ")}


def test_a_bar_that_is_gone_is_named_with_nothing_after_it(traded: Home) -> None:
    day = date(2012, 6, 1)
    traded.change_bars(
        date(2008, 9, 1), day, lambda rows: rows[rows["symbol"] != "TQQQ"].reset_index(drop=True)
    )
    found = replay.changed_bars(traded.store, list(steps(traded)))
    assert {bar.symbol for bar in found} == {"TQQQ"}
    assert max(bar.session for bar in found) == day
    assert all(pd.isna(bar.after) for bar in found)
    assert {bar.field for bar in found} == {*PRICES, "volume", "split"}


def steps(home: Home) -> list[replay._Step]:
    book = Book.open(home.config(), home.ledger)
    return list(replay._again(book, home.store, home.ledger, None))


def test_changes_between_two_nights_are_all_found(home: Home) -> None:
    """Each night reads a version of its own; the first difference shows after two revisions."""
    starts(home, START, "v3_5b")
    config = home.config()
    early, late = date(2013, 1, 4), date(2013, 1, 10)
    for day, _ in nights(START, UNTIL):
        if day == date(2013, 1, 9):
            lift(home, early, "TMV")
        if day == date(2013, 1, 16):
            lift(home, late, "TMF")
        if day == date(2013, 2, 7):
            lift(home, date(2013, 2, 6), "QQQ")
        trade(home, config, day)
    found = replayed(home)
    assert found.first_difference == date(2013, 2, 6)
    assert {(bar.session, bar.symbol) for bar in found.changed} == {
        (early, "TMV"),
        (late, "TMF"),
        (date(2013, 2, 6), "QQQ"),
    }


def test_other_code_is_told_only_where_something_differs(
    traded: Home, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(replay, "code_version", lambda _kind: "other")
    assert replayed(traded) == Replay(paper_account("v3_5b"), 27)
    with traded.ledger.engine.begin() as connection:
        connection.exec_driver_sql(
            "UPDATE performance_snapshots SET cash = cash + 1 WHERE snapshot_date = '2013-01-16'"
        )
    found = replayed(traded)
    assert found.first_difference == date(2013, 1, 16)
    assert [line.partition(":")[0] for line in found.differences] == ["2013-01-16 cash"]
    assert found.code_changed
    assert (found.changed, found.touched) == ((), ())


def test_bars_that_are_gone_are_named(traded: Home) -> None:
    day = date(2013, 2, 8)
    traded.change_bars(day, LAST, lambda rows: rows.iloc[:0])
    with pytest.raises(DataError, match="2013-02-08 is recorded, but etf_daily no longer has bars"):
        replayed(traded)


def test_a_store_without_the_version_that_was_read_says_so(traded: Home, tmp_path: Path) -> None:
    rows = traded.store.rows(ETF_DAILY)
    other = MarketStore(tmp_path / "other")
    night = date(2013, 2, 11)
    for _ in range(3):
        lift(traded, night, "TMV")
    trade(traded, traded.config(), night)
    rows = rows.where(rows["date"] != pd.Timestamp(night), lift_closes(rows))
    other.write(ETF_DAILY, rows, date(2008, 9, 1), LAST)
    found = replay_account(traded.config(), traded.registry, other, traded.ledger)
    assert found.first_difference == night
    assert "there is no version 4; the newest is 1" in found.differences[-1]
    assert found.changed == ()


@pytest.mark.parametrize("price", [None, 200.0])
def test_an_account_that_was_moved_in_is_replayed_from_its_opening(
    home: Home, price: float | None
) -> None:
    move_in(home.ledger, date(2013, 1, 4), price)
    config = paper(home)
    assert by_status(trade(home, config, START, UNTIL))["recorded"] == 24
    found = replay_account(config, home.registry, home.store, home.ledger)
    assert (found.identical, found.sessions) == (True, 24)
