from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from pathlib import Path

import pandas as pd
import pytest

from jutsu_dagster.core.errors import DataError
from jutsu_dagster.pipeline.ingest import CRYPTO_15M, IngestReport, ingest_range
from jutsu_dagster.pipeline.quality import check_days
from jutsu_dagster.sources.base import Listing, MarketSource
from jutsu_dagster.sources.sample_crypto import SampleCrypto
from jutsu_dagster.storage.market import MarketStore
from jutsu_dagster_tests.candle_rows import BOTH, WEEK, CandleMarket, candles_of, without

ROWS = candles_of()
DAY = date(2025, 3, 5)


@pytest.fixture
def store(tmp_path: Path) -> MarketStore:
    return MarketStore(tmp_path / "market")


def ingest(
    store: MarketStore, source: MarketSource, first: date = WEEK[0], last: date = WEEK[1]
) -> IngestReport:
    return ingest_range(source, store, BOTH, first, last, table=CRYPTO_15M)


def test_every_utc_day_is_open_and_has_96_bars_a_symbol(store: MarketStore) -> None:
    report = ingest(store, CandleMarket(ROWS))
    assert [day.day.day for day in report.days] == [3, 4, 5, 6, 7, 8, 9]
    for day in report.days:
        assert day.is_session
        assert day.rows == {"BTCUSDT": 96, "ETHUSDT": 96}
        assert (day.missing, day.uneven, day.not_listed) == ((), (), ())
    assert (report.first_bar, report.last_bar) == WEEK
    assert len(report.changed) == 7
    pd.testing.assert_frame_equal(store.rows(CRYPTO_15M), ROWS)


def test_a_range_and_its_days_store_and_report_the_same(tmp_path: Path) -> None:
    at_once, by_day = MarketStore(tmp_path / "a"), MarketStore(tmp_path / "b")
    report, source = ingest(at_once, CandleMarket(ROWS)), CandleMarket(ROWS)
    single = [ingest(by_day, source, day.day, day.day).days for day in report.days]
    assert tuple(day for days in single for day in days) == report.days
    pd.testing.assert_frame_equal(by_day.rows(CRYPTO_15M), at_once.rows(CRYPTO_15M))
    again = ingest(at_once, source)
    assert (again.changed, again.version_after) == ((), report.version_after)


def test_a_revised_bar_is_a_changed_day(store: MarketStore) -> None:
    ingest(store, CandleMarket(ROWS))
    revised = ROWS.assign(volume=ROWS["volume"] + (ROWS["timestamp"] == "2025-03-05 10:15"))
    assert ingest(store, CandleMarket(revised)).changed == (DAY,)


def test_a_day_without_all_its_bars_is_named(store: MarketStore) -> None:
    rows = without(ROWS, "ETHUSDT", "2025-03-05 10:15", "2025-03-05 23:45")
    gone = (rows["symbol"] == "BTCUSDT") & (rows["timestamp"].dt.date == date(2025, 3, 7))
    report = ingest(store, CandleMarket(rows[~gone].reset_index(drop=True)))
    assert {day.day.day: day.uneven for day in report.days if day.uneven} == {5: ("ETHUSDT",)}
    assert report.days[2].rows == {"BTCUSDT": 96, "ETHUSDT": 94}
    assert {day.day.day: day.missing for day in report.days if day.missing} == {7: ("BTCUSDT",)}


def test_a_symbol_that_is_not_listed_is_not_missed(store: MarketStore) -> None:
    listings = {"ETHUSDT": Listing(DAY, DAY)}
    rows = ROWS[(ROWS["symbol"] == "BTCUSDT") | (ROWS["timestamp"].dt.date == DAY)]
    report = ingest(store, CandleMarket(rows.reset_index(drop=True), listings))
    assert all(day.missing == day.uneven == () for day in report.days)
    assert [day.day for day in report.days if not day.not_listed] == [DAY]


@pytest.mark.parametrize("cut", ["2025-03-09 09:30", "2025-03-09 23:45"])
def test_a_day_that_the_source_has_not_whole_yet_is_refused(store: MarketStore, cut: str) -> None:
    source = CandleMarket(ROWS[ROWS["timestamp"] < cut].reset_index(drop=True))
    with pytest.raises(
        DataError,
        match="has not all bars of 2025-03-09 yet: its last whole day is 2025-03-08; ask up to 202",
    ):
        ingest(store, source)
    assert not store.exists(CRYPTO_15M)
    assert len(ingest(store, source, WEEK[0], date(2025, 3, 8)).days) == 6


def test_the_day_under_way_is_never_ingested(store: MarketStore) -> None:
    """A vendor's last bar of the day is there before it has closed."""
    today = datetime.now(UTC).date()
    source = CandleMarket(candles_of(first=today - timedelta(days=2), last=today))
    with pytest.raises(DataError, match=f"{today} is not over yet, so candles cannot have all"):
        ingest(store, source, today - timedelta(days=2), today)
    assert not store.exists(CRYPTO_15M)
    yesterday = today - timedelta(days=1)
    assert ingest(store, source, yesterday, yesterday).days[0].rows["ETHUSDT"] == 96


def test_a_day_before_the_source_begins_is_empty_and_no_fault(store: MarketStore) -> None:
    """One night is of all markets, and this one begins later than others."""
    early, late = date(2022, 12, 31), date(2023, 1, 2)
    (alone,) = ingest(store, SampleCrypto(), early, early).days
    assert (alone.begun, alone.missing, alone.content_hash) == (False, (), "empty")
    days = ingest(store, SampleCrypto(), early, late).days
    assert [day.begun for day in days] == [False, True, True]
    assert days[0].not_listed == BOTH
    assert days[1].rows == dict.fromkeys(BOTH, 96)
    listings = SampleCrypto().listings(BOTH)
    assert check_days(store, CRYPTO_15M, BOTH, listings, early, late) == []


def test_a_bad_row_stops_everything(store: MarketStore) -> None:
    broken = ROWS.assign(close=ROWS["close"].where(ROWS.index != 9, -1.0))
    with pytest.raises(DataError, match=r"candles row 9: ETHUSDT 2025-03-03 01:00:00: close \(-1"):
        ingest(store, CandleMarket(broken))
    assert not store.exists(CRYPTO_15M)


def test_another_source_must_replace_all_days_at_once(store: MarketStore) -> None:
    ingest(store, CandleMarket(ROWS))
    with pytest.raises(DataError, match="crypto_15m holds bars of candles from 2025-03-03 to 2025"):
        ingest(store, SampleCrypto(), DAY, DAY)
    yesterday = datetime.now(UTC).date() - timedelta(days=1)
    ingest(store, SampleCrypto(), date(2023, 1, 1), yesterday)
    assert store.source(CRYPTO_15M) == "sample"
    assert store.coverage(CRYPTO_15M)["first"].tolist() == [date(2023, 1, 1)] * 2
