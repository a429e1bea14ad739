"""What the YAML reader refuses, and where it says the fault lies."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from jutsu_dagster.core.errors import ConfigError
from jutsu_dagster.registry.config import load_strategy_config
from jutsu_dagster.registry.yaml_file import parse_yaml, read_mapping

REFUSED = {
    "a: 1\nb: [1": "line 2, column 6 is not valid YAML",
    "a: 1\na: 2": "line 2, column 1 is not valid YAML: the key 'a' is already on line 1",
    "a:\n  b: 1\n  b: 1": "line 3, column 3 is not valid YAML: the key 'b' is already on line 2",
    "1: a": "the key 1 must be text; put quotes around it",
    "on: a": "the key on must be text",
    "a: 2024-13-45": "line 1, column 4 is not valid YAML: '2024-13-45' is no timestamp",
    "a: &x [*x]": "found unconstructable recursive node",
    "a: &x {b: *x}": "found unconstructable recursive node",
    "a: !!python/object:os.system {}": "could not determine a constructor",
    "a: !!int x": "'x' is no int",
    "a: !!bool x": "'x' is no bool",
    "a: " + "1" * 5000: "is no int",
    'a: "\\ud800"': "lone surrogate",
    "a: \x01": "line 1 is not valid YAML: character #x0001 is not allowed",
    "a: 1\n---\nb: 1": "expected a single document",
    "\ta: 1": "line 1, column 1 is not valid YAML",
    "a: *b": "found undefined alias",
    "a: " + "[" * 5000: "is nested too deeply",
    "": "is empty; it must hold keys and values",
    "- a": "is no mapping; it must hold keys and values",
    "a: !!timestamp x": "'x' is no timestamp",
}


@pytest.mark.parametrize(("text", "message"), REFUSED.items(), ids=range(len(REFUSED)))
def test_a_bad_file_is_one_fault_that_says_where(
    text: str, message: str, write: Callable[[str], Path]
) -> None:
    with pytest.raises(ConfigError) as caught:
        read_mapping(write(text), "file.yaml")
    assert len(caught.value.faults) == 1
    assert str(caught.value).startswith("file.yaml")
    assert message in str(caught.value)


def test_anchors_and_merges_may_be_used() -> None:
    text = "base: &b {x: 1, y: 2}\nown: {<<: *b, y: 3}"
    assert parse_yaml(text, "f") == {"base": {"x": 1, "y": 2}, "own": {"x": 1, "y": 3}}


@pytest.mark.parametrize("name", ["missing.yaml", ".", "nul\0.yaml", "latin1.yaml"])
def test_a_file_that_cannot_be_read_is_a_fault(name: str, tmp_path: Path) -> None:
    (tmp_path / "latin1.yaml").write_bytes(b"a: \xe4")
    with pytest.raises(ConfigError, match=r"is missing|cannot be read|is not UTF-8"):
        read_mapping(tmp_path / name, "f")


def test_a_number_too_long_to_print_is_refused_without_printing_it(tmp_path: Path) -> None:
    parameters = "{sma_fast: 0x" + "f" * 5000 + "}"
    text = (
        f"strategy_id: a\nstrategy: {{name: Hierarchical_Adaptive_v3_5b, parameters: {parameters}}}"
    )
    (tmp_path / "a.yaml").write_text(text)
    with pytest.raises(ConfigError, match=r"sma_fast \('a huge number'\) must be"):
        load_strategy_config("a.yaml", tmp_path)
