"""What Dagster shows of paper accounts: partitions, metadata, and the check by replay."""

from __future__ import annotations

import json
from datetime import date

import dagster as dg

from jutsu_dagster.core.account import AccountKey
from jutsu_dagster_tests.defs.conftest import MARKET, Graph, evaluations, failures
from jutsu_dagster_tests.homes import Home, lift_closes
from jutsu_dagster_tests.nights import (
    NIGHT,
    START,
    TRADED,
    account,
    assert_same_account,
    sessions,
    starts,
    subjects,
)

BOTH = ("v3_5b", "v3_5d")
KEY = "strategies/v3_5b"
SATURDAY, TUESDAY, REVISED = date(2013, 12, 14), date(2013, 12, 17), date(2013, 12, 10)
PLAIN = {bool, int, float, str, dict, list, type(None)}


def types_in(value: object) -> set[type]:
    inner = value.values() if isinstance(value, dict) else value if isinstance(value, list) else ()
    return {type(value)}.union(*(types_in(each) for each in inner))


def test_a_day_shows_money_positions_signals_and_what_it_was_computed_from(paper: Graph) -> None:
    result = paper.night(NIGHT)
    assert result.success, failures(result)
    shown = paper.metadata(KEY, str(NIGHT))
    row = account(paper.home, "v3_5b")[0].iloc[-1]
    assert shown["status"] == "recorded"
    assert (shown["equity"], shown["cash"]) == (row["total_equity"], row["cash"])
    assert shown["positions"] == row["positions"]
    assert (shown["day_return"], shown["drawdown"]) == (row["daily_return"], row["drawdown"])
    assert shown["since_start"] == row["cumulative_return"]
    assert shown["baseline"] == row["baseline_value"]
    trades = account(paper.home, "v3_5b")[1]
    assert shown["fills"] == (trades["period"] == str(NIGHT)).sum()
    checkpoint = paper.home.ledger.checkpoints(AccountKey("v3_5b", "paper"))[-1]
    made = checkpoint.provenance
    assert shown["content_hash"] == checkpoint.closing.digest
    assert shown["parameter_hash"] == made.parameter_hash
    assert (shown["data_version"], shown["code_version"]) == (made.data_version, made.code_version)
    assert "data:image/svg" in shown["equity_and_drawdown"]
    assert set().union(*(types_in(value) for value in shown.values())) <= PLAIN
    tags = paper.latest(KEY, str(NIGHT)).tags or {}
    assert tags["dagster/data_version"] == shown["content_hash"]


def test_fills_are_shown_as_a_table(paper: Graph) -> None:
    assert paper.night(START, NIGHT).success
    trades = account(paper.home, "v3_5b")[1]
    day = trades["period"].iloc[0]
    table = paper.metadata(KEY, day)["trades"].splitlines()
    assert table[0].startswith("| side | symbol | shares")
    own = trades[trades["period"] == day]
    assert len(table) == 2 + len(own) > 2
    assert f"| {own['symbol'].iloc[0]} | {own['shares'].iloc[0]} |" in table[2]


def test_a_closed_day_is_a_partition_that_says_so(paper: Graph) -> None:
    assert paper.night(SATURDAY).success
    shown = paper.metadata(KEY, str(SATURDAY))
    assert (shown["status"], shown["note"]) == ("closed", "the exchange is closed")
    assert "equity" not in shown
    assert (paper.latest(KEY, str(SATURDAY)).tags or {})["dagster/data_version"] == "empty"
    assert sessions(paper.home, "v3_5b")[-1] == str(TRADED)


