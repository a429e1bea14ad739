"""What a database refuses, as one line with its remedy; and trying again where that helps."""

from __future__ import annotations

import errno
import time
from collections.abc import Callable, Iterator
from typing import TypeVar

from sqlalchemy import Engine
from sqlalchemy.exc import DBAPIError, IntegrityError

from jutsu_dagster.core.errors import LedgerError
from jutsu_dagster.storage.database import PAUSES_OPTION

# A restarted server is back within seconds; a lost one is not worth a longer wait.
PAUSES = (0.2, 0.5, 1.0, 2.0, 4.0, 8.0)
# What PostgreSQL's client says when the server is gone or not there yet, and when it is there but
# will not have us, which no waiting mends.
_LOST = (
    "server closed the connection", "terminating connection", "shutting down", "starting up",
    "recovery mode", "not yet accepting", "could not connect", "connection to server",
    "SSL SYSCALL",
)  # fmt: skip
_FINAL = ("authentication failed", "does not exist", "no pg_hba.conf entry")
_FULL = "free space on its disk, then run it again"
_CLOSED = "whoever runs this must be allowed to write there"
_REMEDIES = {
    "disk is full": _FULL,
    "No space left on device": _FULL,
    "File too large": _FULL,
    "Disk quota exceeded": _FULL,
    "Read-only file system": _CLOSED,
    "Permission denied": _CLOSED,
    "disk I/O error": "look whether its disk is full, then run it again",
    "readonly database": _CLOSED,
    "unable to open database file": f"its folder must be there, and {_CLOSED}",
    "database is locked": "another process is writing; run it again when that one is done",
}
_T = TypeVar("_T")


def attempted(
    engine: Engine, doing: str, work: Callable[[], _T], pauses: tuple[float, ...] | None = None
) -> _T:
    """Return what ``work`` returns, trying again for about 15 s where the connection is lost.

    Parameters
    ----------
    engine : Engine
    doing : str
        For the error: ``cannot {doing}``.
    work : callable
        Safe to repeat: it finds out for itself whether an earlier attempt was committed.
    pauses : tuple of float
        Seconds between attempts; those of the engine unless given, else PAUSES.

    Raises
    ------
    LedgerError
        If the database cannot be reached, is full or read-only, or refuses the rows.
    """
    if pauses is None:
        pauses = engine.get_execution_options().get(PAUSES_OPTION, PAUSES)
    for pause in (*pauses, None):
        try:
            return work()
        except DBAPIError as error:
            if pause is None or isinstance(error, IntegrityError) or not lost(error):
                raise LedgerError(f"cannot {doing}: {refusal(engine, error)}") from error
            time.sleep(pause)
    raise AssertionError("the last attempt returns or raises")


def lost(error: DBAPIError) -> bool:
    """Return whether the connection is gone or could not be made, so that another may do."""
    text = str(error.orig)
    if any(sign in text for sign in _FINAL):
        return False
    return error.connection_invalidated or any(sign in text for sign in _LOST)


def refusal(engine: Engine, error: DBAPIError) -> str:
    """Return which database said what, in one line, and what to do about it."""
    return f"{engine.url.render_as_string(hide_password=True)}: {with_remedy(str(error.orig))}"


def storage_fault(error: BaseException) -> str | None:
    """Return what a database or a disk refused, where that is behind ``error``; else None.

    For errors of libraries that keep data of their own: they raise whatever theirs raises.
    """
    for each in _chain(error):
        if isinstance(each, DBAPIError):
            return with_remedy(str(each.orig))
        if isinstance(each, OSError) and each.errno in (
            errno.ENOSPC, errno.EDQUOT, errno.EFBIG, errno.EROFS, errno.EACCES, errno.EPERM,
            errno.EIO,
        ):  # fmt: skip
            return with_remedy(f"{each.filename}: {each.strerror}" if each.filename else str(each))
    return None


def with_remedy(said: str) -> str:
    """Return what was said on one line, and what to do about it where that is known."""
    text = " ".join(said.split())
    for sign, remedy in _REMEDIES.items():
        if sign in text:
            return f"{text}; {remedy}"
    return text


def _chain(error: BaseException | None) -> Iterator[BaseException]:
    seen: set[int] = set()
    while error is not None and id(error) not in seen:
        seen.add(id(error))
        yield error
        error = error.__cause__ or error.__context__
