"""Files that a decision changes: what each was, what each will be, and how it gets there."""

from __future__ import annotations

import difflib
import hashlib
import tempfile
from collections.abc import Iterable
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from jutsu_dagster.pipeline.promotions.desk import PromotionError
from jutsu_dagster.storage.atomic import write_bytes_atomic

_SHOWN_LINES = 24


@dataclass(frozen=True, slots=True)
class FileChange:
    """One file's change, as the log keeps it.

    Attributes
    ----------
    path : str
        From the project on.
    old, new : str or None
        Its text; ``old`` is None where there is none before.
    old_hash, new_hash : str or None
        SHA-256 of the texts.
    """

    path: str
    old: str | None
    new: str
    old_hash: str | None
    new_hash: str

    @classmethod
    def of(cls, path: str, old: str | None, new: str) -> FileChange:
        """Return the change with its hashes."""
        return cls(path, old, new, None if old is None else digest(old), digest(new))

    @classmethod
    def read(cls, data: dict[str, Any]) -> FileChange:
        """Return a change as the log has it."""
        return cls(**data)

    def as_dict(self) -> dict[str, Any]:
        """Return it as JSON."""
        return asdict(self)


def digest(text: str) -> str:
    """Return the SHA-256 of a text's bytes."""
    return hashlib.sha256(text.encode()).hexdigest()


def text_of(home: Path, path: str) -> str | None:
    """Return what a file says now, None where there is none."""
    try:
        return (home / path).read_bytes().decode()
    except FileNotFoundError:
        return None
    except UnicodeDecodeError as error:
        raise PromotionError(f"{path} is not UTF-8 text; restore it first") from error


def bring(home: Path, change: FileChange) -> None:
    """Write a file's new text where its old one is; one that is there already is left alone.

    Raises
    ------
    PromotionError
        If the file says neither.
    OSError
        If it cannot be written; it is then what it was.
    """
    now = text_of(home, change.path)
    if now == change.new:
        return
    if now != change.old:
        raise PromotionError(
            f"{change.path} was edited in the middle of a decision that is logged, and not yet"
            " written; put the file back as it was, or as it was to be, and run the command"
            f" again:\n{difference(change.old or '', now or '', change.path)}"
        )
    # Through a symlink into its target: a rename would put a file in the link's place.
    write_bytes_atomic((home / change.path).resolve(), change.new.encode())


def require_writable(home: Path, changes: Iterable[FileChange]) -> None:
    """Raise PromotionError unless all files can be written: asked before anything is logged."""
    for folder in sorted({(home / change.path).resolve().parent for change in changes}):
        there = next(path for path in (folder, *folder.parents) if path.exists())
        try:
            tempfile.TemporaryFile(dir=there).close()
        except OSError as error:
            raise PromotionError(
                f"{there} cannot be written ({error.strerror}); nothing is changed"
            ) from error


def difference(old: str, new: str, path: str) -> str:
    """Return which lines of a file differ, the first of them."""
    lines = list(
        difflib.unified_diff(
            old.splitlines(), new.splitlines(), f"{path} (as logged)", f"{path} (now)", "", "", 1
        )
    )
    if not lines:
        return f"  {path}: line ends or the end of the file"
    rest = [f"… and {len(lines) - _SHOWN_LINES} lines more"] if len(lines) > _SHOWN_LINES else []
    return "\n".join(f"  {line.rstrip()}" for line in [*lines[:_SHOWN_LINES], *rest])
