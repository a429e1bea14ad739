"""The schema's revision: raising it, and refusing to work on another one."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path

from alembic import command
from alembic.config import Config
from sqlalchemy import Connection, Engine, inspect, text
from sqlalchemy.exc import DatabaseError

from jutsu_dagster.core.errors import LedgerError
from jutsu_dagster.storage.attempt import refusal
from jutsu_dagster.storage.database import file_lock, sqlite_file
from jutsu_dagster.storage.migrations.legacy_columns import is_legacy
from jutsu_dagster.storage.migrations.legacy_names import TABLES

# The newest revision, as a constant because reading Alembic's folder costs 0.1 s a command.
HEAD = "0004"
# Not Alembic's default name: Dagster keeps its own revision there, and may share the database.
VERSION_TABLE = "jutsu_alembic_version"
# The revision that only gives an earlier system's tables their strategy_id.
LEGACY = "0000"
_MIGRATIONS = Path(__file__).parent / "migrations"
# Any number of ours: what one process of ours holds, the others wait for.
_ADVISORY_KEY = 5_281_990_427


def migrate(engine: Engine, revision: str = "head") -> None:
    """Raise the schema to ``revision``; safe when several processes do it at once.

    All revisions are one transaction, so a killed migration leaves the schema as it was. Tables
    of an earlier, single-strategy system get a ``strategy_id`` and make way: those that bear a
    name of ours are called ``legacy_…`` from then on.

    Raises
    ------
    LedgerError
        If the database was written by a newer version, or holds foreign tables of our names.
    """
    with _exclusive(engine) as connection:
        found = _recorded(connection)
        if found is not None and found > HEAD:
            raise LedgerError(_newer(engine, found))
        foreign = [name for name in TABLES if inspect(connection).has_table(name)]
        if found is None and foreign and not is_legacy(connection):
            raise LedgerError(
                f"{_shown(engine)} holds foreign tables ({', '.join(foreign)}), and no revision of"
                " ours; name another database in JUTSU_DATABASE_URL"
            )
        if not (revision == "head" and found == HEAD):
            command.upgrade(_config(connection), revision)


def downgrade(engine: Engine, revision: str = "base") -> None:
    """Lower the schema to ``revision``; ``base`` drops every table of ours."""
    with _exclusive(engine) as connection:
        command.downgrade(_config(connection), revision)


def migrate_legacy(engine: Engine) -> None:
    """Give an earlier system's tables their ``strategy_id``, in place, and do nothing else.

    Its own tools go on working with them. A repeat changes nothing.

    Raises
    ------
    LedgerError
        If the database holds no snapshots of an earlier system, or is locked.
    """
    with _exclusive(engine, ours=False) as connection:
        if _recorded(connection) is not None:
            return
        if not is_legacy(connection):
            raise LedgerError(f"{_shown(engine)} holds no performance_snapshots of one strategy")
        command.upgrade(_config(connection), LEGACY)


def rollback_legacy(engine: Engine) -> None:
    """Leave an earlier system's tables as they were found; every table of ours goes.

    Raises
    ------
    LedgerError
        If somebody changed those tables' columns since.
    """
    with _exclusive(engine, ours=False) as connection:
        if _recorded(connection) is not None:
            command.downgrade(_config(connection), "base")
        connection.exec_driver_sql(f"DROP TABLE IF EXISTS {VERSION_TABLE}")


def recorded(engine: Engine) -> str | None:
    """Return the schema's revision, None for a database that we never touched."""
    with engine.connect() as connection:
        return _recorded(connection)


def require_current(engine: Engine) -> None:
    """Do nothing if the schema is this version's.

    Raises
    ------
    LedgerError
        If it is older (``run jutsu init``), newer, damaged, or the server cannot be reached.
    """
    try:
        with engine.connect() as connection:
            found = _recorded(connection)
    except DatabaseError as error:
        raise LedgerError(f"cannot open the ledger {refusal(engine, error)}") from error
    if found == HEAD:
        return
    if found is not None and found > HEAD:
        raise LedgerError(_newer(engine, found))
    state = "is empty" if found is None else f"has schema {found}, this version needs {HEAD}"
    raise LedgerError(f"the ledger {_shown(engine)} {state}; run jutsu init")


@contextmanager
def _exclusive(engine: Engine, *, ours: bool = True) -> Iterator[Connection]:
    """Give a connection in a transaction that no other migration shares.

    A database that is not ``ours`` keeps its journal, and gets no lock file beside it.
    """
    sqlite = engine.dialect.name == "sqlite"
    path = sqlite_file(engine.url)
    with ExitStack() as stack:
        if path is not None and ours:
            stack.enter_context(file_lock(path.with_name(f"{path.name}.lock")))
        try:
            connection = stack.enter_context(engine.connect())
            if sqlite:
                if ours:
                    # WAL is a property of the file, and switching to it wants the file alone.
                    connection.exec_driver_sql("PRAGMA journal_mode = WAL")
                # A table made anew is dropped before, and that must not reach other tables.
                connection.exec_driver_sql("PRAGMA foreign_keys = OFF")
                stack.callback(_check_foreign_keys, connection)
                # Python's driver begins no transaction for DDL by itself.
                connection.exec_driver_sql("BEGIN IMMEDIATE")
            else:
                connection.execute(
                    text("SELECT pg_advisory_xact_lock(:key)"), {"key": _ADVISORY_KEY}
                )
        except DatabaseError as error:
            raise LedgerError(f"cannot open the ledger {refusal(engine, error)}") from error
        yield connection
        connection.commit()


def _check_foreign_keys(connection: Connection) -> None:
    # SQLite takes the setting outside a transaction only.
    connection.rollback()
    connection.exec_driver_sql("PRAGMA foreign_keys = ON")


def _config(connection: Connection) -> Config:
    config = Config()
    # Alembic interpolates percent signs in its options.
    config.set_main_option("script_location", str(_MIGRATIONS).replace("%", "%%"))
    config.attributes["connection"] = connection
    config.attributes["version_table"] = VERSION_TABLE
    return config


def _recorded(connection: Connection) -> str | None:
    # Asked first: a failed SELECT would end PostgreSQL's transaction, and free our lock.
    if not inspect(connection).has_table(VERSION_TABLE):
        return None
    statement = f"SELECT version_num FROM {VERSION_TABLE}"  # noqa: S608  (a constant of ours)
    row = connection.execute(text(statement)).first()
    return None if row is None else str(row[0])


def _newer(engine: Engine, found: str) -> str:
    return (
        f"the ledger {_shown(engine)} has schema {found}, this version knows {HEAD};"
        " install the newer jutsu_dagster that wrote it"
    )


def _shown(engine: Engine) -> str:
    return engine.url.render_as_string(hide_password=True)
