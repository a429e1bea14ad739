"""Reading an earlier system's database as it is: nothing in it is changed, nothing assumed."""

from __future__ import annotations

import hashlib
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from urllib.parse import quote

from sqlalchemy import Connection, create_engine, inspect, text
from sqlalchemy.engine import make_url
from sqlalchemy.exc import DatabaseError
from sqlalchemy.pool import NullPool

from jutsu_dagster.core.errors import LedgerError
from jutsu_dagster.storage.database import parse_url, sqlite_file
from jutsu_dagster.storage.legacy_values import moment_of
from jutsu_dagster.storage.migrations.legacy_columns import DEFAULT_ID, LEGACY_TABLES, is_legacy
from jutsu_dagster.storage.migrations.legacy_names import PREFIX
from jutsu_dagster.storage.schema import VERSION_TABLE

RawRow = Mapping[str, Any]
SNAPSHOTS = "performance_snapshots"
# Where several tables could tell of the same orders, the first one that has rows does.
TRADES = ("live_trades", "trades")


@dataclass(frozen=True, slots=True)
class TableFacts:
    """What a table of the earlier system held: proof that it was left, or put back, like that.

    Attributes
    ----------
    columns : tuple of str
    rows : int
    values : str
        sha256 over all rows, in any order.
    rules : tuple of str or None
        Types, keys, unique rules and indexes; None where ours were among them already.
    """

    columns: tuple[str, ...]
    rows: int
    values: str
    rules: tuple[str, ...] | None


@dataclass(frozen=True, slots=True, kw_only=True)
class LegacyRows:
    """The rows of one strategy in one mode, oldest first, as the database has them.

    Attributes
    ----------
    snapshots, trades, positions : sequence of mapping of column to value
    trades_table : str or None
    left : mapping of str to int
        Rows that belong to something else, by what they are.
    facts : mapping of table to TableFacts
        Of every table that the migration touches, all rows.
    renamed : bool
        Whether a ledger moved in before, and the tables are called ``legacy_…``.
    """

    snapshots: Sequence[RawRow] = ()
    trades: Sequence[RawRow] = ()
    positions: Sequence[RawRow] = ()
    trades_table: str | None = None
    left: Mapping[str, int] = field(default_factory=dict)
    facts: Mapping[str, TableFacts] = field(default_factory=dict)
    renamed: bool = False


def find_databases(folder: Path) -> list[Path]:
    """Return the SQLite files of a single-strategy layout that hold its snapshots."""
    candidates = [
        path for place in ("state", "data", ".") for path in sorted((folder / place).glob("*.db"))
    ]
    found = []
    for path in candidates:
        try:
            with _reading(f"sqlite:///{path}") as connection:
                if _names(connection):
                    found.append(path)
        except LedgerError:  # no database: none of ours
            continue
    return found


def read_legacy(url: str, strategy_id: str) -> LegacyRows:
    """Return what an earlier system recorded of its strategy.

    Where rows of several strategies or modes are there, those of ``strategy_id`` (else of
    ``v3_5b``, where rows without one belong) in the mode of the latest snapshot are meant; the
    others are counted in ``left``.

    Raises
    ------
    LedgerError
        If the database cannot be read, or holds no snapshots of an earlier system.
    """
    with _reading(url) as connection:
        names = _names(connection)
        if not names:
            shown = parse_url(url).render_as_string(hide_password=True)
            raise LedgerError(f"{shown} holds no performance_snapshots of one strategy")
        touched = _touched(connection)
        tables = {logical: _rows(connection, name) for logical, name in names.items()}
        facts = {
            logical: _facts(connection, names[logical], rows, touched=touched)
            for logical, rows in tables.items()
        }
    left: Counter[str] = Counter()
    owners = {_owner(row) for row in tables[SNAPSHOTS]}
    owner = strategy_id if strategy_id in owners else DEFAULT_ID
    tables = {name: _kept(rows, name, owner, left) for name, rows in tables.items()}
    if SNAPSHOTS in tables and tables[SNAPSHOTS] and "mode" in tables[SNAPSHOTS][0]:
        mode = max(tables[SNAPSHOTS], key=lambda row: moment_of(row, SNAPSHOTS))["mode"]
        for name, rows in tables.items():
            other = [row for row in rows if "mode" in row and row["mode"] != mode]
            left.update(f"{name} in mode {row['mode']}" for row in other)
            tables[name] = [row for row in rows if "mode" not in row or row["mode"] == mode]
    told = next((name for name in TRADES if tables.get(name)), None)
    for name in TRADES:
        if name != told and tables.get(name):
            left[f"{name}, because {told} tells of orders"] += len(tables[name])
    return LegacyRows(
        snapshots=_in_order(tables[SNAPSHOTS], SNAPSHOTS),
        trades=_in_order(tables[told], told) if told else (),
        positions=tables.get("positions", ()),
        trades_table=told,
        left=dict(left),
        facts=facts,
        renamed=names[SNAPSHOTS] != SNAPSHOTS,
    )


