from __future__ import annotations

import time
from datetime import date, timedelta

import numpy as np
import pandas as pd
import pytest

from jutsu_dagster.core.bars import FloatArray
from jutsu_dagster.core.calendar import sessions_between
from jutsu_dagster.core.errors import DataError
from jutsu_dagster.sources.base import Listing
from jutsu_dagster.sources.sample import LISTED, SampleMarket
from jutsu_dagster.sources.validate import validate_rows

SYMBOLS = tuple(LISTED)
START = date(2008, 1, 1)
TODAY = date(2026, 7, 1)
FROZEN = {"PSQ": 9.98, "QQQ": 353.26, "TLT": 97.67, "TMF": 23.68, "TMV": 278.63, "TQQQ": 700.74}
MARKET = SampleMarket(TODAY)
ROWS = MARKET.bars(SYMBOLS, START, TODAY)


def closes(symbol: str, since: str = "2008-01-01") -> FloatArray:
    rows = ROWS[(ROWS["symbol"] == symbol) & (ROWS["date"] >= since)]
    return rows["close"].to_numpy(np.float64)


def returns(symbol: str, since: str = "2010-02-12") -> FloatArray:
    close = closes(symbol, since)
    moved: FloatArray = close[1:] / close[:-1] - 1
    return moved


def drawdown(close: FloatArray) -> float:
    return float((close / np.maximum.accumulate(close) - 1).min())


@pytest.mark.parametrize("today", [date(2008, 1, 3), date(2009, 6, 1), date(2016, 2, 29)])
def test_the_end_date_changes_no_bar(today: date) -> None:
    early = SampleMarket(today).bars(SYMBOLS, START, today)
    pd.testing.assert_frame_equal(early, ROWS[ROWS["date"] < pd.Timestamp(today)])


def test_a_market_grown_day_by_day_keeps_every_bar() -> None:
    for offset in range(0, 40, 3):
        today = date(2026, 5, 1) + timedelta(days=offset)
        early = SampleMarket(today).bars(SYMBOLS, START, today)
        pd.testing.assert_frame_equal(early, ROWS[ROWS["date"] < pd.Timestamp(today)])


def test_symbols_and_range_asked_for_change_no_bar() -> None:
    part = MARKET.bars(["TMF", "QQQ"], date(2012, 3, 1), date(2012, 3, 30))
    within = ROWS["date"].between(pd.Timestamp("2012-03-01"), pd.Timestamp("2012-03-30"))
    whole = ROWS[within & ROWS["symbol"].isin(["TMF", "QQQ"])].reset_index(drop=True)
    pd.testing.assert_frame_equal(part, whole)


def test_frozen_bars_hold() -> None:
    """A change of the generator changes everybody's sample results: do it knowingly."""
    found = ROWS[ROWS["date"] == "2020-03-16"].set_index("symbol")["close"].round(2)
    assert found.to_dict() == FROZEN


def test_a_reader_cannot_change_the_market() -> None:
    mine = MARKET.bars(["QQQ"], START, TODAY)
    mine["close"] = 1.0
    assert (MARKET.bars(["QQQ"], START, TODAY)["close"] > 1).all()


def test_every_bar_is_valid_and_rounded() -> None:
    validate_rows(ROWS, "sample")
    prices = ROWS[["open", "high", "low", "close"]]
    np.testing.assert_array_equal(prices, prices.round(6))
    assert (ROWS["split"] == 1).all()


@pytest.mark.parametrize("symbol", SYMBOLS)
def test_each_symbol_has_every_session_since_its_listing(symbol: str) -> None:
    days = ROWS.loc[ROWS["symbol"] == symbol, "date"].to_numpy().astype("datetime64[D]")
    np.testing.assert_array_equal(days, sessions_between(LISTED[symbol], date(2026, 6, 30)))
    assert MARKET.listings([symbol]) == {symbol: Listing(LISTED[symbol])}


def test_it_ends_with_the_last_session_before_today() -> None:
    monday = SampleMarket(date(2024, 7, 8))
    assert monday.latest(["QQQ"])["timestamp"].tolist() == [pd.Timestamp("2024-07-05")]
    assert SampleMarket().latest(["TQQQ"])["timestamp"].iloc[0].date() < date.today()  # noqa: DTZ011


def test_latest_is_the_last_close_in_the_order_asked() -> None:
    found = MARKET.latest(["TLT", "QQQ"])
    assert found["symbol"].tolist() == ["TLT", "QQQ"]
    assert found["price"].tolist() == [closes("TLT")[-1], closes("QQQ")[-1]]


def test_the_equity_fund_looks_like_one() -> None:
    close = closes("QQQ", "2010-01-01")
    years = len(close) / 252
    assert 0.08 < (close[-1] / close[0]) ** (1 / years) - 1 < 0.18
    assert -0.45 < drawdown(close) < -0.25
    daily = np.diff(np.log(close))
    assert 0.15 < daily.std() * np.sqrt(252) < 0.26
    assert 2 < ((daily - daily.mean()) ** 4).mean() / daily.var() ** 2 - 3 < 12


def test_volatility_clusters_and_falls_raise_it() -> None:
    daily = returns("QQQ")
    size = np.abs(daily)
    assert np.corrcoef(size[1:], size[:-1])[0, 1] > 0.1
    ahead = np.convolve(size, np.ones(10) / 10, "valid")[1:]
    assert np.corrcoef(daily[: len(ahead)], ahead)[0, 1] < -0.05


def test_volume_is_whole_and_rises_with_volatility() -> None:
    rows = ROWS[ROWS["symbol"] == "QQQ"]
    volume = rows["volume"].to_numpy()
    np.testing.assert_array_equal(volume, volume.round())
    assert 5e6 < volume.min() < volume.max() < 1e9
    move = np.abs(np.diff(np.log(rows["close"])))
    assert np.corrcoef(move, volume[1:])[0, 1] > 0.3


@pytest.mark.parametrize(
    ("fund", "parent", "multiple"),
    [("TQQQ", "QQQ", 3), ("PSQ", "QQQ", -1), ("TMF", "TLT", 3), ("TMV", "TLT", -3)],
)
def test_a_derived_fund_moves_a_multiple_each_day_less_costs(
    fund: str, parent: str, multiple: int
) -> None:
    cost = multiple * returns(parent) - returns(fund)
    assert 0 < cost.mean() < 2e-4
    assert np.ptp(cost) < 1e-5


@pytest.mark.parametrize("symbol", SYMBOLS)
def test_no_price_decays_to_pennies_or_explodes(symbol: str) -> None:
    rows = ROWS[ROWS["symbol"] == symbol]
    assert rows["low"].min() > 0.5
    assert rows["high"].max() < 1e5


def test_bonds_tend_to_rise_when_equities_fall() -> None:
    assert -0.6 < np.corrcoef(returns("QQQ"), returns("TLT"))[0, 1] < -0.1
    assert 0.10 < np.diff(np.log(closes("TLT"))).std() * np.sqrt(252) < 0.18


def test_an_unknown_symbol_is_named_with_the_nearest() -> None:
    with pytest.raises(DataError, match=r"sample has no symbol 'TQQ' \(did you mean 'TQQQ'\?\)"):
        MARKET.bars(["TQQ"], START, TODAY)


def test_a_time_before_the_market_is_refused() -> None:
    with pytest.raises(DataError, match="begins on 2008-01-02"):
        SampleMarket(date(2008, 1, 2))


def test_a_fresh_market_takes_well_under_a_second() -> None:
    started = time.process_time()
    SampleMarket(date(2026, 6, 17))
    assert time.process_time() - started < 0.5
