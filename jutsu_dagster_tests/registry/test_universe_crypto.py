"""Which 15-minute bars the strategies need."""

from __future__ import annotations

from datetime import date
from typing import Any

import pytest

from jutsu_dagster.registry.universe import (
    crypto_symbols,
    entries_on,
    etf_symbols,
    market_anchor,
    market_faults,
)
from jutsu_dagster_tests.candle_rows import COINS
from jutsu_dagster_tests.registry.conftest import Project

ETFS = ("PSQ", "QQQ", "TLT", "TMF", "TMV", "TQQQ")


@pytest.fixture
def mixed(project: Project) -> Project:
    """The project with two more strategies, which read 15-minute bars."""
    for id_, symbols in (("first", ["SOLUSDT", "ETHUSDT"]), ("second", ["BTCUSDT", "ETHUSDT"])):
        entry: dict[str, Any] = {
            "display_name": id_,
            "strategy_class": COINS,
            "config_file": f"config/strategies/{id_}.yaml",
        }
        project.registry["strategies"][id_] = entry
        project.registry["execution_order"].append(id_)
        project.strategies[id_] = {
            "strategy_id": id_,
            "strategy": {"name": COINS},
            "symbols": symbols,
            "backtest": {"start": date(2025, 1, 1)},
        }
    return project


def test_no_strategy_reads_coins_unless_it_says_so(project: Project) -> None:
    assert crypto_symbols(project.load()) == ()


def test_each_market_has_the_symbols_of_its_own_strategies(mixed: Project) -> None:
    registry = mixed.load()
    assert crypto_symbols(registry) == ("BTCUSDT", "ETHUSDT", "SOLUSDT")
    assert etf_symbols(registry) == ETFS
    assert [entry.id for entry in entries_on(registry, "15m")] == ["first", "second"]
    assert [entry.id for entry in entries_on(registry, "1d")] == ["one", "two"]


def test_only_running_strategies_count(mixed: Project) -> None:
    mixed.registry["strategies"]["first"]["is_active"] = False
    mixed.registry["execution_order"].remove("first")
    mixed.strategies["second"]["colour"] = "red"
    assert crypto_symbols(mixed.load()) == ()


def test_the_warmup_of_coins_is_in_utc_days(mixed: Project) -> None:
    registry = mixed.load()
    assert market_anchor(registry.entries["first"]) == date(2024, 12, 29)
    assert market_faults(registry) == ()
