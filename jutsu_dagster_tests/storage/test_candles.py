"""The market store holds 15-minute bars in the same tables, replaced by whole days."""

from __future__ import annotations

import time
from datetime import UTC, date, datetime, timedelta, timezone
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from deltalake import DeltaTable

from jutsu_dagster.core.align import bars_from_rows, require_candles
from jutsu_dagster.core.errors import DataError
from jutsu_dagster.core.timeframe import CRYPTO_15M, QUARTER_HOURS
from jutsu_dagster.sources.sample_crypto import COINS, SampleCrypto
from jutsu_dagster.storage import market
from jutsu_dagster.storage.market import MarketStore, content_hash, hash_days
from jutsu_dagster_tests.candle_rows import BOTH, WEEK, candles_of, without
from jutsu_dagster_tests.market_rows import JANUARY, rows_of

ROWS = candles_of()
DAY = date(2025, 3, 5)


@pytest.fixture
def store(tmp_path: Path) -> MarketStore:
    return MarketStore(tmp_path / "market")


@pytest.fixture
def filled(store: MarketStore) -> MarketStore:
    store.write(CRYPTO_15M, ROWS, *WEEK, "candles")
    return store


def of_day(rows: pd.DataFrame, day: date = DAY) -> pd.DataFrame:
    found: pd.DataFrame = rows[rows["timestamp"].dt.date == day].reset_index(drop=True)
    return found


def test_what_was_written_is_read_to_the_last_bit(filled: MarketStore) -> None:
    pd.testing.assert_frame_equal(filled.rows(CRYPTO_15M), ROWS, check_exact=True)
    bars = filled.read(CRYPTO_15M, BOTH, *WEEK)
    assert content_hash(bars) == content_hash(bars_from_rows(ROWS, BOTH))
    assert bars.symbols == BOTH
    np.testing.assert_array_equal(bars.timestamps, QUARTER_HOURS.times(*WEEK))
    assert (bars.splits == 1).all()


def test_days_are_read_and_replaced_whole(filled: MarketStore) -> None:
    pd.testing.assert_frame_equal(filled.rows(CRYPTO_15M, None, DAY, DAY), of_day(ROWS))
    filled.write(CRYPTO_15M, of_day(ROWS).head(5).assign(volume=7.0), DAY, DAY)
    found = filled.rows(CRYPTO_15M)
    assert of_day(found)["volume"].tolist() == [7.0] * 5
    others = ROWS[ROWS["timestamp"].dt.date != DAY].reset_index(drop=True)
    rest = found[found["timestamp"].dt.date != DAY].reset_index(drop=True)
    pd.testing.assert_frame_equal(rest, others)


def test_writing_twice_makes_no_second_version(filled: MarketStore) -> None:
    version = filled.version(CRYPTO_15M)
    shuffled = ROWS.sample(frac=1, random_state=1)
    assert filled.write(CRYPTO_15M, shuffled, *WEEK, "candles") == version
    assert filled.source(CRYPTO_15M) == "candles"


def test_rows_of_another_day_are_refused(filled: MarketStore) -> None:
    with pytest.raises(DataError, match="rows from 2025-03-03 to 2025-03-09 must lie within"):
        filled.write(CRYPTO_15M, ROWS, WEEK[0], DAY)


def test_a_day_hash_knows_time_and_value_of_every_bar(filled: MarketStore) -> None:
    before = filled.day_hashes(CRYPTO_15M, *WEEK)
    assert len(set(before.values())) == 7
    assert before == hash_days(ROWS.sample(frac=1, random_state=2))
    later = ROWS.assign(timestamp=ROWS["timestamp"].where(ROWS.index != 3, ROWS["timestamp"] + pd.Timedelta(1, "s")))  # fmt: skip  # noqa: E501
    revised = ROWS.assign(close=ROWS["close"].where(ROWS.index != 3, np.nextafter(1, 2)))
    for rows in (later, revised):
        changed = hash_days(rows)
        assert [day for day in before if before[day] != changed[day]] == [WEEK[0]]


def test_candles_are_read_from_one_time_to_another(filled: MarketStore) -> None:
    first, last = datetime(2025, 3, 4, 22, 15, tzinfo=UTC), datetime(2025, 3, 5, 23, 45, tzinfo=UTC)
    bars = filled.read_candles(["ETHUSDT"], first, last)
    assert len(bars) == 7 + 96
    own = ROWS[(ROWS["symbol"] == "ETHUSDT") & (ROWS["timestamp"] >= "2025-03-04 22:15")]
    np.testing.assert_array_equal(bars.close[:, 0], own["close"][: len(bars)])
    abroad = timezone(timedelta(hours=5, minutes=30))
    moved = filled.read_candles(["ETHUSDT"], first.astimezone(abroad), last.astimezone(abroad))
    naive = filled.read_candles(["ETHUSDT"], first.replace(tzinfo=None), last.replace(tzinfo=None))
    assert content_hash(moved) == content_hash(naive) == content_hash(bars)


