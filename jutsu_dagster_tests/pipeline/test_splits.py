"""A split in the middle of an account: every way of running it gives the same bits."""

from __future__ import annotations

from datetime import date
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from jutsu_dagster.pipeline.adhoc import backtest_file
from jutsu_dagster_tests.homes import LAST, YEARS, Home
from jutsu_dagster_tests.pipeline.years import (
    TIMINGS,
    as_recorded,
    assert_ledger_is,
    assert_same,
    market_file,
)

DELIVERED = ["open", "high", "low", "close"]
# New shares per old one on its ex-date: within a year, on its first session, twice in a row.
SPLITS = {
    "TQQQ": {"2011-02-25": 2.0, "2012-05-11": 3.0, "2013-01-02": 1.5},
    "QQQ": {"2010-06-15": 1.5},
    "PSQ": {"2011-08-09": 0.25},
    "TMF": {"2011-08-09": 3.0},
}


def with_splits(rows: pd.DataFrame) -> pd.DataFrame:
    """Return raw prices as an exchange would have printed them, the splits beside them."""
    rows = rows.copy()
    for symbol, splits in SPLITS.items():
        for day, ratio in splits.items():
            own = rows["symbol"] == symbol
            before = own & (rows["date"] < day)
            rows.loc[before, DELIVERED] *= ratio
            rows.loc[before, "volume"] /= ratio
            rows.loc[own & (rows["date"] == day), "split"] = ratio
    return rows


@pytest.mark.parametrize("timing", TIMINGS)
def test_a_split_in_the_middle_leaves_every_way_of_running_the_same(
    home: Home, tmp_path: Path, timing: str
) -> None:
    config = home.config(**{"execution.execution_time": timing})
    unsplit = as_recorded(home, config, YEARS)[0]["total_equity"]
    home.change_bars(date(2008, 9, 1), LAST, with_splits)
    at_once = as_recorded(home, config, YEARS)
    assert_same(at_once, as_recorded(home, config, YEARS[:2], YEARS[2:]))
    assert_same(at_once, as_recorded(home, config, *([year] for year in YEARS)))
    assert_ledger_is(home, backtest_file(config, market_file(home, tmp_path / "bars.parquet")))
    # Only rounding to whole shares of another price tells the two accounts apart.
    equity = at_once[0]["total_equity"].to_numpy()
    returns = np.diff(np.log(equity)) - np.diff(np.log(unsplit.to_numpy()))
    assert np.abs(returns).max() < 0.01
    assert abs(equity[-1] / unsplit.iloc[-1] - 1) < 0.05


def test_a_held_position_grows_by_the_split_and_its_value_does_not_jump(home: Home) -> None:
    config = home.config()
    home.change_bars(date(2008, 9, 1), LAST, with_splits)
    curve = as_recorded(home, config, YEARS)[0].set_index("session")
    held = curve["positions"].map(lambda shares: shares.get("TQQQ", 0))
    for day in SPLITS["TQQQ"]:
        at = curve.index.get_loc(pd.Timestamp(day))
        assert isinstance(at, int)
        assert abs(curve["daily_return"].iloc[at]) < 0.15, day
    ex = curve.index.get_loc(pd.Timestamp("2012-05-11"))
    if not curve["rebalanced"].iloc[ex] and held.iloc[ex - 1]:
        assert held.iloc[ex] == 3 * held.iloc[ex - 1]
    assert (held > 0).any()
