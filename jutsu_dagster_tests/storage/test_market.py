from __future__ import annotations

import threading
from datetime import date, timedelta
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from deltalake import DeltaTable
from deltalake.exceptions import CommitFailedError
from hypothesis import given, settings
from hypothesis import strategies as st

from jutsu_dagster.core.align import bars_from_rows
from jutsu_dagster.core.errors import DataError
from jutsu_dagster.storage import market
from jutsu_dagster.storage.market import MarketStore, content_hash, hash_days
from jutsu_dagster_tests.market_rows import JANUARY, rows_of

ROWS = rows_of()
BOTH = ["QQQ", "TLT"]
WIDE = (date(2000, 1, 1), date(2030, 1, 1))


@pytest.fixture
def store(tmp_path: Path) -> MarketStore:
    return MarketStore(tmp_path / "market")


@pytest.fixture
def filled(store: MarketStore) -> MarketStore:
    store.write("etf", ROWS, *JANUARY)
    return store


def test_what_was_written_is_read_to_the_last_bit(filled: MarketStore) -> None:
    pd.testing.assert_frame_equal(filled.rows("etf"), ROWS, check_exact=True)
    bars = filled.read("etf", BOTH, *JANUARY)
    assert content_hash(bars) == content_hash(bars_from_rows(ROWS, BOTH))


def test_an_account_of_splits_survives_the_store(store: MarketStore) -> None:
    rows = ROWS.assign(split=np.where(ROWS["date"] == "2015-01-20", 2.0, 1.0))
    store.write("etf", rows, *JANUARY)
    bars = store.read("etf", BOTH, *JANUARY)
    at = bars.position(date(2015, 1, 20))
    assert bars.splits[at].tolist() == [2.0, 2.0]
    assert bars.close[at - 1, 0] == ROWS["close"][2 * (at - 1)]


def test_writing_twice_makes_no_second_version(filled: MarketStore) -> None:
    version = filled.version("etf")
    assert filled.write("etf", ROWS.sample(frac=1, random_state=1), *JANUARY) == version
    assert filled.version("etf") == version


def test_a_write_replaces_its_days_and_no_others(filled: MarketStore) -> None:
    day = date(2015, 1, 20)
    rows = ROWS[(ROWS["date"] == pd.Timestamp(day)) & (ROWS["symbol"] == "QQQ")]
    filled.write("etf", rows.assign(volume=7.0), day, day)
    found = filled.rows("etf")
    on_day = found["date"] == pd.Timestamp(day)
    assert found[on_day]["symbol"].tolist() == ["QQQ"]
    assert found[on_day]["volume"].tolist() == [7.0]
    others = ROWS[ROWS["date"] != pd.Timestamp(day)].reset_index(drop=True)
    pd.testing.assert_frame_equal(found[~on_day].reset_index(drop=True), others)


def test_writing_nothing_empties_the_days(filled: MarketStore) -> None:
    filled.write("etf", ROWS.head(0), date(2015, 1, 1), date(2015, 1, 15))
    assert filled.rows("etf")["date"].min() == pd.Timestamp("2015-01-16")


def test_a_table_of_nothing_says_so(store: MarketStore) -> None:
    store.write("etf", ROWS.head(0), date(2015, 1, 1), date(2015, 1, 1))
    assert store.exists("etf")
    assert store.rows("etf").empty
    assert store.coverage("etf").empty
    assert store.day_hashes("etf", *WIDE) == {}
    with pytest.raises(DataError, match="etf: holds no bars yet; run `jutsu ingest`"):
        store.read("etf", BOTH, *JANUARY)


def test_every_commit_stays_readable_by_its_version(filled: MarketStore) -> None:
    old = filled.version("etf")
    new = filled.write("etf", ROWS.assign(volume=1.0), *JANUARY)
    assert new > old
    then, now = (filled.read("etf", BOTH, *JANUARY, version=v) for v in (old, new))
    assert content_hash(then) == content_hash(bars_from_rows(ROWS, BOTH))
    assert (now.volume == 1).all()
    with pytest.raises(DataError, match=f"etf: there is no version 99; the newest is {new}"):
        filled.rows("etf", version=99)


def test_a_table_that_does_not_exist_says_what_to_do(store: MarketStore) -> None:
    assert not store.exists("etf")
    for ask in (store.version, store.rows, store.coverage):
        with pytest.raises(DataError, match="etf: nothing ingested yet; run `jutsu ingest`"):
            ask("etf")
    with pytest.raises(DataError, match="nothing ingested yet"):
        store.read("etf", BOTH, *JANUARY, version=1)


def test_a_symbol_that_was_never_stored_is_named_with_the_nearest(filled: MarketStore) -> None:
    with pytest.raises(DataError, match=r"etf: has no symbol 'QQ' \(did you mean 'QQQ'\?\)"):
        filled.read("etf", ["QQ", "TLT"], *JANUARY)


