from __future__ import annotations

from datetime import date
from pathlib import Path

import pandas as pd
import pytest

from jutsu_dagster.core.errors import DataError
from jutsu_dagster.pipeline.ingest import NO_ROWS, DayReport, IngestReport, ingest_range
from jutsu_dagster.sources.base import Listing
from jutsu_dagster.sources.sample import SampleMarket
from jutsu_dagster.storage.market import MarketStore
from jutsu_dagster_tests.market_rows import JANUARY, FrameMarket, rows_of

ROWS = rows_of()
BOTH = ("QQQ", "TLT")


@pytest.fixture
def store(tmp_path: Path) -> MarketStore:
    return MarketStore(tmp_path / "market")


def january(store: MarketStore, rows: pd.DataFrame = ROWS) -> IngestReport:
    return ingest_range(FrameMarket(rows), store, BOTH, date(2015, 1, 2), date(2015, 1, 31))


def without(symbol: str, *days: str) -> pd.DataFrame:
    gone = (ROWS["symbol"] == symbol) & ROWS["date"].isin(pd.to_datetime(list(days)))
    return ROWS[~gone].reset_index(drop=True)


def test_a_range_is_fetched_once_and_stored_whole(store: MarketStore) -> None:
    source = FrameMarket(ROWS)
    lines: list[str] = []
    report = ingest_range(source, store, BOTH, *JANUARY, progress=lines.append)
    assert source.fetches == 1
    assert (report.version_before, report.version_after) == (None, 1)
    assert (report.first_bar, report.last_bar) == (date(2015, 1, 2), date(2015, 1, 30))
    assert len(report.changed) == 20
    assert len(lines) == 2
    pd.testing.assert_frame_equal(store.rows("etf_daily"), ROWS)


def test_every_calendar_day_is_reported(store: MarketStore) -> None:
    report = january(store)
    assert [day.day.day for day in report.days] == list(range(2, 32))
    assert sum(day.is_session for day in report.days) == 20
    assert report.days[0].rows == {"QQQ": 1, "TLT": 1}
    closed = DayReport(
        day=date(2015, 1, 3),
        is_session=False,
        rows={"QQQ": 0, "TLT": 0},
        content_hash=NO_ROWS,
        missing=(),
        not_listed=(),
    )
    assert report.days[1] == closed


def test_a_range_and_its_days_store_and_report_the_same(tmp_path: Path) -> None:
    at_once, by_day = MarketStore(tmp_path / "a"), MarketStore(tmp_path / "b")
    report = january(at_once)
    source = FrameMarket(ROWS)
    single = [ingest_range(source, by_day, BOTH, day.day, day.day).days for day in report.days]
    assert tuple(day for days in single for day in days) == report.days
    pd.testing.assert_frame_equal(by_day.rows("etf_daily"), at_once.rows("etf_daily"))


def test_doing_it_twice_changes_nothing(store: MarketStore) -> None:
    first, second = january(store), january(store)
    assert second.version_before == second.version_after == first.version_after
    assert second.changed == ()
    assert second.days == first.days


def test_a_revised_price_is_a_changed_day(store: MarketStore) -> None:
    january(store)
    revised = ROWS.assign(volume=ROWS["volume"] + (ROWS.index == 5))
    report = january(store, revised)
    assert report.changed == (date(2015, 1, 6),)
    assert report.version_before is not None
    assert report.version_after > report.version_before


def test_a_vanished_day_is_a_changed_day(store: MarketStore) -> None:
    january(store)
    report = january(store, ROWS[ROWS["date"] != "2015-01-06"].reset_index(drop=True))
    assert report.changed == (date(2015, 1, 6),)
    assert report.days[4].missing == BOTH


def test_a_missing_symbol_is_told_from_one_that_is_not_listed(store: MarketStore) -> None:
    listings = {"TLT": Listing(date(2015, 1, 6), date(2015, 1, 15))}
    rows = without("TLT", "2015-01-02", "2015-01-05", "2015-01-08", "2015-01-16")
    source = FrameMarket(rows, listings)
    report = ingest_range(source, store, BOTH, date(2015, 1, 2), date(2015, 1, 16))
    assert [d.day.day for d in report.days if d.missing] == [8]
    off = [d.day.day for d in report.days if d.not_listed]
    assert off == [2, 3, 4, 5, 16]


def test_a_closed_day_alone_is_a_report_without_rows(store: MarketStore) -> None:
    source = FrameMarket(ROWS)
    report = ingest_range(source, store, BOTH, date(2015, 1, 3), date(2015, 1, 4))
    assert [day.content_hash for day in report.days] == [NO_ROWS, NO_ROWS]
    assert (report.first_bar, report.changed) == (None, ())
    assert store.rows("etf_daily").empty


def test_a_closed_day_at_either_end_of_the_source_is_fine(store: MarketStore) -> None:
    report = ingest_range(FrameMarket(ROWS), store, BOTH, date(2015, 1, 1), date(2015, 2, 1))
    assert len(report.days) == 32


def test_a_session_the_source_does_not_have_yet_is_refused(store: MarketStore) -> None:
    with pytest.raises(DataError, match="frame has no bars of 2015-02-02 yet: its last are of 20"):
        ingest_range(FrameMarket(ROWS), store, BOTH, JANUARY[0], date(2015, 2, 3))
    with pytest.raises(DataError, match="sample has no bars of 2020-01-03 yet"):
        ingest_range(
            SampleMarket(date(2020, 1, 3)), store, BOTH, date(2020, 1, 2), date(2020, 1, 3)
        )
    assert not store.exists("etf_daily")


def test_symbols_that_have_all_ended_are_no_fault(store: MarketStore) -> None:
    ended = {symbol: Listing(date(2015, 1, 2), date(2015, 1, 30)) for symbol in BOTH}
    day = date(2015, 2, 2)
    report = ingest_range(FrameMarket(ROWS, ended), store, BOTH, day, day)
    assert report.days[0].not_listed == BOTH


def test_a_session_before_the_source_begins_is_refused(store: MarketStore) -> None:
    with pytest.raises(
        DataError, match=r"2014-12-29 is before the first bar of frame.* 2015-01-02"
    ):
        ingest_range(FrameMarket(ROWS), store, BOTH, date(2014, 12, 29), JANUARY[1])
    assert not store.exists("etf_daily")


def test_a_bad_row_stops_everything(store: MarketStore) -> None:
    january(store)
    broken = ROWS.copy()
    broken.loc[30, "close"] = -1.0
    with pytest.raises(DataError, match=r"frame row 30: .* close \(-1\.0\) must be > 0"):
        january(store, broken)
    pd.testing.assert_frame_equal(store.rows("etf_daily"), ROWS)


def test_the_sample_market_fits(store: MarketStore) -> None:
    source = SampleMarket(date(2011, 1, 1))
    symbols = ("QQQ", "TQQQ")
    report = ingest_range(source, store, symbols, date(2010, 1, 1), date(2010, 12, 31))
    assert report.days[3].not_listed == ("TQQQ",)
    assert len(store.read("etf_daily", symbols, date(2010, 1, 1), date(2010, 12, 31))) == 252
