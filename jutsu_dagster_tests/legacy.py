"""The databases of an earlier, single-strategy system in both of their generations."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from typing import Any

from sqlalchemy import Connection, create_engine, inspect, text

from jutsu_dagster.storage.database import parse_url

Rows = Mapping[str, Sequence[Mapping[str, Any]]]

# As the origin document has them: a date per snapshot, trades with a strategy_name. The indexes
# bear names that the ledger wants for its own.
DATED = (
    """CREATE TABLE performance_snapshots (
        id INTEGER PRIMARY KEY, snapshot_date DATE NOT NULL, total_equity NUMERIC(18, 4) NOT NULL,
        cash NUMERIC(18, 4), positions_value NUMERIC(18, 4), daily_return NUMERIC(12, 6),
        cumulative_return NUMERIC(12, 6), drawdown NUMERIC(12, 6), strategy_cell INTEGER,
        CHECK (total_equity > 0))""",
    "CREATE UNIQUE INDEX uq_sessions ON performance_snapshots (snapshot_date)",
    """CREATE TABLE trades (
        id INTEGER PRIMARY KEY, strategy_name VARCHAR(100) NOT NULL, symbol VARCHAR(10),
        action VARCHAR(10), quantity INTEGER, price NUMERIC(18, 6), commission NUMERIC(18, 6),
        trade_date DATE)""",
    "CREATE INDEX idx_trades_strategy ON trades (strategy_name)",
)
# As a later one has them: a moment per snapshot, live_trades and positions.
TIMED = (
    """CREATE TABLE performance_snapshots (
        id INTEGER PRIMARY KEY, timestamp TIMESTAMP NOT NULL, total_equity NUMERIC(18, 6) NOT NULL,
        cash NUMERIC(18, 6), positions_value NUMERIC(18, 6), daily_return NUMERIC(18, 6),
        cumulative_return NUMERIC(18, 6), drawdown NUMERIC(18, 6), strategy_cell INTEGER,
        trend_state VARCHAR(20), vol_state VARCHAR(10), snapshot_source VARCHAR(20),
        t_norm NUMERIC(18, 6), z_score NUMERIC(18, 6), positions_json TEXT,
        baseline_value NUMERIC(18, 6), mode VARCHAR(20) NOT NULL DEFAULT 'offline_mock',
        CONSTRAINT uq_perf_mode_timestamp UNIQUE (mode, timestamp))""",
    "CREATE INDEX ix_performance_snapshots_timestamp ON performance_snapshots (timestamp)",
    """CREATE TABLE live_trades (
        id INTEGER PRIMARY KEY, symbol VARCHAR(10), timestamp TIMESTAMP, action VARCHAR(10),
        quantity INTEGER, target_price NUMERIC(18, 6), fill_price NUMERIC(18, 6),
        strategy_cell INTEGER, trend_state VARCHAR(20), vol_state VARCHAR(10),
        reason VARCHAR(200), mode VARCHAR(20))""",
    """CREATE TABLE positions (
        id INTEGER PRIMARY KEY, symbol VARCHAR(10), quantity INTEGER, avg_cost NUMERIC(18, 6),
        market_value NUMERIC(18, 6), mode VARCHAR(20), UNIQUE (symbol, mode))""",
)
MOCK = "offline_mock"


def _snapshot(
    at: int, when: dict[str, str], money: tuple[float, float], percent: tuple[float, float, float]
) -> dict[str, Any]:
    equity, cash = money
    names = ("daily_return", "cumulative_return", "drawdown")
    return {
        "id": at, **when, "total_equity": equity, "cash": cash, "positions_value": equity - cash,
        **dict(zip(names, percent, strict=True)), "strategy_cell": 1,
    }  # fmt: skip


# Equity and cash, then daily and cumulative return and drawdown in percent, drawdown positive.
_MONEY = [(10_000.0, 3_685.0), (10_095.0, 3_685.0), (10_055.0, 4_590.0)]
_PERCENT = [(0.0, 0.0, 0.0), (0.95, 0.95, 0.0), (-0.396236, 0.55, 0.396236)]
_DAYS = ("2013-12-26", "2013-12-27", "2013-12-30")
# Day, symbol, side, quantity, price.
_ORDERS = [
    (0, "QQQ", "BUY", 50, 90.0),
    (0, "TQQQ", "BUY", 30, 60.5),
    (2, "QQQ", "SELL", 10, 90.5),
]

DATED_ROWS: Rows = {
    "performance_snapshots": [
        _snapshot(at, {"snapshot_date": _DAYS[at]}, _MONEY[at], _PERCENT[at]) for at in range(3)
    ],
    "trades": [
        {
            "id": at, "strategy_name": "Hierarchical_Adaptive_v3_5b", "symbol": symbol,
            "action": side, "quantity": quantity, "price": price, "commission": 0.0,
            "trade_date": _DAYS[day],
        }
        for at, (day, symbol, side, quantity, price) in enumerate(_ORDERS)
    ],
}  # fmt: skip
TIMED_ROWS: Rows = {
    "performance_snapshots": [
        _snapshot(at, {"timestamp": f"{_DAYS[day]} {hour}"}, _MONEY[day], _PERCENT[day])
        | {
            "trend_state": "BullStrong", "vol_state": "Low", "snapshot_source": source,
            "t_norm": 0.25, "z_score": None, "baseline_value": 10_000.0 + at, "mode": MOCK,
            "positions_json": json.dumps([{"symbol": "QQQ", "quantity": 40, "value": 3_620.0}]),
        }
        for at, (day, hour, source) in enumerate(
            [
                (0, "14:45:00", "scheduler"), (1, "14:45:00", "scheduler"),
                (1, "21:00:00", "refresh"), (2, "14:45:00", "scheduler"),
            ]
        )
    ],
    "live_trades": [
        {
            "id": at, "symbol": symbol, "timestamp": f"{_DAYS[day]} 14:45:0{at}", "action": side,
            "quantity": quantity, "target_price": price, "fill_price": price, "strategy_cell": 1,
            "trend_state": "BullStrong", "vol_state": "Low", "reason": "Rebalance", "mode": MOCK,
        }
        for at, (day, symbol, side, quantity, price) in enumerate(_ORDERS)
    ],
    "positions": [
        {"id": 1, "symbol": "QQQ", "quantity": 40, "avg_cost": 90.0, "market_value": 3_620.0,
         "mode": MOCK},
        {"id": 2, "symbol": "TQQQ", "quantity": 30, "avg_cost": 60.5, "market_value": 1_845.0,
         "mode": MOCK},
    ],
}  # fmt: skip
FLAVOURS: dict[str, tuple[Sequence[str], Rows]] = {
    "dated": (DATED, DATED_ROWS),
    "timed": (TIMED, TIMED_ROWS),
}


def create_legacy(url: str, flavour: str, *more: str) -> None:
    """Create a legacy database with rows; ``more`` are further statements, run at the end."""
    statements, rows = FLAVOURS[flavour]
    engine = create_engine(parse_url(url))
    with engine.begin() as connection:
        for statement in statements:
            connection.exec_driver_sql(statement)
        for table, each in rows.items():
            names = list(each[0])
            marks = ", ".join(f":{name}" for name in names)
            insert = text(f"INSERT INTO {table} ({', '.join(names)}) VALUES ({marks})")
            connection.execute(insert, [dict(row) for row in each])
        for statement in more:
            connection.exec_driver_sql(statement)
    engine.dispose()


def facts(url: str) -> dict[str, Any]:
    """Return all that a database is: tables, columns, rules, indexes, views and rows."""
    engine = create_engine(parse_url(url))
    with engine.connect() as connection:
        found: dict[str, Any] = {
            name: _facts_of(connection, name)
            for name in sorted(inspect(connection).get_table_names())
        }
        found["views"] = sorted(inspect(connection).get_view_names())
    engine.dispose()
    return found


def _facts_of(connection: Connection, table: str) -> dict[str, Any]:
    seen = inspect(connection)
    found: dict[str, Any] = {
        "columns": [
            (column["name"], str(column["type"]), column["nullable"], str(column["default"]))
            for column in seen.get_columns(table)
        ],
        "key": seen.get_pk_constraint(table),
        "unique": sorted(map(str, seen.get_unique_constraints(table))),
        "checks": sorted(map(str, seen.get_check_constraints(table))),
        "indexes": sorted(
            str([each["name"], each["column_names"], each["unique"]])
            for each in seen.get_indexes(table)
        ),
        "rows": sorted(map(str, connection.execute(text(f"SELECT * FROM {table}")).all())),
    }
    if connection.dialect.name == "sqlite":
        query = text("SELECT sql FROM sqlite_master WHERE tbl_name = :name ORDER BY name")
        texts = connection.execute(query, {"name": table}).scalars()
        # A table renamed and renamed back is quoted from then on.
        found["sql"] = [(sql or "").replace('"', "") for sql in texts]
    return found
