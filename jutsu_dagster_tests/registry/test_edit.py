"""Edits of the shipped registry as text: only what is meant changes, the whole is validated."""

from __future__ import annotations

import difflib
from pathlib import Path
from typing import Any

import pytest

from jutsu_dagster.core.errors import ConfigError
from jutsu_dagster.registry.edit import RegistryEdit, add_strategy, set_active, set_primary
from jutsu_dagster_tests.homes import copy_shipped

ENTRY = {
    "display_name": "Third",
    "strategy_class": "Hierarchical_Adaptive_v3_5b",
    "config_file": "config/strategies/third.yaml",
}


@pytest.fixture
def home(tmp_path: Path) -> Path:
    copy_shipped(tmp_path)
    return tmp_path


def path_of(home: Path) -> Path:
    return home / "config" / "strategies_registry.yaml"


def respell(home: Path, old: str, new: str) -> None:
    text = path_of(home).read_text()
    assert text.count(old) == 1
    path_of(home).write_text(text.replace(old, new))


def third(home: Path, strategy_id: str = "third") -> dict[Path, str]:
    folder = home / "config" / "strategies"
    text = (folder / "v3_5b.yaml").read_text()
    for old in ('"v3_5b"', "/v3_5b/"):
        text = text.replace(old, old.replace("v3_5b", strategy_id))
    return {folder / "third.yaml": text}


def diff(edit: RegistryEdit) -> list[str]:
    lines = difflib.ndiff(edit.before.split("\n"), edit.after.split("\n"))
    return [line for line in lines if line[0] in "+-"]


def test_a_new_strategy_comes_last_and_nothing_else_changes(home: Path) -> None:
    edit = add_strategy(path_of(home), home, "third", ENTRY, third(home))
    assert diff(edit) == [
        "+   third:",
        '+     display_name: "Third"',
        '+     strategy_class: "Hierarchical_Adaptive_v3_5b"',
        '+     config_file: "config/strategies/third.yaml"',
        "+ ",
        "+   - third",
    ]
    assert edit.registry.execution_order == ("v3_5b", "v3_5d", "third")
    resting = ENTRY | {"is_active": False}
    edit = add_strategy(path_of(home), home, "third", resting, third(home))
    assert edit.registry.execution_order == ("v3_5b", "v3_5d")


def test_the_primarys_flags_and_place_move_and_back_again_nothing_differs(home: Path) -> None:
    there = set_primary(path_of(home), home, "v3_5d")
    remark = "  # Exactly one; a fault of the primary stops the load"
    assert diff(there) == [
        f"-     is_primary: true{remark}",
        f"+     is_primary: false{remark}",
        "-     is_primary: false  # A broken secondary is set aside; the others run",
        "+     is_primary: true  # A broken secondary is set aside; the others run",
        "+   - v3_5d",
        "-   - v3_5d",
    ]
    assert there.registry.get_primary_strategy().id == "v3_5d"
    assert [(each.line, each.old, each.new) for each in there.changes[-2:]] == [
        (32, None, "  - v3_5d"),
        (33, "  - v3_5d", None),
    ]
    path_of(home).write_text(there.after)
    assert set_primary(path_of(home), home, "v3_5b").after == there.before


def test_switching_off_keeps_the_place_and_switching_on_finds_one(home: Path) -> None:
    off = set_active(path_of(home), home, "v3_5d", active=False)
    assert [(each.old, each.new) for each in off.changes] == [
        ("    is_active: true", "    is_active: false"),
    ]
    assert off.registry.execution_order == ("v3_5b", "v3_5d")
    path_of(home).write_text(off.after.replace("  - v3_5d\n", ""))
    on = set_active(path_of(home), home, "v3_5d", active=True)
    assert on.registry.execution_order == ("v3_5b", "v3_5d")
    path_of(home).write_text(on.after)
    assert set_active(path_of(home), home, "v3_5d", active=True).changes == []


def test_without_a_written_order_the_new_primary_gets_one(home: Path) -> None:
    respell(home, "execution_order:\n  - v3_5b\n  - v3_5d\n", "")
    edit = set_primary(path_of(home), home, "v3_5d")
    assert edit.registry.execution_order == ("v3_5d", "v3_5b")
    assert "execution_order:\n  - v3_5d\n  - v3_5b\n" in edit.after


def test_a_broken_primary_can_be_replaced(home: Path) -> None:
    (home / "config" / "strategies" / "v3_5b.yaml").write_text("strategy_id: [\n")
    edit = set_primary(path_of(home), home, "v3_5d")
    assert edit.registry.get_primary_strategy().id == "v3_5d"
    assert list(edit.registry.broken) == ["v3_5b"]


REFUSED: list[tuple[Any, str]] = [
    (lambda p, h: set_active(p, h, "v3_5b", active=False), "v3_5b.is_active must stay true: v3_5b"),
    (lambda p, h: set_active(p, h, "v3_5", active=False), "('v3_5') is not registered; there are"),
    (lambda p, h: set_primary(p, h, "v35d"), "Did you mean 'v3_5d'?"),
    (lambda p, h: add_strategy(p, h, "v3_5d", ENTRY), "v3_5d is registered already"),
    (lambda p, h: add_strategy(p, h, "v-3", ENTRY), "strategies.v-3 must be a letter, then"),
    (lambda p, h: add_strategy(p, h, "third", ENTRY), "third.yaml') is no file"),
    (
        lambda p, h: add_strategy(p, h, "third", ENTRY, third(h, "thrid")),
        "third.yaml: strategy_id ('thrid') must be 'third'",
    ),
    (
        lambda p, h: add_strategy(p, h, "third", ENTRY | {"actve": 1}, third(h)),
        "strategies.third.actve (1) is not a known key",
    ),
    (
        lambda p, h: add_strategy(p, h, "third", ENTRY, third(h) | warm_up_from_2006(h)),
        "settings.market_start (2008-01-01) must not be after",
    ),
]


def warm_up_from_2006(home: Path) -> dict[Path, str]:
    ((path, text),) = third(home).items()
    return {path: text.replace("2010-01-01", "2006-06-01")}


@pytest.mark.parametrize(("act", "rule"), REFUSED)
def test_what_cannot_be_is_refused_by_name(home: Path, act: Any, rule: str) -> None:
    with pytest.raises(ConfigError) as caught:
        act(path_of(home), home)
    assert rule in str(caught.value)


def test_inactive_and_broken_strategies_cannot_be_primary(home: Path) -> None:
    respell(home, "the others run\n    is_active: true", "the others run\n    is_active: false")
    with pytest.raises(ConfigError, match=r"v3_5d.is_active \(false\) must be true"):
        set_primary(path_of(home), home, "v3_5d")
    (home / "config" / "strategies" / "v3_5d.yaml").write_text("strategy_id: v3_5d\n")
    with pytest.raises(ConfigError, match=r"v3_5d.yaml: strategy is missing"):
        set_active(path_of(home), home, "v3_5d", active=True)
    respell(home, "the others run\n    is_active: false", "the others run\n    is_active: true")
    with pytest.raises(ConfigError, match=r"v3_5d.yaml: strategy is missing"):
        set_primary(path_of(home), home, "v3_5d")
    assert set_active(path_of(home), home, "v3_5d", active=False).changes


@pytest.mark.parametrize("text", ["", "strategies: []\n", "strategies:\n  one: 1\n", "a: [\n"])
def test_a_registry_that_is_none_says_so(home: Path, text: str) -> None:
    path_of(home).write_text(text)
    with pytest.raises(ConfigError, match=r"^config/strategies_registry.yaml"):
        set_active(path_of(home), home, "v3_5d", active=False)
