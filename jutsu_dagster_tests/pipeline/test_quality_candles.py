from __future__ import annotations

import time
from datetime import date
from pathlib import Path

import pandas as pd
import pytest

from jutsu_dagster.core.timeframe import CRYPTO_15M, QUARTER_HOURS
from jutsu_dagster.pipeline.quality import Finding, check_days, checks_of
from jutsu_dagster.sources.base import Listing
from jutsu_dagster.sources.sample_crypto import COINS, SampleCrypto
from jutsu_dagster.storage.market import MarketStore
from jutsu_dagster_tests.candle_rows import BOTH, WEEK, candles_of, without

ROWS = candles_of()
DAY = date(2025, 3, 5)
# The row of ETHUSDT of 2025-03-05 10:15.
AT = int(ROWS.index[(ROWS["timestamp"] == "2025-03-05 10:15") & (ROWS["symbol"] == "ETHUSDT")][0])


@pytest.fixture
def store(tmp_path: Path) -> MarketStore:
    return MarketStore(tmp_path / "market")


def findings(
    store: MarketStore, rows: pd.DataFrame, listings: dict[str, Listing] | None = None
) -> list[Finding]:
    store.write(CRYPTO_15M, rows, *WEEK)
    return check_days(store, CRYPTO_15M, BOTH, listings or {}, *WEEK)


def said(found: list[Finding]) -> list[tuple[str, str]]:
    return [(finding.check, str(finding)) for finding in found]


def test_the_checks_are_those_of_etfs_and_whole_days() -> None:
    names = [check.name for check in checks_of(QUARTER_HOURS)]
    assert names == [
        "present",
        "whole_day",
        "finite_positive",
        "high_low",
        "no_duplicate",
        "on_calendar",
        "big_move",
    ]
    blocking = [check.name for check in checks_of(QUARTER_HOURS) if check.severity == "ERROR"]
    assert blocking == names[:-1]


def test_good_rows_have_no_findings(store: MarketStore) -> None:
    assert findings(store, ROWS) == []


def test_a_gap_is_named_with_the_count_and_the_first_time(store: MarketStore) -> None:
    rows = without(ROWS, "ETHUSDT", "2025-03-05 10:15", "2025-03-05 10:30", "2025-03-07 00:00")
    assert said(findings(store, rows)) == [
        ("whole_day", "ETHUSDT 2025-03-05: must have 96 bars, has 94; none opens at 10:15"),
        ("whole_day", "ETHUSDT 2025-03-07: must have 96 bars, has 95; none opens at 00:00"),
    ]


def test_a_day_without_any_bar_is_absent(store: MarketStore) -> None:
    gone = (ROWS["symbol"] == "BTCUSDT") & (ROWS["timestamp"].dt.date == DAY)
    rows = ROWS[~gone]
    assert said(findings(store, rows)) == [
        ("present", "BTCUSDT 2025-03-05: has no bar on this day")
    ]
    later = {"BTCUSDT": Listing(date(2025, 3, 6))}
    early = ROWS[~((ROWS["symbol"] == "BTCUSDT") & (ROWS["timestamp"] < "2025-03-06"))]
    assert len(findings(store, early)) == 3
    assert findings(store, early, later) == []
    ended = {"BTCUSDT": Listing(WEEK[0], date(2025, 3, 4))}
    assert findings(store, ROWS[(ROWS["symbol"] != "BTCUSDT") | (ROWS["timestamp"] < "2025-03-05")],
                    ended) == []  # fmt: skip


def test_too_many_bars_and_bars_off_the_grid_are_named(store: MarketStore) -> None:
    again = ROWS.iloc[[AT]]
    off = again.assign(timestamp=pd.Timestamp("2025-03-05 10:20"))
    assert said(findings(store, pd.concat([ROWS, again]))) == [
        ("whole_day", "ETHUSDT 2025-03-05: must have 96 bars, has 97"),
        ("no_duplicate", "ETHUSDT 2025-03-05 10:15: has more than one row on this time"),
    ]
    assert said(findings(store, pd.concat([ROWS.drop(index=AT), off]))) == [
        ("whole_day", "ETHUSDT 2025-03-05: must have 96 bars, has 96; none opens at 10:15"),
        ("on_calendar", "ETHUSDT 2025-03-05 10:20: is not on the 15-minute grid"),
    ]


@pytest.mark.parametrize(
    ("field", "value", "check", "rule"),
    [
        ("close", float("nan"), "finite_positive", "close must be finite and > 0 (nan)"),
        ("volume", -1.0, "finite_positive", "volume must be finite and >= 0 (-1.0)"),
        ("high", 1.0, "high_low", "high must be >= open and close (1.0)"),
        ("low", 1e6, "high_low", "low must be <= open and close (1000000.0)"),
    ],
)
def test_a_bad_value_is_named_with_its_time(
    store: MarketStore, field: str, value: float, check: str, rule: str
) -> None:
    rows = ROWS.copy()
    rows.loc[AT, field] = value
    found = said(findings(store, rows))
    assert (check, f"ETHUSDT 2025-03-05 10:15: {rule}") in found
    assert {name for name, _ in found} == {check}


def test_a_big_move_warns_even_over_midnight(store: MarketStore) -> None:
    rows = ROWS.copy()
    later = (rows["symbol"] == "ETHUSDT") & (rows["timestamp"] >= pd.Timestamp(DAY))
    rows.loc[later, ["open", "high", "low", "close"]] *= 2
    store.write(CRYPTO_15M, rows, *WEEK)
    found = check_days(store, CRYPTO_15M, BOTH, {}, DAY, DAY)
    assert [(f.check, f.severity) for f in found] == [("big_move", "WARN")]
    assert "ETHUSDT 2025-03-05 00:00: close moved over 40 % from the one before" in str(found[0])


def test_a_range_finds_what_its_days_find(store: MarketStore) -> None:
    rows = without(ROWS, "ETHUSDT", "2025-03-05 10:15", "2025-03-07 00:00")
    rows.loc[700, "high"] = 1.0
    at_once = findings(store, rows)
    days = [date(2025, 3, number) for number in range(3, 10)]
    single = [f for day in days for f in check_days(store, CRYPTO_15M, BOTH, {}, day, day)]
    assert len(at_once) == 3
    assert sorted(map(str, single)) == sorted(map(str, at_once))


def test_a_year_of_three_symbols_is_checked_in_a_blink(store: MarketStore) -> None:
    span = (date(2025, 1, 1), date(2025, 12, 31))
    symbols = tuple(COINS)
    store.write(CRYPTO_15M, SampleCrypto(date(2026, 1, 5)).bars(symbols, *span), *span)
    started = time.process_time()
    assert check_days(store, CRYPTO_15M, symbols, {}, *span) == []
    assert time.process_time() - started < 1
