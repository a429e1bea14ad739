"""Registry changes made for good: one at a time, with a backup, all of them or nothing."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path

from jutsu_dagster.core.errors import JutsuError
from jutsu_dagster.registry.edit import RegistryEdit
from jutsu_dagster.registry.load import StrategyRegistry
from jutsu_dagster.registry.yaml_file import read_text
from jutsu_dagster.settings import Settings
from jutsu_dagster.storage.atomic import write_bytes_atomic
from jutsu_dagster.storage.database import file_lock
from jutsu_dagster.storage.ledger import Ledger, StrategyRecord

KEPT_BACKUPS = 10
_FOLDER, _STEM = "config_backups", "strategies_registry_"


@dataclass(frozen=True, eq=False, slots=True)
class AppliedEdit:
    """A change that is written.

    Attributes
    ----------
    edit : RegistryEdit
    backup : Path or None
        The registry as it was; None where nothing had to change.
    made : tuple of Path
        Files written beside the registry.
    """

    edit: RegistryEdit
    backup: Path | None
    made: tuple[Path, ...] = ()


def apply_edit(settings: Settings, make: Callable[[], RegistryEdit]) -> AppliedEdit:
    """Make an edit and write it, while no other command edits the registry.

    Parameters
    ----------
    settings : Settings
    make : function without arguments
        Reads the registry and returns the validated edit; called with the lock held.

    Raises
    ------
    ConfigError
        As ``make`` does; nothing is written then.
    JutsuError
        If the registry was changed by hand meanwhile.
    """
    with registry_lock(settings):
        return write_edit(settings, make(), {})


@contextmanager
def registry_lock(settings: Settings) -> Iterator[None]:
    """Hold the registry for this process; the next one waits."""
    # Looked at first, so that a wrong folder is named and not made into a project.
    if not settings.registry_path.is_file():
        StrategyRegistry(settings.registry_path, settings.home)
    with file_lock(settings.state_dir / ".registry.lock"):
        yield


def write_edit(settings: Settings, edit: RegistryEdit, files: dict[Path, bytes]) -> AppliedEdit:
    """Write ``files``, then the registry; after a fault before its end, all is as it was.

    A process killed in between leaves files that the registry does not name: the same command
    works again.
    """
    if edit.after == edit.before and not files:
        return AppliedEdit(edit, None)
    # Through a symlink into its target: a rename would put a file in the link's place.
    registry = edit.path.resolve()
    written = [*files, settings.state_dir / _FOLDER / "backup"]
    folders = [each for path in written for each in reversed(path.parents) if not each.exists()]
    before = {path: path.read_bytes() if path.exists() else None for path in files}
    backup: Path | None = None
    try:
        backup = _back_up(settings, edit.before)
        for path, content in files.items():
            write_bytes_atomic(path, content)
        _require_unchanged(registry, edit)
        write_bytes_atomic(registry, edit.after.encode())
    except BaseException:
        # Interrupted after the last write, the files are the registry's.
        if registry.read_bytes() != edit.after.encode():
            if backup is not None:
                backup.unlink(missing_ok=True)
            _undo(before, folders)
        raise
    for old in _backups(settings)[:-KEPT_BACKUPS]:
        if old != backup:
            old.unlink(missing_ok=True)
    return AppliedEdit(edit, backup, tuple(files))


def _require_unchanged(registry: Path, edit: RegistryEdit) -> None:
    if read_text(registry, edit.registry.file) != edit.before:
        raise JutsuError(f"{edit.registry.file} was changed meanwhile; run the command again")


def sync_ledger(registry: StrategyRegistry, ledger: Ledger) -> None:
    """Make the ledger's ``strategy_configs`` show the registry."""
    ledger.sync_strategies(
        [
            StrategyRecord(
                strategy_id=entry.id,
                display_name=entry.display_name,
                strategy_class=entry.strategy_class,
                is_primary=entry.is_primary,
                is_active=entry.is_active,
                config_yaml=_text_or_none(registry.home / entry.config_file),
            )
            for entry in registry.entries.values()
        ]
    )


def _text_or_none(path: Path) -> str | None:
    try:
        return path.read_text(encoding="utf-8")
    # A strategy that is set aside may name no file, or one that is no text.
    except (OSError, ValueError):
        return None


def _backups(settings: Settings) -> list[Path]:
    return sorted((settings.state_dir / _FOLDER).glob(f"{_STEM}*.yaml"))


def _back_up(settings: Settings, text: str) -> Path:
    """Keep the registry's text under a name of its own."""
    now = datetime.now(UTC)
    while True:
        name = f"{_STEM}{now:%Y%m%d_%H%M%S_%f}.yaml"
        path = settings.state_dir / _FOLDER / name
        if not path.exists():
            write_bytes_atomic(path, text.encode())
            return path
        now += timedelta(microseconds=1)


def _undo(before: dict[Path, bytes | None], folders: list[Path]) -> None:
    for path, content in before.items():
        if content is None:
            path.unlink(missing_ok=True)
        else:
            write_bytes_atomic(path, content)
    for folder in reversed(folders):
        if folder.is_dir() and not any(folder.iterdir()):
            folder.rmdir()
