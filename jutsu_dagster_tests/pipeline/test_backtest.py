"""Backtest years: the same bits however a range is cut, and clear refusals where it cannot be."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest

from jutsu_dagster.core.errors import DataError, LedgerError, StrategyError
from jutsu_dagster.pipeline.adhoc import FileBacktest, backtest_file, trade_frame
from jutsu_dagster.pipeline.backtest import backtest_account, run_years
from jutsu_dagster.pipeline.compare import account_result
from jutsu_dagster.pipeline.ingest import ETF_DAILY
from jutsu_dagster.pipeline.year_report import YearReport
from jutsu_dagster.registry.config import StrategyConfig
from jutsu_dagster_tests.homes import LAST, YEARS, Home, lift_closes

TIMINGS = ("close", "next_open", "next_close")
DELIVERED = ["open", "high", "low", "close"]


def years(home: Home, config: StrategyConfig, wanted: Sequence[int] = YEARS) -> list[YearReport]:
    return list(run_years(config, home.store, home.ledger, wanted))


def as_recorded(home: Home, config: StrategyConfig, *parts: Sequence[int]) -> Any:
    """Return curve and fills of the account after backtests of the parts, from nothing."""
    account = backtest_account(config)
    home.ledger.forget(account, [str(year) for year in YEARS])
    for part in parts:
        years(home, config, part)
    return home.curve(config.strategy_id), home.fills(config.strategy_id)


def assert_same(one: Any, other: Any) -> None:
    for ours, theirs in zip(one, other, strict=True):
        pd.testing.assert_frame_equal(ours, theirs, check_exact=True)


def market_file(home: Home, path: Path) -> Path:
    home.store.rows(ETF_DAILY).to_parquet(path, index=False)
    return path


def assert_ledger_is(home: Home, result: FileBacktest) -> None:
    """Assert that the recorded account equals an ad-hoc run to the last bit."""
    start = result.evaluation.start
    curve, fills = home.curve(), home.fills()
    np.testing.assert_array_equal(curve["total_equity"], result.segment.equity[start:])
    np.testing.assert_array_equal(curve["cash"], result.segment.cash[start:])
    np.testing.assert_array_equal(curve["baseline_value"], result.evaluation.baseline)
    adhoc = trade_frame(result)
    shared = [name for name in adhoc if name not in ("date", "realised_pnl")]
    pd.testing.assert_frame_equal(fills[shared], adhoc[shared], check_exact=True, check_dtype=False)
    np.testing.assert_array_equal(
        fills["realised_pnl"].to_numpy(np.float64, na_value=np.nan), adhoc["realised_pnl"]
    )


@pytest.mark.parametrize("timing", TIMINGS)
@pytest.mark.parametrize("strategy_id", ["v3_5b", "v3_5d"])
def test_years_at_once_in_two_parts_and_twice_are_the_same_bits(
    home: Home, strategy_id: str, timing: str
) -> None:
    config = home.config(strategy_id, **{"execution.execution_time": timing})
    at_once = as_recorded(home, config, YEARS)
    assert len(at_once[0]) == 1006
    assert len(at_once[1]) > 50
    assert_same(at_once, as_recorded(home, config, YEARS[:2], YEARS[2:]))
    assert_same(at_once, as_recorded(home, config, *([year] for year in YEARS)))
    assert_same(at_once, as_recorded(home, config, YEARS, YEARS))
    assert_same(at_once, as_recorded(home, config, YEARS, YEARS[1:3]))


@pytest.mark.parametrize("timing", TIMINGS)
def test_recorded_years_equal_an_ad_hoc_backtest_of_the_same_file(
    home: Home, tmp_path: Path, timing: str
) -> None:
    config = home.config(**{"execution.execution_time": timing})
    years(home, config)
    assert_ledger_is(home, backtest_file(config, market_file(home, tmp_path / "bars.parquet")))


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


def test_a_year_without_the_one_before_names_what_to_materialize(home: Home) -> None:
    with pytest.raises(LedgerError, match=r"2013 starts from the end of 2012.*2010 to 2012"):
        years(home, home.config(), [2013])
    years(home, home.config(), [2010, 2011])
    with pytest.raises(LedgerError, match=r"2013.*materialize 2012 first"):
        years(home, home.config(), [2013])
    assert sorted(set(home.curve()["period"])) == ["2010", "2011"]


def test_a_year_after_one_of_other_settings_is_refused(home: Home) -> None:
    years(home, home.config(), [2010, 2011])
    before = home.curve()
    with pytest.raises(LedgerError, match=r"2011 was recorded with other settings.*2010 to 2012"):
        years(home, home.config(sma_fast=41), [2012])
    pd.testing.assert_frame_equal(home.curve(), before)


def test_years_with_a_hole_are_refused(home: Home) -> None:
    with pytest.raises(LedgerError, match=r"\[2010, 2012\] must be consecutive"):
        years(home, home.config(), [2010, 2012])
    assert home.curve().empty


def test_years_outside_start_and_end_are_nothing_and_say_why(home: Home) -> None:
    config = home.config(**{"backtest.start": date(2011, 3, 1), "backtest.end": date(2012, 6, 29)})
    reports = years(home, config, [2010, 2011, 2012, 2013])
    assert [report.segment is None for report in reports] == [True, False, False, True]
    assert reports[0].note == "before backtest.start (2011-03-01)"
    assert reports[3].note == "after backtest.end (2012-06-29)"
    assert {report.content_hash for report in reports if report.note} == {"empty"}
    sessions = home.curve()["session"]
    assert (str(sessions.min().date()), str(sessions.max().date())) == ("2011-03-01", "2012-06-29")


def test_years_that_the_account_no_longer_covers_are_forgotten(home: Home) -> None:
    years(home, home.config())
    years(home, home.config(**{"backtest.end": date(2012, 12, 31)}), [2013])
    assert sorted(set(home.curve()["period"])) == ["2010", "2011", "2012"]
    later = home.config(**{"backtest.start": date(2011, 1, 3)})
    years(home, later, [2011, 2012, 2013])
    assert sorted(set(home.curve()["period"])) == ["2011", "2012", "2013"]
    assert home.ledger.stale_periods(backtest_account(later)) == []


def test_a_backtest_asked_before_the_data_start_says_from_when_bars_are_needed(home: Home) -> None:
    config = home.config(**{"backtest.start": date(2009, 1, 2)})
    with pytest.raises(DataError, match=r"start on 2008-09-02; .* from 2007-09-11 on"):
        years(home, config, [2009])
    assert home.curve().empty


def test_data_that_end_before_the_year_say_so_and_keep_the_years_before(home: Home) -> None:
    config = home.config(**{"backtest.end": date(2015, 12, 31)})
    with pytest.raises(DataError, match=r"no session of 2014; it ends on 2013-12-31"):
        years(home, config, [*YEARS, 2014])
    assert sorted(set(home.curve()["period"])) == [str(year) for year in YEARS]


def test_a_missing_session_stops_the_year_and_is_named(home: Home) -> None:
    day = date(2011, 5, 10)
    home.change_bars(day, day, lambda rows: rows[rows["symbol"] != "TMF"])
    with pytest.raises(DataError, match=r"TMF has no bar on 1 session: 2011-05-10"):
        years(home, home.config())
    assert home.curve().empty


def test_an_overwritten_year_leaves_the_later_ones_stale_until_they_follow(home: Home) -> None:
    config = home.config()
    account = backtest_account(config)
    years(home, config)
    home.change_bars(date(2011, 3, 1), date(2011, 3, 31), lift_closes)
    years(home, config, [2011])
    assert home.ledger.stale_periods(account) == ["2012", "2013"]
    result = account_result(home.ledger, account, config.initial_capital)
    assert result is not None
    assert result.stale == ("2012", "2013")
    years(home, config, [2012])
    assert home.ledger.stale_periods(account) == ["2013"]
    years(home, config, [2013])
    assert home.ledger.stale_periods(account) == []


BROKEN = """
from jutsu_dagster.strategies.base import AllocationStrategy


class Breaks(AllocationStrategy):
    symbols: tuple[str, ...] = ("QQQ",)

    @property
    def warmup_sessions(self) -> int:
        return 0

    def target_weights(self, bars):
        return 1 / 0
"""


def test_an_own_class_that_raises_is_named_with_its_line(home: Home) -> None:
    (home.path / "own_breaking.py").write_text(BROKEN)

    def own(document: dict[str, Any]) -> None:
        document["strategy"] = {"name": "own_breaking:Breaks", "parameters": {}}
        del document["symbols"]

    home.edit("v3_5b", own)
    with pytest.raises(StrategyError, match=r"own_breaking.py, line 13: ZeroDivisionError"):
        years(home, home.config())
