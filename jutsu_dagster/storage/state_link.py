"""``state/state.json``: a symlink to the primary's file, for whoever knows no other path."""

from __future__ import annotations

import logging
import os
from pathlib import Path

from jutsu_dagster.core.errors import Fault
from jutsu_dagster.registry.faults import relative
from jutsu_dagster.storage.database import file_lock
from jutsu_dagster.storage.state import StateError
from jutsu_dagster.storage.state_backups import LEGACY, Backups

_LOG = logging.getLogger(__name__)


def link_state(link: Path, real: Path, home: Path | None = None) -> None:
    """Make ``link`` a relative symlink to ``real``, atomically; nothing to do where it is one.

    A wrong or broken link is replaced, with a warning; a file in its place is moved into the
    ``backups/`` beside ``real`` as ``state_legacy_<stamp>.json``, with a warning.

    Raises
    ------
    StateError
        If it cannot be made; a file in its place is then still there or among the backups.
    """
    target = os.path.relpath(real, link.parent)
    if _target_of(link) == target:
        return
    shown = relative(link, home)
    try:
        with file_lock(link.parent / f".{link.name}.lock"):
            _replace(link, target, Backups(real.parent / "backups", 0), shown)
    except OSError as error:
        rule = f"cannot be made a symlink to {target}: {error}"
        raise StateError(Fault(shown, "", None, rule)) from error


def _replace(link: Path, target: str, backups: Backups, shown: str) -> None:
    # Another process may have made it while this one waited for the lock.
    before = _target_of(link)
    if before == target:
        return
    for leftover in link.parent.glob(f".{link.name}.*.tmp"):
        leftover.unlink(missing_ok=True)
    # Made before anything is moved, so that a disk that refuses it changes nothing.
    draft = link.parent / f".{link.name}.{os.getpid()}.tmp"
    draft.symlink_to(target)
    if before is not None:
        _LOG.warning("%s was a symlink to %s; it leads to %s now", shown, before, target)
    elif link.exists():
        try:
            kept = os.path.relpath(_moved(link, backups), link.parent)
        except OSError:
            draft.unlink()
            raise
        _LOG.warning("%s was a file, kept as %s; it is a symlink to %s now", shown, kept, target)
    draft.replace(link)


def _moved(link: Path, backups: Backups) -> Path:
    """Move a file out of the link's way; not a copy, so that no late write to it is lost."""
    aside = backups.next(LEGACY)
    aside.parent.mkdir(parents=True, exist_ok=True)
    return link.rename(aside)


def _target_of(link: Path) -> str | None:
    return str(link.readlink()) if link.is_symlink() else None
