"""The market asset: a day, a closed day, a range; and checks that block what is below."""

from __future__ import annotations

import warnings
from datetime import date, timedelta
from pathlib import Path

import dagster as dg
import pandas as pd
import pytest

from jutsu_dagster.pipeline.ingest import ETF_DAILY
from jutsu_dagster_tests.defs.conftest import Graph, failure

KEY = "market/etf_daily"
MARKET = dg.AssetKey(["market", "etf_daily"])
# The first week of 2012: a holiday on Monday.
FIRST, LAST = date(2012, 1, 1), date(2012, 1, 8)
OPEN = {"2012-01-03", "2012-01-04", "2012-01-05", "2012-01-06"}


def days(first: date = FIRST, last: date = LAST) -> list[str]:
    return [str(first + timedelta(days=n)) for n in range((last - first).days + 1)]


def version_of(graph: Graph, day: str) -> str:
    return (graph.latest(KEY, day).tags or {})["dagster/data_version"]


def hash_of(graph: Graph, day: str) -> str:
    on = date.fromisoformat(day)
    return graph.home.store.day_hashes(ETF_DAILY, on, on)[on]


def test_a_day_holds_its_bars_and_their_hash(graph: Graph) -> None:
    assert graph.run(KEY, "2012-01-04").success
    shown = graph.metadata(KEY, "2012-01-04")
    assert shown["session"] == "open"
    assert shown["rows_per_symbol"] == dict.fromkeys(("PSQ", "QQQ", "TLT", "TMF", "TMV", "TQQQ"), 1)
    assert shown["dagster/partition_row_count"] == 6
    assert (shown["source"], shown["synthetic"]) == ("sample", True)
    assert "data:image/svg" in shown["closes"]
    assert version_of(graph, "2012-01-04") == shown["content_hash"]
    assert shown["content_hash"] == hash_of(graph, "2012-01-04")
    assert graph.materialized(KEY) == {"2012-01-04"}


def test_a_closed_day_is_recorded_as_closed(graph: Graph) -> None:
    assert graph.run(KEY, "2012-01-02").success
    shown = graph.metadata(KEY, "2012-01-02")
    assert shown["session"] == "closed"
    assert shown["dagster/partition_row_count"] == 0
    assert version_of(graph, "2012-01-02") == "empty"


def test_a_range_is_one_run_with_metadata_of_every_day_and_one_plot(graph: Graph) -> None:
    before = graph.home.store.rows(ETF_DAILY, None, FIRST, LAST)
    version = graph.home.store.version(ETF_DAILY)
    assert graph.run(KEY, days()[0], days()[-1]).success
    assert graph.materialized(KEY) == set(days())
    for day in days():
        shown = graph.metadata(KEY, day)
        assert shown["session"] == ("open" if day in OPEN else "closed")
        assert shown["content_hash"] == (hash_of(graph, day) if day in OPEN else "empty")
        assert ("closes" in shown) == (day == days()[-1])
    last = graph.metadata(KEY, days()[-1])
    assert last["range"] == "2012-01-01 to 2012-01-08"
    assert (last["first_bar"], last["last_bar"]) == ("2012-01-03", "2012-01-06")
    assert last["days_changed"] == 0
    # What was there already stays the same version of the table.
    assert graph.home.store.version(ETF_DAILY) == last["table_version"] == version
    pd.testing.assert_frame_equal(graph.home.store.rows(ETF_DAILY, None, FIRST, LAST), before)


def test_other_bars_are_another_data_version(graph: Graph) -> None:
    day = date(2012, 1, 4)
    assert graph.run(KEY, str(day)).success
    recorded = version_of(graph, str(day))
    graph.home.change_bars(day, day, lambda rows: rows.assign(volume=rows["volume"] + 1))
    assert hash_of(graph, str(day)) != recorded
    # The source has the bars it had: fetched again, the day is what it was.
    assert graph.run(KEY, str(day)).success
    assert version_of(graph, str(day)) == recorded


def anything_below() -> dg.AssetsDefinition:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", dg.BetaWarning)

        @dg.asset(
            name="below",
            deps=[MARKET],
            partitions_def=dg.DailyPartitionsDefinition("2008-01-01", timezone="UTC"),
            backfill_policy=dg.BackfillPolicy.single_run(),
        )
        def below() -> None:
            """Anything that reads bars."""

    return below


