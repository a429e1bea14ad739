"""``jutsu backtest`` over registered strategies: from nothing to a table, and again."""

from __future__ import annotations

import re
from datetime import date
from pathlib import Path
from typing import Any

import pandas as pd
import pytest

import jutsu_dagster
from jutsu_dagster.cli.instance import instance
from jutsu_dagster.defs.backtests import backtest_key
from jutsu_dagster_tests.cli.conftest import Jutsu
from jutsu_dagster_tests.homes import Home, lift_closes

README = Path(jutsu_dagster.__file__).parents[1] / "README.md"


def materialized(home: Home, strategy_id: str) -> set[str]:
    with instance(home.settings) as opened:
        return opened.get_materialized_partitions(backtest_key(strategy_id))


def test_the_table_sets_both_strategies_beside_the_baseline(home: Home, jutsu: Jutsu) -> None:
    done = jutsu("backtest")
    assert done.code == 0
    for word in ("v3_5b", "v3_5d", "Baseline", "v3_5d − v3_5b", "Sharpe", "Max drawdown"):
        assert word in done.out
    assert "2010-01-04 to 2013-12-31" in done.out
    assert "synthetic" in done.err
    assert materialized(home, "v3_5d") == {"2010", "2011", "2012", "2013"}
    curve = home.curve()
    again = jutsu("backtest")
    assert (again.code, again.out) == (0, done.out)
    assert "v3_5b: 2010 to 2013 stand as recorded" in again.err
    pd.testing.assert_frame_equal(home.curve(), curve, check_exact=True)


def test_the_answer_for_machines_is_the_table(home: Home, jutsu: Jutsu) -> None:
    answer = jutsu("backtest", "--json")
    assert answer.err == ""
    final = answer.json["strategies"]["v3_5b"]["Final equity"]
    assert final == home.curve()["total_equity"].iloc[-1]
    assert set(answer.json) == {"strategies", "baseline", "differences"}


def test_a_span_is_measured_from_the_close_before_it(home: Home, jutsu: Jutsu) -> None:
    answer = jutsu(
        "backtest", "--strategy", "v3_5b", "--start", "2011-07-01", "--end", "2012-06-29", "--json"
    ).json
    curve = home.curve()
    equity = curve.set_index("session")["total_equity"]
    shown = answer["strategies"]["v3_5b"]
    assert shown["Initial capital"] == equity["2011-06-30"]
    assert shown["Final equity"] == equity["2012-06-29"]
    # Whole years are computed, and no more than those asked for.
    assert set(curve["period"]) == {"2010", "2011", "2012"}


def test_only_years_that_do_not_stand_are_computed(home: Home, jutsu: Jutsu) -> None:
    assert jutsu("backtest", "--strategy", "v3_5b", "--end", "2011-12-31").code == 0
    assert "2012 to 2013 (not recorded yet)" in jutsu("backtest", "--strategy", "v3_5b").err
    home.change_bars(date(2012, 3, 1), date(2012, 3, 31), lift_closes)
    assert "2012 to 2013 (its bars changed)" in jutsu("backtest", "--strategy", "v3_5b").err
    forced = jutsu("backtest", "--strategy", "v3_5b", "--start", "2011-01-03", "--force")
    assert "2011 to 2013 (asked for)" in forced.err


def test_years_left_stale_are_named(home: Home, jutsu: Jutsu) -> None:
    assert jutsu("backtest", "--strategy", "v3_5b").code == 0
    home.change_bars(date(2011, 3, 1), date(2011, 3, 31), lift_closes)
    partly = jutsu("backtest", "--strategy", "v3_5b", "--end", "2011-12-31")
    assert partly.code == 0
    assert re.search(r"stale: v3_5b \(backtest\) 2012, 2013 .*backtest them again", partly.err)
    assert "2012, 2013 rest on an earlier version" in jutsu("export", "summary").faults[0]
    assert "stale" not in jutsu("backtest", "--strategy", "v3_5b").err


def test_a_shorter_account_forgets_the_years_after_its_end(home: Home, jutsu: Jutsu) -> None:
    assert jutsu("backtest", "--strategy", "v3_5b").code == 0

    def shorten(document: dict[str, Any]) -> None:
        document["backtest"]["end"] = date(2012, 12, 31)

    home.edit("v3_5b", shorten)
    shorter = jutsu("backtest", "--strategy", "v3_5b")
    assert "2013 (after backtest.end (2012-12-31))" in shorter.err
    assert "2010-01-04 to 2012-12-31" in shorter.out
    assert set(home.curve()["period"]) == {"2010", "2011", "2012"}


