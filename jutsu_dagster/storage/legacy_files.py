"""Copies of whole SQLite databases, consistent while others write, and whose file a URL is."""

from __future__ import annotations

import sqlite3
from contextlib import closing
from pathlib import Path

from jutsu_dagster.core.errors import LedgerError
from jutsu_dagster.storage.database import parse_url, sqlite_file


def file_of(url: str) -> Path | None:
    """Return the SQLite file that the URL names, absolute; None for a server."""
    path = sqlite_file(parse_url(url))
    return None if path is None else path.absolute()


def shown_url(url: str) -> str:
    """Return the URL without its password."""
    return parse_url(url).render_as_string(hide_password=True)


def same_database(one: str, other: str) -> bool:
    """Whether two URLs name one database."""
    files = file_of(one), file_of(other)
    if files[0] is not None and files[1] is not None:
        return files[0].resolve() == files[1].resolve()
    first, second = parse_url(one), parse_url(other)
    keys = ("host", "port", "database", "query")
    return files == (None, None) and all(
        _told(getattr(first, key), key) == _told(getattr(second, key), key) for key in keys
    )


def back_up_sqlite(source: Path, target: Path) -> None:
    """Copy a database with SQLite's own backup, whatever other programs are writing.

    Raises
    ------
    LedgerError
        If it cannot be read or written.
    """
    target.parent.mkdir(parents=True, exist_ok=True)
    try:
        with (
            closing(sqlite3.connect(f"{source.as_uri()}?mode=ro", uri=True)) as old,
            closing(sqlite3.connect(target)) as new,
        ):
            old.backup(new)
    except sqlite3.Error as error:
        raise LedgerError(f"cannot back up {source}: {error}") from error


def _told(value: object, key: str) -> object:
    return 5432 if key == "port" and value is None else value
