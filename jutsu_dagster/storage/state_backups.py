"""The folder ``backups/`` beside a state file: what was saved before, and what was found broken."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from pathlib import Path

from jutsu_dagster.storage.atomic import write_bytes_atomic
from jutsu_dagster.storage.state import StateError, TradingState

BACKUP, CORRUPT, LEGACY = "state_backup", "state_corrupt", "state_legacy"


class Backups:
    """Numbered copies in one folder. Whoever writes holds the state file's lock.

    Parameters
    ----------
    folder : Path
        Created when first needed.
    keep : int
        How many of a kind ``prune`` leaves; the newest.
    """

    def __init__(self, folder: Path, keep: int) -> None:
        self.folder = folder
        self._keep = keep

    def names(self, kind: str = BACKUP) -> list[Path]:
        """Return the copies of a kind, oldest first by name; none where there is no folder."""
        pattern = re.compile(rf"{kind}(_\d+)+\.json")
        try:
            found = [path for path in self.folder.iterdir() if pattern.fullmatch(path.name)]
        except OSError:
            return []
        return sorted(found, key=lambda path: path.stem)

    def add(self, content: bytes) -> None:
        """Keep what a valid state file held, unless the newest backup holds the same."""
        existing = self.names()
        # A writer killed between backup and state comes this way again.
        if not (existing and _read(existing[-1]) == content):
            write_bytes_atomic(self.next(BACKUP), content)

    def keep_aside(self, path: Path, content: bytes | None) -> Path:
        """Keep a broken state file, a copy of its content or where unreadable itself."""
        existing, target = self.names(CORRUPT), self.next(CORRUPT)
        if content is not None and existing and _read(existing[-1]) == content:
            return existing[-1]
        if content is None:
            self.folder.mkdir(parents=True, exist_ok=True)
            path.rename(target)
        else:
            write_bytes_atomic(target, content)
        return target

    def newest_valid(
        self, parse: Callable[[bytes], TradingState]
    ) -> tuple[TradingState, Path] | None:
        """Return the newest backup that ``parse`` accepts, with its path."""
        for path in reversed(self.names()):
            content = _read(path)
            if content is None:
                continue
            try:
                return parse(content), path
            except StateError:
                continue
        return None

    def prune(self) -> None:
        """Remove all but the newest of each kind."""
        for kind in (BACKUP, CORRUPT):
            names = self.names(kind)
            for path in names[: max(len(names) - self._keep, 0)]:
                path.unlink(missing_ok=True)

    def next(self, kind: str) -> Path:
        """Return a path later by name than every copy of the kind, whatever the clock says."""
        stem = f"{kind}_{datetime.now(UTC):%Y%m%d_%H%M%S_%f}"
        existing = self.names(kind)
        newest = existing[-1].stem if existing else ""
        if stem <= newest:
            # Two in one microsecond, or a clock that went back: counted on from the newest.
            rest, _, counter = newest.rpartition("_")
            counted = rest.count("_") == stem.count("_")
            stem = f"{rest}_{int(counter) + 1:06d}" if counted else f"{newest}_000001"
        return self.folder / f"{stem}.json"

    def leftovers(self) -> Iterator[Path]:
        """Return temporary files that a killed writer left."""
        yield from self.folder.glob(".state_*.tmp")


def _read(path: Path) -> bytes | None:
    try:
        return path.read_bytes()
    except OSError:
        return None
