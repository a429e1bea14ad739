"""Directional strategies in the night: guarded, asked apart, marked and watched like the others."""

from __future__ import annotations

import asyncio
import json
from datetime import UTC, date, datetime, timedelta
from typing import Any

import numpy as np
import pytest
import yaml

from jutsu_dagster.core.account import AccountKey
from jutsu_dagster.core.errors import StrategyError
from jutsu_dagster.pipeline.catch_up import Standing, late, missing_range, standings
from jutsu_dagster.pipeline.desk import open_desk
from jutsu_dagster.pipeline.direct import directions
from jutsu_dagster.pipeline.directional_replay import replay_days, reproduce_day
from jutsu_dagster.pipeline.end_of_day import end_day
from jutsu_dagster.pipeline.ingest import CRYPTO_15M
from jutsu_dagster.pipeline.isolation.client import Isolated, shared
from jutsu_dagster.pipeline.marks import mark_accounts
from jutsu_dagster.pipeline.night import StrategyResult, trade_strategy
from jutsu_dagster.pipeline.runner import DataFetcher, MultiStrategyRunner
from jutsu_dagster.sources.sample import SampleMarket
from jutsu_dagster.sources.sample_crypto import SampleCrypto
from jutsu_dagster.storage.exploration_accounts import curve, span
from jutsu_dagster.storage.exploration_log import latest
from jutsu_dagster.storage.state_manager import MultiStrategyStateManager
from jutsu_dagster_tests.councils import council, walk
from jutsu_dagster_tests.homes import COIN_DAYS, COIN_START, Home
from jutsu_dagster_tests.nights import attempts, sessions, set_settings, statuses, subjects, trade
from jutsu_dagster_tests.own_directional import OWN, SOUND

FRIDAY, SATURDAY, SUNDAY = (date(2025, 1, day) for day in (10, 11, 12))
ETH = AccountKey("ETH_main", "paper")
LATER = SampleMarket(COIN_DAYS[1] + timedelta(days=1))


def register_own(home: Home, module: str, body: str = SOUND) -> None:
    """Add a user's strategy on BTC behind the others."""
    (home.path / f"{module}.py").write_text(OWN.replace("BODY", body))
    document = {
        "strategy_id": "follow",
        "strategy": {"name": f"{module}:Follow"},
        "symbols": {"symbol": "BTCUSDT"},
        "backtest": {"start": date(2025, 1, 4)},
        "paper": {"start": COIN_START},
    }
    home.file("follow").write_text(yaml.safe_dump(document))

    def change(registry: dict[str, Any]) -> None:
        registry["strategies"]["follow"] = {
            "display_name": "follow",
            "strategy_class": f"{module}:Follow",
            "config_file": "config/strategies/follow.yaml",
        }
        registry["execution_order"].append("follow")

    home.edit_registry(change)


def night(home: Home, id_: str, first: date, last: date) -> StrategyResult:
    with open_desk(home.registry, home.settings) as desk:
        return trade_strategy(desk, home.registry.entries[id_], first, last, run_id="a run")


def test_a_night_of_both_kinds_leaves_accounts_attempts_and_states(crypto_home: Home) -> None:
    results = trade(crypto_home, COIN_START, SUNDAY)
    assert all(result.success for result in results.values())
    assert len(sessions(crypto_home, "v3_5b")) == 4
    days = [f"2025-01-{day:02}" for day in range(6, 13)]
    assert statuses(crypto_home)["ETH_main"] == dict.fromkeys(days, "ok")
    assert set(results["ETH_main"].signals) == {
        "regime", "direction", "confidence", "bars_by_regime",
    }  # fmt: skip
    path = crypto_home.path / "state" / "strategies" / "ETH_main" / "state.json"
    state, head = (
        json.loads(path.read_text()),
        latest(crypto_home.ledger.engine, "paper", ["ETH_main"]),
    )
    assert state["account_equity"] == head["ETH_main"].equity
    assert state["last_run"].startswith(f"{head['ETH_main'].recorded_at:%Y-%m-%dT%H:%M:%S}")
    # A broken file is recovered from the ledger's day.
    path.write_text("{")
    states = MultiStrategyStateManager(crypto_home.registry, crypto_home.ledger)
    assert states.get_state("ETH_main").account_equity == head["ETH_main"].equity
    assert states.recovered_from["ETH_main"].startswith("the ledger's checkpoint")


