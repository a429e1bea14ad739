"""The shadow registry's file: read at any time, changed by one process after the other."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path

from jutsu_dagster.core.errors import JutsuError
from jutsu_dagster.registry.shadow_check import Parent
from jutsu_dagster.registry.shadow_rows import ShadowRow
from jutsu_dagster.registry.shadows import SHADOWS_PATH, ShadowBook, read_shadows
from jutsu_dagster.storage.atomic import write_bytes_atomic
from jutsu_dagster.storage.database import file_lock


class ShadowFile:
    """``reports/evolver/mutation_strategies.jsonl`` of a project.

    Parameters
    ----------
    home : Path
        The project directory.
    parents : mapping of id to Parent
        See ``registry.shadows.parents_of``.
    """

    def __init__(self, home: Path, parents: Mapping[str, Parent]) -> None:
        self.path = home / SHADOWS_PATH
        self._lock = home / "state" / ".shadows.lock"
        self._parents = parents

    def read(self) -> ShadowBook:
        """Return the shadow registry; an empty one where there is no file. Takes no lock."""
        return read_shadows(self._content(), self._parents)

    def change(self, make: Callable[[ShadowBook], Sequence[ShadowRow]]) -> ShadowBook:
        """Replace and add rows, while no other process does; return the registry as it is then.

        Broken lines stay. A process killed at any moment leaves the file before or after.

        Parameters
        ----------
        make : function of ShadowBook
            Returns the rows to write; where there are none, the file is left alone. Called with
            the lock held, so that what it sees is what it changes.

        Raises
        ------
        JutsuError
            If the file was changed by hand meanwhile; it is then as that hand left it.
        Exception
            Whatever ``make`` raises; nothing is written then.
        """
        with self._locked():
            before = self._content()
            book = read_shadows(before, self._parents)
            rows = make(book)
            if not rows:
                return book
            after = book.content(rows)
            if self._content() != before:
                raise JutsuError(f"{SHADOWS_PATH} was changed meanwhile; run the command again")
            # Through a symlink into its target: a rename would put a file in the link's place.
            write_bytes_atomic(self.path.resolve(), after)
            return read_shadows(after, self._parents)

    def _content(self) -> bytes:
        try:
            return self.path.read_bytes()
        except FileNotFoundError:
            return b""

    @contextmanager
    def _locked(self) -> Iterator[None]:
        """Hold the file's lock; what temporary files there are then, a killed writer left."""
        with file_lock(self._lock):
            target = self.path.resolve()
            for leftover in target.parent.glob(f".{target.name}.*.tmp"):
                leftover.unlink(missing_ok=True)
            yield