BREAKS = """
from jutsu_dagster.strategies.base import AllocationStrategy


class Breaks(AllocationStrategy):
    symbols: tuple[str, ...] = ("QQQ",)

    @property
    def warmup_sessions(self) -> int:
        return 0

    def target_weights(self, bars):
        return bars.frame("close") * 2
"""


def register(home: Home, strategy_id: str, class_name: str, **fields: Any) -> None:
    entry = {
        "display_name": strategy_id.title(),
        "strategy_class": class_name,
        "config_file": f"config/strategies/{strategy_id}.yaml",
    }
    home.edit_registry(lambda d: d["strategies"].update({strategy_id: entry | fields}))
    home.edit_registry(lambda d: d["execution_order"].append(strategy_id))


def test_a_strategy_that_fails_leaves_the_others_their_table(home: Home, jutsu: Jutsu) -> None:
    (home.path / "own_breaks.py").write_text(BREAKS)
    home.file("breaks").write_text("strategy_id: breaks\nstrategy: {name: 'own_breaks:Breaks'}\n")
    register(home, "breaks", "own_breaks:Breaks")
    done = jutsu("backtest", "--json")
    assert done.code == 2
    assert set(done.json["strategies"]) == {"v3_5b", "v3_5d"}
    assert "breaks failed: " in done.err
    assert "must sum to at most 1" in done.err
    home.edit_registry(lambda document: document["settings"].update(isolate_failures=False))
    assert "must sum to at most 1" in jutsu("backtest").faults[0]


def blocks(language: str) -> list[str]:
    return re.findall(rf"```{language}\n(.*?)```", README.read_text(encoding="utf-8"), re.DOTALL)


def test_the_own_strategy_of_the_readme_backtests(home: Home, jutsu: Jutsu, tmp_path: Path) -> None:
    code = next(block for block in blocks("python") if "# momentum.py" in block)
    text = next(block for block in blocks("yaml") if "momentum:Momentum" in block)
    assert len(code.strip().splitlines()) <= 25
    # Under a name of its own, since a module is imported once a process.
    (home.path / "readme_momentum.py").write_text(code)
    home.file("momentum").write_text(text.replace("momentum:M", "readme_momentum:M"))
    register(home, "momentum", "readme_momentum:Momentum")
    assert jutsu("init", "--json").json["strategies"] == ["v3_5b", "v3_5d", "momentum"]
    recorded = jutsu("backtest", "--strategy", "momentum", "--end", "2013-12-31", "--json")
    shown = recorded.json["strategies"]["momentum"]
    assert shown["Trades"] > 10
    assert materialized(home, "momentum") == {"2010", "2011", "2012", "2013"}

    market = tmp_path / "bars.parquet"
    home.store.rows("etf_daily").to_parquet(market, index=False)
    adhoc = jutsu(
        "backtest", "--config", home.file("momentum"), "--market", market,
        "--out", tmp_path / "out", "--end", "2013-12-31", "--json",
    )  # fmt: skip
    assert adhoc.json["metrics"]["final_equity"] == shown["Final equity"]
    assert adhoc.json["metrics"]["total_fills"] == shown["Trades"]


@pytest.mark.parametrize("kind", ["dashboard", "daily", "trades", "regimes", "summary"])
def test_exports_name_their_files(home: Home, jutsu: Jutsu, kind: str) -> None:
    assert jutsu("backtest", "--strategy", "v3_5b").code == 0
    answer = jutsu("export", kind, "--strategy", "v3_5b", "--json")
    files = [Path(file) for file in answer.json["files"]]
    assert files
    assert all(file.is_file() for file in files)
    place = "config/backtest" if kind == "dashboard" else "reports/backtests/v3_5b"
    assert {file.parent for file in files} == {home.path / place}


def test_every_command_answers_strict_json_alone_on_stdout(
    home: Home, jutsu: Jutsu, tmp_path: Path
) -> None:
    grid = tmp_path / "grid.yaml"
    grid.write_text("parameters: {sma_fast: [30, 40], w_PSQ_max: [0.2, 0.5]}\n")
    assert jutsu("init", "--json").json["broken"] == {}
    days = jutsu("ingest", "--from", "2013-12-30", "--to", "2014-01-02", "--json").json
    assert (days["days_ingested"], days["synthetic"]) == (4, True)
    swept = jutsu("sweep", "--strategy", "v3_5b", "--grid", grid, "--out", tmp_path / "s", "--json")
    assert (swept.json["sets"], swept.json["refused"]) == (4, 0)
    assert len(home.ledger.trials("v3_5b")) == 4
    assert {check["name"] for check in jutsu("doctor", "--json").json} >= {"market", "ledger"}
