"""Backtest assets: a range is one run, years report themselves, what went stale is marked."""

from __future__ import annotations

from datetime import date

import dagster as dg
import numpy as np
import pandas as pd
from dagster._core.definitions.data_version import CachingStaleStatusResolver, StaleStatus
from dagster._core.loader import LoadingContextForTest

from jutsu_dagster_tests.defs.conftest import Graph, failure
from jutsu_dagster_tests.homes import YEARS, lift_closes

KEY = "backtests/v3_5b"
NUMBERS = ("return", "sharpe_ratio", "max_drawdown", "trades", "final_equity")


def test_a_range_of_years_is_one_run_with_the_account_at_its_end(graph: Graph) -> None:
    assert graph.run(KEY, "2010", "2013").success
    assert graph.materialized(KEY) == {str(year) for year in YEARS}
    assert graph.instance.get_runs_count() == 1
    curve, fills = graph.home.curve(), graph.home.fills()
    for year in map(str, YEARS):
        shown = graph.metadata(KEY, year)
        own = curve[curve["period"] == year]
        assert shown["final_equity"] == own["total_equity"].iloc[-1]
        assert shown["trades"] == (fills["period"] == year).sum()
        assert shown["sessions"] == len(own)
        grown = np.prod(1 + own["daily_return"].to_numpy()) - 1
        assert abs(shown["return"] - grown) < 1e-12
        assert shown["max_drawdown"] <= 0
        assert "data:image/svg" in shown["equity_and_drawdown"]
        assert shown["data_version"].startswith("etf_daily@")
        assert ("account_final_equity" in shown) == (year == "2013")
    whole = graph.metadata(KEY, "2013")
    for name in NUMBERS:
        assert f"account_{name}" in whole
    assert whole["account_trades"] == len(fills)
    assert whole["account_final_equity"] == curve["total_equity"].iloc[-1]
    assert (whole["account_from"], whole["account_to"]) == ("2010-01-04", "2013-12-31")
    assert "data:image/svg" in whole["account_equity_and_drawdown"]
    assert "stale_years" not in whole


def test_equal_years_carry_equal_data_versions(graph: Graph) -> None:
    assert graph.run(KEY, "2010", "2013").success
    at_once = [(graph.latest(KEY, str(year)).tags or {})["dagster/data_version"] for year in YEARS]
    curve = graph.home.curve()
    assert graph.run(KEY, "2010", "2011").success
    assert graph.run(KEY, "2012").success
    assert graph.run(KEY, "2013").success
    again = [(graph.latest(KEY, str(year)).tags or {})["dagster/data_version"] for year in YEARS]
    assert again == at_once
    assert len(set(at_once)) == 4
    pd.testing.assert_frame_equal(graph.home.curve(), curve, check_exact=True)


def test_a_year_without_the_one_before_fails_and_says_what_to_materialize(graph: Graph) -> None:
    result = graph.run(KEY, "2012")
    assert "2012 starts from the end of 2011" in failure(result)
    assert "2010 to 2011" in failure(result)
    assert graph.materialized(KEY) == set()
    assert graph.home.curve().empty


def test_finished_years_survive_the_failure_of_a_later_one(graph: Graph) -> None:
    def no_end(document: dict[str, dict[str, object]]) -> None:
        del document["backtest"]["end"]

    graph.home.edit("v3_5b", no_end)
    result = graph.run(KEY, "2010", "2015")
    assert "no session of 2014" in failure(result)
    assert graph.materialized(KEY) == {str(year) for year in YEARS}
    assert set(graph.home.curve()["period"]) == {str(year) for year in YEARS}
    graph.run("market/etf_daily", "2014-01-02", "2014-12-31")
    assert graph.run(KEY, "2014").success
    assert len(set(graph.home.curve()["period"])) == 5


def status(graph: Graph, year: int) -> StaleStatus:
    resolver = CachingStaleStatusResolver(
        graph.instance,
        graph.definitions.resolve_asset_graph(),
        LoadingContextForTest(graph.instance),
    )
    return resolver.get_status(dg.AssetKey.from_user_string(KEY), str(year))


def test_an_overwritten_year_marks_every_later_one_as_stale(graph: Graph) -> None:
    assert graph.run(KEY, "2010", "2013").success
    assert {status(graph, year) for year in YEARS} == {StaleStatus.FRESH}
    graph.home.change_bars(date(2011, 3, 1), date(2011, 3, 31), lift_closes)
    assert graph.run(KEY, "2011").success
    assert [status(graph, year) for year in YEARS] == [
        StaleStatus.FRESH, StaleStatus.FRESH, StaleStatus.STALE, StaleStatus.STALE,
    ]  # fmt: skip
    assert graph.metadata(KEY, "2011")["stale_years"].startswith("2012, 2013: ")
    assert graph.run(KEY, "2012", "2013").success
    assert {status(graph, year) for year in YEARS} == {StaleStatus.FRESH}
    assert "stale_years" not in graph.metadata(KEY, "2013")
