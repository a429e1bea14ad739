"""What a question about the ledger may get wrong, and how that is said."""

from __future__ import annotations

import difflib
from collections.abc import Iterable, Sequence
from datetime import date

from jutsu_dagster.core.errors import JutsuError

_NEAR = 5


class UnknownError(JutsuError):
    """There is no such thing.

    Attributes
    ----------
    what, id : str
        ``strategy``, and the id that was asked for.
    nearest : tuple of str
        Known ids near it, the nearest first; a few of all where none is near.
    """

    def __init__(self, what: str, id_: str, known: Iterable[str], more: str = "") -> None:
        ids = list(known)
        self.what, self.id = what, id_
        self.nearest = tuple(near(id_, ids))
        there = f"near it: {', '.join(self.nearest)}" if self.nearest else more or "there are none"
        told = f"; {more}" if more and self.nearest else ""
        super().__init__(f"there is no {what} {id_!r}; {there}{told}")


class QuestionError(JutsuError):
    """A parameter breaks a rule.

    Attributes
    ----------
    field, rule : str
    """

    def __init__(self, field: str, rule: str) -> None:
        self.field, self.rule = field, rule
        super().__init__(f"{field} {rule}")


class NothingRecordedError(JutsuError):
    """What was asked for exists, but nothing of it is recorded; the message says what to do."""


def near(id_: str, known: Sequence[str]) -> list[str]:
    """Return the known ids nearest to ``id_``; the first few of all where none is near."""
    lowered = {each.lower(): each for each in known}
    found = difflib.get_close_matches(id_.lower(), list(lowered), n=_NEAR, cutoff=0.6)
    return [lowered[each] for each in found] or list(known[:_NEAR])


def require_range(first: date | None, last: date | None) -> None:
    """Raise QuestionError unless ``first`` is not after ``last``."""
    if first is not None and last is not None and first > last:
        raise QuestionError("start_date", f"({first}) must not be after end_date ({last})")