def test_a_symbol_that_starts_later_is_a_column_of_nan(filled: MarketStore) -> None:
    february = (date(2015, 2, 1), date(2015, 2, 28))
    filled.write("etf", rows_of(["QQQ", "TMF"], *february), *february)
    bars = filled.read("etf", ["TMF", "QQQ"], *JANUARY)
    assert bars.symbols == ("TMF", "QQQ")
    assert np.isnan(bars.close[:, 0]).all()
    assert not np.isnan(bars.close[:, 1]).any()


def test_rows_outside_the_range_are_refused(store: MarketStore) -> None:
    with pytest.raises(DataError, match="must lie within 2015-01-05 to 2015-01-31"):
        store.write("etf", ROWS, date(2015, 1, 5), date(2015, 1, 31))
    assert not store.exists("etf")


def test_coverage_counts_each_symbol(filled: MarketStore) -> None:
    found = filled.coverage("etf").to_dict("records")
    span = {"first": date(2015, 1, 2), "last": date(2015, 1, 30), "rows": 20}
    assert found == [{"symbol": "QQQ", **span}, {"symbol": "TLT", **span}]


def test_a_day_hash_depends_on_its_day_alone(filled: MarketStore) -> None:
    before = filled.day_hashes("etf", *JANUARY)
    assert len(before) == 20
    assert before == hash_days(ROWS)
    just_below = np.nextafter(ROWS["close"], 0)
    revised = ROWS.assign(close=ROWS["close"].where(ROWS.index != 5, just_below))
    filled.write("etf", revised, *JANUARY)
    after = filled.day_hashes("etf", *JANUARY)
    assert [day for day in before if before[day] != after[day]] == [date(2015, 1, 6)]


@given(st.permutations(range(8)))
def test_a_day_hash_does_not_depend_on_the_order_of_rows(order: list[int]) -> None:
    assert hash_days(ROWS.iloc[order]) == hash_days(ROWS.head(8))


@settings(max_examples=8, deadline=None)
@given(days=st.lists(st.integers(1, 31), min_size=1, max_size=4))
def test_any_order_of_days_ends_in_the_rows_of_the_month(
    tmp_path_factory: pytest.TempPathFactory, days: list[int]
) -> None:
    store = MarketStore(tmp_path_factory.mktemp("market"))
    for number in days:
        day = date(2015, 1, number)
        store.write("etf", ROWS[ROWS["date"] == pd.Timestamp(day)], day, day)
    store.write("etf", ROWS, *JANUARY)
    pd.testing.assert_frame_equal(store.rows("etf"), ROWS)


def test_nightly_commits_are_merged_now_and_then(
    store: MarketStore, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(market, "_SPARE_FILES", 5)
    for offset in range(31):
        day = JANUARY[0] + timedelta(days=offset)
        version = store.write("etf", ROWS[ROWS["date"] == pd.Timestamp(day)], day, day)
        assert version == store.version("etf")
    assert len(DeltaTable(f"{store.url}/etf").file_uris()) <= 6
    pd.testing.assert_frame_equal(store.rows("etf"), ROWS)
    assert len(store.rows("etf", version=1)) == 2


def test_two_writers_at_once_both_land(store: MarketStore) -> None:
    """Each writes its own days, several times; the table starts from nothing."""
    failures: list[BaseException] = []

    def write(symbol: str, month: int) -> None:
        span = (date(2015, month, 1), date(2015, month, 28))
        try:
            for seed in range(6):
                store.write("etf", rows_of([symbol], *span, seed=seed), *span)
        except BaseException as error:  # noqa: BLE001  (whatever it is, the test must show it)
            failures.append(error)

    threads = [threading.Thread(target=write, args=args) for args in (("QQQ", 1), ("TLT", 2))]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert failures == []
    wanted = [
        rows_of([symbol], date(2015, month, 1), date(2015, month, 28), seed=5)
        for symbol, month in (("QQQ", 1), ("TLT", 2))
    ]
    pd.testing.assert_frame_equal(store.rows("etf"), pd.concat(wanted, ignore_index=True))


def test_two_writers_of_the_same_days_leave_one_of_the_two(store: MarketStore) -> None:
    versions = [ROWS.assign(volume=float(number)) for number in range(4)]
    threads = [
        threading.Thread(target=store.write, args=("etf", rows, *JANUARY)) for rows in versions
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    found = store.rows("etf")
    assert len(found) == len(ROWS)
    assert set(found["volume"]) == {found["volume"][0]}


def test_a_writer_that_always_loses_gives_up_with_a_message(
    filled: MarketStore, monkeypatch: pytest.MonkeyPatch
) -> None:
    def lose(*_args: object, **_more: object) -> None:
        raise CommitFailedError("somebody else")

    monkeypatch.setattr(market, "write_deltalake", lose)
    with pytest.raises(DataError, match="other writers came first"):
        filled.write("etf", ROWS.assign(volume=1.0), *JANUARY)
    pd.testing.assert_frame_equal(filled.rows("etf"), ROWS)
