"""Trades and subjects made up for the tests of research."""

from __future__ import annotations

from datetime import date, timedelta
from typing import Any

from jutsu_dagster.research.trades import Subject, Trade

DAY = date(2025, 1, 31)
ETH = Subject("ETH_main", "ETHUSDT", round_trip_cost=0.0014)
QQQ = Subject("v3_5b", "QQQ", round_trip_cost=0.0005)


def trade(pct: float, days_ago: int = 0, *, minute: int = 0, **changes: Any) -> Trade:
    """Return a trade that closed so many days before DAY."""
    day = DAY - timedelta(days=days_ago)
    values: dict[str, Any] = {
        "ts": f"{day}T12:{minute:02}:00Z",
        "strategy_id": "ETH_main",
        "symbol": "ETHUSDT",
        "dir": 1,
        "pct": pct,
        "exit_reason": "reverse",
        "regime": "chop",
        "bars_open": 5,
    }
    return Trade(**(values | changes))


def course(*pcts: float, **changes: Any) -> list[Trade]:
    """Return trades that closed one a day, the last on DAY."""
    return [trade(pct, len(pcts) - 1 - at, **changes) for at, pct in enumerate(pcts)]
