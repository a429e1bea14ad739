"""The configuration files that the project ships."""

from __future__ import annotations

import re
from datetime import date
from pathlib import Path

import pytest
import yaml

from jutsu_dagster.registry.config import load_strategy_config
from jutsu_dagster.registry.load import StrategyRegistry
from jutsu_dagster.registry.universe import market_faults

HOME = Path(__file__).resolve().parents[2]
GOLDEN = {
    "measurement_noise": 3000.0,
    "process_noise_1": 0.01,
    "process_noise_2": 0.01,
    "osc_smoothness": 10,
    "strength_smoothness": 15,
    "T_max": 50.0,
    "symmetric_volume_adjustment": True,
    "double_smoothing": False,
    "sma_fast": 40,
    "sma_slow": 140,
    "t_norm_bull_thresh": 0.05,
    "t_norm_bear_thresh": -0.3,
    "realized_vol_window": 21,
    "vol_baseline_window": 200,
    "upper_thresh_z": 1.0,
    "lower_thresh_z": 0.2,
    "vol_crush_threshold": -0.15,
    "vol_crush_lookback": 5,
    "leverage_scalar": 1.0,
    "use_inverse_hedge": False,
    "w_PSQ_max": 0.5,
    "allow_treasury": True,
    "bond_sma_fast": 20,
    "bond_sma_slow": 60,
    "max_bond_weight": 0.4,
    "rebalance_threshold": 0.025,
    "execution_time": "close",
    "signal_symbol": "QQQ",
    "core_long_symbol": "QQQ",
    "leveraged_long_symbol": "TQQQ",
    "inverse_hedge_symbol": "PSQ",
    "treasury_trend_symbol": "TLT",
    "bull_bond_symbol": "TMF",
    "bear_bond_symbol": "TMV",
}
CONFIRMATION = {"cell1_exit_confirmation_enabled": True, "cell1_exit_confirmation_days": 2}


@pytest.fixture(scope="module")
def registry() -> StrategyRegistry:
    return StrategyRegistry(HOME / "config" / "strategies_registry.yaml")


def test_the_shipped_registry_runs_all_its_strategies(registry: StrategyRegistry) -> None:
    assert registry.broken == {}
    active = [entry.id for entry in registry.get_active_strategies()]
    assert active == ["v3_5b", "v3_5d", "ETH_main", "BTC_main", "SOL_main"]
    assert registry.get_primary_strategy().id == "v3_5b"
    assert market_faults(registry) == ()


def test_the_councils_differ_in_their_coin_alone(registry: StrategyRegistry) -> None:
    configs = [registry.entries[f"{coin}_main"].config for coin in ("ETH", "BTC", "SOL")]
    first, *others = [config for config in configs if config is not None]
    assert [config.strategy.universe for config in (first, *others)] == [
        ("ETHUSDT",), ("BTCUSDT",), ("SOLUSDT",),
    ]  # fmt: skip
    for other in others:
        same = other.strategy.model_copy(update={"symbol": "ETHUSDT"})
        assert same == first.strategy
        for name in ("backtest_start", "backtest_end", "paper_start", "initial_capital"):
            assert getattr(other, name) == getattr(first, name)
    assert first.paper_start == date(2026, 1, 2)


@pytest.mark.parametrize(("id_", "own"), [("v3_5b", {}), ("v3_5d", CONFIRMATION)])
def test_the_shipped_parameters_are_the_golden_ones(
    id_: str, own: dict[str, object], registry: StrategyRegistry
) -> None:
    config = registry.entries[id_].config
    assert config is not None
    assert config.strategy.model_dump() == {**GOLDEN, **own}
    assert config.initial_capital == 10_000.0
    assert (config.commission_per_share, config.slippage_rate) == (0.01, 0.001)
    assert (config.backtest_start, config.backtest_end) == (date(2010, 1, 1), None)
    assert config.paper_start == date(2026, 1, 2)
    assert config.execution_time == "close"


def test_the_template_loads_once_its_id_is_replaced(tmp_path: Path) -> None:
    text = (HOME / "config" / "strategies" / "_template.yaml").read_text()
    assert len(re.findall(r"vX_Y", text.partition("strategy_id:")[2])) == 3
    (tmp_path / "mine.yaml").write_text(text.replace("vX_Y", "mine"))
    config = load_strategy_config("mine.yaml", tmp_path)
    assert config.strategy_id == "mine"


def test_the_template_shows_the_defaults(tmp_path: Path) -> None:
    shown = load_strategy_config(HOME / "config" / "strategies" / "_template.yaml")
    bare = {key: shown.document[key] for key in ("strategy_id", "strategy", "symbols")}
    (tmp_path / "bare.yaml").write_text(yaml.safe_dump(bare))
    assert load_strategy_config("bare.yaml", tmp_path).settings_hash == shown.settings_hash
