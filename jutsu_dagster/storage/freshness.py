"""Whether the ledger is as it was: a stamp that changes with every commit, at little cost."""

from __future__ import annotations

import os
import sqlite3
import threading
import time
from collections.abc import Hashable
from pathlib import Path
from typing import Any

from sqlalchemy import Engine
from sqlalchemy.exc import DBAPIError

from jutsu_dagster.core.errors import LedgerError
from jutsu_dagster.storage.attempt import attempted, with_remedy
from jutsu_dagster.storage.database import sqlite_file

# What is visible now, and the server it is visible on: a restored one may count alike.
_SNAPSHOT = "select pg_current_snapshot()::text, pg_postmaster_start_time()::text"

# Seconds for which a refusal stands.
_PAUSE = 0.5
# Seconds for which a lock is waited for, and between two looks at it.
_PATIENCE, _NAP = 1.5, 0.05
_ERRORS = (DBAPIError, sqlite3.Error)


class LedgerStamp:
    """Tells whether anything was committed since; asked before reading, equal stamps say no.

    SQLite counts the commits of others in ``data_version``, which holds for one connection: it
    is kept open, and it also keeps the file's inode from being given to another file. PostgreSQL's
    snapshot names every transaction that is over; those of other programs change it too.

    Parameters
    ----------
    engine : Engine
    """

    def __init__(self, engine: Engine) -> None:
        self._engine = engine
        self._path = sqlite_file(engine.url)
        self._lock = threading.Lock()
        self._opened = 0
        self._connection: Any = None
        self._file: tuple[int, int] | None = None
        self._refusal, self._refused_until = "", 0.0

    def get(self) -> Hashable:
        """Return the stamp.

        Raises
        ------
        LedgerError
            If the ledger is gone, locked, or does not answer.
        """
        if self._path is None:
            return self._of_server()
        with self._lock:
            # Who waited while another was refused does not wait for a refusal of its own.
            if time.monotonic() < self._refused_until:
                raise LedgerError(self._refusal)
            try:
                return self._of_file(self._path)
            except LedgerError as error:
                self._refusal = str(error)
                self._refused_until = time.monotonic() + _PAUSE
                raise

    def glance(self) -> Hashable | None:
        """Return the stamp if it can be had without any wait; None where only ``get`` can tell."""
        if self._connection is None or self._path is None or not self._lock.acquire(blocking=False):
            return None
        try:
            if _identity(self._path) != self._file or self._connection is None:
                return None
            return self._opened, self._version()
        except _ERRORS:
            return None
        finally:
            self._lock.release()

    @property
    def generation(self) -> Hashable:
        """What changes when another ledger stands where this one stood, or it was away."""
        return self._opened

    def close(self) -> None:
        """Close what is kept open."""
        with self._lock:
            self._forget()

    def _of_server(self) -> Hashable:
        def ask() -> Hashable:
            with self._engine.connect() as connection:
                return tuple(connection.exec_driver_sql(_SNAPSHOT).one())

        try:
            found = attempted(self._engine, "read the ledger", ask)
        except LedgerError:
            self._opened += 1
            raise
        return found

    def _of_file(self, path: Path) -> Hashable:
        found = _identity(path)
        if found != self._file:
            # Another file, or the first look: pooled connections may still hold the old one.
            self._forget()
            self._engine.dispose()
        if found is None:
            raise LedgerError(f"the ledger is gone: there is no {path}; run jutsu init")
        try:
            if self._connection is None:
                self._connection = self._engine.raw_connection()
                self._opened += 1
                # What was opened is what was looked at, or it is looked at again next time.
                self._file = found if _identity(path) == found else None
            return self._opened, self._patiently()
        except _ERRORS as error:
            self._forget()
            said = with_remedy(str(getattr(error, "orig", error)))
            raise LedgerError(f"cannot read the ledger {path}: {said}") from error

    def _patiently(self) -> int:
        """Return the version, waiting a while for a lock: the connection itself waits for none."""
        until = time.monotonic() + _PATIENCE
        while True:
            try:
                return self._version()
            except sqlite3.OperationalError:
                if time.monotonic() > until:
                    raise
                time.sleep(_NAP)

    def _version(self) -> int:
        cursor = self._connection.cursor()
        cursor.execute("PRAGMA busy_timeout = 0")
        (version,) = cursor.execute("PRAGMA data_version").fetchone()
        cursor.close()
        return int(version)

    def _forget(self) -> None:
        if self._connection is not None:
            # Not back into the pool: it may hold a file that is gone.
            self._connection.detach()
            self._connection.close()
        self._connection, self._file = None, None


def _identity(path: Path) -> tuple[int, int] | None:
    try:
        found = os.stat(path)  # noqa: PTH116  (asked on every request)
    except OSError:
        return None
    return found.st_dev, found.st_ino
