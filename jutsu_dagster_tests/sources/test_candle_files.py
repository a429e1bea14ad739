from __future__ import annotations

from datetime import date, timedelta
from pathlib import Path
from typing import Any

import pandas as pd
import pytest

from jutsu_dagster.core.errors import DataError
from jutsu_dagster.core.timeframe import QUARTER_HOURS
from jutsu_dagster.sources.base import Listing, MarketSource
from jutsu_dagster.sources.files import FilesMarket
from jutsu_dagster.sources.open import open_source
from jutsu_dagster.sources.sample_crypto import SampleCrypto
from jutsu_dagster.sources.validate import validate_rows
from jutsu_dagster_tests.candle_rows import BOTH, WEEK, candles_of

ROWS = candles_of()


def save(frame: pd.DataFrame, path: Path) -> Path:
    frame.to_csv(path, index=False) if path.suffix == ".csv" else frame.to_parquet(path)
    return path


def opened(path: Path) -> MarketSource:
    return open_source(f"files:{path}", path.parent, QUARTER_HOURS)


@pytest.mark.parametrize("name", ["bars.parquet", "bars.csv"])
@pytest.mark.parametrize("column", ["timestamp", "date", "ts", "time"])
def test_what_was_saved_is_read_to_the_last_bit(name: str, column: str, tmp_path: Path) -> None:
    path = save(ROWS.rename(columns={"timestamp": column}), tmp_path / name)
    pd.testing.assert_frame_equal(opened(path).bars(BOTH, *WEEK), ROWS, check_exact=True)


@pytest.mark.parametrize("name", ["bars.parquet", "bars.csv"])
@pytest.mark.parametrize("zone", ["UTC", "America/New_York", "Asia/Kolkata"])
def test_times_with_a_zone_become_utc(name: str, zone: str, tmp_path: Path) -> None:
    aware = ROWS["timestamp"].dt.tz_localize("UTC").dt.tz_convert(zone)
    path = save(ROWS.assign(timestamp=aware), tmp_path / name)
    pd.testing.assert_frame_equal(opened(path).bars(BOTH, *WEEK), ROWS)


def test_one_column_may_mix_offsets(tmp_path: Path) -> None:
    text = ROWS["timestamp"].dt.strftime("%Y-%m-%dT%H:%MZ")
    text[0] = "2025-03-02 19:00:00-05:00"
    text[1] = "2025-03-03T05:30+0530"
    text[2] = "2025-03-03 00:15:00.000"
    path = save(ROWS.assign(timestamp=text), tmp_path / "bars.csv")
    pd.testing.assert_frame_equal(opened(path).bars(BOTH, *WEEK), ROWS)


def test_rows_may_come_in_any_order(tmp_path: Path) -> None:
    path = save(ROWS.sample(frac=1, random_state=1), tmp_path / "bars.csv")
    pd.testing.assert_frame_equal(opened(path).bars(BOTH, *WEEK), ROWS)


def test_a_folder_of_a_file_per_symbol_is_one_market(tmp_path: Path) -> None:
    for symbol, rows in ROWS.groupby("symbol"):
        save(rows, tmp_path / f"{symbol}.csv")
    source = opened(tmp_path)
    pd.testing.assert_frame_equal(source.bars(BOTH, *WEEK), ROWS)
    save(ROWS.tail(2), tmp_path / "more.parquet")
    with pytest.raises(
        DataError, match=r"BTCUSDT 2025-03-09 23:45:00 stands in BTCUSDT\.csv and in more\.parquet"
    ):
        opened(tmp_path)


def test_only_the_symbols_and_days_asked_for_come_back(tmp_path: Path) -> None:
    source = opened(save(ROWS, tmp_path / "bars.parquet"))
    found = source.bars(["ETHUSDT"], date(2025, 3, 5), date(2025, 3, 6))
    assert set(found["symbol"]) == {"ETHUSDT"}
    assert len(found) == 192
    assert set(found["timestamp"].dt.day) == {5, 6}


