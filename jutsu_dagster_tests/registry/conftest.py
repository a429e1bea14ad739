"""A small project on disk whose files a test may spoil."""

from __future__ import annotations

import copy
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest
import yaml

from jutsu_dagster.core.errors import ConfigError
from jutsu_dagster.registry.load import StrategyRegistry


def strategy_document(strategy_id: str, class_name: str) -> dict[str, Any]:
    return {
        "strategy_id": strategy_id,
        "version": "1.0",
        "strategy": {"name": class_name, "parameters": {"sma_fast": 40, "sma_slow": 140}},
        "symbols": {"signal_symbol": "QQQ", "leveraged_long_symbol": "TQQQ"},
    }


def registry_document() -> dict[str, Any]:
    entry = {"display_name": "One", "strategy_class": "Hierarchical_Adaptive_v3_5b"}
    return {
        "version": "1.0",
        "strategies": {
            "one": {**entry, "config_file": "config/strategies/one.yaml", "is_primary": True},
            "two": {
                "display_name": "Two",
                "strategy_class": "Hierarchical_Adaptive_v3_5d",
                "config_file": "config/strategies/two.yaml",
            },
        },
        "execution_order": ["one", "two"],
    }


@dataclass
class Project:
    """The documents of a project, and their loading from disk."""

    home: Path
    registry: dict[str, Any] = field(default_factory=registry_document)
    strategies: dict[str, dict[str, Any]] = field(
        default_factory=lambda: {
            "one": strategy_document("one", "Hierarchical_Adaptive_v3_5b"),
            "two": strategy_document("two", "Hierarchical_Adaptive_v3_5d"),
        }
    )

    @property
    def path(self) -> Path:
        return self.home / "config" / "strategies_registry.yaml"

    def strategy_path(self, strategy_id: str) -> Path:
        return self.home / "config" / "strategies" / f"{strategy_id}.yaml"

    def write(self) -> None:
        self.strategy_path("x").parent.mkdir(parents=True, exist_ok=True)
        self.path.write_text(yaml.safe_dump(copy.deepcopy(self.registry), sort_keys=False))
        for strategy_id, document in self.strategies.items():
            self.strategy_path(strategy_id).write_text(yaml.safe_dump(document, sort_keys=False))

    def load(self) -> StrategyRegistry:
        self.write()
        return StrategyRegistry.load(self.path)

    def refusal(self) -> list[str]:
        """Load, expecting a refusal; return its lines."""
        with pytest.raises(ConfigError) as caught:
            self.load()
        return str(caught.value).splitlines()


@pytest.fixture
def project(tmp_path: Path) -> Project:
    return Project(tmp_path)


@pytest.fixture
def write(tmp_path: Path) -> Callable[[str], Path]:
    def _write(text: str) -> Path:
        path = tmp_path / "file.yaml"
        path.write_text(text, encoding="utf-8")
        return path

    return _write
