from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest
from sqlalchemy import create_engine

from jutsu_dagster.core.errors import JutsuError
from jutsu_dagster.pipeline.ingest import ETF_DAILY
from jutsu_dagster_tests.homes import Home
from jutsu_dagster_tests.pipeline.moving import Move
from jutsu_dagster_tests.single import LIVE, Single


@pytest.fixture
def move(home: Home, tmp_path: Path) -> Move:
    return Move(home, Single(tmp_path / "old").write())


def live(old: str, new: str) -> Callable[[Single], None]:
    def change(single: Single) -> None:
        assert old in LIVE
        single.config.write_text(LIVE.replace(old, new))

    return change


def state(**changes: object) -> Callable[[Single], None]:
    return lambda single: single.write_state(**changes)


def sql(statement: str) -> Callable[[Single], None]:
    def change(single: Single) -> None:
        engine = create_engine(single.url)
        with engine.begin() as connection:
            connection.exec_driver_sql(statement)
        engine.dispose()

    return change


FAULTS: dict[str, tuple[Callable[[Single], object], str]] = {
    "no config": (lambda s: s.config.unlink(), "config/live_trading_config.yaml is missing"),
    "no YAML": (live("strategy:\n", "strategy: [\n"), "config/live_trading_config.yaml: line"),
    "a list": (lambda s: s.config.write_text("- a\n"), "live_trading_config.yaml must hold keys"),
    "unknown class": (
        live("Hierarchical_Adaptive_v3_5b", "Hierarchical_Adaptive_v3_5c"),
        r"strategy.name \('Hierarchical_Adaptive_v3_5c'\) is not known.*v3_5b",
    ),
    "unknown parameter": (live("osc_smoothness", "osc_smoothnes"), "Did you mean 'osc_smoothness'"),
    "value out of bounds": (live("sma_fast: 40", "sma_fast: 150"), r"sma_fast \(150\) must be <"),
    "flow style": (
        live("  initial_capital: 10000\n  mode: offline_mock", "  {initial_capital: 1, mode: x}"),
        "portfolio.mode cannot be taken out",
    ),
    "no state": (lambda s: s.state.unlink(), "state/state.json cannot be read"),
    "half a state": (lambda s: s.state.write_text("{"), "state/state.json is not strict JSON"),
    "two truths": (
        sql("UPDATE positions SET quantity = 50 WHERE id = 1"),
        r"current_positions.QQQ \(40\) must be 50, as in the table positions",
    ),
    "half a share": (state(current_positions={"QQQ": 1.5}), "current_positions.QQQ"),
    "unknown symbol": (
        state(current_positions={"SPY": 1}, last_allocation={}),
        "current_positions.SPY is no symbol of Hierarchical_Adaptive_v3_5b",
    ),
    "short": (state(current_positions={"QQQ": -1}), r"current_positions.QQQ \(-1\) must be >= 0"),
    "percent": (state(last_allocation={"QQQ": 60.0}), r"last_allocation.QQQ \(60.0\) must lie"),
    "too much": (state(account_equity=100.0), r"account_equity \(100.0\) must cover"),
    "no equity": (
        sql("UPDATE performance_snapshots SET total_equity = 0 WHERE id = 2"),
        r"performance_snapshots row 2: total_equity \(0\) must be a number above 0",
    ),
    "no moment": (
        sql("UPDATE performance_snapshots SET timestamp = 'soon' WHERE id = 1"),
        r"performance_snapshots row 1: timestamp \('soon'\) must be a date or a moment",
    ),
    "no side": (
        sql("UPDATE live_trades SET action = 'HOLD' WHERE id = 1"),
        r"live_trades row 1: action \('HOLD'\) must be BUY or SELL",
    ),
    "no price": (
        sql("UPDATE live_trades SET fill_price = NULL, target_price = NULL WHERE id = 1"),
        "live_trades row 1: fill_price .* must be a price above 0",
    ),
    "no JSON": (
        sql("UPDATE performance_snapshots SET positions_json = '{' WHERE id = 1"),
        "row 1: positions_json .* must hold whole shares by symbol",
    ),
}


@pytest.mark.parametrize("name", sorted(FAULTS))
def test_a_fault_is_named_before_anything_is_written(move: Move, name: str) -> None:
    change, message = FAULTS[name]
    change(move.single)
    before, old = move.files(), move.single.content()
    with pytest.raises(JutsuError, match=message):
        move.go()
    assert (move.files(), move.single.content()) == (before, old)


def test_faults_of_all_three_parts_are_named_at_once(move: Move) -> None:
    move.single.config.unlink()
    move.single.state.write_text("{")
    with pytest.raises(JutsuError, match="yaml is missing") as fault:
        move.go(database="sqlite:////nowhere/none.db")
    assert "is not strict JSON" in str(fault.value)
    assert "none.db is no file" in str(fault.value)


def test_positions_without_a_price_ask_for_bars(home: Home, tmp_path: Path) -> None:
    single = Single(tmp_path / "old").write(None)
    single.write_state(last_run="2014-01-10T14:45:00Z")
    with pytest.raises(JutsuError, match=r"current_positions.QQQ .*ingest the bars up to that day"):
        Move(home, single).go()
    assert home.store.exists(ETF_DAILY)


@pytest.mark.parametrize(
    ("source", "options", "message"),
    [
        ("nowhere", {}, "--from .*nowhere is no folder"),
        ("old", {"strategy_id": "a-b"}, "--id a-b must be a letter"),
        ("old", {"database": "mysql://x/y"}, "must be sqlite or postgresql"),
    ],
)
def test_bad_options_are_named(
    move: Move, source: str, options: dict[str, str], message: str
) -> None:
    before = move.files()
    with pytest.raises(JutsuError, match=message):
        move.go(move.single.path.with_name(source), **options)
    assert move.files() == before


def test_an_account_with_a_record_is_not_overwritten(move: Move) -> None:
    move.go()
    for path in (move.home.path / "state" / "migrations").glob("*/manifest.json"):
        path.unlink()
    with pytest.raises(JutsuError, match=r"v3_5b \(paper\) has 1 recorded periods"):
        move.go()
