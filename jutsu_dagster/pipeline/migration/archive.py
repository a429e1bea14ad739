"""What a migration found, kept so that it can be put back byte for byte."""

from __future__ import annotations

import hashlib
import json
import shutil
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from jutsu_dagster.core.errors import JutsuError
from jutsu_dagster.settings import Settings
from jutsu_dagster.storage.atomic import write_text_atomic

# begun, done: of moving in; undone: it failed and nothing of it is left; the others: moving out.
OPEN = ("begun", "rolling_back")
UNDOABLE = (*OPEN, "done")
_MANIFEST = "manifest.json"


@dataclass(frozen=True, slots=True)
class Archive:
    """One migration's folder ``state/migrations/<stamp>/`` and its manifest.

    Attributes
    ----------
    folder, home : Path
    manifest : dict
        What ``manifest.json`` says; ``save`` writes it.
    """

    folder: Path
    home: Path
    manifest: dict[str, Any] = field(default_factory=dict)

    @classmethod
    def new(cls, settings: Settings, **said: Any) -> Archive:
        """Return a new folder's archive; nothing is written yet."""
        now = datetime.now(UTC)
        stamp = f"{now:%Y%m%dT%H%M%S_%f}"
        manifest = {"stamp": stamp, "status": "begun", "started_at": now.isoformat(), **said}
        return cls(folder_of(settings) / stamp, settings.home, manifest)

    @property
    def status(self) -> str:
        """One of begun, done, undone, rolling_back, rolled_back."""
        return str(self.manifest["status"])

    def save(self, status: str, **said: Any) -> None:
        """Write the manifest with another status."""
        self.manifest.update(said, status=status, **{f"{status}_at": datetime.now(UTC).isoformat()})
        write_text_atomic(self.folder / _MANIFEST, json.dumps(self.manifest, indent=2) + "\n")

    def keep(self, paths: Sequence[Path], folders: Sequence[Path]) -> None:
        """Copy files, links and all that is in folders, and note what is not there.

        Paths must lie in the project. The manifest is left to ``save``.
        """
        entries = [self._kept(path) for path in paths]
        for folder in folders:
            entries.append(
                self._entry(folder) | {"kind": "folder" if folder.is_dir() else "absent"}
            )
            entries += [
                self._kept(path)
                for path in sorted(folder.rglob("*"))
                if path.is_symlink() or path.is_file()
            ]
        self.manifest["files"] = entries

    def restore(self) -> list[str]:
        """Put back what ``keep`` found; return the paths, and remove what was not there.

        Raises
        ------
        JutsuError
            If a kept copy is not what was kept.
        """
        entries = self.manifest.get("files", [])
        known = {self.home / entry["path"] for entry in entries}
        for entry in entries:
            if entry["kind"] == "file":
                self._require_sound(entry)
        for entry in entries:
            path = self.home / entry["path"]
            if entry["kind"] == "folder":
                for inner in path.rglob("*"):
                    if (inner.is_symlink() or inner.is_file()) and inner not in known:
                        inner.unlink()
            elif entry["kind"] == "absent":
                _remove(path)
            elif entry["kind"] == "link":
                link(path, entry["target"])
            elif path.is_symlink() or not path.is_file() or sha_of(path) != entry["sha256"]:
                path.parent.mkdir(parents=True, exist_ok=True)
                draft = path.with_name(f".{path.name}.restore.tmp")
                shutil.copy2(self.folder / "before" / entry["path"], draft)
                draft.replace(path)
        return [entry["path"] for entry in entries]

    def keep_current(self) -> None:
        """Copy what stands now where ``restore`` will put other things; once only."""
        target = self.folder / "after" / "files"
        if target.exists():
            return
        for entry in self.manifest.get("files", []):
            path = self.home / entry["path"]
            inner = path.rglob("*") if path.is_dir() and not path.is_symlink() else [path]
            for each in inner:
                if each.is_file() and not each.is_symlink():
                    copy = target / each.relative_to(self.home)
                    copy.parent.mkdir(parents=True, exist_ok=True)
                    shutil.copy2(each, copy)

    def _entry(self, path: Path) -> dict[str, Any]:
        return {"path": path.relative_to(self.home).as_posix()}

    def _kept(self, path: Path) -> dict[str, Any]:
        entry = self._entry(path)
        if path.is_symlink():
            return entry | {"kind": "link", "target": str(path.readlink())}
        if not path.exists():
            return entry | {"kind": "absent"}
        copy = self.folder / "before" / entry["path"]
        copy.parent.mkdir(parents=True, exist_ok=True)
        shutil.copy2(path, copy)
        return entry | {"kind": "file", "sha256": sha_of(copy), "bytes": copy.stat().st_size}

    def _require_sound(self, entry: Mapping[str, Any]) -> None:
        copy = self.folder / "before" / entry["path"]
        if not copy.is_file() or sha_of(copy) != entry["sha256"]:
            raise JutsuError(f"{copy} is not the file that was kept; its sha256 is another")


def folder_of(settings: Settings) -> Path:
    """Return where migrations keep what they found."""
    return settings.state_dir / "migrations"


def latest(settings: Settings) -> Archive | None:
    """Return the last migration that is not undone, finished or not; None if there is none."""
    for path in sorted(folder_of(settings).glob(f"*/{_MANIFEST}"), reverse=True):
        try:
            manifest = json.loads(path.read_text(encoding="utf-8"))
        except ValueError as error:
            raise JutsuError(f"{path} is no JSON: {error}") from error
        if manifest["status"] in UNDOABLE:
            return Archive(path.parent, settings.home, manifest)
    return None


def link(path: Path, target: str) -> None:
    """Make ``path`` a symlink to ``target`` in one step, whatever it was."""
    path.parent.mkdir(parents=True, exist_ok=True)
    draft = path.with_name(f".{path.name}.link.tmp")
    draft.unlink(missing_ok=True)
    draft.symlink_to(target)
    draft.replace(path)


def _remove(path: Path) -> None:
    if path.is_dir() and not path.is_symlink():
        shutil.rmtree(path)
    else:
        path.unlink(missing_ok=True)


def sha_of(path: Path) -> str:
    """Return the sha256 of a file."""
    return hashlib.sha256(path.read_bytes()).hexdigest()
