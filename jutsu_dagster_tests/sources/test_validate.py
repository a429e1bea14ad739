from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from jutsu_dagster.core.errors import DataError
from jutsu_dagster.sources.validate import validate_rows
from jutsu_dagster_tests.market_rows import rows_of

ROWS = rows_of()


def changed(position: int, field: str, value: Any) -> pd.DataFrame:
    frame = ROWS.astype({field: "object"})
    frame.loc[position, field] = value
    return frame.set_axis(pd.RangeIndex(1, len(frame) + 1), axis=0)


def test_valid_rows_come_back_as_they_were() -> None:
    pd.testing.assert_frame_equal(validate_rows(ROWS, "x"), ROWS)


@pytest.mark.parametrize(
    ("field", "value", "rule"),
    [
        ("close", None, "must be a number"),
        ("close", "12,5", "must be a number"),
        ("open", 0.0, "must be > 0"),
        ("low", -1.0, "must be > 0"),
        ("high", float("inf"), "must be finite"),
        ("high", 1.0, "must be >= open and close"),
        ("low", 1000.0, "must be <= open and close"),
        ("volume", -5, "must be a number >= 0"),
        ("volume", float("nan"), "must be a number"),
        ("split", -2.0, "must be > 0"),
        ("split", float("inf"), "must be finite"),
        ("symbol", " QQQ", "must be a symbol"),
        ("symbol", "", "must be a symbol"),
        ("symbol", None, "must be a symbol"),
        ("date", "02.01.2015", "must be a date, YYYY-MM-DD"),
        ("date", "2015-02-30", "must be a date, YYYY-MM-DD"),
        ("date", 20150105, "must be a date, YYYY-MM-DD"),
        ("date", None, "must be a date, YYYY-MM-DD"),
        ("date", "2015-01-06 16:00:00", "must be a date, YYYY-MM-DD"),
        ("date", "2015-01-05", "must be unique for a symbol"),
        ("date", "2015-01-04", "must ascend within a symbol"),
    ],
)
def test_a_broken_rule_is_named_with_its_place(field: str, value: object, rule: str) -> None:
    with pytest.raises(DataError) as caught:
        validate_rows(changed(4, field, value), "bars.parquet")
    message = str(caught.value)
    assert message.startswith("bars.parquet row 5: ")
    assert f" {field}" in message
    assert rule in message


def test_a_zoned_time_is_no_date() -> None:
    frame = ROWS.assign(date=ROWS["date"].dt.tz_localize("UTC"))
    with pytest.raises(DataError, match="without time or zone"):
        validate_rows(frame, "x")


def test_a_value_is_shown_as_it_stands() -> None:
    with pytest.raises(
        DataError, match=r"^b\.csv line 5: QQQ 2015-01-06: close \(-3\.5\) must be > 0"
    ):
        validate_rows(changed(4, "close", -3.5), "b.csv", unit="line")


@pytest.mark.parametrize("value", [0, float("nan"), None, "", "0"])
def test_a_split_of_nothing_is_one(value: object) -> None:
    assert (validate_rows(changed(4, "split", value), "x")["split"] == 1).all()


def test_a_split_is_kept() -> None:
    assert validate_rows(changed(4, "split", 0.1), "x")["split"].tolist()[4] == 0.1


def test_five_faults_are_shown_and_the_rest_counted() -> None:
    frame = ROWS.assign(volume=-1.0)
    with pytest.raises(DataError) as caught:
        validate_rows(frame, "x")
    lines = str(caught.value).splitlines()
    assert len(lines) == 6
    assert lines[-1] == f"x: and {len(ROWS) - 5} more faults"


def test_columns_are_named_with_the_nearest() -> None:
    frame = ROWS.rename(columns={"close": "Close"}).assign(adjusted=1.0)
    with pytest.raises(DataError) as caught:
        validate_rows(frame, "x")
    message = str(caught.value)
    assert "column 'close' is missing" in message
    assert "column 'Close' is unknown; did you mean 'close'?" in message
    assert "column 'adjusted' is unknown" in message


def test_no_rows_are_refused() -> None:
    with pytest.raises(DataError, match="holds no rows"):
        validate_rows(ROWS.head(0), "x")


@given(st.lists(st.floats(1e-6, 1e9), min_size=1, max_size=30))
def test_text_becomes_the_nearest_double(values: list[float]) -> None:
    days = pd.date_range("2015-01-01", periods=len(values)).strftime("%Y-%m-%d")
    text = [repr(value) for value in values]
    prices = dict.fromkeys(("open", "high", "low", "close"), text)
    frame = pd.DataFrame({"date": days, "symbol": "A", **prices, "volume": "0"})
    np.testing.assert_array_equal(validate_rows(frame, "x")["close"], values)


@given(
    position=st.integers(0, len(ROWS) - 1),
    field=st.sampled_from(["open", "high", "low", "close", "volume"]),
    value=st.sampled_from([float("nan"), float("inf"), float("-inf"), -1e-9, -7.0]),
)
def test_no_bad_number_gets_through(position: int, field: str, value: float) -> None:
    with pytest.raises(DataError, match=f"row {position + 1}: .*{field}"):
        validate_rows(changed(position, field, value), "x")
