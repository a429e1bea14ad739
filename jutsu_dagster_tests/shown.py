"""A project with something of everything to show: for tests of views, API and dashboard.

Two strategies on ETFs and one on coins over a few weeks around the new year 2025; backtests,
paper accounts, variants of both kinds beside their controls, a proposal, one night's summary.
"""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Any

import yaml

from jutsu_dagster.core.account import AccountKey
from jutsu_dagster.pipeline.backtest import run_years
from jutsu_dagster.pipeline.research.artefacts import write
from jutsu_dagster.pipeline.shadow_registry import create, read_book
from jutsu_dagster.pipeline.variant_cycle import VariantDesk, run_variants
from jutsu_dagster.pipeline.views.desk import ReadDesk
from jutsu_dagster.registry.shadow_create import Making
from jutsu_dagster.settings import Settings
from jutsu_dagster.storage import journal
from jutsu_dagster.storage.journal import Mark
from jutsu_dagster_tests.homes import COIN_DAYS, COIN_START, Home, edit
from jutsu_dagster_tests.nights import starts, trade
from jutsu_dagster_tests.promoting import propose

# The Thursday that the accounts are traded to; the day after it, at noon, is when they are shown.
LAST = date(2025, 1, 23)
NOW = datetime(2025, 1, 24, 12, 0, tzinfo=UTC)
NIGHT = date(2025, 1, 22)
IDS = ("v3_5b", "v3_5d", "ETH_main")
MADE = date(2025, 1, 8)
COINS = ({"exploration_cap": 4}, {"exploration_cap": 1}, {"conf_min_delta": -0.05})
ETFS = ({"sma_fast_delta": 5}, {"sma_slow_delta": -5})


def fill(home: Home) -> None:
    """Fill a copy of the project over both markets."""
    _register(home)
    registry = home.registry
    for id_ in IDS:
        config = registry.entries[id_].config
        assert config is not None
        years = (2024, 2025) if id_ != "ETH_main" else (2025,)
        assert list(run_years(config, home.store, home.ledger, years))
    trade(home, COIN_START, LAST)
    _make_variants(home)
    _mark(home)
    propose(home, "v3_5b_mut_0001", NIGHT)
    write(home.path, "nightly_summary", NIGHT, summary())
    home.ledger.close()


def read_desk(home: Home, now: Callable[[], datetime] = lambda: NOW, **settings: Any) -> ReadDesk:
    """Return a read desk on the home at the moment that it is shown at."""
    return ReadDesk(Settings(home=home.path, **settings), now)


def summary() -> dict[str, Any]:
    """Return a night's summary in which one step failed and one was skipped."""
    steps = [
        {"name": "market/etf_daily", "status": "OK"},
        {"name": "strategies/v3_5b", "status": "OK"},
        {"name": "tuner", "status": "FAILED", "error": "no"},
        {"name": "quality_scores", "status": "SKIPPED", "error": "because of tuner"},
    ]
    return {"ts": "2025-01-23T00:00:00Z", "steps": steps, "notes": ["the tuner failed"]}


def _register(home: Home) -> None:
    file = home.file("v3_5b")
    document = yaml.safe_load(file.read_text())
    document["strategy_id"] = "v3_5d"
    document["strategy"]["name"] = "Hierarchical_Adaptive_v3_5d"
    document.pop("state", None)
    home.file("v3_5d").write_text(yaml.safe_dump(document, sort_keys=False))

    def change(registry: dict[str, Any]) -> None:
        shipped = registry["strategies"]
        registry["strategies"] = {
            "v3_5b": shipped["v3_5b"],
            "v3_5d": {
                "display_name": "Hierarchical Adaptive v3.5d",
                "strategy_class": "Hierarchical_Adaptive_v3_5d",
                "config_file": "config/strategies/v3_5d.yaml",
            },
            "ETH_main": shipped["ETH_main"],
        }
        registry["execution_order"] = list(IDS)

    edit(home.settings.registry_path, change)
    starts(home, COIN_START, *IDS)


def _make_variants(home: Home) -> None:
    making = Making(MADE, "2025-01-08T03:00:00Z", "to see", "test")
    for parent, mutations in (("ETH_main", COINS), ("v3_5b", ETFS)):
        registry = home.registry
        create(registry, home.path, parent, mutations, making)
        desk = VariantDesk(home.store, home.ledger, home.path)
        shadows = [s for s in read_book(registry, home.path).running() if s.row.parent_id == parent]
        first = date(2025, 1, 9)
        run_variants(desk, registry.entries[parent], shadows, first, LAST, run_id="a run")


def _mark(home: Home) -> None:
    account = AccountKey("v3_5b", "paper")
    checkpoint = home.ledger.latest_checkpoint(account)
    assert checkpoint is not None
    equity = checkpoint.closing.equity
    mark = Mark(
        account=account, source="refresh", at=datetime(2025, 1, 24, 16, 0, tzinfo=UTC),
        session=date(2025, 1, 24), total_equity=equity * 1.01, cash=checkpoint.closing.cash,
        positions_value=equity * 1.01 - checkpoint.closing.cash, daily_return=0.01,
        cumulative_return=0.0, drawdown=0.0, positions={}, values={}, parameter_hash="p",
        data_version="quotes:test", code_version="c",
    )  # fmt: skip
    journal.record_marks(home.ledger.engine, [mark])


def paths(home: Path) -> list[Path]:
    """Return every file of a project."""
    return sorted(path for path in home.rglob("*") if path.is_file())


assert COIN_DAYS[0] < MADE < LAST < COIN_DAYS[1]
