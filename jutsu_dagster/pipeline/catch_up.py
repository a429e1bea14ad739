"""Which paper sessions are still to be traded, and whether anything is late."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, timedelta

from jutsu_dagster.core.calendar import sessions_between
from jutsu_dagster.pipeline.book import Book
from jutsu_dagster.pipeline.night import paper_entries
from jutsu_dagster.registry.load import StrategyRegistry
from jutsu_dagster.storage.ledger import Ledger


@dataclass(frozen=True, slots=True)
class Standing:
    """Where one paper account stands.

    Attributes
    ----------
    strategy_id : str
    recorded : date or None
        Its last recorded session.
    missing : tuple of date
        Sessions up to the day asked about that are not recorded.
    note : str
        Why it has none, where it cannot have any.
    """

    strategy_id: str
    recorded: date | None
    missing: tuple[date, ...]
    note: str = ""


def standings(
    registry: StrategyRegistry, ledger: Ledger, until: date, ids: Sequence[str] = ()
) -> list[Standing]:
    """Return where each paper account stands on ``until``, in execution order.

    ``ids`` are the strategies asked about; all unless given.
    """
    found = []
    for entry in paper_entries(registry):
        if ids and entry.id not in ids:
            continue
        if entry.config is None:
            found.append(Standing(entry.id, None, (), "its configuration is broken"))
            continue
        book = Book.open(entry.config, ledger)
        recorded = max(book.sessions, default=None)
        if book.expected is None:
            found.append(Standing(entry.id, recorded, (), "paper.start is not set"))
            continue
        days = sessions_between(book.expected, until) if book.expected <= until else ()
        missing = tuple(day.item() for day in days)
        found.append(Standing(entry.id, recorded, missing))
    return found


def missing_range(found: Sequence[Standing], until: date) -> tuple[date, date] | None:
    """Return the days to trade so that every account is up to ``until``; None if all are.

    Accounts that are ahead compute their recorded sessions of the range again, and compare.
    """
    first = min((each.missing[0] for each in found if each.missing), default=None)
    return None if first is None else (first, until)


def late(found: Sequence[Standing], until: date) -> tuple[date, tuple[str, ...]] | None:
    """Return the last session up to ``until`` and who lacks it, if nobody has recorded it."""
    sessions = sessions_between(until - timedelta(days=10), until)
    if not len(sessions):
        return None
    session: date = sessions[-1].item()
    due = [each for each in found if session in each.missing]
    if not due or any(each.recorded is not None and each.recorded >= session for each in found):
        return None
    return session, tuple(each.strategy_id for each in due)
