"""The asset graph is a function of the registry."""

from __future__ import annotations

import shutil
from typing import Any

import dagster as dg
import pytest

from jutsu_dagster import definitions
from jutsu_dagster.core.errors import ConfigError
from jutsu_dagster.defs.research_specs import REPORT_STEPS, research_key
from jutsu_dagster.pipeline.quality import CHECKS
from jutsu_dagster.pipeline.research.steps import STEPS
from jutsu_dagster.strategies.base import code_version
from jutsu_dagster_tests.defs.conftest import MARKET, Graph, failure
from jutsu_dagster_tests.homes import YEARS, Home

PAPER_B, PAPER_D = dg.AssetKey(["strategies", "v3_5b"]), dg.AssetKey(["strategies", "v3_5d"])
FIVE_B, FIVE_D = dg.AssetKey(["backtests", "v3_5b"]), dg.AssetKey(["backtests", "v3_5d"])
RESEARCH = {research_key(step) for step in (*STEPS, *REPORT_STEPS)}


def test_the_graph_is_the_registry(graph: Graph) -> None:
    built = graph.definitions.resolve_asset_graph()
    accounts = (FIVE_B, FIVE_D, PAPER_B, PAPER_D)
    keys = {MARKET, *accounts}
    assert built.get_all_asset_keys() == keys | RESEARCH
    assert built.get(MARKET).parent_keys == set()
    for key in accounts:
        assert built.get(key).parent_keys == {MARKET, key}
    assert {key: built.get(key).group_name for key in keys} == {key: key.path[0] for key in keys}
    # One account of a strategy at a time: its backtest and its paper share a pool.
    assert {key: built.get(key).pools for key in keys} == {MARKET: {"market_etf_daily"}} | {
        key: {f"account_{key.path[-1]}"} for key in accounts
    }
    for key in keys:
        assert built.get(key).backfill_policy == dg.BackfillPolicy.single_run()
        assert built.get(key).description


def test_bars_are_checked_before_accounts_and_accounts_replayed_after(graph: Graph) -> None:
    built = graph.definitions.resolve_asset_graph()
    checks = built.asset_check_keys
    replays = {dg.AssetCheckKey(key, "replay") for key in (PAPER_B, PAPER_D)}
    gates = {
        dg.AssetCheckKey(research_key("meta_review"), "issues"),
        dg.AssetCheckKey(research_key("nightly_summary"), "paper_only"),
    }
    bars = {dg.AssetCheckKey(MARKET, check.name) for check in CHECKS}
    assert checks == bars | replays | gates
    blocking = {key.name for key in checks if built.get_check_spec(key).blocking}
    assert blocking == {check.name for check in CHECKS if check.severity == "ERROR"}


def test_research_stands_between_the_accounts_and_the_report(graph: Graph) -> None:
    built = graph.definitions.resolve_asset_graph()
    accounts = {PAPER_B, PAPER_D}
    above = {step: built.get(research_key(step)).parent_keys for step in STEPS}
    assert above["are_snapshot"] == above["drift_report"] == above["dream"] == accounts
    assert above["meta_review"] == {research_key("memory_snapshot")}
    for step in REPORT_STEPS:
        assert built.get(research_key(step)).parent_keys == {research_key("meta_review"), *accounts}
    for key in RESEARCH:
        node = built.get(key)
        # A backfill of nights is a run each, and one after the other.
        assert node.backfill_policy == dg.BackfillPolicy.multi_run(1)
        assert node.pools == {"research"}
        assert node.description


def test_days_and_years_are_the_partitions(graph: Graph) -> None:
    built = graph.definitions.resolve_asset_graph()
    days, years = built.get(MARKET).partitions_def, built.get(FIVE_B).partitions_def
    assert isinstance(days, dg.DailyPartitionsDefinition)
    assert days.timezone == "UTC"
    assert days.get_first_partition_key() == "2008-01-01"
    assert years is not None
    assert years.get_partition_keys()[:3] == ["2010", "2011", "2012"]
    assert built.get(FIVE_D).partitions_def == years
    assert built.get(PAPER_B).partitions_def == built.get(PAPER_D).partitions_def == days