def test_a_users_class_decides_in_a_child_to_the_bit_as_here(crypto_home: Home) -> None:
    register_own(crypto_home, "own_sound")
    assert night(crypto_home, "follow", COIN_START, SUNDAY).success
    apart = curve(crypto_home.ledger.engine, AccountKey("follow", "paper"))
    assert len(apart) == 7
    assert apart["equity"].nunique() > 3
    assert {r.status for r in trade(crypto_home, COIN_START, SUNDAY)["follow"].sessions} == {
        "verified"
    }


def test_sets_asked_apart_are_those_asked_here(crypto_home: Home) -> None:
    """As variants of a user's class would be: two sets that differ, one twice."""
    register_own(crypto_home, "own_sets")
    config = crypto_home.config("follow")
    sets = [config.with_overrides({"lookback": n}).strategy for n in (4, 12, 4)]
    bars = walk(400)
    bars = bars.__class__(("BTCUSDT",), *(getattr(bars, name) for name in (
        "timestamps", "open", "high", "low", "close", "volume", "splits")))  # fmt: skip
    here = directions(config, sets, bars)  # type: ignore[arg-type]
    apart = shared(60, 4096).direct_of(config)(sets, bars)  # type: ignore[arg-type]
    for one, other in zip(here, apart, strict=True):
        for name in ("direction", "confidence", "regime"):
            ours, theirs = getattr(one, name), getattr(other, name)
            np.testing.assert_array_equal(ours, theirs)
            assert ours.dtype == theirs.dtype
    assert not np.array_equal(apart[0].direction, apart[1].direction)


@pytest.mark.parametrize(
    ("body", "said"),
    [
        ("raise ZeroDivisionError('no volatility')", "follow: own_0:Follow failed at"),
        ("return None", "Follow.direct must return a Directional, not NoneType"),
        (
            "return Directional(np.sign(moved).astype(np.int8)[:-1], confidence, regime)",
            r"direction has shape \(\d+,\); bars have",
        ),
        (
            "return Directional(np.sign(moved) * 0.5, confidence, regime)",
            "direction must hold whole numbers within int8",
        ),
        ("return Directional(np.sign(moved), confidence * 9, regime)", r"confidence at .* range"),
        ("import os; os._exit(3)", "its process ended with exit code 3"),
        ("while True: pass", r"no decision after 2 s \(settings.execution_timeout\)"),
    ],
)
def test_what_a_users_class_does_reaches_nobody_else(
    body: str, said: str, crypto_home: Home, request: pytest.FixtureRequest
) -> None:
    module = f"own_{request.node.callspec.indices['body']}"
    register_own(crypto_home, module, body)
    set_settings(crypto_home, execution_timeout=2)
    result = night(crypto_home, "follow", COIN_START, FRIDAY)
    assert result.status == "failed"
    with pytest.raises(StrategyError, match=said):
        raise result.cause or AssertionError
    assert span(crypto_home.ledger.engine, AccountKey("follow", "paper")) is None
    kept = attempts(crypto_home)["follow"][str(COIN_START)]
    assert (kept["status"], kept["error"]) == ("failed", result.error)
    assert any("follow" in subject for subject in subjects(crypto_home))
    assert night(crypto_home, "ETH_main", COIN_START, FRIDAY).success


def test_our_own_classes_are_asked_in_this_process(crypto_home: Home) -> None:
    with Isolated(timeout_seconds=60) as isolated:
        config, bars = crypto_home.config("ETH_main"), walk(500)
        (made,) = isolated.direct_of(config)([council("default")], bars)
        # One object for two sets that decide alike, so that many share one pass.
        two = isolated.direct_of(config)([council("default"), council("default")], bars)
        assert two[0] is two[1]
        np.testing.assert_array_equal(made.direction, two[0].direction)


