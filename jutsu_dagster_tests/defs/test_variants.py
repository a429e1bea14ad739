"""Variants as assets: what the shadow registry holds is what the graph shows and the night runs."""

from __future__ import annotations

import json
import sys
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import dagster as dg
import pytest

from jutsu_dagster.defs.reload import WATCH
from jutsu_dagster.defs.variants import VARIANT_JOB
from jutsu_dagster.registry.shadows import SHADOWS_PATH
from jutsu_dagster_tests.defs.conftest import QUIET, Graph, failure
from jutsu_dagster_tests.homes import Home, edit
from jutsu_dagster_tests.own_directional import SOUND, own_strategy

FIRST = "2025-01-06"
SECOND = "2025-01-07"
_RAISES = f"""
        if self.lookback == 13:
            raise ZeroDivisionError("thirteen")
        {SOUND}
"""


def row(number: int, parent: str = "ETH_main", **more: Any) -> dict[str, Any]:
    mutations = {"conf_min_delta": round(-0.01 * number, 2)}
    made = {"id": f"{parent}_mut_{number:04d}", "symbol": "ETHUSDT", "mutations": mutations}
    return made | {"status": "shadow", "created_partition": "2025-01-05"} | more


def write(home: Home, *rows: dict[str, Any]) -> None:
    path = home.path / SHADOWS_PATH
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text("".join(json.dumps(each) + "\n" for each in rows))


def cycle(graph: Graph, day: str, last: str | None = None, ids: tuple[str, ...] = ()) -> Any:
    """Run the job of the variants over a day, or a range."""
    tags = {
        "dagster/asset_partition_range_start": day,
        "dagster/asset_partition_range_end": last or day,
    }
    return graph.definitions.resolve_job_def(VARIANT_JOB).execute_in_process(
        instance=graph.instance, run_config=QUIET, raise_on_error=False, tags=tags,
        asset_selection=[dg.AssetKey(["variants", id_]) for id_ in ids] or None,
    )  # fmt: skip


def done(result: Any) -> set[str]:
    return {
        event.asset_key.path[-1]
        for event in result.all_events
        if event.is_step_materialization and event.asset_key.path[0] == "variants"
    }


@pytest.fixture
def coins(crypto_home: Home, tmp_path: Path) -> Iterator[Graph]:
    # With files, so that a schedule can be given it.
    with dg.DagsterInstance.local_temp(str(tmp_path)) as instance:
        yield Graph(crypto_home, instance)


@pytest.fixture
def thirteen(coins: Graph) -> Graph:
    """The project with a strategy of one's own that fails at one value of its parameter."""
    home = coins.home
    module = f"thirteen_{id(coins)}"
    own_strategy(home.path, module, _RAISES)
    (home.path / "follow.yaml").rename(home.path / "config/strategies/follow.yaml")
    entry = {
        "display_name": "Follow", "strategy_class": f"{module}:Follow",
        "config_file": "config/strategies/follow.yaml", "paper_trading": False,
    }  # fmt: skip

    def change(registry: dict[str, Any]) -> None:
        registry["strategies"]["follow"] = entry
        registry["execution_order"].append("follow")

    edit(home.settings.registry_path, change)
    edit(
        home.path / "config/strategies/follow.yaml",
        lambda document: document.update(backtest={"start": "2025-01-04"}),
    )
    rows = [row(n, "follow", mutations={"lookback": n}) for n in range(10, 20)]
    write(home, *rows)
    return coins


def test_rows_are_assets_and_retired_ones_stay_for_a_month(coins: Graph) -> None:
    now = datetime.now(UTC)
    write(
        coins.home,
        row(1),
        row(2, status="retired", retired_at=(now - timedelta(days=3)).isoformat()),
        row(3, status="retired", retired_at=(now - timedelta(days=40)).isoformat()),
        row(4, parent="v3_5b", symbol="QQQ", mutations={"sma_fast_delta": 5}),
    )
    graph = coins.definitions.resolve_asset_graph()
    keys = {key.path[-1] for key in graph.get_all_asset_keys() if key.path[0] == "variants"}
    assert keys == {"ETH_main_mut_0001", "ETH_main_mut_0002", "v3_5b_mut_0004"}
    first = graph.get(dg.AssetKey(["variants", "ETH_main_mut_0001"]))
    assert {key.to_user_string() for key in first.parent_keys} == {
        "market/crypto_15m", "strategies/ETH_main",
        "research/memory_snapshot", "research/meta_review",
    }  # fmt: skip
    assert first.group_name == "variants"
    assert first.tags["stage"] == "shadow"
    assert first.tags["strategy_id"] == "ETH_main_mut_0001"
    etf = graph.get(dg.AssetKey(["variants", "v3_5b_mut_0004"]))
    assert dg.AssetKey(["market", "etf_daily"]) in etf.parent_keys
    ended = graph.get(dg.AssetKey(["variants", "ETH_main_mut_0002"]))
    assert ended.tags["stage"] == "retired"
    job = coins.definitions.resolve_job_def(VARIANT_JOB)
    night = {key.path[-1] for key in job.asset_layer.executable_asset_keys}
    assert night == {"ETH_main_mut_0001", "v3_5b_mut_0004"}


