from __future__ import annotations

import time
from datetime import date
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from jutsu_dagster.core.errors import DataError
from jutsu_dagster.pipeline.quality import CHECKS, Finding, check_days
from jutsu_dagster.sources.base import Listing
from jutsu_dagster.storage.market import MarketStore
from jutsu_dagster_tests.market_rows import JANUARY, rows_of

ROWS = rows_of()
BOTH = ("QQQ", "TLT")
SINCE = {symbol: Listing(date(2015, 1, 2)) for symbol in BOTH}
# A QQQ row in the middle, and its date.
AT, DAY = 10, date(2015, 1, 9)


@pytest.fixture
def store(tmp_path: Path) -> MarketStore:
    return MarketStore(tmp_path / "market")


def findings(
    store: MarketStore, rows: pd.DataFrame, listings: dict[str, Listing] | None = None
) -> list[Finding]:
    store.write("etf", rows, *JANUARY)
    return check_days(store, "etf", BOTH, SINCE if listings is None else listings, *JANUARY)


def with_value(field: str, value: float) -> pd.DataFrame:
    rows = ROWS.copy()
    rows.loc[AT, field] = value
    return rows


def test_good_rows_have_no_findings(store: MarketStore) -> None:
    assert findings(store, ROWS) == []


@pytest.mark.parametrize("field", ["open", "high", "low", "close", "volume", "split"])
@pytest.mark.parametrize("value", [float("nan"), float("inf"), -1.0])
def test_a_bad_number_in_the_store_is_found(store: MarketStore, field: str, value: float) -> None:
    found = [f for f in findings(store, with_value(field, value)) if f.check == "finite_positive"]
    assert [(f.day, f.symbol) for f in found] == [(DAY, "QQQ")]
    assert found[0].rule.startswith(field)
    np.testing.assert_equal(found[0].value, value)
    assert found[0].severity == "ERROR"


def test_no_volume_is_allowed_and_a_price_of_nothing_is_not(store: MarketStore) -> None:
    assert findings(store, with_value("volume", 0.0)) == []
    assert findings(store, with_value("open", 0.0))[0].check == "finite_positive"


@pytest.mark.parametrize(("field", "value"), [("high", 1.0), ("low", 1e6)])
def test_a_range_that_excludes_its_prices_is_found(
    store: MarketStore, field: str, value: float
) -> None:
    found = findings(store, with_value(field, value))
    assert [(f.check, f.day, f.value) for f in found] == [("high_low", DAY, value)]


def test_an_absent_bar_is_found_while_the_symbol_is_listed(store: MarketStore) -> None:
    rows = ROWS.drop(index=[AT, 38])
    found = findings(store, rows)
    assert [(f.check, f.day, f.symbol) for f in found] == [
        ("present", DAY, "QQQ"),
        ("present", date(2015, 1, 30), "QQQ"),
    ]
    later = {**SINCE, "QQQ": Listing(date(2015, 1, 12), date(2015, 1, 29))}
    assert findings(store, rows, later) == []
    assert len(findings(store, rows, {})) == 2


def test_a_symbol_that_is_not_there_at_all_is_found_on_each_session(store: MarketStore) -> None:
    assert len(findings(store, ROWS[ROWS["symbol"] == "TLT"])) == 20


def test_a_second_row_of_a_day_is_found(store: MarketStore) -> None:
    found = findings(store, pd.concat([ROWS, ROWS.iloc[[AT]]]))
    assert [(f.check, f.day, f.symbol, f.value) for f in found] == [
        ("no_duplicate", DAY, "QQQ", None)
    ]


def test_a_bar_on_a_closed_day_is_found(store: MarketStore) -> None:
    holiday = ROWS.iloc[[AT]].assign(date=pd.Timestamp("2015-01-19"))
    found = findings(store, pd.concat([ROWS, holiday]))
    assert [(f.check, f.day) for f in found] == [("on_calendar", date(2015, 1, 19))]


def doubled(split: float) -> pd.DataFrame:
    """Return rows in which QQQ trades at twice the price from the middle on."""
    rows = ROWS.copy()
    later = (rows["symbol"] == "QQQ") & (rows["date"] >= pd.Timestamp(DAY))
    rows.loc[later, ["open", "high", "low", "close"]] *= 2
    rows.loc[AT, "split"] = split
    return rows


def test_a_big_move_is_a_warning_unless_a_split_explains_it(store: MarketStore) -> None:
    found = findings(store, doubled(1.0))
    assert [(f.check, f.day, f.severity) for f in found] == [("big_move", DAY, "WARN")]
    assert found[0].value == pytest.approx(1.0, abs=0.1)
    assert findings(store, doubled(0.5)) == []
    assert len(findings(store, doubled(2.0))) == 1


def test_the_first_day_of_a_range_is_compared_with_the_day_before(store: MarketStore) -> None:
    store.write("etf", doubled(1.0), *JANUARY)
    assert [f.check for f in check_days(store, "etf", BOTH, SINCE, DAY, DAY)] == ["big_move"]
    before = date(2015, 1, 8)
    assert check_days(store, "etf", BOTH, SINCE, before, before) == []


def test_a_range_finds_what_its_days_find(store: MarketStore) -> None:
    rows = doubled(1.0).drop(index=[3, 20])
    rows.loc[30, "high"] = 1.0
    at_once = findings(store, rows)
    days = [date(2015, 1, number) for number in range(1, 32)]
    single = [f for day in days for f in check_days(store, "etf", BOTH, SINCE, day, day)]
    assert len(at_once) == 4
    assert sorted(map(str, single)) == sorted(map(str, at_once))


def test_a_finding_reads_well(store: MarketStore) -> None:
    assert str(findings(store, with_value("high", 1.0))[0]) == (
        "QQQ 2015-01-09: high must be >= open and close (1.0)"
    )


def test_every_check_has_a_name_and_a_description() -> None:
    assert [check.name for check in CHECKS] == [
        "present",
        "finite_positive",
        "high_low",
        "no_duplicate",
        "on_calendar",
        "big_move",
    ]
    assert [check.name for check in CHECKS if check.severity == "WARN"] == ["big_move"]


def test_a_table_that_does_not_exist_cannot_be_checked(store: MarketStore) -> None:
    with pytest.raises(DataError, match="nothing ingested yet"):
        check_days(store, "etf", BOTH, SINCE, *JANUARY)


def test_sixteen_years_are_checked_in_a_blink(store: MarketStore) -> None:
    symbols = ("TQQQ", "QQQ", "PSQ", "TLT", "TMF", "TMV")
    span = (date(2009, 1, 1), date(2024, 12, 31))
    store.write("etf", rows_of(symbols, *span), *span)
    started = time.process_time()
    assert check_days(store, "etf", symbols, {}, *span) == []
    assert time.process_time() - started < 0.5
