"""Revision 0000: ``strategy_id`` in the tables of an earlier, single-strategy system."""

from __future__ import annotations

from sqlalchemy import Connection, inspect, text

from jutsu_dagster.storage.migrations import legacy_sqlite
from jutsu_dagster.storage.migrations.legacy_undo import columns_of, quoted, remember

REVISION = "0000"
DEFAULT_ID = "v3_5b"
# Tables of an earlier system that hold rows of its one strategy.
LEGACY_TABLES = ("performance_snapshots", "trades", "live_trades", "positions")
INDEX = "idx_perf_snapshots_strategy"
# When a snapshot was taken, as the two generations of the earlier system call it.
_MOMENTS = ("snapshot_date", "timestamp")
# Unique rules that must let two strategies hold the same moment or symbol, and what they become.
_SWAPS = {
    "performance_snapshots": (("mode", "timestamp"), ("mode", "strategy_id", "timestamp")),
    "positions": (("symbol", "mode"), ("symbol", "mode", "strategy_id")),
}
_CHUNK = 500


def is_legacy(connection: Connection) -> bool:
    """Whether the database holds an earlier system's snapshots, under their own name."""
    if not inspect(connection).has_table("performance_snapshots"):
        return False
    columns = columns_of(connection, "performance_snapshots")
    # Ours have a period and a mode beside snapshot_date, theirs never have a period.
    return "period" not in columns and any(name in columns for name in _MOMENTS)


def add_strategy_id(connection: Connection) -> None:
    """Add and fill the column, its index and the wider unique rules; a repeat adds nothing."""
    if not is_legacy(connection):
        return
    for table in LEGACY_TABLES:
        if inspect(connection).has_table(table):
            _add_column(connection, table)
            _swap_unique(connection, table)
    _add_index(connection)


def _add_column(connection: Connection, table: str) -> None:
    name = quoted(connection, table)
    if "strategy_id" in columns_of(connection, table):
        _fill(connection, table)
        return
    # Existing rows take the default: that is the backfill.
    connection.exec_driver_sql(
        f"ALTER TABLE {name} ADD COLUMN strategy_id VARCHAR(50) DEFAULT '{DEFAULT_ID}'"
    )
    remember(connection, REVISION, table, [f"ALTER TABLE {name} DROP COLUMN strategy_id"])


def _fill(connection: Connection, table: str) -> None:
    """Fill a column that was there before, remembering which rows it left empty."""
    name = quoted(connection, table)
    keys = inspect(connection).get_pk_constraint(table)["constrained_columns"]
    if connection.dialect.name == "sqlite":
        key = "rowid"
    elif len(keys) == 1:
        key = quoted(connection, keys[0])
    else:
        key = None
    empty = f"{name} WHERE strategy_id IS NULL"  # our names only
    statements = []
    if key is not None:
        found = connection.execute(text(f"SELECT {key} FROM {empty}")).scalars().all()  # noqa: S608
        literals = [str(value) if isinstance(value, int) else f"'{value}'" for value in found]
        statements = [
            f"UPDATE {name} SET strategy_id = NULL WHERE {key} IN"  # noqa: S608
            f" ({', '.join(literals[at : at + _CHUNK])})"
            for at in range(0, len(literals), _CHUNK)
        ]
    connection.exec_driver_sql(
        f"UPDATE {name} SET strategy_id = '{DEFAULT_ID}' WHERE strategy_id IS NULL"  # noqa: S608
    )
    if statements:
        remember(connection, REVISION, table, statements)


def _swap_unique(connection: Connection, table: str) -> None:
    """Let the table's unique rule tell strategies apart, where it has one that does not."""
    if table not in _SWAPS:
        return
    narrow, wide = _SWAPS[table]
    if connection.dialect.name == "sqlite":
        legacy_sqlite.widen_unique(connection, REVISION, table, narrow, wide)
        return
    name = quoted(connection, table)
    columns = ", ".join(wide)
    for constraint in inspect(connection).get_unique_constraints(table):
        if set(constraint["column_names"]) != set(narrow):
            continue
        old = quoted(connection, str(constraint["name"]))
        new = quoted(connection, f"uq_{table}_strategy")
        definition = connection.execute(
            text(
                "SELECT pg_get_constraintdef(oid) FROM pg_constraint"
                " WHERE conname = :name AND conrelid = CAST(:table AS regclass)"
            ),
            {"name": constraint["name"], "table": table},
        ).scalar_one()
        connection.exec_driver_sql(f"ALTER TABLE {name} DROP CONSTRAINT {old}")
        connection.exec_driver_sql(f"ALTER TABLE {name} ADD CONSTRAINT {new} UNIQUE ({columns})")
        back = [
            f"ALTER TABLE {name} DROP CONSTRAINT {new}",
            f"ALTER TABLE {name} ADD CONSTRAINT {old} {definition}",
        ]
        remember(connection, REVISION, table, back)
    for index in inspect(connection).get_indexes(table):
        narrowed = index["unique"] and set(index["column_names"]) == set(narrow)
        if not narrowed or index.get("duplicates_constraint"):
            continue
        old = quoted(connection, str(index["name"]))
        definition = connection.execute(
            text("SELECT pg_get_indexdef(CAST(:name AS regclass))"), {"name": index["name"]}
        ).scalar_one()
        connection.exec_driver_sql(f"DROP INDEX {old}")
        connection.exec_driver_sql(f"CREATE UNIQUE INDEX {old} ON {name} ({columns})")
        remember(connection, REVISION, table, [f"DROP INDEX {old}", definition])


def _add_index(connection: Connection) -> None:
    table = "performance_snapshots"
    if any(index["name"] == INDEX for index in inspect(connection).get_indexes(table)):
        return
    columns = columns_of(connection, table)
    moment = next(name for name in _MOMENTS if name in columns)
    connection.exec_driver_sql(f"CREATE INDEX {INDEX} ON {table} (strategy_id, {moment})")
    remember(connection, REVISION, table, [f"DROP INDEX {INDEX}"])
