"""Which days the variants lack."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, timedelta

from jutsu_dagster.core.timeframe import CRYPTO_15M, ETF_DAILY, timeframe_of
from jutsu_dagster.registry.shadows import Shadow
from jutsu_dagster.storage import exploration_log as log
from jutsu_dagster.storage.ledger import Ledger

_DAY = timedelta(days=1)


@dataclass(frozen=True, slots=True)
class Due:
    """Variants to be carried over a range of days.

    Attributes
    ----------
    first, last : date
        Both inclusive.
    ids : tuple of str
    """

    first: date
    last: date
    ids: tuple[str, ...]


def due(ledger: Ledger, shadows: Sequence[Shadow], until: date) -> list[Due]:
    """Return what is to be run so that all variants are recorded up to a day.

    Those that lack more than that day come first, in a range of their own: a variant that fails
    night after night does not make the others be computed again.
    """
    stands = log.latest(ledger.engine, "shadow", [shadow.id for shadow in shadows])
    behind: dict[str, date] = {}
    tonight = []
    for shadow in shadows:
        head = stands.get(shadow.id)
        begins = head.day + _DAY if head is not None else shadow.row.first_day or until
        missing = _open_days(shadow, begins, until)
        if missing and missing[0] == until:
            tonight.append(shadow.id)
        elif missing:
            behind[shadow.id] = missing[0]
    found = []
    if behind:
        found.append(Due(min(behind.values()), until, tuple(behind)))
    if tonight:
        found.append(Due(until, until, tuple(tonight)))
    return found


def _open_days(shadow: Shadow, first: date, last: date) -> list[date]:
    """Return the days of a range on which the variant's market is open."""
    assert shadow.mutated is not None  # noqa: S101  (live ones only)
    daily = shadow.mutated.strategy.timeframe == "1d"
    table = ETF_DAILY if daily else CRYPTO_15M
    return [day.item() for day in timeframe_of(table).open_days(first, last)]
