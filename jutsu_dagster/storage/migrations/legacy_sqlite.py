"""SQLite cannot change a rule inside a table: the table is made anew from its own text."""

from __future__ import annotations

import re
from collections.abc import Sequence

from sqlalchemy import Connection, text

from jutsu_dagster.core.errors import LedgerError
from jutsu_dagster.storage.migrations.legacy_undo import columns_of, quoted, remember

_ASIDE = "jutsu_aside"


def widen_unique(
    connection: Connection, revision: str, table: str, narrow: Sequence[str], wide: Sequence[str]
) -> None:
    """Replace the table's unique rule over ``narrow`` by one over ``wide``, if it has one.

    Raises
    ------
    LedgerError
        If there is such a rule, but not as one reads it in the table's text.
    """
    for index in _unique_over(connection, table, narrow):
        original = _text_of(connection, table, "table")[0]
        # An index of its own is made anew; a rule inside the table wants the whole table anew.
        own = [sql for sql in _text_of(connection, table, "index") if _names(sql, index)]
        if own:
            name = quoted(connection, index)
            connection.exec_driver_sql(f"DROP INDEX {name}")
            columns = ", ".join(wide)
            connection.exec_driver_sql(f"CREATE UNIQUE INDEX {name} ON {table} ({columns})")
            remember(connection, revision, table, [f"DROP INDEX {name}", own[0]])
            continue
        changed = _widened(original, narrow, wide)
        if changed is None:
            raise LedgerError(
                f"{table} holds a unique rule over ({', '.join(narrow)}) that cannot be read in"
                f" its text; make it a table constraint UNIQUE ({', '.join(narrow)}) first"
            )
        forth, back = (_rebuild(connection, table, sql) for sql in (changed, original))
        for statement in forth:
            connection.exec_driver_sql(statement)
        remember(connection, revision, table, back)


def _unique_over(connection: Connection, table: str, columns: Sequence[str]) -> list[str]:
    """Return the names of the unique indexes over exactly these columns, in any order."""
    rows = connection.exec_driver_sql(f"PRAGMA index_list({quoted(connection, table)})").all()
    names = [str(row[1]) for row in rows if row[2]]
    found = []
    for name in names:
        info = connection.exec_driver_sql(f"PRAGMA index_info({quoted(connection, name)})").all()
        if {row[2] for row in info} == set(columns):
            found.append(name)
    return found


def _widened(sql: str, narrow: Sequence[str], wide: Sequence[str]) -> str | None:
    """Return the text of the table with the wider rule, or None if it holds no narrow one."""
    for order in (tuple(narrow), tuple(reversed(narrow))):
        inside = r"\s*,\s*".join(rf"[\"`\[]?{name}[\"`\]]?" for name in order)
        rule = re.compile(rf"(\bUNIQUE\s*)\(\s*{inside}\s*\)", re.IGNORECASE)
        changed, count = rule.subn(rf"\g<1>({', '.join(wide)})", sql)
        if count == 1:
            return changed
    return None


def _rebuild(connection: Connection, table: str, sql: str) -> list[str]:
    """Return the statements that make the table anew from ``sql``, rows and indexes kept."""
    name = quoted(connection, table)
    columns = ", ".join(quoted(connection, column) for column in columns_of(connection, table))
    return [
        # Views, triggers and foreign keys go on naming the table, not what is put aside.
        "PRAGMA legacy_alter_table = ON",
        f"ALTER TABLE {name} RENAME TO {_ASIDE}",
        "PRAGMA legacy_alter_table = OFF",
        sql,
        f"INSERT INTO {name} ({columns}) SELECT {columns} FROM {_ASIDE}",  # noqa: S608
        f"DROP TABLE {_ASIDE}",
        *_text_of(connection, table, "index"),
        *_text_of(connection, table, "trigger"),
    ]


def _text_of(connection: Connection, table: str, kind: str) -> list[str]:
    query = text(
        "SELECT sql FROM sqlite_master"
        " WHERE type = :kind AND tbl_name = :name AND sql IS NOT NULL ORDER BY rowid"
    )
    return list(connection.execute(query, {"kind": kind, "name": table}).scalars())


def _names(sql: str, index: str) -> bool:
    return (
        re.search(rf"\bINDEX\s+(IF NOT EXISTS\s+)?[\"`\[]?{re.escape(index)}\b", sql, re.IGNORECASE)
        is not None
    )
