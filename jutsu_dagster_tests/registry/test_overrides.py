from __future__ import annotations

import copy
from datetime import date
from pathlib import Path

import pytest

from jutsu_dagster.core.errors import ConfigError
from jutsu_dagster_tests.registry.test_config import load


def test_overrides_are_read_as_yaml_and_replace_by_name(tmp_path: Path) -> None:
    config = load(tmp_path)
    changed = config.with_overrides(
        {
            "sma_fast": "50",
            "strategy.parameters.sma_slow": 200,
            "signal_symbol": "SPY",
            "symbols.leveraged_long_symbol": "UPRO",
            "use_inverse_hedge": "true",
            "costs.slippage_rate": "5e-4",
            "backtest.start": "2015-01-01",
            "backtest.end": "2016-01-01",
            "portfolio.initial_capital": "1000",
            "execution.execution_time": "next_open",
        }
    )
    strategy = changed.strategy.model_dump()
    assert strategy["sma_fast"] == 50
    assert strategy["sma_slow"] == 200
    assert strategy["signal_symbol"] == "SPY"
    assert strategy["leveraged_long_symbol"] == "UPRO"
    assert strategy["use_inverse_hedge"] is True
    assert changed.slippage_rate == 5e-4
    assert (changed.backtest_start, changed.backtest_end) == (date(2015, 1, 1), date(2016, 1, 1))
    assert changed.initial_capital == 1000.0
    assert changed.execution_time == "next_open"
    assert config.strategy.model_dump()["sma_fast"] == 40
    assert config.with_overrides({}) is config


def test_overrides_are_validated_as_strictly_as_the_file(tmp_path: Path) -> None:
    config = load(tmp_path)
    for overrides, message in (
        ({"sma_fast": "150"}, (r"^trend.yaml with --set sma_fast=150: strategy.parameters.sma_fast"
         r" \(150\) must be < sma_slow \(140\)\.$")),
        ({"sma_fats": "50"}, r"sma_fats \(50\) is no known setting. Did you mean 'sma_fast'\?"),
        ({"costs.slippage": "0"}, r"Did you mean 'costs.slippage_rate'\?"),
        ({"strategy_id": "x"}, "strategy_id .* is no known setting"),
        ({"sma_fast": "null"}, "must not be null"),
        ({"sma_fast": "[1"}, "--set sma_fast: line 1, column 3 is not valid YAML"),
        ({"a": "1", "b": "2"}, "a .*no known setting.*\n.* b .*no known setting"),
    ):  # fmt: skip
        with pytest.raises(ConfigError, match=message):
            config.with_overrides(overrides)


def test_the_settings_hash_follows_results_only(tmp_path: Path) -> None:
    config = load(tmp_path)
    same = load(tmp_path, version="7", paper={"start": date(2026, 1, 2)})
    assert same.settings_hash == config.settings_hash
    for name, value in (
        ("sma_fast", 41),
        ("signal_symbol", "SPY"),
        ("costs.slippage_rate", 0),
        ("costs.commission_per_share", 0),
        ("portfolio.initial_capital", 1),
        ("backtest.start", date(2011, 1, 1)),
        ("execution.execution_time", "next_open"),
    ):
        assert config.with_overrides({name: value}).settings_hash != config.settings_hash, name
    assert config.with_overrides({"sma_fast": 40}).settings_hash == config.settings_hash


def test_overrides_leave_the_original_alone(tmp_path: Path) -> None:
    config = load(tmp_path)
    before = copy.deepcopy(dict(config.document))
    config.with_overrides({"signal_symbol": "SPY", "costs.slippage_rate": 0})
    assert config.document == before