def test_a_range_is_one_run_with_every_day_of_every_account(paper: Graph) -> None:
    assert paper.night(SATURDAY, TUESDAY).success
    days = {"2013-12-14", "2013-12-15", str(NIGHT), str(TUESDAY)}
    for key in (*(f"strategies/{id_}" for id_ in BOTH), "market/etf_daily"):
        assert paper.materialized(key) == days
    assert paper.instance.get_runs_count() == 1
    found = [paper.metadata(KEY, day) for day in sorted(days)]
    assert [shown["status"] for shown in found] == ["closed", "closed", "recorded", "recorded"]
    assert ["equity_and_drawdown" in shown for shown in found] == [False] * 3 + [True]
    link = paper.home.path / "state" / "state.json"
    state = json.loads(link.read_text())
    assert (state["account_equity"], link.is_symlink()) == (found[-1]["equity"], True)


def test_one_account_alone_takes_its_own_replay_with_it(paper: Graph) -> None:
    result = paper.night(NIGHT, ids=["v3_5d"])
    assert result.success
    replays = [name for name in evaluations(result) if name.endswith("replay")]
    assert replays == ["v3_5d: replay"]
    assert sessions(paper.home, "v3_5b")[-1] == str(TRADED)


def test_a_replay_of_unchanged_bars_passes(paper: Graph) -> None:
    found = evaluations(paper.night(NIGHT))
    for id_ in BOTH:
        check = found[f"{id_}: replay"]
        assert check.passed
        assert check.description == "11 sessions, identical to the bit"
    assert subjects(paper.home) == {}


def test_revised_bars_fail_the_replay_by_name_and_block_nothing(paper: Graph) -> None:
    before = account(paper.home, "v3_5b")
    paper.home.change_bars(REVISED, REVISED, lift_closes)
    result = paper.night(NIGHT)
    assert result.success
    check = evaluations(result)["v3_5b: replay"]
    assert (check.passed, check.blocking) == (False, False)
    shown = {name: value.value for name, value in check.metadata.items()}
    assert shown["first_difference"] == str(REVISED)
    assert f"QQQ {REVISED} close" in str(shown["changed_bars"])
    assert shown["touched_accounts"] == "v3_5b, v3_5d"
    assert str(REVISED) in (check.description or "")
    own = account(paper.home, "v3_5b")
    assert own[2][:-1] == before[2]
    expected = {
        f"paper account of {id_} differs from its replay from {REVISED}": "warning" for id_ in BOTH
    }
    assert subjects(paper.home) == expected
    # The same night again has nothing new to tell, and rewrites nothing.
    assert paper.night(NIGHT).success
    assert subjects(paper.home) == expected
    assert_same_account(account(paper.home, "v3_5b"), own)


def test_a_strategy_that_is_not_for_paper_has_no_account(home: Home) -> None:
    def off(*ids: str) -> set[dg.AssetKey]:
        def change(registry: dict[str, dict[str, dict[str, bool]]]) -> None:
            for id_ in ids:
                registry["strategies"][id_]["paper_trading"] = False

        home.edit_registry(change)
        with dg.DagsterInstance.ephemeral() as instance:
            graph = Graph(home, instance)
            assert graph.night(NIGHT).success
            keys = graph.definitions.resolve_asset_graph().get_all_asset_keys()
            return {key for key in keys if key.path[0] != "research"}

    assert dg.AssetKey(["strategies", "v3_5d"]) not in off("v3_5d")
    assert off("v3_5b") == {MARKET, *(dg.AssetKey(["backtests", id_]) for id_ in BOTH)}


def test_an_account_without_a_start_or_before_it_says_so(paper: Graph) -> None:
    starts(paper.home, date(2014, 1, 2), "v3_5d")
    home = paper.home
    home.ledger.forget(AccountKey("v3_5d", "paper"), sessions(home, "v3_5d"))
    assert paper.night(NIGHT).success
    shown = paper.metadata("strategies/v3_5d", str(NIGHT))
    assert (shown["status"], shown["note"]) == (
        "before", "before the account's first session, 2014-01-02",
    )  # fmt: skip
    starts(home, None, "v3_5d")
    assert paper.night(NIGHT).success
    assert "paper.start is not set" in paper.metadata("strategies/v3_5d", str(NIGHT))["note"]
