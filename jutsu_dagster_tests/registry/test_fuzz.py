"""Whatever a YAML file holds, loading it ends in a registry or in a ConfigError."""

from __future__ import annotations

import contextlib
import copy
import tempfile
from collections.abc import Iterator
from datetime import date, datetime
from pathlib import Path
from typing import Any

import yaml
from hypothesis import given, settings
from hypothesis import strategies as st

from jutsu_dagster.core.errors import ConfigError
from jutsu_dagster.registry.config import load_strategy_config
from jutsu_dagster.registry.load import StrategyRegistry
from jutsu_dagster_tests.registry.conftest import Project, strategy_document

# Words that the models know, so that the fuzz gets behind the first refusal.
WORDS = st.sampled_from(
    ["strategies", "one", "two", "is_primary", "is_active", "config_file", "symbols", "name",
     "QQQ", "module:Class", ":", "..:A", "sys:exit", "sys:path", "nul\0", "", "close", "x.y", "\n",
     "execution_order", "Hierarchical_Adaptive_v3_5b", "config/strategies/two.yaml", "2024-01-01"]
)  # fmt: skip
SCALARS = (
    st.none()
    | st.booleans()
    | st.integers(-(10**40), 10**40)
    | st.sampled_from([-1, 0, 1])
    | st.floats()
    | WORDS
    | st.text(max_size=8)
    | st.dates(max_value=date(9999, 1, 1))
    | st.datetimes(min_value=datetime(1000, 1, 1))  # noqa: DTZ001  (as YAML has it)
    | st.binary(max_size=4)
)
KEYS = WORDS | st.text(max_size=6) | st.integers(0, 9) | st.none() | st.booleans()
ANYTHING = st.recursive(
    SCALARS, lambda inner: st.lists(inner, max_size=3) | st.dictionaries(KEYS, inner, max_size=4)
)


def _dump(value: object) -> str:
    return yaml.safe_dump(value, allow_unicode=True)


def _places(tree: object, path: tuple[Any, ...] = ()) -> Iterator[tuple[Any, ...]]:
    yield path
    items: Any = ()
    if isinstance(tree, dict):
        items = tree.items()
    elif isinstance(tree, list):
        items = enumerate(tree)
    for key, value in items:
        yield from _places(value, (*path, key))


def _replaced(tree: Any, path: tuple[Any, ...], value: object) -> Any:
    if not path:
        return value
    tree = copy.deepcopy(tree)
    target = tree
    for key in path[:-1]:
        target = target[key]
    target[path[-1]] = value
    return tree


def _load(home: Path) -> None:
    with contextlib.suppress(ConfigError):
        registry = StrategyRegistry(home / "config" / "strategies_registry.yaml")
        for faults in registry.broken.values():
            assert all(str(fault) for fault in faults)


@settings(max_examples=150, deadline=None)
@given(ANYTHING)
def test_any_structure_as_a_registry_or_strategy_is_refused_or_loads(value: object) -> None:
    with tempfile.TemporaryDirectory() as folder:
        project = Project(Path(folder))
        project.write()
        project.path.write_text(_dump(value), encoding="utf-8")
        _load(project.home)
        with contextlib.suppress(ConfigError):
            load_strategy_config(project.path, project.home)


@settings(max_examples=150, deadline=None)
@given(st.data(), ANYTHING)
def test_any_value_in_any_place_is_refused_or_loads(data: st.DataObject, value: object) -> None:
    with tempfile.TemporaryDirectory() as folder:
        project = Project(Path(folder))
        project.write()
        full = strategy_document("two", "Hierarchical_Adaptive_v3_5d") | {
            "execution": {"execution_time": "close", "max_slippage_pct": 1},
            "state": {"file_path": "state/strategies/two/state.json"},
            "portfolio": {"initial_capital": 1},
            "backtest": {"start": "2010-01-01", "end": "2011-01-01"},
            "paper": {"start": "2011-01-01"},
            "costs": {"slippage_rate": 0},
        }
        for document, path in (
            (project.registry, project.path),
            (full, project.strategy_path("two")),
        ):
            place = data.draw(st.sampled_from(list(_places(document))))
            text = _dump(_replaced(document, place, value))
            path.write_text(text, encoding="utf-8")
            _load(project.home)


@settings(max_examples=200, deadline=None)
@given(st.text(alphabet=st.sampled_from("ab:-[]{}&*!|>'\"#%@,\n\t \\x0d~?=<"), max_size=40))
def test_any_text_is_refused_or_loads(text: str) -> None:
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "strategies_registry.yaml"
        path.write_text(text, encoding="utf-8")
        with contextlib.suppress(ConfigError):
            StrategyRegistry(path)


@settings(max_examples=150, deadline=None)
@given(
    st.dictionaries(
        st.sampled_from(["sma_fast", "T_max", "signal_symbol", "costs.slippage_rate", "x",
                         "backtest.end", "execution.execution_time", "symbols", ".", "a.b.c"]),
        SCALARS | ANYTHING,
        max_size=3,
    )
)  # fmt: skip
def test_any_override_is_refused_or_holds(overrides: dict[str, object]) -> None:
    with tempfile.TemporaryDirectory() as folder:
        project = Project(Path(folder))
        project.write()
        config = load_strategy_config(project.strategy_path("one"), project.home)
        with contextlib.suppress(ConfigError):
            config.with_overrides(overrides)
