from __future__ import annotations

from datetime import date
from pathlib import Path

import pandas as pd
import pytest

from jutsu_dagster.core.errors import DataError
from jutsu_dagster.sources.base import Listing
from jutsu_dagster.sources.files import FilesMarket
from jutsu_dagster.sources.open import open_source
from jutsu_dagster.sources.sample import SampleMarket
from jutsu_dagster_tests.market_rows import JANUARY, rows_of

ROWS = rows_of()


def save(frame: pd.DataFrame, path: Path) -> Path:
    if path.suffix == ".csv":
        frame.to_csv(path, index=False)
    else:
        frame.to_parquet(path)
    return path


@pytest.mark.parametrize("name", ["bars.parquet", "bars.csv", "BARS.CSV"])
def test_what_was_saved_is_read_to_the_last_bit(name: str, tmp_path: Path) -> None:
    path = tmp_path / name
    ROWS.to_csv(path, index=False) if name.endswith("CSV") else save(ROWS, path)
    found = FilesMarket(path).bars(["QQQ", "TLT"], *JANUARY)
    pd.testing.assert_frame_equal(found, ROWS, check_exact=True)


@pytest.mark.parametrize("suffix", ["csv", "parquet"])
def test_dates_may_be_plain_dates_and_split_may_be_absent(suffix: str, tmp_path: Path) -> None:
    frame = ROWS.drop(columns="split").assign(date=ROWS["date"].dt.date)
    found = FilesMarket(save(frame, tmp_path / f"bars.{suffix}"))
    pd.testing.assert_frame_equal(found.bars(["QQQ", "TLT"], *JANUARY), ROWS)


def test_a_folder_of_a_file_per_symbol_is_one_market(tmp_path: Path) -> None:
    for symbol, rows in ROWS.groupby("symbol"):
        save(rows, tmp_path / f"{symbol}.parquet")
    (tmp_path / "notes.txt").write_text("not bars")
    found = FilesMarket(tmp_path).bars(["QQQ", "TLT"], *JANUARY)
    pd.testing.assert_frame_equal(found, ROWS)


def test_a_folder_of_a_file_per_year_is_one_market(tmp_path: Path) -> None:
    rows = rows_of(["QQQ"], date(2015, 11, 1), date(2016, 2, 1))
    for year, part in rows.groupby(rows["date"].dt.year):
        save(part, tmp_path / f"{2030 - int(str(year))}.csv")
    found = FilesMarket(tmp_path).bars(["QQQ"], date(2015, 1, 1), date(2016, 12, 31))
    pd.testing.assert_frame_equal(found, rows)


def test_a_row_in_two_files_is_named_with_both(tmp_path: Path) -> None:
    save(ROWS, tmp_path / "a.csv")
    save(ROWS.tail(2), tmp_path / "b.parquet")
    with pytest.raises(DataError, match=r"QQQ 2015-01-30 stands in a\.csv and in b\.parquet"):
        FilesMarket(tmp_path)


def test_only_the_symbols_and_days_asked_for_come_back(tmp_path: Path) -> None:
    market = FilesMarket(save(ROWS, tmp_path / "bars.csv"))
    found = market.bars(["TLT"], date(2015, 1, 5), date(2015, 1, 6))
    assert set(found["symbol"]) == {"TLT"}
    assert found["date"].dt.day.tolist() == [5, 6]
    assert market.bars(["TLT"], date(2014, 1, 5), date(2014, 1, 6)).empty


def test_a_symbol_has_ended_if_others_go_on(tmp_path: Path) -> None:
    rows = ROWS[(ROWS["symbol"] == "QQQ") | (ROWS["date"] < "2015-01-20")]
    market = FilesMarket(save(rows, tmp_path / "bars.csv"))
    assert market.listings(["TLT", "QQQ"]) == {
        "TLT": Listing(date(2015, 1, 2), date(2015, 1, 16)),
        "QQQ": Listing(date(2015, 1, 2)),
    }
    latest = market.latest(["TLT", "QQQ"])
    assert latest["timestamp"].dt.day.tolist() == [16, 30]
    assert latest["symbol"].tolist() == ["TLT", "QQQ"]


def test_an_unknown_symbol_is_named_with_the_nearest(tmp_path: Path) -> None:
    market = FilesMarket(save(ROWS, tmp_path / "bars.csv"), name="files:bars.csv")
    for ask in (market.listings, market.latest):
        with pytest.raises(DataError, match=r"files:bars\.csv has no symbol 'QQ'.*mean 'QQQ'"):
            ask(["QQ"])


@pytest.mark.parametrize(
    ("name", "content", "message"),
    [
        ("absent.csv", None, "no such file"),
        ("bars.txt", b"x", r"must be a \.parquet or \.csv file"),
        ("empty.csv", b"", "cannot be read as CSV"),
        ("head.csv", b"date,symbol,open,high,low,close,volume\n", "holds no rows"),
        ("broken.parquet", b"not parquet", "cannot be read as Parquet"),
        ("latin.csv", b"date,symbol\n2015-01-02,\xff\n", "cannot be read as CSV"),
        ("long.csv", b"date,symbol\n2015-01-02,QQQ,1\n", "cannot be read as CSV"),
        ("ragged.csv", b"date,symbol\n2015-01-02,QQQ\n2015-01-05,QQQ,1,2\n", "line 3"),
    ],
)
def test_a_file_that_is_none_is_refused(
    name: str, content: bytes | None, message: str, tmp_path: Path
) -> None:
    path = tmp_path / name
    if content is not None:
        path.write_bytes(content)
    with pytest.raises(DataError, match=message) as caught:
        FilesMarket(path)
    assert name in str(caught.value)


def test_an_empty_folder_is_refused(tmp_path: Path) -> None:
    with pytest.raises(DataError, match="holds no"):
        FilesMarket(tmp_path)


def test_a_fault_names_the_line_as_an_editor_shows_it(tmp_path: Path) -> None:
    lines = ROWS.drop(columns="split").to_csv(index=False).splitlines()
    lines[3] = "2015-01-05,QQQ,100,101,99,nan,5"
    path = tmp_path / "bars.csv"
    path.write_text("\n".join([lines[0], "", *lines[1:]]) + "\n\n")
    with pytest.raises(DataError, match=r"csv line 5: QQQ 2015-01-05: close \('nan'\) must be a n"):
        FilesMarket(path)


def test_a_fault_names_the_row_of_a_parquet_file_whatever_its_index(tmp_path: Path) -> None:
    broken = ROWS.copy()
    broken.loc[6, "open"] = 0.0
    path = save(broken.set_index(broken.index * 10 + 7), tmp_path / "bars.parquet")
    with pytest.raises(
        DataError, match=r"parquet row 7: QQQ 2015-01-07: open \(0\.0\) must be > 0"
    ):
        FilesMarket(path)


def test_a_setting_opens_its_source(tmp_path: Path) -> None:
    save(ROWS, tmp_path / "bars.csv")
    files = open_source("files:bars.csv", tmp_path)
    assert (files.name, files.synthetic) == ("files:bars.csv", False)
    assert open_source(f"files:{tmp_path / 'bars.csv'}", Path("elsewhere")).latest(["QQQ"]).size
    sample = open_source("sample", tmp_path)
    assert isinstance(sample, SampleMarket)
    assert sample.synthetic


@pytest.mark.parametrize("spec", ["", "yahoo", "files:", "sample:x", "files"])
def test_an_unknown_source_is_refused_with_the_known_forms(spec: str, tmp_path: Path) -> None:
    with pytest.raises(DataError, match="must be 'sample' or 'files:<path>'"):
        open_source(spec, tmp_path)
