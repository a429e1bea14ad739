"""Faults of registry and strategy files: file, key, value and rule; and nothing half-written."""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Any

import pytest

from jutsu_dagster_tests.cli.conftest import Jutsu, untouched
from jutsu_dagster_tests.homes import Home


def parameter(name: str, value: object) -> Callable[[dict[str, Any]], None]:
    return lambda document: document["strategy"]["parameters"].update({name: value})


@pytest.mark.parametrize("command", [["backtest"], ["init"], ["ingest"], ["export", "summary"]])
def test_broken_yaml_is_named_with_its_line(
    recorded: Home, jutsu: Jutsu, command: list[str]
) -> None:
    path = recorded.settings.registry_path
    path.write_text(path.read_text() + "\n  oops: [1,\n")
    faults = untouched(recorded, lambda: jutsu(*command))
    assert re.match(
        r"config/strategies_registry.yaml: line \d+, column \d+ is not valid", faults[0]
    )


def test_every_fault_of_registry_and_primary_is_named_at_once(recorded: Home, jutsu: Jutsu) -> None:
    recorded.edit_registry(lambda d: d["strategies"]["v3_5d"].update(is_primary=True, is_activ=1))
    recorded.edit("v3_5b", parameter("sma_fats", 3))
    faults = untouched(recorded, lambda: jutsu("backtest"))
    whole = "\n".join(faults)
    assert "strategies.v3_5d.is_activ" in whole
    assert "Did you mean 'is_active'?" in whole


def test_two_primaries_and_the_primarys_own_faults(recorded: Home, jutsu: Jutsu) -> None:
    recorded.edit_registry(lambda d: d["strategies"]["v3_5d"].update(is_primary=True))
    recorded.edit("v3_5b", parameter("sma_fats", 3))
    faults = untouched(recorded, lambda: jutsu("backtest"))
    two = "must hold exactly one strategy with is_primary: true; there are 2: v3_5b, v3_5d."
    nearest = "is no parameter of HierarchicalAdaptiveV35b. Did you mean 'sma_fast'?"
    assert faults == [
        f"config/strategies_registry.yaml: strategies {two}",
        f"config/strategies/v3_5b.yaml: strategy.parameters.sma_fats (3) {nearest}",
    ]


def test_a_rule_between_parameters(recorded: Home, jutsu: Jutsu) -> None:
    recorded.edit("v3_5b", parameter("sma_fast", 150))
    faults = untouched(recorded, lambda: jutsu("backtest"))
    assert faults == [
        "config/strategies/v3_5b.yaml: strategy.parameters.sma_fast (150) must be < sma_slow (140)."
    ]


def test_a_broken_secondary_is_set_aside_and_refused_by_name(recorded: Home, jutsu: Jutsu) -> None:
    recorded.edit("v3_5d", parameter("sma_fast", 150))
    done = jutsu("backtest")
    assert done.code == 0
    assert "set aside: v3_5d: config/strategies/v3_5d.yaml" in done.err
    assert "v3_5d" not in done.out
    faults = untouched(recorded, lambda: jutsu("backtest", "--strategy", "v3_5d"))
    assert "sma_fast (150) must be < sma_slow (140)" in faults[0]
