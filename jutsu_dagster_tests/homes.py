"""A project folder as tests see it: its files, its ledger, its market store."""

from __future__ import annotations

import shutil
from collections.abc import Callable
from dataclasses import dataclass
from datetime import date
from functools import cached_property
from pathlib import Path
from typing import Any

import pandas as pd
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
_SHIPPED = Path(jutsu_dagster.__file__).parents[1] / "config"


def write_config(home: Path) -> None:
    """Copy the shipped configuration, with backtests that end in 2013."""
    shutil.copytree(_SHIPPED, home / "config", ignore=shutil.ignore_patterns("backtest"))
    for name in ("v3_5b", "v3_5d"):
        edit(home / "config" / "strategies" / f"{name}.yaml", _ends)


def _ends(document: dict[str, Any]) -> None:
    document["backtest"]["end"] = LAST


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


def _bare(frame: pd.DataFrame) -> pd.DataFrame:
    return frame.drop(columns=["data_version", "id", "created_at"], errors="ignore")


def lift_closes(rows: pd.DataFrame) -> pd.DataFrame:
    """Return rows with other prices, still valid: everything one percent higher."""
    prices = ["open", "high", "low", "close"]
    return rows.assign(**{name: rows[name] * 1.01 for name in prices})