def test_a_night_shows_each_variants_own_numbers(coins: Graph) -> None:
    write(coins.home, *[row(n) for n in range(1, 5)])
    assert cycle(coins, FIRST).success
    result = cycle(coins, SECOND)
    assert result.success
    assert len(done(result)) == 4
    told = coins.metadata("variants/ETH_main_mut_0003", SECOND)
    summary = coins.home.path / "reports/variant/ETH_main_mut_0003_summary.json"
    stats = json.loads(summary.read_text())["stats"]
    assert told["strategy_id"] == "ETH_main_mut_0003"
    assert told["status"] == "recorded"
    assert (told["exp_trades"], told["total_pnl"]) == (stats["exp_trades"], stats["total_pnl"])
    assert "equity_and_drawdown" in told
    assert cycle(coins, SECOND).success
    assert coins.metadata("variants/ETH_main_mut_0003", SECOND)["status"] == "verified"


def test_one_that_raises_is_red_and_the_others_are_green(thirteen: Graph) -> None:
    result = cycle(thirteen, FIRST)
    assert not result.success
    good = {f"follow_mut_{n:04d}" for n in range(10, 20)} - {"follow_mut_0013"}
    assert done(result) == good
    assert "1 of 10 variants of follow failed" in failure(result)
    assert "follow_mut_0013: " in failure(result)
    assert "thirteen" in failure(result)
    assert "follow_mut_0013: 2025-01-07 starts from the day before it" in failure(
        cycle(thirteen, SECOND)
    )
    # Mended, it is carried through what it missed; the others are not done again.
    own = next(thirteen.home.path.glob("thirteen_*.py"))
    own.write_text(own.read_text().replace("== 13", "== 313"))
    del sys.modules[own.stem]
    assert cycle(thirteen, FIRST, SECOND, ids=("follow_mut_0013",)).success
    assert thirteen.metadata("variants/follow_mut_0013", SECOND)["status"] == "recorded"


def test_days_before_a_failure_stand_in_a_range(thirteen: Graph) -> None:
    assert cycle(thirteen, FIRST, ids=("follow_mut_0010",)).success
    result = cycle(thirteen, SECOND, "2025-01-08", ids=("follow_mut_0010", "follow_mut_0011"))
    assert done(result) == {"follow_mut_0010"}
    assert "follow_mut_0011: 2025-01-07 starts from the day before it" in failure(result)
    assert thirteen.materialized("variants/follow_mut_0010") == {FIRST, SECOND, "2025-01-08"}


def test_a_market_without_the_day_fails_the_step_and_says_what_to_ingest(coins: Graph) -> None:
    write(coins.home, row(1, created_partition="2025-01-31"))
    assert "has 0 of 96 bars of ETHUSDT on 2025-02-01" in failure(cycle(coins, "2025-02-01"))


def test_bad_rows_are_named_in_the_log_and_the_others_run(coins: Graph) -> None:
    write(coins.home, row(1), row(2, mutations={"conf_mn_delta": 1}))
    result = cycle(coins, FIRST)
    assert done(result) == {"ETH_main_mut_0001"}
    logged = [each.user_message for each in coins.instance.all_logs(result.run_id)]
    assert any("line 2: conf_mn_delta (1) is no parameter" in text for text in logged)


def test_the_watch_sees_new_rows(coins: Graph) -> None:
    write(coins.home, row(1))
    watch = coins.definitions.resolve_sensor_def(WATCH)
    with dg.build_sensor_context(instance=coins.instance) as context:
        assert "as loaded" in str(watch.evaluate_tick(context).skip_message)
        write(coins.home, row(1), row(2))
        assert "has changed" in str(watch.evaluate_tick(context).skip_message)
