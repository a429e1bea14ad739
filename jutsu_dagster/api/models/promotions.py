"""Answers about proposals, and what a decision about one says."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import BaseModel, ConfigDict, Field, StringConstraints

from jutsu_dagster.api.models.base import Day, Json, Moment, Shape

ProposalStatus = Literal["open", "approved", "rejected", "expired", "withdrawn", "rolled_back"]
Value = float | int | bool | str | list[object] | dict[str, object] | None


class Promotion(Shape):
    """A variant proposed as its parent's next version."""

    id: str
    strategy_id: str
    parent_id: str
    variant_id: str
    status: ProposalStatus
    partition: Day = Field(description="Of the night that proposed it")
    expires_on: Day
    expired: bool = Field(description="Open, but too late to approve")
    opened_at: Moment
    closed_at: Moment | None
    proposal_hash: str
    mutations: Json
    days: int = Field(description="Days of evidence")
    gates: dict[str, bool]
    gates_held: int
    headlines: dict[str, Value]


class PromotionList(Shape):
    """All proposals, those to decide about first."""

    promotions: list[Promotion]
    open: int


class ChangedParameter(Shape):
    """What a promotion changes."""

    parameter: str
    old: object
    new: object


class Gate(Shape):
    """One thing that must hold."""

    name: str
    title: str
    passed: bool
    value: Value
    threshold: Value
    why: str


class Rule(Shape):
    """One check of the promotion rule; null was not made."""

    title: str
    holds: bool | None


class Number(Shape):
    """One number of the evidence, with where it comes from."""

    name: str
    value: Value
    definition: str
    source: str


class Curves(Shape):
    """Daily net returns, fractions."""

    days: list[Day]
    variant: list[float]
    control: list[float]


class History(Shape):
    """One thing that happened to a proposal."""

    at: Moment
    event: str
    who: str
    why: str


class PromotionDetail(Promotion):
    """A proposal with all of its evidence."""

    symbol: str
    verdict: str
    window: Json
    changes: list[ChangedParameter]
    gates_told: list[Gate]
    rule: list[Rule]
    stats: Json
    numbers: list[Number]
    curves: Curves
    compound: bool
    synthetic: bool
    history: list[History]
    approve_command: str
    reject_command: str
    data_versions: list[str]
    code_version: str


Words = Annotated[str, StringConstraints(strip_whitespace=True, min_length=1)]


class Rejection(BaseModel):
    """Who rejects a proposal, and why; both are kept for good."""

    model_config = ConfigDict(extra="forbid")

    by: Annotated[Words, Field(max_length=100)]
    why: Annotated[Words, Field(max_length=10_000)]


class Approval(Rejection):
    """Who approves a proposal, upon which evidence, and why."""

    hash: Annotated[
        str, Field(pattern="^[0-9a-f]{8,64}$", description="The proposal_hash that was shown")
    ]


class Decided(Shape):
    """What was decided, and what it did."""

    id: str
    status: ProposalStatus
    parent_id: str
    variant_id: str
    files: list[str] = Field(description="Files written, from the project on")
    kept: str | None = Field(description="Where the parent's file is kept as it was before")
    old_version: str
    new_version: str
    retired: list[str]
    withdrawn: list[str]
    warnings: list[str] = Field(description="What does not show it yet")
