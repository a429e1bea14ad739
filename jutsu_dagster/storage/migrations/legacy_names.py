"""Revision 0001: tables of an earlier system make way for the ledger's of the same name."""

from __future__ import annotations

import re

from sqlalchemy import Connection, bindparam, inspect, text

from jutsu_dagster.storage.migrations.legacy_undo import quoted, remember

REVISION = "0001"
PREFIX = "legacy_"
# What the ledger calls its own, in any revision: tables, and indexes in PostgreSQL's one
# namespace for both.
TABLES = (
    "performance_snapshots", "trades", "checkpoints", "trials", "strategy_configs",
    "parameter_sets", "strategy_runs", "alerts", "eod_status",
    "exploration_days", "exploration_trades", "promotions", "promotion_audit",
)  # fmt: skip
INDEXES = (
    "idx_perf_snapshots_strategy", "idx_perf_snapshots_period",
    "idx_trades_strategy", "idx_trades_period", "uq_sessions", "uq_marks",
    "idx_exploration_days_parent", "idx_promotions_parent",
    *(f"{kind}_{table}" for table in TABLES for kind in ("pk", "uq")),
)  # fmt: skip


def make_way(connection: Connection) -> None:
    """Rename every table and index that bears a name of the ledger's; none is no fault."""
    present = [name for name in TABLES if inspect(connection).has_table(name)]
    if not present:
        return
    for index, table, sql in _clashing(connection):
        new = quoted(connection, PREFIX + index)
        old = quoted(connection, index)
        if connection.dialect.name == "sqlite":
            connection.exec_driver_sql(f"DROP INDEX {old}")
            connection.exec_driver_sql(re.sub(rf"\b{index}\b", PREFIX + index, sql, count=1))
            remember(connection, REVISION, table, [f"DROP INDEX {new}", sql])
        else:
            # Renames the constraint that the index belongs to with it.
            connection.exec_driver_sql(f"ALTER INDEX {old} RENAME TO {new}")
            remember(connection, REVISION, table, [f"ALTER INDEX {new} RENAME TO {old}"])
    for table in present:
        new, old = quoted(connection, PREFIX + table), quoted(connection, table)
        connection.exec_driver_sql(f"ALTER TABLE {old} RENAME TO {new}")
        remember(connection, REVISION, PREFIX + table, [f"ALTER TABLE {new} RENAME TO {old}"])


def _clashing(connection: Connection) -> list[tuple[str, str, str]]:
    """Return name, table and text of each index that bears a name of ours."""
    if connection.dialect.name == "sqlite":
        query = text(
            "SELECT name, tbl_name, sql FROM sqlite_master"
            " WHERE type = 'index' AND sql IS NOT NULL AND name IN :names ORDER BY name"
        )
    else:
        query = text(
            "SELECT indexname, tablename, indexdef FROM pg_indexes"
            " WHERE schemaname = current_schema() AND indexname IN :names ORDER BY indexname"
        )
    rows = connection.execute(
        query.bindparams(bindparam("names", expanding=True)), {"names": list(INDEXES)}
    )
    return [(str(row[0]), str(row[1]), str(row[2])) for row in rows]
