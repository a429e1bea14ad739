"""The registry's rules, each by its message; and what is set aside instead of refused."""

from __future__ import annotations

from datetime import date
from pathlib import Path
from typing import Any

import pytest

from jutsu_dagster.core.errors import ConfigError
from jutsu_dagster.registry.load import StrategyRegistry
from jutsu_dagster_tests.registry.conftest import Project

REGISTRY = "config/strategies_registry.yaml"


def test_a_sound_registry_answers(project: Project) -> None:
    registry = project.load()
    assert [entry.id for entry in registry.get_active_strategies()] == ["one", "two"]
    assert registry.get_primary_strategy().id == "one"
    assert registry.get_strategy("two") is registry.entries["two"]
    assert registry.get_strategy("three") is None
    assert registry.is_strategy_active("two")
    assert not registry.is_strategy_active("three")
    assert registry.broken == {}
    assert registry.settings.market_start == date(2008, 1, 1)
    assert registry.settings.execution_timeout == 300


def test_the_order_decides_and_defaults_to_the_definition(project: Project) -> None:
    strategies = project.registry["strategies"]
    project.registry["strategies"] = {"two": strategies["two"], "one": strategies["one"]}
    assert [entry.id for entry in project.load().get_active_strategies()] == ["one", "two"]
    project.registry["strategies"] = strategies
    del project.registry["execution_order"]
    assert project.load().execution_order == ("one", "two")


def test_the_primary_must_come_first_by_definition_too(project: Project) -> None:
    strategies = project.registry["strategies"]
    project.registry["strategies"] = {"two": strategies["two"], "one": strategies["one"]}
    del project.registry["execution_order"]
    assert project.refusal() == [
        (
            f"{REGISTRY}: execution_order is missing;"
            " by definition 'two' comes before the primary 'one'."
        )
    ]


def _put(path: str, value: object) -> Any:
    def change(project: Project) -> None:
        target: Any = {"registry": project.registry, **project.strategies}
        *sections, key = path.split("/")
        for section in sections:
            target = target.setdefault(section, {})
        target[key] = value

    return change


REFUSED = [
    ("registry/strategies", {}, "strategies must hold at least one strategy."),
    ("registry/strategies", [], "strategies must be a mapping of keys to values."),
    ("registry/setings", {}, "setings is not a known key. Did you mean 'settings'?"),
    (
        "registry/settings/isolate_failure",
        True,
        "settings.isolate_failure (true) is not a known key. Did you mean 'isolate_failures'?",
    ),
    ("registry/settings/execution_timeout", 0, "settings.execution_timeout (0) must be > 0."),
    ("registry/settings/memory_limit_mb", 255, "settings.memory_limit_mb (255) must be >= 256."),
    ("registry/settings/memory_limit_mb", True, "memory_limit_mb (true) must be a number."),
    ("registry/settings/execution_timeout", True, "execution_timeout (true) must be a number."),
    ("registry/settings/isolate_failures", 1, "isolate_failures (1) must be true or false."),
    ("registry/settings/market_start", "soon", "settings.market_start ('soon') must be a date"),
    ("registry/settings/market_start", 20080101, "(20080101) must be a date, YYYY-MM-DD."),
    ("registry/settings/market_start", date(1900, 1, 1), "(1900-01-01) must lie between 1990"),
    ("registry/strategies/two/is_primary", True, "there are 2: one, two."),
    ("registry/strategies/one/is_primary", False, "is_primary: true; there is none."),
    (
        "registry/strategies/one/is_active",
        False,
        "strategies.one.is_active (false) must be true: one is the primary.",
    ),
    (
        "registry/execution_order",
        ["two", "one"],
        "execution_order.0 ('two') must be 'one': the primary comes first.",
    ),
    (
        "registry/execution_order",
        ["one"],
        "execution_order lacks 'two', which is active; without a place there it would never run.",
    ),
    (
        "registry/execution_order",
        ["one", "twoo", "two"],
        "execution_order.1 ('twoo') is no strategy of this registry. Did you mean 'two'?",
    ),
    (
        "registry/execution_order",
        ["one", "two", "two"],
        "execution_order.2 ('two') stands there already.",
    ),
    ("registry/execution_order", "one", "execution_order ('one') must be a list"),
    (
        "registry/strategies/two/config_fil",
        "x",
        "strategies.two.config_fil ('x') is not a known key. Did you mean 'config_file'?",
    ),
    ("registry/strategies/two", None, "strategies.two must be a mapping of keys to values."),
    ("registry/strategies/two", {}, "strategies.two.display_name is missing."),
    ("registry/strategies/no-dash", {}, "strategies.no-dash must be a letter, then at most 49"),
    (
        "registry/strategies/one/strategy_class",
        "Hierarchical_Adaptive_v3_5c",
        "strategies.one.strategy_class ('Hierarchical_Adaptive_v3_5c') is not known;",
    ),
    (
        "registry/strategies/one/config_file",
        "config/strategies/none.yaml",
        "strategies.one.config_file ('config/strategies/none.yaml') is no file.",
    ),
]


