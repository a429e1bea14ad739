"""Both kinds of accounts in one graph: markets, a mixed night, years, and the replay check."""

from __future__ import annotations

import json
from collections.abc import Iterator
from datetime import date
from typing import Any

import dagster as dg
import numpy as np
import pytest

from jutsu_dagster.core.account import AccountKey
from jutsu_dagster.defs.schedules import first_day
from jutsu_dagster.pipeline.ingest import CRYPTO_15M
from jutsu_dagster.storage import exploration_log as log
from jutsu_dagster.storage.exploration_accounts import span
from jutsu_dagster_tests.defs.conftest import Graph, evaluations, started
from jutsu_dagster_tests.homes import COIN_DAYS, COIN_START, Home
from jutsu_dagster_tests.nights import sessions, statuses

FRIDAY, SATURDAY, SUNDAY, MONDAY = (date(2025, 1, day) for day in (10, 11, 12, 13))
PAPER = AccountKey("ETH_main", "paper")
ETH = "strategies/ETH_main"


@pytest.fixture
def coins(crypto_home: Home) -> Iterator[Graph]:
    with dg.DagsterInstance.ephemeral() as instance:
        yield Graph(crypto_home, instance)


def days(graph: Graph) -> tuple[date, date] | None:
    return span(graph.home.ledger.engine, PAPER)


def test_each_strategy_reads_its_own_market(coins: Graph) -> None:
    graph = coins.definitions.resolve_asset_graph()
    of = {
        id_: {key.to_user_string() for key in graph.get(dg.AssetKey([kind, id_])).parent_keys}
        for kind, id_ in (("strategies", "ETH_main"), ("strategies", "v3_5b"))
    }
    assert of["ETH_main"] == {"market/crypto_15m", ETH}
    assert of["v3_5b"] == {"market/etf_daily", "strategies/v3_5b"}
    parents = graph.get(dg.AssetKey(["backtests", "ETH_main"])).parent_keys
    assert dg.AssetKey(["market", "crypto_15m"]) in parents


def test_a_night_is_of_both_kinds(coins: Graph) -> None:
    """From Monday to Sunday: sessions of the exchange, and every UTC day."""
    result = coins.night(COIN_START, SUNDAY)
    assert result.success
    assert sessions(coins.home, "v3_5b") == [f"2025-01-{day:02}" for day in (6, 7, 8, 10)]
    assert days(coins) == (COIN_START, SUNDAY)
    assert coins.metadata("strategies/v3_5b", str(SUNDAY))["status"] == "closed"
    shown = coins.metadata(ETH, str(SUNDAY))
    assert shown["status"] == "recorded"
    state = json.loads((coins.home.path / "state/strategies/ETH_main/state.json").read_text())
    assert state["account_equity"] == shown["equity"]
    assert state["current_positions"] == (
        {"ETHUSDT": shown["position"]} if shown["position"] else {}
    )
    head = log.latest(coins.home.ledger.engine, "paper", ["ETH_main"])["ETH_main"]
    assert (shown["equity"], shown["content_hash"]) == (head.equity, head.closing_hash)
    assert sum(shown["bars_by_regime"].values()) == 96
    assert "data:image/svg" in str(shown["equity_and_drawdown"])
    assert evaluations(result)["ETH_main: replay"].passed
    steps = [step for step in started(result) if "replay" not in step]
    # Both markets before any account, the primary first among these.
    assert steps[-2:] == ["strategies__v3_5b", "strategies__ETH_main"]
    assert steps.index("market__etf_daily") < steps.index("etf_daily_quality") < len(steps) - 2
    kept = statuses(coins.home)["ETH_main"]
    assert kept == dict.fromkeys((f"2025-01-{day:02}" for day in range(6, 13)), "ok")
    again = coins.night(SATURDAY, SUNDAY)
    assert again.success
    assert coins.metadata(ETH, str(SUNDAY))["status"] == "verified"


def test_the_schedule_counts_utc_days_and_both_markets(coins: Graph) -> None:
    registry, settings = coins.home.registry, coins.home.settings

    def first(until: date, *ids: str) -> date | None:
        return first_day(registry, settings, coins.instance, until, ids)

    assert first(SUNDAY) == COIN_START
    assert coins.night(COIN_START, FRIDAY).success
    assert first(FRIDAY) is None
    assert first(SUNDAY) == SATURDAY
    assert first(SUNDAY, "ETH_main") == SATURDAY
    # The exchange is closed: nothing is missing, but nobody has looked at the day yet.
    assert first(SUNDAY, "v3_5b") == SATURDAY
    assert coins.night(SATURDAY, SUNDAY, ["v3_5b"]).success
    assert first(SUNDAY, "v3_5b") is None
    assert first(SUNDAY) == SATURDAY
    assert coins.run("market/crypto_15m", str(SATURDAY), str(SUNDAY)).success
    assert coins.run(ETH, str(SATURDAY), str(SUNDAY)).success
    assert first(SUNDAY) is None


def test_a_night_before_coins_began_is_no_fault(coins: Graph) -> None:
    def earlier(document: dict[str, Any]) -> None:
        document["settings"]["market_start"] = date(2022, 1, 3)

    coins.home.edit_registry(earlier)
    coins.home.change_bars(COIN_START, COIN_START, lambda rows: rows)
    result = coins.run("market/crypto_15m", "2022-12-30", "2023-01-01")
    assert result.success
    assert coins.metadata("market/crypto_15m", "2022-12-30")["session"] == "before the first bar"
    assert coins.metadata("market/crypto_15m", "2023-01-01")["session"] == "open"
    assert coins.run(ETH, "2022-12-30").success
    shown = coins.metadata(ETH, "2022-12-30")
    assert shown["status"] == "before"
    assert "content_hash" not in shown


def test_years_are_shown_with_their_balance(coins: Graph) -> None:
    assert coins.run("backtests/ETH_main", "2025").success
    shown = coins.metadata("backtests/ETH_main", "2025")
    assert (shown["sessions"], shown["first_session"]) == (28, "2025-01-04")
    assert shown["data_version"] == f"{CRYPTO_15M}@{coins.home.store.version(CRYPTO_15M)}"
    assert "| entered in | long | wins |" in str(shown["trades_by_regime"])
    assert shown["account_final_equity"] == shown["final_equity"]
    assert "synthetic" in shown["market_source"]


def test_a_changed_bar_fails_the_replay_and_is_named(coins: Graph) -> None:
    assert coins.night(COIN_START, COIN_DAYS[1]).success
    store, day = coins.home.store, date(2025, 1, 20)
    rows = store.rows(CRYPTO_15M, None, day, day)
    prices = ["open", "high", "low", "close"]
    ramp = np.linspace(1.0, 1.1, len(rows))[:, None]
    store.write(CRYPTO_15M, rows.assign(**(rows[prices] * ramp)), day, day, "sample")
    result = coins.night(COIN_DAYS[1])
    # The night fetches its own day anew, and not the one that was changed.
    assert result.success
    found = evaluations(result)["ETH_main: replay"]
    assert not found.passed
    assert "values of bars changed since: ETHUSDT 2025-01-20 00:15:00" in str(found.description)
    assert found.metadata["touched_accounts"].value == "ETH_main"
    assert found.metadata["first_difference"].value == "2025-01-20"
