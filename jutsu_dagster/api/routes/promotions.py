"""Proposals of promotions, and a person's decision about them."""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter, Path, Query, Request, Response

from jutsu_dagster.api.answers import answered, fresh
from jutsu_dagster.api.decisions import approve_promotion, reject_promotion
from jutsu_dagster.api.deps import Bearer, Desk, Kept
from jutsu_dagster.api.models.promotions import (
    Approval,
    Decided,
    PromotionDetail,
    PromotionList,
    Rejection,
)
from jutsu_dagster.api.problems import responses
from jutsu_dagster.api.queries import NoQuery, PromotionsQuery
from jutsu_dagster.pipeline.views import promotions

router = APIRouter(prefix="/promotions", tags=["promotions"])
PromotionPath = Annotated[str, Path(min_length=1, max_length=100)]
_DECIDED = responses(401, 403, 404, 409, 413, 422, 429)


@router.get("", response_model=PromotionList, responses=responses(404, 422))
def list_promotions(
    request: Request, desk: Desk, kept: Kept, query: Annotated[PromotionsQuery, Query()]
) -> Response:
    """All proposals, those to decide about first."""
    ask = (query.parent_id, query.status)
    found = kept.get(("promotions", *query.key), lambda: promotions.promotion_list(desk, *ask))
    return answered(request, found)


@router.get("/{promotion_id}", response_model=PromotionDetail, responses=responses(404, 422))
def get_promotion(
    request: Request,
    desk: Desk,
    kept: Kept,
    promotion_id: PromotionPath,
    _query: Annotated[NoQuery, Query()],
) -> Response:
    """One proposal with all of its evidence."""
    promotions.proposal_of(desk, promotion_id)
    found = kept.get(
        ("promotion", promotion_id), lambda: promotions.promotion_detail(desk, promotion_id)
    )
    return answered(request, found)


@router.post(
    "/{promotion_id}/approve", response_model=Decided, responses=_DECIDED, dependencies=[Bearer]
)
def approve(desk: Desk, promotion_id: PromotionPath, said: Approval) -> Response:
    """Write a proposal's parameters as its parent's next version, upon the evidence shown."""
    return fresh(approve_promotion(desk, promotion_id, said.hash, by=said.by, why=said.why))


@router.post(
    "/{promotion_id}/reject", response_model=Decided, responses=_DECIDED, dependencies=[Bearer]
)
def reject(desk: Desk, promotion_id: PromotionPath, said: Rejection) -> Response:
    """Close a proposal for good; its variant is evaluated no more."""
    return fresh(reject_promotion(desk, promotion_id, by=said.by, why=said.why))