def test_standings_count_utc_days(crypto_home: Home) -> None:
    def found(until: date) -> list[Standing]:
        return standings(crypto_home.registry, crypto_home.ledger, until)

    trade(crypto_home, COIN_START, FRIDAY)
    assert found(SUNDAY) == [
        Standing("v3_5b", FRIDAY, ()), Standing("ETH_main", FRIDAY, (SATURDAY, SUNDAY)),
    ]  # fmt: skip
    assert missing_range(found(SUNDAY), SUNDAY) == (SATURDAY, SUNDAY)
    assert late(found(FRIDAY)) is None
    assert late(found(SUNDAY)) == (SUNDAY, ("ETH_main",))
    trade(crypto_home, SATURDAY, SUNDAY)
    assert late(found(SUNDAY)) is None
    monday = SUNDAY + timedelta(days=1)
    assert late(found(monday)) == (monday, ("v3_5b", "ETH_main"))


def test_marks_and_the_end_of_the_day_leave_it_to_the_night(crypto_home: Home) -> None:
    trade(crypto_home, COIN_START, FRIDAY)
    at = datetime(2025, 1, 13, 21, 15, tzinfo=UTC)
    reports = mark_accounts(crypto_home.registry, LATER, crypto_home.ledger, at)
    by_id = {report.strategy_id: report for report in reports}
    assert by_id["ETH_main"].mark is None
    assert "by the night" in by_id["ETH_main"].note
    with open_desk(crypto_home.registry, crypto_home.settings) as desk:
        done = end_day(desk, LATER, at, "a run")
    assert (done.failed, done.recovered) == ([], [])
    assert span(crypto_home.ledger.engine, ETH) == (COIN_START, FRIDAY)


def test_the_runner_brings_both_kinds_up(crypto_home: Home) -> None:
    trade(crypto_home, COIN_START, FRIDAY)
    states = MultiStrategyStateManager(crypto_home.registry, crypto_home.ledger)
    coins = SampleCrypto(COIN_DAYS[1] + timedelta(days=1))
    last = date(2025, 1, 14)
    store = crypto_home.store
    fetcher = DataFetcher(crypto_home.registry, LATER, store, last, coins)
    runner = MultiStrategyRunner(crypto_home.registry, states, fetcher, ledger=crypto_home.ledger)
    results = asyncio.run(runner.run_all_strategies())
    assert {id_: result.status for id_, result in results.items()} == {
        "v3_5b": "ok", "ETH_main": "ok",
    }  # fmt: skip
    assert span(crypto_home.ledger.engine, ETH) == (COIN_START, last)
    assert sessions(crypto_home, "v3_5b")[-1] == str(last)


def test_a_replay_is_identical_until_a_bar_changes(crypto_home: Home) -> None:
    trade(crypto_home, COIN_START, date(2025, 1, 15))
    crypto_home.edit("ETH_main", lambda d: d["strategy"]["parameters"].update(exploration_cap=4))
    trade(crypto_home, date(2025, 1, 16), COIN_DAYS[1])
    config, ledger, store = crypto_home.config("ETH_main"), crypto_home.ledger, crypto_home.store

    def replay() -> Any:
        return replay_days(config, crypto_home.registry, store, ledger)

    assert replay().identical
    assert replay().sessions == 26
    for day in (COIN_START, date(2025, 1, 20)):
        assert reproduce_day(config, store, ledger, day, "paper")[1] == ()
    day = date(2025, 1, 12)
    rows = store.rows(CRYPTO_15M, None, day, day)
    at = (rows["symbol"] == "ETHUSDT") & (rows["timestamp"].dt.hour < 1)
    rows.loc[at, ["high", "close"]] *= 1.02
    store.write(CRYPTO_15M, rows, day, day, "sample")
    found = replay()
    assert found.first_difference == day
    assert {str(bar.session) for bar in found.changed} == {
        f"2025-01-12 00:{minute:02}:00" for minute in (0, 15, 30, 45)
    }
    assert {bar.symbol for bar in found.changed} == {"ETHUSDT"}
    assert (found.touched, found.code_changed) == (("ETH_main",), False)
    # From its own version of the bars it still comes out the same.
    assert reproduce_day(config, store, ledger, day, "paper")[1] == ()
