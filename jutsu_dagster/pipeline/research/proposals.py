"""Proposals of a night: opened where every gate holds, and at most so often.

Nothing here promotes: a proposal is a row of the ledger that a person may approve.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from pathlib import Path

from jutsu_dagster.pipeline.proposals import settle
from jutsu_dagster.pipeline.research import artefacts
from jutsu_dagster.pipeline.research.variant_rows import VariantRows
from jutsu_dagster.registry.load import StrategyRegistry
from jutsu_dagster.research.promotion_rule import proposal_hash
from jutsu_dagster.research.trades import Json
from jutsu_dagster.storage import promotion_log as log
from jutsu_dagster.storage.ledger import Ledger
from jutsu_dagster.storage.promotion_log import Proposal, Standing

STEP = "promotion_candidates"
_DAY = timedelta(days=1)


@dataclass(frozen=True, eq=False, slots=True)
class Decided:
    """What a night proposes of one parent.

    Attributes
    ----------
    proposal : Standing or None
        The night's, whatever became of it since.
    reason : str
        Why there is none; empty where there is one.
    """

    proposal: Standing | None
    reason: str = ""


def expire_proposals(
    registry: StrategyRegistry, ledger: Ledger, home: Path, day: date
) -> list[str]:
    """Close the proposals that nobody decided about in time; return their ids.

    The night of ``day`` runs on the day after it: what could be approved up to ``day`` at the
    latest is over. Its variants are shadows again, and may be proposed again.

    Raises
    ------
    LedgerError
        If the ledger cannot be written.
    """
    expired = log.expire(ledger.engine, day + _DAY)
    bring_in_line(registry, ledger, home)
    return expired


def bring_in_line(registry: StrategyRegistry, ledger: Ledger, home: Path) -> None:
    """Let the shadow registry say what the log of proposals says; most nights it does."""
    last = {each.variant_id: each.status for each in log.standings(ledger.engine)}
    rows = VariantRows(registry, home).rows if last else {}
    # To read all variants as strategies takes as long as to judge them.
    if any(
        rows[id_].status == ("shadow" if status == "open" else "proposed")
        for id_, status in last.items()
        if id_ in rows
    ):
        settle(registry, ledger, home)


def propose(
    ledger: Ledger,
    home: Path,
    parent_id: str,
    day: date,
    documents: Sequence[Json],
    *,
    days_open: int,
    days_between: int,
) -> Decided:
    """Open a night's proposal of one parent, if it may have one; safe to repeat.

    Parameters
    ----------
    ledger : Ledger
    home : Path
        The project, whose nights tell what is long past.
    parent_id : str
    day : date
        The night.
    documents : sequence of dict
        Of the variants that pass everything, the best first; see ``documents.document_of``.
    days_open : int
        The last day on which it can be approved is so many days after ``day``.
    days_between : int
        Between one proposal of a parent and the next, at least.

    Raises
    ------
    LedgerError
        If the ledger cannot be read or written.
    """
    there = [each for each in log.standings(ledger.engine) if each.parent_id == parent_id]
    tonight = [each for each in there if each.partition == day]
    if tonight:
        (mine,) = tonight
        for document in documents:
            if document["variant_id"] == mine.variant_id:
                # The night was run before; the log says so if it finds other numbers now.
                return _open(ledger, _proposal(document, day, mine.expires_on))
        return Decided(mine)
    if not documents:
        return Decided(None, "no variant passes every gate")
    near = [each for each in there if abs((each.partition - day).days) < days_between]
    if near:
        return Decided(None, f"{near[0].id} was proposed within {days_between} days")
    expires = day + days_open * _DAY
    later = max(artefacts.nights(home, STEP), default=day)
    if later > expires:
        reason = f"it would have expired on {expires}, and the night of {later} is over"
        return Decided(None, reason)
    return _open(ledger, _proposal(documents[0], day, expires))


def _open(ledger: Ledger, proposal: Proposal) -> Decided:
    log.open_proposal(ledger.engine, proposal)
    return Decided(next(x for x in log.standings(ledger.engine) if x.id == proposal.id))


def _proposal(document: Mapping[str, object], day: date, expires: date) -> Proposal:
    variant = str(document["variant_id"])
    return Proposal(
        id=log.proposal_id(variant, day),
        parent_id=str(document["parent_id"]),
        variant_id=variant,
        partition=day,
        expires_on=expires,
        proposal_hash=proposal_hash(document),
        document=document,
    )


def shown(decided: Iterable[Decided]) -> list[Json]:
    """Return a night's proposals for its artefact; how they stand is the ledger's to say."""
    return [
        {
            "proposal_id": one.proposal.id,
            "parent_id": one.proposal.parent_id,
            "variant_id": one.proposal.variant_id,
            "expires_on": one.proposal.expires_on.isoformat(),
            "proposal_hash": one.proposal.proposal_hash,
        }
        for one in decided
        if one.proposal is not None
    ]