@contextmanager
def _reading(url: str) -> Iterator[Connection]:
    """Give a connection that cannot write, and creates no file."""
    parsed = parse_url(url)
    path = sqlite_file(parsed)
    if path is not None:
        if not path.is_file():
            raise LedgerError(f"{path} is no file")
        parsed = make_url(f"sqlite:///file:{quote(str(path.absolute()))}?mode=ro&uri=true")
    engine = create_engine(parsed, poolclass=NullPool)
    try:
        with engine.connect() as connection:
            yield connection
    except DatabaseError as error:
        shown = parse_url(url).render_as_string(hide_password=True)
        raise LedgerError(f"cannot read {shown}: {str(error.orig).strip()}") from error
    finally:
        engine.dispose()


def _names(connection: Connection) -> dict[str, str]:
    """Return what the earlier system's tables are called now, by their own names; or nothing."""
    seen = inspect(connection)
    if is_legacy(connection):
        return {name: name for name in LEGACY_TABLES if seen.has_table(name)}
    if not seen.has_table(PREFIX + SNAPSHOTS):
        return {}
    # A ledger shares the database, and took some of the names.
    renamed = {name: PREFIX + name for name in LEGACY_TABLES if seen.has_table(PREFIX + name)}
    plain = {name: name for name in LEGACY_TABLES if seen.has_table(name) and name != "trades"}
    return plain | renamed


def _touched(connection: Connection) -> bool:
    if not inspect(connection).has_table(VERSION_TABLE):
        return False
    query = text(f"SELECT version_num FROM {VERSION_TABLE}")  # noqa: S608  (a constant of ours)
    return connection.execute(query).first() is not None


def _rows(connection: Connection, table: str) -> list[dict[str, Any]]:
    # Without types: SQLAlchemy's would refuse dates that SQLite keeps as any text.
    quoted = connection.dialect.identifier_preparer.quote(table)
    result = connection.execute(text(f"SELECT * FROM {quoted}"))  # noqa: S608  (one of ours)
    return [dict(row) for row in result.mappings()]


def _facts(
    connection: Connection, table: str, rows: Sequence[RawRow], *, touched: bool
) -> TableFacts:
    seen = inspect(connection)
    columns = tuple(
        column["name"]
        for column in seen.get_columns(table)
        # Ours, where a migration was here before.
        if not (touched and column["name"] == "strategy_id")
    )
    lines = sorted(repr([row[name] for name in columns]) for row in rows)
    values = hashlib.sha256("\n".join(lines).encode()).hexdigest()
    rules = [f"{column['name']} {column['type']}" for column in seen.get_columns(table)]
    rules += sorted(
        f"{each['name']} {'unique ' if each['unique'] else ''}{each['column_names']}"
        for each in seen.get_indexes(table)
    )
    rules += sorted(f"unique {each['column_names']}" for each in seen.get_unique_constraints(table))
    return TableFacts(columns, len(rows), values, None if touched else tuple(rules))


def _owner(row: RawRow) -> str:
    return str(row.get("strategy_id") or DEFAULT_ID)


def _kept(
    rows: Sequence[dict[str, Any]], table: str, owner: str, left: Counter[str]
) -> list[dict[str, Any]]:
    left.update(f"{table} of {_owner(row)}" for row in rows if _owner(row) != owner)
    return [row for row in rows if _owner(row) == owner]


def _in_order(rows: Sequence[RawRow], table: str) -> list[RawRow]:
    # By number of the row where moments are equal; sorted() keeps the database's order otherwise.
    numbered = all(isinstance(row.get("id"), int) for row in rows)
    return sorted(rows, key=lambda row: (moment_of(row, table), row["id"] if numbered else 0))
