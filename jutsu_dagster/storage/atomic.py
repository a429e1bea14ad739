"""Files that are either the old or the new, never half of one."""

from __future__ import annotations

import os
import tempfile
from pathlib import Path

from jutsu_dagster.core.errors import JutsuError


def write_text_atomic(path: Path, text: str) -> None:
    """Replace the file at ``path`` by ``text``, UTF-8, line ends as they are.

    As ``write_bytes_atomic``.
    """
    write_bytes_atomic(path, text.encode())


def write_bytes_atomic(path: Path, content: bytes) -> None:
    """Replace the file at ``path``; a reader or a crash sees the old or the new, whole.

    Parameters
    ----------
    path : Path
        Its folder is created where missing; permissions of an existing file are kept.
    content : bytes
        All of the file.

    Raises
    ------
    JutsuError
        If ``path`` is a symlink: renaming onto it would replace the link, not its target.
    OSError
        If the file cannot be written; ``path`` is then what it was.
    """
    if path.is_symlink():
        raise JutsuError(f"{path} is a symlink to {path.resolve()}; write to the real file instead")
    path.parent.mkdir(parents=True, exist_ok=True)
    mode = path.stat().st_mode & 0o777 if path.exists() else 0o666 & ~_umask()
    # The suffix keeps a leftover of a killed process out of every *.csv and *.json pattern.
    descriptor, name = tempfile.mkstemp(prefix=f".{path.name}.", suffix=".tmp", dir=path.parent)
    try:
        with os.fdopen(descriptor, "wb") as file:
            file.write(content)
            file.flush()
            os.fchmod(file.fileno(), mode)
            os.fsync(file.fileno())
        Path(name).replace(path)
    except BaseException as error:
        Path(name).unlink(missing_ok=True)
        if isinstance(error, OSError) and error.errno is not None and error.filename is None:
            # A write through a descriptor does not know of which file.
            raise OSError(error.errno, error.strerror, str(path)) from error
        raise
    _sync_folder(path.parent)


def _umask() -> int:
    current = os.umask(0o077)
    os.umask(current)
    return current


def _sync_folder(folder: Path) -> None:
    """Make the rename itself survive a power cut."""
    descriptor = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
