"""Backtest years: the same bits however a range is cut, and clear refusals where it cannot be."""

from __future__ import annotations

from datetime import date
from pathlib import Path
from typing import Any

import pandas as pd
import pytest

from jutsu_dagster.core.errors import DataError, LedgerError, StrategyError
from jutsu_dagster.pipeline.adhoc import backtest_file
from jutsu_dagster.pipeline.backtest import backtest_account
from jutsu_dagster.pipeline.compare import account_result
from jutsu_dagster_tests.homes import YEARS, Home, lift_closes
from jutsu_dagster_tests.pipeline.years import (
    TIMINGS,
    as_recorded,
    assert_ledger_is,
    assert_same,
    market_file,
    years,
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
