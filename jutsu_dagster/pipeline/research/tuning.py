"""Tunings that were applied: promotions that a person approved; the night itself tunes nothing."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import UTC, date, datetime
from typing import Any

from jutsu_dagster.research.self_eval import TuningEvent
from jutsu_dagster.research.trades import is_finite
from jutsu_dagster.research.tuner import CAP, CONF
from jutsu_dagster.storage import promotion_log
from jutsu_dagster.storage.ledger import Ledger

_APPLIED = ("approved", "rolled_back")


@dataclass(frozen=True, slots=True)
class Applied:
    """A change of a strategy's parameters that it has traded with.

    Attributes
    ----------
    at : datetime
        When, with its time zone.
    strategy_id : str
    mutations : mapping
        What was changed, in the grammar of mutations.
    """

    at: datetime
    strategy_id: str
    mutations: Mapping[str, Any]


def tuning_events(applied: Iterable[Applied] = ()) -> list[TuningEvent]:
    """Return applied changes as the self-evaluation counts them.

    Only a change of the entry threshold or of the cap is a tuning; another is left out.
    """
    events = []
    for one in applied:
        conf, cap = (one.mutations.get(name) for name in (CONF, CAP))
        event = TuningEvent(
            ts=one.at.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ"),
            strategy_id=one.strategy_id,
            conf_min_delta=conf if is_finite(conf) else 0.0,
            exploration_cap_delta=int(cap) if is_finite(cap) else 0,
            applied=True,
        )
        if event.is_real:
            events.append(event)
    return events


def applied_promotions(ledger: Ledger) -> list[Applied]:
    """Return the promotions that were ever approved, also those rolled back later.

    Raises
    ------
    LedgerError
        If the ledger cannot be read.
    """
    approved = [row for row in promotion_log.audit(ledger.engine) if row.event == "approved"]
    if not approved:
        return []
    known = {row.id: row for row in promotion_log.proposals(ledger.engine)}
    return [
        Applied(row.at, found.parent_id, found.document.get("mutations") or {})
        for row in approved
        if (found := known.get(row.promotion_id)) is not None
    ]


def promoted_since(ledger: Ledger, day: date) -> dict[str, str]:
    """Return the strategies that took over what the night of ``day``, or a later one, proposed.

    Their parameters of that night are no longer those that their files state.

    Returns
    -------
    dict of strategy id to proposal id

    Raises
    ------
    LedgerError
        If the ledger cannot be read.
    """
    return {
        row.parent_id: row.id
        for row in promotion_log.standings(ledger.engine)
        if row.status in _APPLIED and row.partition >= day
    }
