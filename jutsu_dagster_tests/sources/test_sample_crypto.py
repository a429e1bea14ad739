from __future__ import annotations

import time
from datetime import date, timedelta

import numpy as np
import pandas as pd
import pytest

from jutsu_dagster.core.bars import FloatArray
from jutsu_dagster.core.errors import DataError
from jutsu_dagster.core.timeframe import QUARTER_HOURS
from jutsu_dagster.sources.base import Listing
from jutsu_dagster.sources.sample_crypto import COINS, FIRST_DAY, SampleCrypto
from jutsu_dagster.sources.validate import validate_rows

SYMBOLS = tuple(COINS)
TODAY = date(2026, 7, 1)
MARKET = SampleCrypto(TODAY)
ROWS = MARKET.bars(SYMBOLS, FIRST_DAY, TODAY)
FROZEN = {"BTCUSDT": 56127.16, "ETHUSDT": 2902.37, "SOLUSDT": 105.89}


def own(symbol: str) -> pd.DataFrame:
    return ROWS[ROWS["symbol"] == symbol].reset_index(drop=True)


def returns(symbol: str) -> FloatArray:
    moved: FloatArray = np.diff(np.log(own(symbol)["close"].to_numpy(np.float64)))
    return moved


@pytest.mark.parametrize(
    "today", [date(2023, 1, 2), date(2023, 6, 1), date(2024, 2, 29), date(2024, 5, 27)]
)
def test_the_end_date_changes_no_bar(today: date) -> None:
    early = SampleCrypto(today).bars(SYMBOLS, FIRST_DAY, today)
    pd.testing.assert_frame_equal(
        early, ROWS[ROWS["timestamp"] < pd.Timestamp(today)], check_exact=True
    )


def test_every_day_alone_is_the_day_of_the_whole() -> None:
    days = [FIRST_DAY + timedelta(days=n) for n in range((TODAY - FIRST_DAY).days)]
    single = [MARKET.bars(SYMBOLS, day, day) for day in days]
    pd.testing.assert_frame_equal(pd.concat(single, ignore_index=True), ROWS, check_exact=True)


def test_the_symbols_asked_for_change_no_bar() -> None:
    day = date(2024, 3, 1)
    part = MARKET.bars(["SOLUSDT"], day, day)
    whole = own("SOLUSDT")
    whole = whole[whole["timestamp"].dt.date == day].reset_index(drop=True)
    pd.testing.assert_frame_equal(part, whole, check_exact=True)
    assert MARKET.bars([], day, day).empty


def test_frozen_bars_hold() -> None:
    """A change of the generator changes everybody's sample results: do it knowingly."""
    found = ROWS[ROWS["timestamp"] == "2025-03-16 12:45"].set_index("symbol")["close"]
    assert found.to_dict() == FROZEN


def test_every_bar_is_valid() -> None:
    pd.testing.assert_frame_equal(validate_rows(ROWS, "sample", timeframe=QUARTER_HOURS), ROWS)


@pytest.mark.parametrize("symbol", SYMBOLS)
def test_every_quarter_of_an_hour_has_its_bar(symbol: str) -> None:
    due = QUARTER_HOURS.times(FIRST_DAY, TODAY - timedelta(days=1))
    np.testing.assert_array_equal(own(symbol)["timestamp"], due)
    assert MARKET.listings([symbol]) == {symbol: Listing(FIRST_DAY)}


@pytest.mark.parametrize("symbol", SYMBOLS)
def test_a_bar_opens_where_the_one_before_closed(symbol: str) -> None:
    rows = own(symbol)
    np.testing.assert_array_equal(rows["open"][1:], rows["close"][:-1])


def test_it_ends_with_the_last_bar_of_yesterday() -> None:
    latest = MARKET.latest(["SOLUSDT", "BTCUSDT"])
    assert latest["symbol"].tolist() == ["SOLUSDT", "BTCUSDT"]
    assert set(latest["timestamp"]) == {pd.Timestamp("2026-06-30 23:45")}
    assert latest["price"][1] == own("BTCUSDT")["close"].iloc[-1]
    assert MARKET.bars(SYMBOLS, TODAY, TODAY).empty
    assert MARKET.bars(SYMBOLS, date(2020, 1, 1), date(2022, 12, 31)).empty
    assert SampleCrypto().latest(["ETHUSDT"])["timestamp"][0].date() < date.today()  # noqa: DTZ011


@pytest.mark.parametrize(("symbol", "lowest", "highest"), [
    ("BTCUSDT", 0.30, 0.60), ("ETHUSDT", 0.50, 0.85), ("SOLUSDT", 0.65, 1.05),
])  # fmt: skip
def test_returns_look_like_those_of_coins(symbol: str, lowest: float, highest: float) -> None:
    move = returns(symbol)
    assert lowest < move.std() * np.sqrt(365 * 96) < highest
    assert 4 < (move**4).mean() / move.var() ** 2 < 60
    assert abs(np.corrcoef(move[1:], move[:-1])[0, 1]) < 0.05
    rows = own(symbol)
    assert 1.6 < np.log(rows["high"] / rows["low"]).mean() / np.abs(move).mean() < 2.6
    assert rows["low"].min() / rows["open"][0] > 0.2
    assert rows["high"].max() / rows["open"][0] < 8


@pytest.mark.parametrize("symbol", SYMBOLS)
def test_volatility_clusters_within_and_across_days(symbol: str) -> None:
    size = np.abs(returns(symbol))
    assert np.corrcoef(size[1:], size[:-1])[0, 1] > 0.12
    daily = size[: len(size) // 96 * 96].reshape(-1, 96).mean(axis=1)
    assert np.corrcoef(daily[1:], daily[:-1])[0, 1] > 0.3


@pytest.mark.parametrize("symbol", SYMBOLS)
def test_volume_rises_with_the_size_of_the_move(symbol: str) -> None:
    volume = own(symbol)["volume"].to_numpy()
    assert volume.min() > 0
    assert np.corrcoef(np.abs(returns(symbol)), volume[1:])[0, 1] > 0.4
    assert 1.05 < volume.mean() / np.median(volume) < 2


def test_coins_move_together_and_trends_go_both_ways() -> None:
    assert np.corrcoef(returns("BTCUSDT"), returns("ETHUSDT"))[0, 1] < 0.9
    closes = np.log(own("ETHUSDT")["close"].to_numpy(np.float64)[95::96])
    daily = np.diff(closes)
    assert np.corrcoef(daily, np.diff(np.log(own("BTCUSDT")["close"][95::96])))[0, 1] > 0.6
    month = closes[30:] - closes[:-30]
    assert (month > 0.15).mean() > 0.08
    assert (month < -0.15).mean() > 0.08


def test_an_unknown_symbol_is_named_with_the_nearest() -> None:
    with pytest.raises(DataError, match=r"sample has no symbol 'ETHUSD' \(did you mean 'ETHUSDT'"):
        MARKET.bars(["ETHUSD"], TODAY, TODAY)


def test_a_time_before_the_market_is_refused() -> None:
    with pytest.raises(DataError, match="begins on 2023-01-01"):
        SampleCrypto(FIRST_DAY)


def test_one_day_in_the_middle_takes_a_blink() -> None:
    started = time.process_time()
    for _ in range(20):
        SampleCrypto(TODAY).bars(SYMBOLS, date(2025, 5, 5), date(2025, 5, 5))
    assert time.process_time() - started < 1