CHECKED = dg.AssetSelection.checks_for_assets(MARKET) | dg.AssetSelection.assets("below")


def evaluations(result: dg.ExecuteInProcessResult) -> dict[str, dg.AssetCheckEvaluation]:
    return {one.check_name: one for one in result.get_asset_check_evaluations()}


def test_checks_pass_on_good_bars_and_say_for_which_days(graph: Graph) -> None:
    graph.extra.append(anything_below())
    result = graph.run(CHECKED | dg.AssetSelection.assets(MARKET), days()[0], days()[-1])
    assert result.success
    found = evaluations(result)
    assert len(found) == 6
    assert all(one.passed for one in found.values())
    spans = {one.metadata["partitions"].value for one in found.values()}
    assert spans == {"2012-01-01 to 2012-01-08"}
    assert graph.materialized("below") == set(days())


@pytest.mark.parametrize(
    ("check", "column", "value", "said"),
    [
        ("high_low", "high", 0.01, "high must be >= open and close"),
        ("finite_positive", "close", -1.0, "close must be finite and > 0 (-1.0)"),
        ("finite_positive", "open", float("nan"), "open must be finite and > 0 (nan)"),
    ],
)
def test_a_failing_check_names_the_bar_and_blocks_what_is_below(
    graph: Graph, check: str, column: str, value: float, said: str
) -> None:
    graph.extra.append(anything_below())

    def spoil(rows: pd.DataFrame) -> pd.DataFrame:
        rows.loc[rows["symbol"] == "TMF", column] = value
        return rows

    graph.home.change_bars(date(2012, 1, 5), date(2012, 1, 5), spoil)
    result = graph.run(CHECKED, days()[0], days()[-1])
    assert not result.success
    assert "blocking asset check" in failure(result)
    found = evaluations(result)[check]
    assert not found.passed
    assert f"TMF 2012-01-05: {said}" in str(found.metadata["findings"].value)
    assert found.description is not None
    assert "TMF 2012-01-05" in found.description
    assert graph.materialized("below") == set()


def test_a_big_move_warns_and_blocks_nothing(graph: Graph) -> None:
    graph.extra.append(anything_below())

    def halve(rows: pd.DataFrame) -> pd.DataFrame:
        own = rows["symbol"] == "PSQ"
        rows.loc[own, ["open", "high", "low", "close"]] *= 0.5
        return rows

    graph.home.change_bars(date(2012, 1, 5), date(2012, 1, 5), halve)
    result = graph.run(CHECKED, days()[0], days()[-1])
    assert result.success
    found = evaluations(result)["big_move"]
    assert (found.passed, found.severity) == (False, dg.AssetCheckSeverity.WARN)
    assert graph.materialized("below") == set(days())


def test_a_source_with_a_hole_is_stored_shown_and_blocks(
    graph: Graph, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    rows = graph.home.store.rows(ETF_DAILY)
    hole = (rows["symbol"] == "TLT") & (rows["date"] == "2012-01-05")
    rows[~hole].to_parquet(tmp_path / "bars.parquet", index=False)
    monkeypatch.setenv("JUTSU_ETF_SOURCE", f"files:{tmp_path / 'bars.parquet'}")
    monkeypatch.setenv("JUTSU_MARKET_STORE", str(tmp_path / "market"))
    graph.extra.append(anything_below())
    result = graph.run(CHECKED | dg.AssetSelection.assets(MARKET), days()[0], days()[-1])
    assert not result.success
    assert not evaluations(result)["present"].passed
    assert graph.metadata(KEY, "2012-01-05")["missing"] == "TLT"
    assert graph.materialized("below") == set()


def test_days_that_the_source_does_not_have_fail_and_store_nothing(
    graph: Graph, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    graph.home.store.rows(ETF_DAILY).to_parquet(tmp_path / "bars.parquet", index=False)
    monkeypatch.setenv("JUTSU_ETF_SOURCE", f"files:{tmp_path / 'bars.parquet'}")
    version = graph.home.store.version(ETF_DAILY)
    for first, last, said in (
        ("2008-01-02", "2008-10-01", "2008-01-02 is before the first bar"),
        ("2013-12-30", "2014-01-10", "no bars of 2014-01-02 yet: its last are of 2013-12-31"),
    ):
        assert said in failure(graph.run(KEY, first, last))
    assert graph.home.store.version(ETF_DAILY) == version
    assert graph.materialized(KEY) == set()
