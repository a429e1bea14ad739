"""Bars that break a rule: row, symbol, date, field and value; and nothing half-written."""

from __future__ import annotations

import re
from collections.abc import Callable
from datetime import date
from pathlib import Path

import pandas as pd
import pytest

from jutsu_dagster_tests.cli.conftest import Jutsu, untouched
from jutsu_dagster_tests.homes import Home

Rows = Callable[[pd.DataFrame], pd.DataFrame]


def spoiled(column: str, value: float) -> Rows:
    def spoil(rows: pd.DataFrame) -> pd.DataFrame:
        at = rows.index[(rows["symbol"] == "TMF") & (rows["date"] == "2012-05-10")]
        rows.loc[at, column] = value
        return rows

    return spoil


def without(symbol: str, first: str, last: str) -> Rows:
    return lambda rows: rows[~((rows["symbol"] == symbol) & rows["date"].between(first, last))]


MAY = ("2012-05-01", "2012-05-31")
AT = r"bars\.parquet row \d+: TMF 2012-05-10: "
# What is done to the file, and what a refusal says.
BROKEN_FILES: dict[str, tuple[Rows, str]] = {
    "nan": (spoiled("close", float("nan")), AT + r"close \(nan\) must be a number"),
    "zero": (spoiled("open", 0.0), AT + r"open \(0\.0\) must be > 0"),
    "negative": (spoiled("low", -1.0), AT + r"low \(-1\.0\) must be > 0"),
    "infinite": (spoiled("high", float("inf")), AT + r"high \(inf\) must be"),
    "high": (spoiled("high", 0.01), AT + r"high \(0\.01\) must be >= open and close"),
    "duplicate": (
        lambda rows: pd.concat([rows, rows.iloc[[9]]]),
        r"bars\.parquet row \d+: .* date must be unique for a symbol",
    ),
    "unsorted": (
        lambda rows: rows.sort_values("close"),
        r"bars\.parquet row \d+: .* date must ascend within a symbol",
    ),
    "symbol": (
        lambda rows: rows[rows["symbol"] != "TMF"],
        r"bars\.parquet has no symbol 'TMF' \(did you mean 'TMV'\?\); it has PSQ, QQQ",
    ),
    "column": (lambda rows: rows.drop(columns="volume"), r"bars\.parquet.*volume"),
    "empty": (lambda rows: rows.iloc[:0], r"bars\.parquet"),
}
MISSING = {
    "month": (without("TMF", *MAY), r"TMF has no bar on 22 sessions: 2012-05-01 … 2012-05-31")
}


@pytest.mark.parametrize("name", [*BROKEN_FILES, *MISSING])
def test_a_broken_market_file_is_refused_by_an_ad_hoc_backtest(
    home: Home, jutsu: Jutsu, tmp_path: Path, name: str
) -> None:
    spoil, said = (BROKEN_FILES | MISSING)[name]
    market, out = tmp_path / "bars.parquet", tmp_path / "out"
    spoil(home.store.rows("etf_daily")).to_parquet(market, index=False)
    command = ["backtest", "--config", home.file("v3_5b"), "--market", market, "--out", out]
    assert re.search(said, untouched(home, lambda: jutsu(*command))[0])
    assert not out.exists()


@pytest.mark.parametrize("name", BROKEN_FILES)
def test_a_broken_market_file_is_refused_by_ingest(
    recorded: Home, jutsu: Jutsu, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, name: str
) -> None:
    spoil, said = BROKEN_FILES[name]
    market = tmp_path / "bars.parquet"
    spoil(recorded.store.rows("etf_daily")).to_parquet(market, index=False)
    monkeypatch.setenv("JUTSU_ETF_SOURCE", f"files:{market}")
    assert re.search(said, untouched(recorded, lambda: jutsu("ingest"))[0])


def test_a_market_that_lacks_a_month_stops_the_backtest(recorded: Home, jutsu: Jutsu) -> None:
    recorded.change_bars(date(2012, 5, 1), date(2012, 5, 31), without("TMF", *MAY))
    faults = untouched(recorded, lambda: jutsu("backtest", "--strategy", "v3_5b"))
    assert "TMF has no bar on 22 sessions: 2012-05-01 … 2012-05-31" in faults[0]
