"""Projects that trade on paper, as tests of the night see them."""

from __future__ import annotations

import itertools
import sys
from datetime import date
from typing import Any

import pandas as pd
import yaml

from jutsu_dagster.core.account import AccountKey
from jutsu_dagster.pipeline.alerts import Alerts
from jutsu_dagster.pipeline.evaluate import Decide
from jutsu_dagster.pipeline.night import Desk, StrategyResult, paper_entries, trade_strategy
from jutsu_dagster.storage import journal
from jutsu_dagster.storage.alert_log import recent
from jutsu_dagster.storage.state_manager import MultiStrategyStateManager
from jutsu_dagster_tests.homes import Home

START = date(2013, 12, 2)
# The two weeks that the traded home has behind it, and the night that follows: a Monday.
TRADED = date(2013, 12, 13)
NIGHT = date(2013, 12, 16)

_MODULE = """\
import time

import numpy as np

from jutsu_dagster.strategies.base import AllocationStrategy


class Steady(AllocationStrategy):
    symbols: tuple[str, ...] = ("QQQ", "TLT")
    share: float = 0.5

    @property
    def warmup_sessions(self):
        return 0

    def target_weights(self, bars):
        return np.full((len(bars), 2), [self.share, 1 - self.share])


class Raises(Steady):
    def target_weights(self, bars):
        raise ZeroDivisionError("no volatility at all")


class Hangs(Steady):
    def target_weights(self, bars):
        time.sleep(600)


class Nans(Steady):
    def target_weights(self, bars):
        weights = super().target_weights(bars)
        weights[-1, 1] = np.nan
        return weights


class Quits(Steady):
    def target_weights(self, bars):
        weights = super().target_weights(bars)
        weights[bars.sessions >= np.datetime64("2013-12-10")] = np.nan
        return weights
"""
_numbers = itertools.count()


def write_module(home: Home) -> str:
    """Write a user's strategies into the project, in a module that no other test has loaded."""
    name = f"night_strategies_{next(_numbers)}"
    assert name not in sys.modules
    (home.path / f"{name}.py").write_text(_MODULE)
    return name


def starts(home: Home, start: date | None, *ids: str) -> None:
    """Set ``paper.start`` of strategies."""

    def change(document: dict[str, Any]) -> None:
        document["paper"] = {} if start is None else {"start": start}

    for id_ in ids:
        home.edit(id_, change)


def register(home: Home, id_: str, kind: str, **parameters: object) -> None:
    """Add a strategy behind the others, with paper.start as the rest."""
    document = {
        "strategy_id": id_,
        "strategy": {"name": kind, "parameters": parameters},
        "paper": {"start": START},
    }
    home.file(id_).write_text(yaml.safe_dump(document))
    entry = {
        "display_name": id_,
        "strategy_class": kind,
        "config_file": f"config/strategies/{id_}.yaml",
    }

    def change(registry: dict[str, Any]) -> None:
        registry["strategies"][id_] = entry
        registry["execution_order"].append(id_)

    home.edit_registry(change)


def set_settings(home: Home, **settings: object) -> None:
    home.edit_registry(lambda registry: registry["settings"].update(settings))


def open_books(home: Home, decide: Decide | None = None) -> Desk:
    """Return a desk on the home's own ledger, where strategies are asked in this process."""
    registry, settings = home.registry, home.settings
    return Desk(
        registry,
        home.store,
        home.ledger,
        MultiStrategyStateManager(registry, home.ledger),
        Alerts.of(settings, home.ledger),
        decide,
    )


def trade(
    home: Home, first: date, last: date | None = None, run_id: str = "a run"
) -> dict[str, StrategyResult]:
    """Trade every paper account over a range, as a night does."""
    desk = open_books(home)
    results: dict[str, StrategyResult] = {}
    for entry in paper_entries(desk.registry):
        failed = [id_ for id_, result in results.items() if result.status == "failed"]
        results[entry.id] = trade_strategy(
            desk, entry, first, last or first, run_id=run_id, failed_before=failed
        )
    return results


def account(home: Home, id_: str) -> tuple[pd.DataFrame, pd.DataFrame, list[Any]]:
    """Return all that the ledger holds of a paper account, times of recording aside."""
    key = AccountKey(id_, "paper")
    frames = [home.ledger.snapshots(key), home.ledger.trades(key)]
    bare = [frame.drop(columns=["id", "created_at"], errors="ignore") for frame in frames]
    checkpoints = [
        (each.period, each.closing, each.provenance, each.metrics)
        for each in home.ledger.checkpoints(key)
    ]
    return bare[0], bare[1], checkpoints


def assert_same_account(one: Any, other: Any) -> None:
    """Assert that two accounts are equal to the bit, and not empty."""
    assert len(one[0])
    for ours, theirs in zip(one[:2], other[:2], strict=True):
        pd.testing.assert_frame_equal(ours, theirs, check_exact=True)
    assert one[2] == other[2]


def attempts(home: Home, run_id: str | None = None) -> dict[str, dict[str, dict[str, Any]]]:
    """Return the kept attempts, of a run or of all, by strategy and partition."""
    found: dict[str, dict[str, dict[str, Any]]] = {}
    for row in journal.attempts(home.ledger.engine, run_id, limit=10_000).to_dict("records"):
        line = {str(name): value for name, value in row.items()}
        found.setdefault(line["strategy_id"], {})[line["partition"]] = line
    return found


def statuses(home: Home, run_id: str | None = None) -> dict[str, dict[str, str]]:
    """Return the status of the kept attempts, by strategy and partition."""
    return {
        id_: {partition: line["status"] for partition, line in sorted(own.items())}
        for id_, own in attempts(home, run_id).items()
    }


def subjects(home: Home) -> dict[str, str]:
    """Return subject and severity of every alert in the ledger."""
    found = recent(home.ledger, 100)
    return dict(zip(found["subject"], found["severity"], strict=True))


def sessions(home: Home, id_: str) -> list[str]:
    return [each.period for each in home.ledger.checkpoints(AccountKey(id_, "paper"))]
