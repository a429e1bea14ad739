"""A project folder as tests see it: its files, its ledger, its market store."""

from __future__ import annotations

import os
import re
import shutil
from collections.abc import Callable
from dataclasses import dataclass
from datetime import date
from functools import cached_property
from pathlib import Path
from typing import Any

import pandas as pd
import pytest
import yaml

import jutsu_dagster
from jutsu_dagster.core.account import AccountKey
from jutsu_dagster.pipeline.ingest import ETF_DAILY
from jutsu_dagster.registry.config import StrategyConfig, load_strategy_config
from jutsu_dagster.registry.load import StrategyRegistry
from jutsu_dagster.settings import Settings
from jutsu_dagster.storage.ledger import Ledger
from jutsu_dagster.storage.market import MarketStore

LAST = date(2013, 12, 31)
YEARS = (2010, 2011, 2012, 2013)
# What the home with coins holds of both markets, and where its accounts begin.
COIN_DAYS = (date(2025, 1, 1), date(2025, 1, 31))
COIN_START = date(2025, 1, 6)
ETFS = ("v3_5b", "v3_5d")
_SHIPPED = Path(jutsu_dagster.__file__).parents[1] / "config"


def copy_shipped(home: Path) -> None:
    """Copy the shipped configuration as it is written, with the strategies on ETFs alone.

    The files of strategies on coins are there, but nobody registers them.
    """
    shutil.copytree(_SHIPPED, home / "config", ignore=shutil.ignore_patterns("backtest"))
    registry = home / "config" / "strategies_registry.yaml"
    text = registry.read_text()
    for id_ in yaml.safe_load(text)["strategies"]:
        if id_ not in ETFS:
            # As text: its comments are to stay.
            block = rf"(?m)^  {id_}:.*\n(?:    .*\n)*\n?"
            text = re.sub(rf"(?m)^  - {id_}\b.*\n", "", re.sub(block, "", text))
    registry.write_text(text)


def write_config(home: Path) -> None:
    """Copy the shipped configuration of ETFs, with backtests that end in 2013."""
    copy_shipped(home)
    for name in ETFS:
        edit(home / "config" / "strategies" / f"{name}.yaml", _ends)


def _ends(document: dict[str, Any]) -> None:
    document["backtest"]["end"] = LAST


def write_coin_config(home: Path) -> None:
    """Copy the shipped configuration with v3_5b and ETH_main alone, over a few weeks of 2025."""
    write_config(home)
    entry = {
        "display_name": "ETH_main",
        "strategy_class": "council",
        "config_file": "config/strategies/ETH_main.yaml",
    }

    def change(registry: dict[str, Any]) -> None:
        registry["strategies"] = {"v3_5b": registry["strategies"]["v3_5b"], "ETH_main": entry}
        registry["execution_order"] = ["v3_5b", "ETH_main"]
        # Little to look through: the warm-up of the ETFs reaches back to August 2023.
        registry["settings"]["market_start"] = date(2023, 8, 1)

    edit(home / "config" / "strategies_registry.yaml", change)
    for name, start in (("v3_5b", date(2024, 12, 2)), ("ETH_main", date(2025, 1, 4))):
        _begin(home / "config" / "strategies" / f"{name}.yaml", start)


def _begin(file: Path, start: date) -> None:
    own = {"backtest": {"start": start}, "paper": {"start": COIN_START}}
    edit(file, lambda document: document.update(own))


def edit(path: Path, change: Callable[[dict[str, Any]], None]) -> None:
    """Change a YAML file through its document."""
    document = yaml.safe_load(path.read_text())
    change(document)
    path.write_text(yaml.safe_dump(document, sort_keys=False))


@dataclass(frozen=True)
class Home:
    """One project folder."""

    path: Path

    @property
    def settings(self) -> Settings:
        return Settings(home=self.path)

    @property
    def registry(self) -> StrategyRegistry:
        return StrategyRegistry(self.settings.registry_path, self.path)

    @cached_property
    def store(self) -> MarketStore:
        return MarketStore(self.settings.market_url)

    @cached_property
    def ledger(self) -> Ledger:
        return Ledger(self.settings.ledger_url)

    def file(self, strategy_id: str) -> Path:
        return self.path / "config" / "strategies" / f"{strategy_id}.yaml"

    def config(self, strategy_id: str = "v3_5b", /, **overrides: object) -> StrategyConfig:
        config = load_strategy_config(self.file(strategy_id), self.path)
        return config.with_overrides(overrides)

    def edit(self, strategy_id: str, change: Callable[[dict[str, Any]], None]) -> None:
        edit(self.file(strategy_id), change)

    def edit_registry(self, change: Callable[[dict[str, Any]], None]) -> None:
        edit(self.settings.registry_path, change)

    def change_bars(
        self, first: date, last: date, change: Callable[[pd.DataFrame], pd.DataFrame]
    ) -> None:
        """Replace the stored rows of a range by what ``change`` makes of them, unchecked."""
        rows = change(self.store.rows(ETF_DAILY, None, first, last))
        self.store.write(ETF_DAILY, rows, first, last, "sample")

    def curve(self, strategy_id: str = "v3_5b") -> pd.DataFrame:
        """Return the recorded sessions without the columns that say when or from which version."""
        return _bare(self.ledger.snapshots(AccountKey(strategy_id, "backtest")))

    def fills(self, strategy_id: str = "v3_5b") -> pd.DataFrame:
        return _bare(self.ledger.trades(AccountKey(strategy_id, "backtest")))

    def content(self) -> dict[str, bytes]:
        """Return every file outside Dagster's folder and SQLite's side files, with its bytes."""
        return {
            str(path.relative_to(self.path)): path.read_bytes()
            for path in sorted(self.path.rglob("*"))
            if path.is_file() and "dagster" not in path.parts and not path.name.startswith("jutsu.")
        }


def entered(path: Path, patch: pytest.MonkeyPatch) -> Home:
    """Return a project that ``JUTSU_HOME`` names, with no other setting of ours."""
    for name in [name for name in os.environ if name.startswith("JUTSU_")]:
        if not name.startswith("JUTSU_TEST_"):
            patch.delenv(name)
    patch.setenv("JUTSU_HOME", str(path))
    patch.setenv("COLUMNS", "120")
    return Home(path)


def _bare(frame: pd.DataFrame) -> pd.DataFrame:
    return frame.drop(columns=["data_version", "id", "created_at"], errors="ignore")


def lift_closes(rows: pd.DataFrame) -> pd.DataFrame:
    """Return rows with other prices, still valid: everything one percent higher."""
    prices = ["open", "high", "low", "close"]
    return rows.assign(**{name: rows[name] * 1.01 for name in prices})
