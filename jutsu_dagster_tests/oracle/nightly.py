"""Where the recorded tables of the nightly steps are, and how their numbers are read."""

from __future__ import annotations

import json
import math
from typing import Any

import pytest

from jutsu_dagster_tests.oracle.council import CASES

FOLDER = CASES / "nightly"
NIGHTLY = [
    pytest.mark.oracle,
    pytest.mark.skipif(not FOLDER.is_dir(), reason="../shared/oracle is not there"),
]


def cases(name: str) -> list[dict[str, Any]]:
    """Return the rows of a table, its infinities as numbers."""
    text = (FOLDER / name).read_text(encoding="utf-8")
    rows = [_numbers(json.loads(line)) for line in text.splitlines()]
    assert rows
    return rows


def document(name: str) -> dict[str, Any]:
    """Return a table that is one document."""
    loaded: dict[str, Any] = json.loads((FOLDER / name).read_text(encoding="utf-8"))
    return loaded


def _numbers(value: Any) -> Any:
    if isinstance(value, dict):
        return {key: _numbers(inner) for key, inner in value.items()}
    return math.inf if value == "Infinity" else value
