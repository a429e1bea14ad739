"""``jutsu ingest``: what is missing, what is at fault, and another source."""

from __future__ import annotations

from datetime import date
from pathlib import Path

import pandas as pd
import pytest

from jutsu_dagster.cli.ingest import _missing
from jutsu_dagster.storage.market import MarketStore
from jutsu_dagster_tests.cli.conftest import Jutsu
from jutsu_dagster_tests.homes import Home

MAY = ("--from", "2011-04-26", "--to", "2011-06-08")


def bars_file(home: Home, path: Path, *, without: str = "") -> Path:
    rows = home.store.rows("etf_daily")
    gone = (rows["symbol"] == without) & rows["date"].between("2011-05-01", "2011-05-31")
    rows[~gone].to_parquet(path, index=False)
    return path


def test_days_that_are_there_are_not_fetched_again(home: Home, jutsu: Jutsu) -> None:
    version = home.store.version("etf_daily")
    assert jutsu("ingest", *MAY, "--json").json["days_ingested"] == 44
    assert "nothing to ingest" in jutsu("ingest", *MAY).err
    wider = jutsu("ingest", "--from", "2011-04-24", "--to", "2011-06-09", "--json").json
    assert wider["days_ingested"] == 3
    assert jutsu("ingest", *MAY, "--force", "--json").json["days_ingested"] == 44
    assert home.store.version("etf_daily") == version


def test_a_hole_is_named_blocks_and_is_filled_by_the_next_ingest(
    home: Home, jutsu: Jutsu, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    whole = home.store.rows("etf_daily")
    file = bars_file(home, tmp_path / "bars.parquet", without="TMF")
    monkeypatch.setenv("JUTSU_ETF_SOURCE", f"files:{file}")
    monkeypatch.setenv("JUTSU_MARKET_STORE", str(tmp_path / "market"))
    for _ in range(2):
        said = jutsu("ingest", *MAY).faults
        assert "check present: 21 findings" in said[0]
        assert "TMF 2011-05-02: has no bar on this session" in said[0]
    whole.to_parquet(file, index=False)
    mended = jutsu("ingest", *MAY)
    assert mended.code == 0
    assert "30 days ingested" in mended.err


def test_another_source_replaces_all_there_is(
    home: Home, jutsu: Jutsu, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    rows = home.store.rows("etf_daily")
    mine = rows[rows["date"].between("2013-12-10", "2013-12-27")].reset_index(drop=True)
    mine.to_parquet(tmp_path / "mine.parquet", index=False)
    monkeypatch.setenv("JUTSU_MARKET_STORE", str(tmp_path / "market"))
    store = MarketStore(tmp_path / "market")
    assert jutsu("ingest", "--from", "2013-12-20", "--to", "2014-01-10").code == 0
    stored = store.rows("etf_daily")
    monkeypatch.setenv("JUTSU_ETF_SOURCE", f"files:{tmp_path / 'mine.parquet'}")
    refused = jutsu("ingest", "--from", "2013-12-23", "--to", "2013-12-27").faults
    assert "must replace all of them at once" in refused[-1]
    pd.testing.assert_frame_equal(store.rows("etf_daily"), stored)
    # The new source ends before the old one did, and starts before it.
    done = jutsu("ingest", "--from", "2013-12-10")
    assert done.code == 0
    assert "the store holds bars of sample" in done.err
    pd.testing.assert_frame_equal(store.rows("etf_daily"), mine)
    assert "nothing to ingest" in jutsu("ingest", "--from", "2013-12-10").err


def test_a_day_that_is_not_over_is_refused(home: Home, jutsu: Jutsu) -> None:
    assert "2999-01-01 is not over yet" in jutsu("ingest", "--to", "2999-01-01").faults[0]
    assert "is empty" in jutsu("ingest", "--from", "2012-02-01", "--to", "2012-01-01").faults[0]
    assert home.store.exists("etf_daily")


def test_short_gaps_are_fetched_along() -> None:
    done = {f"2012-01-{day:02d}" for day in range(3, 29) if day not in (10, 12)}
    spans = _missing(date(2012, 1, 1), date(2012, 1, 31), done)
    assert spans == [
        (date(2012, 1, 1), date(2012, 1, 12)),
        (date(2012, 1, 29), date(2012, 1, 31)),
    ]
