"""A user's own strategy: twenty lines of plain pandas in a file of theirs."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest
import yaml

from jutsu_dagster.core.bars import Bars
from jutsu_dagster.core.errors import ConfigError, StrategyError
from jutsu_dagster.registry.config import StrategyConfig, load_strategy_config
from jutsu_dagster.strategies.base import AllocationStrategy
from jutsu_dagster.strategies.kinds import KINDS, load_kind

MOMENTUM = '''\
import pandas as pd
from pydantic import Field

from jutsu_dagster.strategies.base import AllocationStrategy


class Momentum(AllocationStrategy):
    """Hold the symbols that rose over the lookback, in equal parts."""

    symbols: tuple[str, ...] = ("SPY", "TLT")
    lookback: int = Field(60, ge=2, le=250, description="Sessions")

    @property
    def warmup_sessions(self):
        return self.lookback + 1

    def target_weights(self, bars) -> pd.DataFrame:
        close = bars.frame("close")
        rising = close.pct_change(self.lookback) > 0
        return rising.astype(float) / len(self.symbols)
'''


@pytest.fixture
def home(tmp_path: Path) -> Iterator[Path]:
    """A project folder whose modules are forgotten afterwards."""
    path, modules = list(sys.path), set(sys.modules)
    yield tmp_path
    sys.path[:] = path
    for name in set(sys.modules) - modules:
        file = getattr(sys.modules[name], "__file__", None) or ""
        if file.startswith(str(tmp_path)):
            del sys.modules[name]


def load(home: Path, **sections: object) -> StrategyConfig:
    (home / "my_strategies.py").write_text(MOMENTUM)
    document = {"strategy_id": "mine", "strategy": {"name": "my_strategies:Momentum"}, **sections}
    (home / "mine.yaml").write_text(yaml.safe_dump(document))
    return load_strategy_config("mine.yaml", home)


def walk(symbols: tuple[str, ...], days: int) -> Bars:
    steps = np.random.default_rng(7).normal(0, 0.01, (days, len(symbols)))
    close = 100 * np.exp(np.cumsum(steps, axis=0))
    times = np.datetime64("2020-01-01", "s") + np.arange(days) * np.timedelta64(1, "D")
    ones = np.ones_like(close)
    return Bars(symbols, times, close, close, close, close, ones, ones)


def test_a_plain_pandas_class_decides_like_ours(home: Path) -> None:
    config = load(home, symbols=["QQQ", "TLT", "GLD"])
    strategy = config.strategy
    assert isinstance(strategy, AllocationStrategy)
    assert config.class_name == "my_strategies:Momentum"
    assert strategy.universe == ("QQQ", "TLT", "GLD")
    assert strategy.warmup_sessions == 61
    bars = walk(strategy.universe, 200)
    decision = strategy.allocate(bars)
    weights = decision.table[decision.codes]
    rose = bars.close[60:] > bars.close[:-60]
    np.testing.assert_array_equal(weights[60:], rose / 3)
    known = strategy.allocate(bars.head(120))
    np.testing.assert_array_equal(known.table[known.codes], weights[:120])


def test_its_parameters_are_validated_and_overridden_like_ours(home: Path) -> None:
    config = load(home)
    assert config.with_overrides({"lookback": "90"}).strategy.warmup_sessions == 91
    assert config.with_overrides({"symbols": "[SPY, GLD]"}).strategy.universe == ("SPY", "GLD")
    for overrides, message in (
        ({"lookback": "1"}, r"strategy.parameters.lookback \(1\) must be >= 2"),
        ({"lokback": "9"}, "Did you mean 'lookback'"),
        ({"symbols": "[]"}, "symbols must name at least one symbol for Momentum"),
        ({"symbols": "[SPY, SPY]"}, "must be one symbol without blanks, or a list of different"),
        ({"symbols": "SPY"}, "strategy.parameters.symbols .'SPY'. must be a list"),
    ):
        with pytest.raises(ConfigError, match=message):
            config.with_overrides(overrides)


REFUSED = [
    ("Momentum", "'Momentum' is not known; there are Hierarchical_Adaptive_v3_5b,"),
    ("Hierarchical_Adaptive_v3_5", "Did you mean 'Hierarchical_Adaptive_v3_5"),
    ("user_a:Momntum", "is not in .*user_a.py. Did you mean 'Momentum'"),
    ("user_a:pd", "user_a.py is not derived from AllocationStrategy"),
    ("user_a:AllocationStrategy", "must define target_weights"),
    ("user_b:X", r"cannot be imported from .*user_b.py \(ModuleNotFoundError: No module named"),
    ("user_c:X", r"cannot be imported from .*user_c.py \(SystemExit: 3\)"),
    ("user_d:X", r"cannot be imported from .*user_d.py \(SyntaxError"),
    ("user_none:X", r"cannot be imported from user_none \(ModuleNotFoundError"),
    ("json:X", "is hidden: Python finds .* before .*json.py; rename your module"),
    ("sys:path", "in sys is not derived from"),
    ("..a:X", "must be written module:Class"),
    ("user_a:", "must be written module:Class"),
]


@pytest.mark.parametrize(("name", "message"), REFUSED)
def test_a_class_that_cannot_be_had_says_why(name: str, message: str, home: Path) -> None:
    (home / "user_a.py").write_text(MOMENTUM)
    (home / "user_b.py").write_text("import no_such_module")
    (home / "user_c.py").write_text("raise SystemExit(3)")
    (home / "user_d.py").write_text("class X(")
    (home / "json.py").write_text("X = 1")
    with pytest.raises(StrategyError, match=message):
        load_kind(name, home)


def test_a_class_in_a_package_or_on_the_path_loads(home: Path) -> None:
    (home / "user_package").mkdir()
    (home / "user_package" / "fast.py").write_text(MOMENTUM)
    assert load_kind("user_package.fast:Momentum", home).__name__ == "Momentum"
    ours = "jutsu_dagster.strategies.regime_allocator:HierarchicalAdaptiveV35b"
    assert load_kind(ours) is KINDS["Hierarchical_Adaptive_v3_5b"]


def test_code_of_a_users_class_that_raises_is_a_fault_of_the_file(home: Path) -> None:
    text = MOMENTUM.replace("return self.lookback + 1", "return 1 // 0")
    (home / "user_e.py").write_text(text)
    document = {"strategy_id": "mine", "strategy": {"name": "user_e:Momentum"}}
    (home / "mine.yaml").write_text(yaml.safe_dump(document))
    with pytest.raises(ConfigError, match=r"mine.yaml: strategy.parameters .*division"):
        load_strategy_config("mine.yaml", home)
