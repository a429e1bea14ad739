"""The rows of the shadow registry, without the strategies that they make.

To make a thousand strategies takes longer than to judge them, and the night needs them only of
the few that are new, or that come as far as a proposal.
"""

from __future__ import annotations

from collections.abc import Mapping
from functools import cached_property
from pathlib import Path

from pydantic import ValidationError

from jutsu_dagster.pipeline.shadow_registry import read_book
from jutsu_dagster.registry.load import StrategyRegistry
from jutsu_dagster.registry.shadow_check import Checker
from jutsu_dagster.registry.shadow_rows import ShadowRow, object_in
from jutsu_dagster.registry.shadows import SHADOWS_PATH, Shadow, ShadowBook, parents_of


class VariantRows:
    """Every variant that the shadow registry names.

    Parameters
    ----------
    registry : StrategyRegistry
    home : Path
        The project.

    Attributes
    ----------
    rows : mapping of id to ShadowRow
        With the hash of its frozen parameters.
    """

    def __init__(self, registry: StrategyRegistry, home: Path) -> None:
        self._registry, self._home = registry, home
        self.rows: Mapping[str, ShadowRow] = self._plain() or {
            id_: shadow.row for id_, shadow in self.book.shadows.items()
        }

    @cached_property
    def book(self) -> ShadowBook:
        """The registry as read in full."""
        return read_book(self._registry, self._home)

    @cached_property
    def checker(self) -> Checker:
        """Makes strategies of rows."""
        return Checker(parents_of(self._registry))

    def shadow(self, id_: str) -> Shadow:
        """Return a variant with its strategy and its frozen parent, whatever became of it.

        Of one that is evaluated no more the shadow registry builds neither; its row has all it
        takes.

        Raises
        ------
        KeyError
            If no row has this id.
        RowError
            If the variant could not run any more, since its class has changed, say.
        """
        row = self.rows[id_]
        live = self.checker.check(row.model_copy(update={"status": "shadow"}), id_)
        return Shadow(
            live.row.model_copy(update={"status": row.status}), 0, live.mutated, live.active,
            live.rebased, live.notes, live.base,
        )  # fmt: skip

    def _plain(self) -> dict[str, ShadowRow] | None:
        """Return the rows; None where the file holds any that takes more to understand."""
        path = self._home / SHADOWS_PATH
        found: dict[str, ShadowRow] = {}
        try:
            for raw in path.read_bytes().split(b"\n"):
                if raw.strip():
                    row = ShadowRow.model_validate(object_in(raw))
                    if row.base_params_hash is None:
                        return None
                    found[row.id] = row
        except (OSError, ValueError, ValidationError):
            return None
        return found
