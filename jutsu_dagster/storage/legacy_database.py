"""An earlier system's database under migration: its ``strategy_id`` added and taken away again."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import contextmanager

from sqlalchemy import Engine
from sqlalchemy.exc import DatabaseError

from jutsu_dagster.core.errors import LedgerError
from jutsu_dagster.storage import schema
from jutsu_dagster.storage.database import open_engine, parse_url
from jutsu_dagster.storage.legacy_files import shown_url
from jutsu_dagster.storage.legacy_read import TableFacts, read_legacy
from jutsu_dagster.storage.migrations.legacy_columns import DEFAULT_ID


class LegacyDatabase:
    """The database at a URL; every method opens and closes it.

    Raises LedgerError where it cannot be reached, is locked, or refuses.
    """

    def __init__(self, url: str) -> None:
        self._url = url

    def revision(self) -> str | None:
        """Return our schema's revision in it, None where no migration was there before."""
        with self._engine() as engine:
            return schema.recorded(engine)

    def add_strategy_id(self) -> None:
        """Give its tables their ``strategy_id``; nothing else changes."""
        with self._engine() as engine:
            schema.migrate_legacy(engine)

    def take_strategy_id(self) -> None:
        """Leave its tables as they were found; a ledger's tables in it go."""
        with self._engine() as engine:
            schema.rollback_legacy(engine)

    def facts(self) -> Mapping[str, TableFacts]:
        """Return what its tables hold now."""
        return read_legacy(self._url, DEFAULT_ID).facts

    @contextmanager
    def _engine(self) -> Iterator[Engine]:
        engine = open_engine(parse_url(self._url))
        try:
            yield engine
        except DatabaseError as error:
            reason = str(error.orig).strip()
            raise LedgerError(f"cannot migrate {shown_url(self._url)}: {reason}") from error
        finally:
            engine.dispose()
