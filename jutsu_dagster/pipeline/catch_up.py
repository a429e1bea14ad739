"""Which paper sessions are still to be traded, and whether anything is late."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import date, timedelta

from jutsu_dagster.pipeline.day_book import open_book
from jutsu_dagster.pipeline.night import paper_entries
from jutsu_dagster.registry.load import StrategyRegistry
from jutsu_dagster.storage.ledger import Ledger

_LOOKED_BACK = timedelta(days=10)


@dataclass(frozen=True, slots=True)
class Standing:
    """Where one paper account stands.

    Attributes
    ----------
    strategy_id : str
    recorded : date or None
        Its last recorded session.
    missing : tuple of date
        Sessions up to the day asked about that are not recorded; of coins every UTC day is one.
    note : str
        Why it has none, where it cannot have any.
    due : date or None
        Its last session up to the day asked about, recorded or not.
    """

    strategy_id: str
    recorded: date | None
    missing: tuple[date, ...]
    note: str = ""
    due: date | None = field(default=None, compare=False)


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
        book = open_book(entry.config, ledger)
        recorded = book.last
        if book.expected is None:
            found.append(Standing(entry.id, recorded, (), "paper.start is not set"))
            continue
        missing = tuple(book.due(book.expected, until))
        due = book.due(until - _LOOKED_BACK, until)[-1:]
        found.append(Standing(entry.id, recorded, missing, due=due[0] if due else None))
    return found


def missing_range(found: Sequence[Standing], until: date) -> tuple[date, date] | None:
    """Return the days to trade so that every account is up to ``until``; None if all are.

    Accounts that are ahead compute their recorded sessions of the range again, and compare.
    """
    first = min((each.missing[0] for each in found if each.missing), default=None)
    return None if first is None else (first, until)


def late(found: Sequence[Standing]) -> tuple[date, tuple[str, ...]] | None:
    """Return the last session that was due and who lacks it, if nobody has recorded it."""
    lacking = [each for each in found if each.due is not None and each.due in each.missing]
    for session in sorted({each.due for each in lacking if each.due is not None}, reverse=True):
        # On a weekend only coins have one, and whoever has Friday's does not lack it.
        if any(each.recorded is not None and each.recorded >= session for each in found):
            continue
        return session, tuple(each.strategy_id for each in lacking if each.due == session)
    return None