@pytest.mark.parametrize(("path", "value", "message"), REFUSED)
def test_each_rule_of_the_registry_refuses_by_name(
    path: str, value: object, message: str, project: Project
) -> None:
    _put(path, value)(project)
    assert any(line.startswith(f"{REGISTRY}: ") and message in line for line in project.refusal())


def test_all_faults_are_named_at_once(project: Project) -> None:
    _put("registry/settings/colour", "red")(project)
    _put("registry/strategies/two/is_primary", "yes")(project)
    assert len(project.refusal()) == 2
    del project.registry["settings"]
    project.registry["strategies"]["two"]["is_primary"] = False
    project.registry["execution_order"] = ["two", "one", "one"]
    _put("one/strategy/parameters/sma_fast", 150)(project)
    _put("one/costs", {"commission": 0.0})(project)
    _put("two/costs", {"commission": 0.0})(project)
    first, second, third, fourth = project.refusal()
    assert "execution_order.2 ('one')" in first
    assert "execution_order.0 ('two')" in second
    assert third == (
        "config/strategies/one.yaml: costs.commission (0.0) is not a known key."
        " Did you mean 'commission_per_share'?"
    )
    assert fourth == (
        "config/strategies/one.yaml: strategy.parameters.sma_fast (150) must be < sma_slow (140)."
    )


def test_a_broken_secondary_is_set_aside_and_shown(project: Project) -> None:
    _put("two/strategy/parameters/sma_fast", 150)(project)
    registry = project.load()
    assert [entry.id for entry in registry.get_active_strategies()] == ["one"]
    assert not registry.is_strategy_active("two")
    assert registry.entries["two"].config is None
    (fault,) = registry.broken["two"]
    assert (fault.file, fault.key) == (
        "config/strategies/two.yaml",
        "strategy.parameters.sma_fast",
    )


@pytest.mark.parametrize(
    ("path", "value", "message"),
    [
        ("two/strategy_id", "three", "strategy_id ('three') must be 'two', as in the registry."),
        (
            "two/strategy/name",
            "Hierarchical_Adaptive_v3_5b",
            "strategy.name ('Hierarchical_Adaptive_v3_5b') must be 'Hierarchical_Adaptive_v3_5d'",
        ),
        ("registry/strategies/two/strategy_class", "nowhere:Class", "cannot be imported"),
        ("registry/strategies/two/config_file", "nul\0", "is no file"),
        ("registry/strategies/two/config_file", "x" * 199, "is no file"),
    ],
)
def test_a_secondary_that_contradicts_the_registry_is_set_aside(
    path: str, value: object, message: str, project: Project
) -> None:
    _put(path, value)(project)
    assert any(message in str(fault) for fault in project.load().broken["two"])


def test_broken_yaml_of_a_secondary_is_set_aside_and_of_the_primary_stops(
    project: Project,
) -> None:
    project.write()
    project.strategy_path("two").write_text("a: [")
    assert "line 1, column 5" in str(StrategyRegistry(project.path).broken["two"][0])
    project.strategy_path("one").write_text("a: [")
    with pytest.raises(ConfigError, match=r"^config/strategies/one.yaml: line 1, column 5 is not"):
        StrategyRegistry(project.path)


def test_an_inactive_strategy_never_stops_anything(project: Project) -> None:
    project.registry["strategies"]["bad-id"] = {"is_active": False, "colour": "red"}
    project.registry["strategies"]["old"] = {
        "display_name": "Old",
        "strategy_class": "Nothing",
        "config_file": "none.yaml",
        "is_active": False,
    }
    registry = project.load()
    assert [entry.id for entry in registry.get_active_strategies()] == ["one", "two"]
    assert set(registry.broken) == {"bad-id", "old"}


def test_a_missing_registry_says_so(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match=r"^config/strategies_registry.yaml is missing.$"):
        StrategyRegistry(tmp_path / REGISTRY)
