"""What the benchmarks of variants share: a project with parents, variants and sample bars."""

from __future__ import annotations

import shutil
from collections.abc import Sequence
from datetime import date, timedelta
from pathlib import Path
from typing import Any

import yaml

from jutsu_dagster.cli.init import init
from jutsu_dagster.cli.project import Project
from jutsu_dagster.core.timeframe import CRYPTO_15M, ETF_DAILY
from jutsu_dagster.pipeline.ingest import ingest_range
from jutsu_dagster.pipeline.shadow_registry import Draw, draw
from jutsu_dagster.registry.shadow_create import Making
from jutsu_dagster.registry.universe import crypto_symbols, etf_symbols
from jutsu_dagster.settings import Settings
from jutsu_dagster.sources.sample import SampleMarket
from jutsu_dagster.sources.sample_crypto import SampleCrypto

_ROOT = Path(__file__).resolve().parent.parent
# The variants trade from the first day on; earlier bars are their warm-up.
FIRST, LAST = date(2025, 1, 11), date(2025, 2, 28)
_ETF_FIRST, _CRYPTO_FIRST = date(2023, 1, 3), date(2025, 1, 1)
_ETF_BEGINS = date(2024, 6, 3)
_SEED = 20_250_111
PARENTS = ("ETH_main", "BTC_main", "SOL_main")
PARAMETERS_TRADED = (
    "conf_min.trend", "conf_min.chop", "conf_min.high_vol", "exploration_cap", "exit_min_conf",
    "reverse_min_conf", "max_bars_open",
)  # fmt: skip
"""Of a directional strategy, what the engine reads: variants that differ in them share signals."""


def nights(count: int) -> list[date]:
    """Return the first nights."""
    return [FIRST + timedelta(days=offset) for offset in range(count)]


def project_settings(home: Path) -> Settings:
    """Return settings of a folder of its own, whatever the environment says."""
    return Settings(
        home=home, database_url=None, etf_source="sample", crypto_source="sample", market_store=None
    )


def prepare(home: Path, parents: Sequence[str]) -> None:
    """Fill a project folder: configuration, ledger, compiled kernels, the sample markets."""
    shutil.copytree(_ROOT / "config", home / "config")
    _register(home, parents)
    settings = project_settings(home)
    init(settings, quiet=True)
    project = Project(settings)
    if coins := crypto_symbols(project.registry):
        source = SampleCrypto(LAST + timedelta(days=1))
        ingest_range(source, project.store, coins, _CRYPTO_FIRST, LAST, table=CRYPTO_15M)
    if any(not _is_coin(parent) for parent in parents):
        etfs = SampleMarket(LAST + timedelta(days=1))
        ingest_range(
            etfs, project.store, etf_symbols(project.registry), _ETF_FIRST, LAST, table=ETF_DAILY
        )


def make_variants(home: Path, parents: Sequence[str], count: int) -> None:
    """Draw as many variants as wanted, shared evenly among the parents; always the same ones."""
    project = Project(project_settings(home))
    made = Making(FIRST - timedelta(days=1), f"{FIRST}T00:00:00Z", source="benchmark")
    for at, parent in enumerate(parents):
        own = count // len(parents) + (at < count % len(parents))
        draw(project.registry, home, parent, Draw(own, seed=_SEED), made)


def _is_coin(parent: str) -> bool:
    return parent.endswith("_main")


def _register(home: Path, parents: Sequence[str]) -> None:
    """Register the parents beside what is shipped; a coin without a file is ETH's with a symbol."""
    registry = home / "config" / "strategies_registry.yaml"
    document: dict[str, Any] = yaml.safe_load(registry.read_text(encoding="utf-8"))
    shipped = home / "config" / "strategies" / "ETH_main.yaml"
    for parent in parents:
        if not _is_coin(parent):
            _begin_late(home / "config" / "strategies" / f"{parent}.yaml")
        if parent in document["strategies"]:
            continue
        file = shipped.with_name(f"{parent}.yaml")
        if not file.exists():
            text = shipped.read_text(encoding="utf-8")
            coin = parent.removesuffix("_main")
            text = text.replace("ETH_main", parent).replace("ETHUSDT", f"{coin}USDT")
            file.write_text(text, encoding="utf-8")
        document["strategies"][parent] = {
            "display_name": parent,
            "strategy_class": "council",
            "config_file": f"config/strategies/{parent}.yaml",
            "is_active": True,
            "paper_trading": True,
        }
        document["execution_order"].append(parent)
    registry.write_text(yaml.safe_dump(document, sort_keys=False), encoding="utf-8")


def _begin_late(path: Path) -> None:
    """Let a strategy's history begin where the benchmark's bars suffice for its warm-up."""
    document: dict[str, Any] = yaml.safe_load(path.read_text(encoding="utf-8"))
    document["backtest"] = {"start": _ETF_BEGINS}
    document["paper"] = {"start": _ETF_BEGINS}
    path.write_text(yaml.safe_dump(document, sort_keys=False), encoding="utf-8")
