"""Opening the ledger's database: SQLite with settings for many readers, or PostgreSQL."""

from __future__ import annotations

import fcntl
import json
import sqlite3
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from datetime import date
from functools import partial
from pathlib import Path
from typing import Any
from urllib.parse import quote

import numpy as np
from sqlalchemy import Engine, create_engine, event
from sqlalchemy.engine import URL, make_url
from sqlalchemy.exc import ArgumentError

from jutsu_dagster.core.errors import LedgerError

BUSY_TIMEOUT_MS = 30_000
PAUSES_OPTION = "jutsu_pauses"
"""The engine's own pauses between attempts, where a connection is lost."""
_PRAGMAS = ("PRAGMA foreign_keys = ON", "PRAGMA synchronous = NORMAL")
# How long somebody who looks at a page waits for a lock, or for a server to answer.
_LOOK_MS = 1_500
_LOOK_SECONDS = 3


def parse_url(text: str) -> URL:
    """Return the SQLAlchemy URL, with the driver that we install where none is named.

    Raises
    ------
    LedgerError
        If it is no URL, or of a database that the ledger does not support.
    """
    try:
        url = make_url(text)
    except ArgumentError:
        raise LedgerError(
            "JUTSU_DATABASE_URL is not a database URL; write sqlite:///path or"
            " postgresql://user:password@host/name"
        ) from None
    if url.drivername in {"postgres", "postgresql"}:
        url = url.set(drivername="postgresql+psycopg2")
    if url.get_backend_name() not in {"sqlite", "postgresql"}:
        raise LedgerError(
            f"JUTSU_DATABASE_URL names {url.get_backend_name()!r}; must be sqlite or postgresql"
        )
    return url


def sqlite_file(url: URL) -> Path | None:
    """Return the database's file, or None for PostgreSQL and for SQLite in memory."""
    if url.get_backend_name() != "sqlite" or url.database in {None, "", ":memory:"}:
        return None
    return Path(str(url.database))


def open_engine(url: URL) -> Engine:
    """Return an engine whose JSON is strict and whose SQLite connections wait for each other."""
    path = sqlite_file(url)
    if path is not None:
        path.parent.mkdir(parents=True, exist_ok=True)
    try:
        engine = create_engine(url, json_serializer=strict_json, pool_pre_ping=path is None)
    except ModuleNotFoundError as error:
        raise _without_driver(error) from error
    if url.get_backend_name() == "sqlite":
        event.listen(engine, "connect", _set_pragmas)
    return engine


def reading_engine(url: URL) -> Engine:
    """Return an engine for people who wait for an answer: it gives up soon, and makes no file."""
    path = sqlite_file(url)
    options: dict[str, Any] = {"execution_options": {PAUSES_OPTION: ()}}
    if path is None:
        options["connect_args"] = {"connect_timeout": _LOOK_SECONDS}
    else:
        place = f"file:{quote(str(path.absolute()))}?mode=rw"
        options["creator"] = lambda: sqlite3.connect(place, uri=True, check_same_thread=False)
    try:
        engine = create_engine(url, json_serializer=strict_json, pool_pre_ping=True, **options)
    except ModuleNotFoundError as error:
        raise _without_driver(error) from error
    if path is not None:
        event.listen(engine, "connect", partial(_set_pragmas, busy_ms=_LOOK_MS))
    return engine


def strict_json(data: Any) -> str:
    """Return ``data`` as JSON; floats survive to the last bit, NaN and infinity are refused."""
    return json.dumps(data, allow_nan=False, separators=(",", ":"))


def plain(value: Any) -> Any:
    """Return ``value`` as JSON can hold it: numpy scalars unwrapped, NaN and infinity as None."""
    if isinstance(value, np.generic):
        value = value.item()
    if isinstance(value, float):
        return value if -np.inf < value < np.inf else None
    if isinstance(value, Mapping):
        return {str(key): plain(inner) for key, inner in value.items()}
    if isinstance(value, list | tuple):
        return [plain(inner) for inner in value]
    return value


def plain_document(document: Mapping[str, Any]) -> dict[str, Any]:
    """Return a YAML document as JSON holds it, its dates as text."""

    def shown(value: Any) -> Any:
        if isinstance(value, Mapping):
            return {str(key): shown(inner) for key, inner in value.items()}
        if isinstance(value, list | tuple):
            return [shown(inner) for inner in value]
        return value.isoformat() if isinstance(value, date) else value

    return {str(key): shown(inner) for key, inner in document.items()}


@contextmanager
def file_lock(path: Path) -> Iterator[None]:
    """Hold an exclusive lock between processes; the kernel frees it if this one dies."""
    path.parent.mkdir(parents=True, exist_ok=True)
    with path.open("w") as file:
        fcntl.flock(file, fcntl.LOCK_EX)
        yield


def _without_driver(error: ModuleNotFoundError) -> LedgerError:
    return LedgerError(
        f"the ledger's driver {error.name!r} is not installed; install jutsu_dagster[postgres]"
    )


def _set_pragmas(connection: Any, _record: object, busy_ms: int = BUSY_TIMEOUT_MS) -> None:
    cursor = connection.cursor()
    # First, because the others may have to wait for a lock themselves.
    for pragma in (f"PRAGMA busy_timeout = {busy_ms}", *_PRAGMAS):
        cursor.execute(pragma)
    cursor.close()
