"""Proposals of promotions as values, and what was decided about them."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any, Literal

Status = Literal["open", "approved", "rejected", "expired", "withdrawn", "rolled_back"]
NIGHT = "the night"
"""Who opens and expires proposals: no person."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Proposal:
    """A variant proposed as its parent's next version.

    Attributes
    ----------
    id : str
        ``<variant_id>_<partition as YYYYMMDD>``.
    parent_id, variant_id : str
    partition : date
        Of the night that proposes it.
    expires_on : date
        The last day on which it can be approved.
    proposal_hash : str
        ``research.promotion_rule.proposal_hash`` of the document.
    document : mapping
        The evidence, as JSON.
    """

    id: str
    parent_id: str
    variant_id: str
    partition: date
    expires_on: date
    proposal_hash: str
    document: Mapping[str, Any]


@dataclass(frozen=True, slots=True, kw_only=True)
class ProposalRow(Proposal):
    """A stored proposal: how it stands, since when it is there, and when it was closed."""

    status: Status
    opened_at: datetime
    closed_at: datetime | None


@dataclass(frozen=True, slots=True, kw_only=True)
class AuditRow:
    """One thing that happened to a proposal, as the columns of the same names."""

    promotion_id: str
    sequence: int
    event: str
    who: str
    why: str
    proposal_hash: str
    detail: Mapping[str, Any]
    at: datetime


def proposal_id(variant_id: str, partition: date) -> str:
    """Return the id of what a night proposes for a variant."""
    return f"{variant_id}_{partition:%Y%m%d}"


@dataclass(frozen=True, slots=True)
class Standing:
    """How a proposal stands, without its evidence; as in ``ProposalRow``."""

    id: str
    parent_id: str
    variant_id: str
    partition: date
    expires_on: date
    proposal_hash: str
    status: Status
