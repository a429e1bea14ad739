"""Paper days of directional strategies: days, ranges and repeats give one account."""

from __future__ import annotations

from datetime import date, timedelta
from typing import Any

import numpy as np
import pandas as pd
import pytest

from jutsu_dagster.core.account import AccountKey
from jutsu_dagster.core.errors import DataError, LedgerError, StrategyError
from jutsu_dagster.pipeline.day_report import DayReport
from jutsu_dagster.pipeline.directional_paper import trade_days
from jutsu_dagster.pipeline.ingest import CRYPTO_15M
from jutsu_dagster.registry.config import StrategyConfig
from jutsu_dagster.storage import exploration_log as log
from jutsu_dagster.storage.exploration_accounts import span
from jutsu_dagster_tests.homes import COIN_DAYS, COIN_START, Home

LAST = COIN_DAYS[1]
PAPER = AccountKey("ETH_main", "paper")
DAY = timedelta(days=1)


def eth(home: Home, **overrides: object) -> StrategyConfig:
    return home.config("ETH_main", **overrides)


def trade(
    home: Home, first: date, last: date | None = None, config: StrategyConfig | None = None
) -> list[DayReport]:
    return list(trade_days(config or eth(home), home.store, home.ledger, first, last or first))


def account(home: Home, key: AccountKey = PAPER) -> tuple[pd.DataFrame, pd.DataFrame]:
    """Return all that is recorded of an account, the moment of recording aside."""
    days = log.days(home.ledger.engine, key).drop(columns="recorded_at")
    return days, log.trades(home.ledger.engine, key)


def assert_same(one: Any, other: Any) -> None:
    for ours, theirs in zip(one, other, strict=True):
        assert len(ours)
        pd.testing.assert_frame_equal(ours, theirs, check_exact=True)


def test_every_utc_day_is_a_session(crypto_home: Home) -> None:
    reports = trade(crypto_home, COIN_START - DAY, LAST)
    assert [report.status for report in reports] == ["before", *["recorded"] * 26]
    assert reports[0].note == "before the account's first day, 2025-01-06"
    days, trades = account(crypto_home)
    assert days["day"].tolist() == [pd.Timestamp(COIN_START + n * DAY) for n in range(26)]
    assert (days["bars"] == 96).all()
    assert set(trades["dir"]) == {-1, 1}
    report, row = reports[-1], days.iloc[-1]
    assert report.state is not None
    assert report.content_hash == row["closing_hash"] == report.state.digest
    assert (report.equity, report.peak) == (row["equity"], row["peak"])
    assert report.previous_equity == days["equity"].iloc[-2]
    assert report.baseline == 10_000 * row["last_close"] / days["last_close"].iloc[0]
    assert sum(report.signals["bars_by_regime"].values()) == 96


def test_days_one_by_one_and_a_range_are_the_same_account(crypto_home: Home) -> None:
    for offset in range(26):
        trade(crypto_home, COIN_START + offset * DAY)
    by_day = account(crypto_home)
    with crypto_home.ledger.engine.begin() as connection:
        for table in (log.DAYS, log.TRADES):
            connection.execute(table.delete())
    trade(crypto_home, COIN_START, LAST)
    assert_same(by_day, account(crypto_home))


def test_a_repeat_changes_nothing_and_compares(crypto_home: Home) -> None:
    trade(crypto_home, COIN_START, date(2025, 1, 20))
    before = account(crypto_home)
    again = trade(crypto_home, COIN_START, date(2025, 1, 20))
    assert {report.status for report in again} == {"verified"}
    assert_same(before, account(crypto_home))
    both = trade(crypto_home, date(2025, 1, 20), date(2025, 1, 22))
    assert [report.status for report in both] == ["verified", "recorded", "recorded"]


def test_a_changed_bar_shows_as_a_difference(crypto_home: Home) -> None:
    trade(crypto_home, COIN_START, LAST)
    before = account(crypto_home)
    day = date(2025, 1, 10)
    rows = crypto_home.store.rows(CRYPTO_15M, None, day, day)
    prices = ["open", "high", "low", "close"]
    rows[prices] = rows[prices] * np.linspace(1, 1.05, len(rows))[:, None]
    crypto_home.store.write(CRYPTO_15M, rows, day, day, "sample")
    (report,) = trade(crypto_home, day)
    assert report.status == "differs"
    assert report.differences[0].startswith("2025-01-10 equity: recorded ")
    assert report.content_hash == before[0].set_index("day")["closing_hash"][pd.Timestamp(day)]
    assert_same(before, account(crypto_home))


def test_a_missing_day_is_named_with_its_range(crypto_home: Home) -> None:
    with pytest.raises(LedgerError, match="materialize 2025-01-06 to 2025-01-08 first"):
        trade(crypto_home, date(2025, 1, 9), LAST)
    trade(crypto_home, COIN_START)
    with pytest.raises(LedgerError, match="materialize 2025-01-07 to 2025-01-08 first"):
        trade(crypto_home, date(2025, 1, 9), LAST)


def test_a_day_without_its_bars_is_named(crypto_home: Home) -> None:
    with pytest.raises(DataError, match="has 0 of 96 bars of ETHUSDT on 2025-02-01"):
        trade(crypto_home, date(2025, 1, 6), date(2025, 2, 1))
    assert span(crypto_home.ledger.engine, PAPER) is None
    trade(crypto_home, date(2025, 1, 6), LAST)
    assert span(crypto_home.ledger.engine, PAPER) == (COIN_START, LAST)


def test_recorded_days_keep_their_settings(crypto_home: Home) -> None:
    trade(crypto_home, COIN_START, date(2025, 1, 15))
    other = eth(crypto_home, exploration_cap=6, max_bars_open=4)
    reports = trade(crypto_home, COIN_START, LAST, other)
    assert [report.status for report in reports] == ["verified"] * 10 + ["recorded"] * 16
    days, _ = account(crypto_home)
    assert days["parameter_hash"].nunique() == 2
    assert {each.status for each in trade(crypto_home, COIN_START, LAST)} == {"verified"}


def test_an_account_stays_with_its_symbol_and_its_capital(crypto_home: Home) -> None:
    trade(crypto_home, COIN_START)
    with pytest.raises(StrategyError, match="the account trades ETHUSDT, and its settings now"):
        trade(crypto_home, date(2025, 1, 7), config=eth(crypto_home, symbol="BTCUSDT"))
    trade(
        crypto_home, date(2025, 1, 7), config=eth(crypto_home, **{"portfolio.initial_capital": 5})
    )
    days, _ = account(crypto_home)
    assert set(days["initial_capital"]) == {10_000.0}


def test_an_account_needs_its_warmup(crypto_home: Home) -> None:
    early = {"backtest.start": "2025-01-02", "paper.start": "2025-01-02"}
    with pytest.raises(DataError, match=r"ETHUSDT from 2025-01-01T00:00:00Z on, 96 before 2025-01"):
        trade(crypto_home, date(2025, 1, 2), config=eth(crypto_home, **early))
    with pytest.raises(DataError, match=r"must not be before backtest.start \(2025-01-04\)"):
        trade(
            crypto_home, date(2025, 1, 2), config=eth(crypto_home, **{"paper.start": "2025-01-02"})
        )


def test_without_a_start_there_is_no_account(crypto_home: Home) -> None:
    crypto_home.edit("ETH_main", lambda document: document.update(paper={}))
    (report,) = trade(crypto_home, COIN_START)
    assert (report.status, report.note) == (
        "before", "paper.start is not set, so there is no paper account",
    )  # fmt: skip