def test_tags_and_code_versions_describe_each_strategy(graph: Graph) -> None:
    built = graph.definitions.resolve_asset_graph()
    for key, role in ((FIVE_B, "primary"), (FIVE_D, "secondary")):
        node, own = built.get(key), graph.home.config(key.path[-1])
        assert node.code_version == code_version(type(own.strategy))
        tags = {name: node.tags[name] for name in ("strategy_id", "role", "status", "mode")}
        assert tags == {
            "strategy_id": key.path[-1], "role": role, "status": "active", "mode": "backtest",
        }  # fmt: skip
        assert node.metadata["parameter_hash"] == own.settings_hash
        account = built.get(dg.AssetKey(["strategies", *key.path[1:]]))
        assert account.code_version == node.code_version
        assert {**account.tags, "mode": "backtest"} == dict(node.tags)


def test_jobs_select_the_market_every_backtest_and_every_paper_account(graph: Graph) -> None:
    built = graph.definitions
    assert built.resolve_job_def("ingest_market").asset_layer.executable_asset_keys == {MARKET}
    both = built.resolve_job_def("backtest_years").asset_layer.executable_asset_keys
    assert both == {FIVE_B, FIVE_D}
    night = built.resolve_job_def("trading_session").asset_layer
    assert night.executable_asset_keys == {MARKET, PAPER_B, PAPER_D}
    report = {research_key(step) for step in REPORT_STEPS}
    cycle = built.resolve_job_def("nightly_research_cycle").asset_layer
    assert cycle.executable_asset_keys == RESEARCH - report
    assert built.resolve_job_def("nightly_report").asset_layer.executable_asset_keys == report


def test_each_asset_runs_its_own_strategy(graph: Graph) -> None:
    both = dg.AssetSelection.groups("backtests")
    assert graph.run(both, "2010", "2013").success
    for key in ("v3_5b", "v3_5d"):
        shown = graph.metadata(f"backtests/{key}", "2013")
        assert shown["strategy_id"] == key
        assert shown["parameter_hash"] == graph.home.config(key).settings_hash
        assert shown["account_final_equity"] == graph.home.curve(key)["total_equity"].iloc[-1]
    assert not graph.home.fills("v3_5b")["session"].equals(graph.home.fills("v3_5d")["session"])


def _spoil(document: dict[str, Any]) -> None:
    document["strategy"]["parameters"] |= {"w_PSQ_max": 2, "vol_crush_lookback": -1}


def test_a_broken_secondary_shows_its_faults_and_fails_with_them(graph: Graph) -> None:
    graph.home.edit("v3_5d", _spoil)
    node = graph.definitions.resolve_asset_graph().get(FIVE_D)
    assert node.tags["status"] == "broken"
    for fault in ("vol_crush_lookback (-1)", "config/strategies/v3_5d.yaml"):
        assert fault in (node.description or "")
    result = graph.run("backtests/v3_5d", "2010")
    assert "vol_crush_lookback (-1)" in failure(result)
    assert graph.run("backtests/v3_5b", "2010").success
    assert graph.home.curve("v3_5d").empty


def test_a_broken_primary_stops_the_load_with_every_fault(home: Home) -> None:
    home.edit("v3_5b", _spoil)
    home.edit_registry(lambda document: document["strategies"]["v3_5d"].update(is_primary=True))
    with pytest.raises(ConfigError) as caught:
        definitions.defs()
    said = str(caught.value)
    for fault in ("is_primary", "vol_crush_lookback", "w_PSQ_max"):
        assert fault in said


def test_the_code_location_loads_from_the_environment(home: Home) -> None:
    home.edit_registry(lambda document: document["strategies"]["v3_5d"].update(is_active=False))
    home.edit_registry(lambda document: document.update(execution_order=["v3_5b"]))
    loaded = definitions.defs()
    assert loaded.resolve_asset_graph().get_all_asset_keys() == {MARKET, FIVE_B, PAPER_B} | RESEARCH


def _later(document: dict[str, Any]) -> None:
    document["strategy_id"] = "later"
    document["backtest"]["start"] = "2012-06-01"
    document["state"] = {}


def test_a_strategy_that_starts_later_says_so_for_the_years_before(graph: Graph) -> None:
    home = graph.home
    shutil.copy(home.file("v3_5d"), home.file("later"))
    home.edit("later", _later)
    entry = {
        "display_name": "Later", "strategy_class": "Hierarchical_Adaptive_v3_5d",
        "config_file": "config/strategies/later.yaml",
    }  # fmt: skip
    home.edit_registry(lambda document: document["strategies"].update(later=entry))
    home.edit_registry(lambda document: document["execution_order"].append("later"))
    assert graph.run("backtests/later", "2010", "2013").success
    assert graph.metadata("backtests/later", "2011")["note"].startswith("before backtest.start")
    assert set(home.curve("later")["period"]) == {"2012", "2013"}
    assert graph.materialized("backtests/later") == {str(year) for year in YEARS}
