"""What a migration of an earlier system's tables must remember to be undone exactly."""

from __future__ import annotations

import json
from collections.abc import Sequence

import sqlalchemy as sa
from sqlalchemy import Connection, inspect

from jutsu_dagster.core.errors import LedgerError

# Lives only in a database that held tables of an earlier system, and only until the downgrade.
UNDO_TABLE = "jutsu_legacy_undo"
_UNDO = sa.Table(
    UNDO_TABLE,
    sa.MetaData(),
    sa.Column("step", sa.Integer(), primary_key=True, autoincrement=False),
    sa.Column("revision", sa.String(32), nullable=False),
    sa.Column("table_name", sa.String(100), nullable=False),
    sa.Column("columns", sa.Text(), nullable=False),
    sa.Column("statements", sa.Text(), nullable=False),
)


def remember(connection: Connection, revision: str, table: str, statements: Sequence[str]) -> None:
    """Keep the statements that undo the step just made.

    Parameters
    ----------
    connection : Connection
    revision : str
        Whose downgrade runs them, the last step first.
    table : str
        The table as it is called now; its columns are remembered with it.
    statements : sequence of str
        In the order of execution.
    """
    _UNDO.create(connection, checkfirst=True)
    count = connection.scalar(sa.select(sa.func.coalesce(sa.func.max(_UNDO.c.step), 0)))
    connection.execute(
        _UNDO.insert().values(
            step=int(count or 0) + 1,
            revision=revision,
            table_name=table,
            columns=json.dumps(columns_of(connection, table)),
            statements=json.dumps(list(statements)),
        )
    )


def undo(connection: Connection, revision: str) -> None:
    """Undo every remembered step of ``revision``, the last first; none is no fault.

    Raises
    ------
    LedgerError
        If somebody else changed a table's columns since: undoing would lose them.
    """
    if not inspect(connection).has_table(UNDO_TABLE):
        return
    query = _UNDO.select().where(_UNDO.c.revision == revision).order_by(_UNDO.c.step.desc())
    for row in connection.execute(query).all():
        found, known = columns_of(connection, row.table_name), json.loads(row.columns)
        if found != known:
            changed = sorted(set(found) ^ set(known))
            raise LedgerError(
                f"{row.table_name} was changed since the migration ({', '.join(changed)});"
                " undo that change first"
            )
        for statement in json.loads(row.statements):
            connection.exec_driver_sql(statement)
        connection.execute(_UNDO.delete().where(_UNDO.c.step == row.step))
    if connection.scalar(sa.select(sa.func.count()).select_from(_UNDO)) == 0:
        _UNDO.drop(connection)


def columns_of(connection: Connection, table: str) -> list[str]:
    """Return the names of the table's columns, in order."""
    return [column["name"] for column in inspect(connection).get_columns(table)]


def quoted(connection: Connection, name: str) -> str:
    """Return a name as SQL wants it, quoted where it must be."""
    return connection.dialect.identifier_preparer.quote(name)