def test_candles_of_an_old_version_stay_readable(filled: MarketStore) -> None:
    old = filled.version(CRYPTO_15M)
    filled.write(CRYPTO_15M, ROWS.assign(volume=1.0), *WEEK)
    at = datetime(2025, 3, 5, tzinfo=UTC)
    assert (filled.read_candles(BOTH, at, at).volume == 1).all()
    assert (filled.read_candles(BOTH, at, at, old).volume != 1).all()


def test_an_unknown_symbol_is_named_with_the_nearest(filled: MarketStore) -> None:
    at = datetime(2025, 3, 5, tzinfo=UTC)
    with pytest.raises(DataError, match=r"crypto_15m: has no symbol 'ETHUSD' \(did you mean 'ETHU"):
        filled.read_candles(["ETHUSD"], at, at)


def test_coverage_is_of_days(filled: MarketStore) -> None:
    span = {"first": WEEK[0], "last": WEEK[1], "rows": 7 * 96}
    found = filled.coverage(CRYPTO_15M).to_dict("records")
    assert found == [{"symbol": symbol, **span} for symbol in BOTH]


def test_an_empty_table_is_made_and_filled_later(store: MarketStore) -> None:
    store.write(CRYPTO_15M, ROWS.head(0), DAY, DAY)
    assert store.rows(CRYPTO_15M).empty
    assert store.coverage(CRYPTO_15M).empty
    store.write(CRYPTO_15M, ROWS, *WEEK)
    pd.testing.assert_frame_equal(store.rows(CRYPTO_15M), ROWS)


def test_daily_and_intraday_tables_live_side_by_side(filled: MarketStore) -> None:
    filled.write("etf_daily", rows_of(), *JANUARY)
    pd.testing.assert_frame_equal(filled.rows("etf_daily"), rows_of())
    pd.testing.assert_frame_equal(filled.rows(CRYPTO_15M), ROWS)


def test_a_day_rewrites_no_other_month(store: MarketStore, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(market, "_SPARE_FILES", 3)
    span = (date(2025, 2, 20), date(2025, 3, 9))
    rows = candles_of(("ETHUSDT",), *span)
    store.write(CRYPTO_15M, rows, *span)
    for offset in range((span[1] - span[0]).days + 1):
        day = span[0] + timedelta(days=offset)
        store.write(CRYPTO_15M, of_day(rows, day).assign(volume=2.0), day, day)
    files = DeltaTable(f"{store.url}/{CRYPTO_15M}").file_uris()
    assert {file.rsplit("/", 2)[-2] for file in files} == {"month=2025-02", "month=2025-03"}
    assert len(files) <= 2 + 3 + 2
    pd.testing.assert_frame_equal(store.rows(CRYPTO_15M), rows.assign(volume=2.0))


def test_a_gap_in_what_a_reader_needs_is_named() -> None:
    step = QUARTER_HOURS.step
    whole = bars_from_rows(ROWS, BOTH)
    found = require_candles(whole, DAY, date(2025, 3, 6), step)
    assert len(found) == 192
    rows = without(ROWS, "ETHUSDT", "2025-03-05 10:15", "2025-03-06 00:00")
    with pytest.raises(DataError) as caught:
        require_candles(bars_from_rows(rows, BOTH), DAY, date(2025, 3, 6), step)
    assert str(caught.value) == (
        "ETHUSDT has no bar at 2 times: 2025-03-05 10:15, 2025-03-06; ingest them"
    )
    shifted = ROWS.assign(timestamp=ROWS["timestamp"] + pd.Timedelta(1, "min"))
    with pytest.raises(DataError, match=r"there are bars at 96 times: 2025-03-05 00:01 … "):
        require_candles(bars_from_rows(shifted, BOTH), DAY, DAY, step)


def test_a_second_row_of_a_time_is_named() -> None:
    with pytest.raises(DataError, match="BTCUSDT has more than one row on 2025-03-03 00:30"):
        bars_from_rows(pd.concat([ROWS, ROWS.iloc[[4]]]), BOTH)


def test_a_lookback_out_of_a_year_is_read_in_a_blink(store: MarketStore) -> None:
    span = (date(2025, 1, 1), date(2025, 12, 31))
    store.write(CRYPTO_15M, SampleCrypto(date(2026, 1, 5)).bars(tuple(COINS), *span), *span)
    started = time.process_time()
    for _ in range(5):
        first, last = datetime(2025, 7, 1, tzinfo=UTC), datetime(2025, 7, 4, tzinfo=UTC)
        assert len(store.read_candles(["ETHUSDT"], first, last)) == 289
    assert time.process_time() - started < 1
