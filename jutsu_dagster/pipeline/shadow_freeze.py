"""Rows in the short form get what their variants are then held to: the parent as it stands."""

from __future__ import annotations

from pathlib import Path

from jutsu_dagster.pipeline.shadow_registry import changed, read_book
from jutsu_dagster.registry.load import StrategyRegistry
from jutsu_dagster.registry.shadow_rows import ShadowRow
from jutsu_dagster.registry.shadows import ShadowBook


def freeze(registry: StrategyRegistry, home: Path) -> ShadowBook:
    """Write the parent's parameters into live rows that state none; return the shadow registry.

    Called before such a variant trades for the first time: a later change of the parent must
    not change it.
    """
    book = read_book(registry, home)
    if not _short(book):
        return book
    return changed(registry, home, _short).book


def _short(book: ShadowBook) -> list[ShadowRow]:
    return [shadow.row for shadow in book.running() if not shadow.frozen]
