"""Variants are retired: evaluated no more, and kept for good."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import date, timedelta
from pathlib import Path

from jutsu_dagster.core.errors import ConfigError, Fault
from jutsu_dagster.pipeline.shadow_registry import (
    Change,
    changed,
    read_book,
    require_parent,
    row_of,
)
from jutsu_dagster.registry.load import StrategyRegistry
from jutsu_dagster.registry.shadow_rows import ShadowRow
from jutsu_dagster.registry.shadows import SHADOWS_PATH, ShadowBook


def retire(
    registry: StrategyRegistry, home: Path, ids: Sequence[str], reason: str, at: str
) -> Change:
    """Take variants out of the night; their rows, ids, accounts and reports stay.

    Parameters
    ----------
    registry : StrategyRegistry
    home : Path
        The project directory.
    ids : sequence of str
        A row that is set aside, since its parent is gone, say, can be retired too.
    reason : str
        Written as ``retired_reason``.
    at : str
        Time, ISO; written as ``retired_at``.

    Raises
    ------
    ConfigError
        Naming every id that is unknown or illegible, or whose variant was promoted, rejected or
        never valid; none is retired then. One that is retired already is left as it is.
    """
    asked, left = list(dict.fromkeys(ids)), list[ShadowRow]()

    def make(book: ShadowBook) -> list[ShadowRow]:
        rows, faults = [], list[Fault]()
        for id_ in asked:
            try:
                row = row_of(book, id_)
            except ConfigError as error:
                faults += error.faults
                continue
            rows.append(row)
            if not (row.is_live or row.status == "retired"):
                rule = f"is {row.status}; only live variants are retired"
                faults.append(Fault(SHADOWS_PATH, "id", id_, rule))
        if faults:
            raise ConfigError(faults)
        left[:] = [row for row in rows if not row.is_live]
        return [_retired(row, reason, at) for row in rows if row.is_live]

    done = changed(registry, home, make)
    return Change(done.rows, done.book, tuple(left))


def retire_older(
    registry: StrategyRegistry,
    home: Path,
    parent_id: str,
    before: date,
    *,
    reason: str,
    at: str,
) -> Change:
    """Retire a parent's live variants whose ``created_partition`` is before a day.

    A live row that does not say when it was made is left, and is in the change's ``left``.

    Raises
    ------
    ConfigError
        If neither the registry nor any variant knows the parent.
    """
    left: list[ShadowRow] = []

    def make(book: ShadowBook) -> list[ShadowRow]:
        mine = [row for row in _live(book) if row.parent_id == parent_id]
        left[:] = [row for row in mine if row.created_partition is None]
        made = ((row, row.created_partition) for row in mine)
        return [_retired(row, reason, at) for row, day in made if day is not None and day < before]

    require_parent(registry, read_book(registry, home), parent_id)
    done = changed(registry, home, make)
    return Change(done.rows, done.book, tuple(left))


def day_before(days: int, today: date) -> date:
    """Return the day before which what was made is older than so many days."""
    return today - timedelta(days=days)


def _live(book: ShadowBook) -> Iterable[ShadowRow]:
    for row in (*(shadow.row for shadow in book.shadows.values()), *book.aside.values()):
        if row.is_live:
            yield row


def _retired(row: ShadowRow, reason: str, at: str) -> ShadowRow:
    told = {"retired_at": at, "retired_reason": reason} if reason else {"retired_at": at}
    return row.model_copy(update={"status": "retired", **told})
