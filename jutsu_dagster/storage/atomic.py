"""Files that are either the old or the new, never half of one."""

from __future__ import annotations

import errno
import fcntl
import os
import tempfile
from pathlib import Path

from jutsu_dagster.core.errors import JutsuError


def write_text_atomic(path: Path, text: str) -> None:
    """Replace the file at ``path`` by ``text``, UTF-8, line ends as they are.

    As ``write_bytes_atomic``.
    """
    write_bytes_atomic(path, text.encode())


def write_bytes_atomic(path: Path, content: bytes, *, durable: bool = True) -> None:
    """Replace the file at ``path``; a reader or a crash sees the old or the new, whole.

    Parameters
    ----------
    path : Path
        Its folder is created where missing; permissions of an existing file are kept.
    content : bytes
        All of the file.
    durable : bool
        Whether to wait until a power cut could not take it back: a few milliseconds. What can be
        written again from the ledger need not wait.

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
            if durable:
                os.fsync(file.fileno())
        Path(name).replace(path)
    except BaseException as error:
        Path(name).unlink(missing_ok=True)
        if isinstance(error, OSError) and error.errno is not None and error.filename is None:
            # A write through a descriptor does not know of which file.
            raise OSError(error.errno, error.strerror, str(path)) from error
        raise
    if durable:
        _sync_folder(path.parent)


def append_bytes(path: Path, before: int, added: bytes) -> bool:
    """Bring a file that only ever grows from ``before`` bytes to those and ``added``.

    One write under a lock; a file that had them already is left alone. A power cut, or a kill in
    the middle, leaves a file of another size, which the next call refuses.

    Parameters
    ----------
    path : Path
        Created where ``before`` is 0, its folder is not.
    before : int
    added : bytes

    Returns
    -------
    bool
        False if the file is not there, or is not what it should have been; it is left alone then.

    Raises
    ------
    OSError
        If the file cannot be written; it is then what it was.
    """
    try:
        flags = os.O_RDWR | os.O_APPEND | (0 if before else os.O_CREAT)
        descriptor = os.open(path, flags, 0o666)
    except FileNotFoundError:
        return False
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX)
        size = os.fstat(descriptor).st_size
        if size == before + len(added):
            return os.pread(descriptor, len(added), before) == added
        if size == before:
            try:
                _write_all(descriptor, added, path)
            except OSError:
                os.ftruncate(descriptor, before)
                raise
        return size == before
    finally:
        os.close(descriptor)


def _write_all(descriptor: int, content: bytes, path: Path) -> None:
    if os.write(descriptor, content) < len(content):
        # What a full disk does to a write that fits in part.
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC), str(path))


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