def test_a_listing_is_of_whole_days(tmp_path: Path) -> None:
    times = ROWS["timestamp"]
    eth = (
        (ROWS["symbol"] == "ETHUSDT") & (times >= "2025-03-04 10:00") & (times < "2025-03-07 9:00")
    )
    btc = (ROWS["symbol"] == "BTCUSDT") & (times < "2025-03-09 12:00")
    source = opened(save(ROWS[eth | btc], tmp_path / "bars.parquet"))
    assert source.listings(BOTH) == {
        "BTCUSDT": Listing(date(2025, 3, 3)),
        "ETHUSDT": Listing(date(2025, 3, 5), date(2025, 3, 6)),
    }
    assert source.latest(["BTCUSDT"])["timestamp"].tolist() == [pd.Timestamp("2025-03-09 11:45")]


def test_a_symbol_short_of_the_last_hours_has_not_ended(tmp_path: Path) -> None:
    late = (ROWS["symbol"] == "ETHUSDT") & (ROWS["timestamp"] >= "2025-03-09 22:00")
    source = opened(save(ROWS[~late], tmp_path / "bars.parquet"))
    assert source.listings(["ETHUSDT"]) == {"ETHUSDT": Listing(WEEK[0])}


def changed(position: int, field: str, value: Any) -> pd.DataFrame:
    frame = ROWS.rename(columns={"timestamp": "ts"}).astype({field: "object"})
    frame.loc[position, field] = value
    return frame.set_axis(pd.RangeIndex(1, len(frame) + 1), axis=0)


@pytest.mark.parametrize(
    ("field", "value", "rule"),
    [
        ("ts", "2025-03-03 00:40", "must be on the 15-minute grid"),
        ("ts", "2025-03-03 00:30:01", "must be on the 15-minute grid"),
        ("ts", pd.Timestamp("2025-03-03 00:30:00.5"), "must be on the 15-minute grid"),
        ("ts", "2025-03-03 00:15", "must be unique for a symbol: there is an earlier row"),
        ("ts", "2025-03-03T01:15+01:00", "must be unique for a symbol"),
        ("ts", "3.3.2025 00:30", "must be a time, YYYY-MM-DD HH:MM, in UTC or with its offset"),
        ("ts", 1_740_960_000_000, "must be a time"),
        ("ts", "2025-03-32 00:30", "must be a time"),
        ("ts", None, "must be a time"),
        ("close", float("nan"), "must be a number"),
        ("close", -1.0, "must be > 0"),
        ("open", 0, "must be > 0"),
        ("high", float("inf"), "must be finite"),
        ("high", 1.0, "must be >= open and close"),
        ("low", 1e9, "must be <= open and close"),
        ("volume", -1, "must be a number >= 0"),
        ("symbol", "ETHUSDT ", "must be a symbol without blanks"),
    ],
)
def test_a_broken_rule_is_named_with_its_place(field: str, value: object, rule: str) -> None:
    with pytest.raises(DataError) as caught:
        validate_rows(changed(4, field, value), "c.parquet", timeframe=QUARTER_HOURS)
    message = str(caught.value)
    assert message.startswith("c.parquet row 5: ")
    assert f" {field}" in message
    assert rule in message
    if field == "close":
        assert "BTCUSDT 2025-03-03 00:30:00: close (" in message


def test_a_column_that_should_not_be_there_is_named(tmp_path: Path) -> None:
    frame = ROWS.assign(trades=1).drop(columns="close")
    with pytest.raises(DataError) as caught:
        opened(save(frame, tmp_path / "bars.csv"))
    message = str(caught.value)
    assert "column 'close' is missing" in message
    assert "column 'trades' is unknown" in message
    assert message.endswith("must be timestamp, symbol, open, high, low, close, volume")
    with pytest.raises(DataError, match="columns 'date' and 'ts' both name the bar's time; keep"):
        validate_rows(ROWS.assign(ts=1, date=1).drop(columns="timestamp"), "x", "row",
                      QUARTER_HOURS)  # fmt: skip


def test_daily_bars_are_no_intraday_market_and_the_reverse(tmp_path: Path) -> None:
    path = save(ROWS, tmp_path / "bars.parquet")
    with pytest.raises(DataError, match="column 'date' is missing"):
        FilesMarket(path)


def test_sample_is_the_market_of_the_timeframe(tmp_path: Path) -> None:
    source = open_source("sample", tmp_path, QUARTER_HOURS)
    assert isinstance(source, SampleCrypto)
    yesterday = source.latest(["ETHUSDT"])["timestamp"][0]
    assert (
        source.bars(["ETHUSDT"], yesterday.date(), yesterday.date() + timedelta(9)).shape[0] == 96
    )
