"""Databases that tests make for themselves on a PostgreSQL server."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from uuid import uuid4

from sqlalchemy import NullPool, create_engine, text
from sqlalchemy.engine import URL


class Databases:
    """A PostgreSQL server, seen as the place of databases.

    Parameters
    ----------
    address : URL
        Any database of the server, with a user that may make others; the driver is named.
    """

    def __init__(self, address: URL) -> None:
        self._address = address

    def url(self, name: str) -> str:
        """Return the URL of a database as users write it: ``postgresql://user:password@…``."""
        url = self._address.set(drivername="postgresql", database=name)
        return url.render_as_string(hide_password=False)

    def create(self, name: str | None = None) -> str:
        """Make an empty database, by default with a name that nobody else takes; its name."""
        name = name or f"jutsu_{uuid4().hex[:12]}"
        self._execute(f'CREATE DATABASE "{name}"')
        return name

    def drop(self, name: str) -> None:
        """Remove a database and end the connections to it; nothing if there is none."""
        self._execute(f'DROP DATABASE IF EXISTS "{name}" WITH (FORCE)')

    @contextmanager
    def database(self) -> Iterator[str]:
        """Give the URL of a new database that goes with the block."""
        name = self.create()
        try:
            yield self.url(name)
        finally:
            self.drop(name)

    def _execute(self, statement: str) -> None:
        engine = create_engine(self._address, isolation_level="AUTOCOMMIT", poolclass=NullPool)
        with engine.connect() as connection:
            connection.execute(text(statement))
