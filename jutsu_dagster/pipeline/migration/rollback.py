"""Moving out: the last migration undone, files and rows as they were, nothing lost."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from jutsu_dagster.core.errors import JutsuError
from jutsu_dagster.pipeline.migration.archive import Archive, folder_of, latest
from jutsu_dagster.pipeline.paper import paper_account
from jutsu_dagster.settings import Settings
from jutsu_dagster.storage.database import file_lock
from jutsu_dagster.storage.legacy_database import LegacyDatabase
from jutsu_dagster.storage.legacy_export import LedgerRest, empty_ledger
from jutsu_dagster.storage.legacy_files import shown_url

Say = Callable[[str], None]


@dataclass(frozen=True, slots=True)
class Undone:
    """What a rollback did.

    Attributes
    ----------
    strategy_id : str
    folder : Path
        The migration's; ``after/`` in it holds what came since.
    files : list of str
        Put back.
    exported : dict of table to int
        Rows of the paper account recorded since, written to ``after/*.jsonl``.
    ledger_rows : int
        Rows of other accounts copied to ``after/ledger.db``: the ledger shared the old database.
    tables : dict of table to int
        Rows of the old database, proven equal to what was found.
    differences : list of str
        What is not as it was found, because something else wrote there since.
    """

    strategy_id: str
    folder: Path
    files: list[str] = field(default_factory=list)
    exported: dict[str, int] = field(default_factory=dict)
    ledger_rows: int = 0
    tables: dict[str, int] = field(default_factory=dict)
    differences: list[str] = field(default_factory=list)

    def to_dict(self) -> dict[str, Any]:
        """Return it as JSON can hold it."""
        return {name: getattr(self, name) for name in self.__slots__} | {"folder": str(self.folder)}


def rollback(settings: Settings, database: str | None, say: Say) -> Undone:
    """Undo the latest migration, finished or not.

    Parameters
    ----------
    settings : Settings
    database : str or None
        URL of the old database; wanted where it has a password, which is never written down.
    say : callable
        Told each step.

    Raises
    ------
    JutsuError
        If there is none, or the databases are not those of the migration.
    """
    # The lock of registry edits: none of them may come in between.
    with file_lock(settings.state_dir / ".registry.lock"):
        archive = latest(settings)
        if archive is None:
            raise JutsuError(f"there is no migration to roll back in {folder_of(settings)}")
        done = undo(settings, archive, database=database, status="rolled_back")
    for path in done.files:
        say(f"restored: {path}")
    for table, count in done.exported.items():
        say(f"exported: {count} rows of {table} recorded since, in {done.folder / 'after'}")
    if done.ledger_rows:
        say(
            f"exported: {done.ledger_rows} other rows of the ledger, in"
            f" {done.folder / 'after' / 'ledger.db'}: the old tables got their names back"
        )
    for table, count in done.tables.items():
        say(f"verified: {table} has {count} rows, values and columns as before")
    for line in done.differences:
        say(f"differs: {line}")
    return done


def undo(settings: Settings, archive: Archive, *, database: str | None, status: str) -> Undone:
    """Undo one migration as far as it went; again is no fault."""
    manifest = archive.manifest
    url = _url(settings, manifest, database)
    if manifest["ledger"] != shown_url(settings.ledger_url):
        raise JutsuError(
            f"the migration wrote into the ledger {manifest['ledger']}, but JUTSU_DATABASE_URL"
            f" names {shown_url(settings.ledger_url)}"
        )
    # A ledger that was there before a migration that failed stays; one that moved in for it goes.
    untouched = manifest["database_revision"] is None
    shared = bool(manifest["shared"]) and (untouched or "done_at" in manifest)
    archive.save("rolling_back")
    after = archive.folder / "after"
    account = paper_account(str(manifest["strategy_id"]))
    rest = empty_ledger(settings.ledger_url, account, after, leaving=shared)
    if url is not None and (shared or untouched):
        LegacyDatabase(url).take_strategy_id()
    archive.keep_current()
    files = archive.restore()
    tables, differences = _proof(url, manifest)
    done = _undone(archive, files, rest, tables, differences)
    archive.save(status, exported=rest.exported, differences=differences)
    return done


def _undone(
    archive: Archive,
    files: list[str],
    rest: LedgerRest,
    tables: dict[str, int],
    differences: list[str],
) -> Undone:
    return Undone(
        strategy_id=str(archive.manifest["strategy_id"]),
        folder=archive.folder,
        files=files,
        exported=rest.exported,
        ledger_rows=rest.others,
        tables=tables,
        differences=differences,
    )


def _url(settings: Settings, manifest: dict[str, Any], database: str | None) -> str | None:
    """Return the old database's URL: the given one, the ledger's, or what the manifest says."""
    known = manifest["database"]
    if known is None:
        return None
    for url in (database, settings.ledger_url, str(known)):
        if url is not None and shown_url(url) == known and "***" not in url:
            return url
    raise JutsuError(f"name the old database, {known}, with --database: its password is not kept")


def _proof(url: str | None, manifest: dict[str, Any]) -> tuple[dict[str, int], list[str]]:
    """Compare the old tables with what the manifest says of them."""
    if url is None:
        return {}, []
    equal, differences = {}, []
    found = LegacyDatabase(url).facts()
    for table, before in manifest["tables"].items():
        now = found.get(table)
        if now is None:
            differences.append(f"{table} is missing")
            continue
        faults = [
            f"{table}: {name} {getattr(now, name)} instead of {before[name]}"
            for name in ("rows", "columns", "rules", "values")
            if before[name] is not None and _plain(getattr(now, name)) != before[name]
        ]
        differences += faults[:1]
        if not faults:
            equal[table] = now.rows
    return equal, differences


def _plain(value: object) -> object:
    return list(value) if isinstance(value, tuple) else value
