"""Variants with days behind them that were never traded: their numbers are the test's."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import UTC, date, datetime, timedelta
from typing import Any

from sqlalchemy import insert

from jutsu_dagster.pipeline.shadow_registry import create, read_book
from jutsu_dagster.registry.shadow_create import Making
from jutsu_dagster.registry.shadow_rows import ShadowRow
from jutsu_dagster.research.trades import stamp
from jutsu_dagster.storage.exploration_log import DAYS
from jutsu_dagster_tests.homes import Home

CAPITAL = 10_000.0


def make(home: Home, day: date, *mutations: Mapping[str, object], source: str = "neighbours",
         parent: str = "ETH_main") -> list[ShadowRow]:  # fmt: skip
    """Make variants in a night."""
    making = Making(day, stamp(day), "to see", source)
    return list(create(home.registry, home.path, parent, mutations, making).rows)


def rows(home: Home) -> dict[str, ShadowRow]:
    book = read_book(home.registry, home.path)
    return {id_: shadow.row for id_, shadow in book.shadows.items()}


def live_through(
    home: Home,
    account: str,
    first: date,
    equity: Sequence[float],
    *,
    closed: int = 30,
    parent: str = "ETH_main",
    track: str | None = None,
) -> None:
    """Record days of an account; of a control, if a track is given."""
    peak, lines = CAPITAL, list[dict[str, Any]]()
    for offset, value in enumerate(equity):
        peak = max(peak, value)
        lines.append(
            _DAY
            | {
                "strategy_id": account,
                "parent_id": parent,
                "mode": "shadow" if track is None else "control",
                "track": track or "",
                "day": first + timedelta(days=offset),
                # All on the last day, so that a day's cut shows.
                "exp_trades": closed if offset == len(equity) - 1 else 0,
                "equity": value,
                "peak": peak,
                "drawdown": value / peak - 1.0,
            }
        )
    with home.ledger.engine.begin() as connection:
        connection.execute(insert(DAYS), lines)


_DAY: dict[str, Any] = {
    "symbol": "ETHUSDT", "bars": 96, "entries": 1, "exits": 1, "day_pnl": 0.0,
    "day_gross_pnl": 0.0, "wins": 1, "losses": 1, "exp_pf": 1.0, "total_pnl": 0.0,
    "gross_pnl": 0.0, "position_dir": 0, "initial_capital": CAPITAL, "last_close": 1.0,
    "opening_hash": "a", "closing_hash": "b", "closing_state": {}, "trades_size": 0,
    "parameter_hash": "c", "data_version": "d", "data_hash": "e", "code_version": "f",
    "recorded_at": datetime(2025, 1, 1, tzinfo=UTC),
}  # fmt: skip
