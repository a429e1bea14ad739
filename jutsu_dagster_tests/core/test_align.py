from __future__ import annotations

from datetime import date

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from jutsu_dagster.core.align import (
    bars_from_rows,
    name_sessions,
    require_sessions,
    require_sound,
)
from jutsu_dagster.core.bars import Bars
from jutsu_dagster.core.errors import DataError
from jutsu_dagster_tests.market_rows import JANUARY, rows_of

ROWS = rows_of()


def without(rows: pd.DataFrame, symbol: str, *days: str) -> pd.DataFrame:
    return rows[~((rows["symbol"] == symbol) & rows["date"].isin(pd.to_datetime(list(days))))]


def required(rows: pd.DataFrame) -> Bars:
    return require_sessions(bars_from_rows(rows, ["TLT", "QQQ"]), *JANUARY, "QQQ")


def test_every_row_lands_in_its_cell() -> None:
    bars = bars_from_rows(ROWS, ["TLT", "QQQ"])
    assert bars.symbols == ("TLT", "QQQ")
    assert bars.close.shape == (20, 2)
    for name in ("open", "high", "low", "close", "volume"):
        frame = ROWS.pivot_table(index="date", columns="symbol", values=name)[["TLT", "QQQ"]]
        np.testing.assert_array_equal(getattr(bars, name), frame.to_numpy())


@given(st.randoms(use_true_random=False))
def test_the_order_of_rows_does_not_matter(random: object) -> None:
    order = list(range(len(ROWS)))
    random.shuffle(order)  # type: ignore[attr-defined]
    shuffled = bars_from_rows(ROWS.iloc[order], ["QQQ", "TLT"])
    np.testing.assert_array_equal(shuffled.close, bars_from_rows(ROWS, ["QQQ", "TLT"]).close)


def test_a_date_that_only_another_symbol_has_is_left_out() -> None:
    rows = without(ROWS, "QQQ", "2015-01-05")
    assert len(bars_from_rows(rows, ["QQQ"])) == 19
    both = bars_from_rows(rows, ["QQQ", "TLT"])
    assert np.isnan(both.close).sum() == 1


def test_a_symbol_without_rows_is_a_column_of_nan() -> None:
    bars = bars_from_rows(ROWS, ["QQQ", "TQQQ"])
    assert np.isnan(bars.close[:, 1]).all()
    assert (bars.splits == 1).all()


def test_splits_stand_beside_the_prices() -> None:
    rows = ROWS.copy()
    rows.loc[(rows["symbol"] == "TLT") & (rows["date"] == "2015-01-20"), "split"] = 2.0
    bars = bars_from_rows(rows, ["QQQ", "TLT"])
    assert np.argwhere(bars.splits != 1).tolist() == [[bars.position(date(2015, 1, 20)), 1]]
    assert (bars_from_rows(ROWS.drop(columns="split"), ["QQQ"]).splits == 1).all()


def test_two_rows_of_a_day_are_refused() -> None:
    rows = pd.concat([ROWS, ROWS.iloc[[4]]])
    with pytest.raises(DataError, match="QQQ has more than one row on 2015-01-06"):
        bars_from_rows(rows, ["QQQ", "TLT"])


def test_no_rows_are_no_bars() -> None:
    assert bars_from_rows(ROWS.head(0), ["QQQ"]).close.shape == (0, 1)


def test_a_complete_month_passes_unchanged() -> None:
    bars = required(ROWS)
    np.testing.assert_array_equal(bars.close, bars_from_rows(ROWS, ["TLT", "QQQ"]).close)


def test_a_missing_session_is_named() -> None:
    with pytest.raises(DataError, match=r"^QQQ has no bar on 1 session: 2015-01-05; ingest them$"):
        required(without(ROWS, "QQQ", "2015-01-05"))


def test_a_missing_month_is_named_by_its_ends() -> None:
    rows = rows_of(["QQQ"], date(2015, 1, 1), date(2015, 6, 30))
    bars = bars_from_rows(rows[rows["date"].dt.month != 3], ["QQQ"])
    with pytest.raises(DataError, match=r"22 sessions: 2015-03-02 … 2015-03-31"):
        require_sessions(bars, date(2015, 1, 1), date(2015, 6, 30), "QQQ")


def test_the_signal_symbol_may_not_start_late() -> None:
    with pytest.raises(DataError, match="QQQ has no bar on 1 session: 2015-01-02"):
        required(without(ROWS, "QQQ", "2015-01-02"))


def test_another_symbol_may_start_late_and_end_early_but_has_no_hole() -> None:
    required(without(ROWS, "TLT", "2015-01-02", "2015-01-30"))
    required(ROWS[ROWS["symbol"] == "QQQ"])
    with pytest.raises(DataError, match="TLT has no bar on 2 sessions: 2015-01-05, 2015-01-07"):
        required(without(ROWS, "TLT", "2015-01-05", "2015-01-07"))


def test_days_off_the_calendar_and_outside_the_range_are_dropped() -> None:
    saturday = ROWS.head(2).assign(date=pd.Timestamp("2015-01-03"))
    later = ROWS.head(2).assign(date=pd.Timestamp("2015-02-02"))
    bars = required(pd.concat([ROWS, saturday, later]))
    assert len(bars) == 20
    np.testing.assert_array_equal(bars.close, required(ROWS).close)


def test_a_few_sessions_are_all_named() -> None:
    days = np.array(["2015-01-05", "2015-01-06"], dtype="datetime64[D]")
    assert name_sessions(days) == "2 sessions: 2015-01-05, 2015-01-06"


@pytest.mark.parametrize(
    ("field", "value", "message"),
    [
        ("low", 0.0, "prices must be finite and > 0"),
        ("high", np.inf, "prices must be finite and > 0"),
        ("high", 1.0, "open and close must lie within low to high"),
        ("low", 1e6, "open and close must lie within low to high"),
        ("open", np.nan, "open and close must lie within low to high"),
        ("volume", -1.0, "volume must be >= 0"),
        ("splits", 0.0, "split must be > 0"),
    ],
)
def test_a_bar_that_no_market_made_is_named(field: str, value: float, message: str) -> None:
    bars = bars_from_rows(ROWS, ["TLT", "QQQ"])
    require_sound(bars)
    getattr(bars, field)[3, 1] = value
    with pytest.raises(DataError, match=f"QQQ on {bars.sessions[3]}: {message}"):
        require_sound(bars)
