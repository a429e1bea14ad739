"""Variants and the nights that make them."""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter, Path, Query, Request, Response

from jutsu_dagster.api.answers import Answer, answered, encoded, etag_of
from jutsu_dagster.api.deps import Desk, Kept
from jutsu_dagster.api.models.variants import (
    ComparedVariants,
    NightPage,
    VariantDetail,
    VariantPage,
)
from jutsu_dagster.api.problems import responses
from jutsu_dagster.api.queries import (
    IsoDate,
    NoQuery,
    VariantCompareQuery,
    VariantQuery,
    VariantsQuery,
)
from jutsu_dagster.pipeline.views import nightly, variant_pages, variants

router = APIRouter(tags=["variants"])
_REFUSALS = responses(404, 422)


@router.get("/variants", response_model=VariantPage, responses=_REFUSALS)
def list_variants(
    request: Request, desk: Desk, kept: Kept, query: Annotated[VariantsQuery, Query()]
) -> Response:
    """A page of all variants, with their accounts beside the frozen parent."""
    found = kept.get(
        ("variants", *query.key),
        lambda: variants.variant_list(
            desk, query.parent_id, query.status, query.sort, query.page, query.page_size,
            descending=query.order == "descending",
        ),
    )  # fmt: skip
    return answered(request, found)


@router.get("/variants/compare", response_model=ComparedVariants, responses=_REFUSALS)
def compare_variants(
    request: Request, desk: Desk, kept: Kept, query: Annotated[VariantCompareQuery, Query()]
) -> Response:
    """Variants of one parent beside it, over the days that all of them have."""
    ask = (query.variant_ids, query.start_date, query.end_date)
    found = kept.get(
        ("variants/compare", *query.key), lambda: variant_pages.variant_compare(desk, *ask)
    )
    return answered(request, found)


@router.get("/variants/{variant_id}", response_model=VariantDetail, responses=_REFUSALS)
def get_variant(
    request: Request,
    desk: Desk,
    kept: Kept,
    variant_id: Annotated[str, Path(min_length=1, max_length=100)],
    query: Annotated[VariantQuery, Query()],
) -> Response:
    """One variant: its row, summary, trades and equity."""
    variants.variant_row(desk, variant_id)
    ask = (variant_id, query.points, query.page, query.page_size)
    found = kept.get(
        ("variant", variant_id, *query.key), lambda: variant_pages.variant_detail(desk, *ask)
    )
    return answered(request, found)


@router.get("/nightly/latest", response_model=NightPage, responses=_REFUSALS)
def get_latest_night(request: Request, desk: Desk, _query: Annotated[NoQuery, Query()]) -> Response:
    """What the newest night did."""
    return _night(request, nightly.nightly(desk))


@router.get("/nightly/{day}", response_model=NightPage, responses=_REFUSALS)
def get_night(
    request: Request, desk: Desk, day: IsoDate, _query: Annotated[NoQuery, Query()]
) -> Response:
    """What the night of a date did."""
    return _night(request, nightly.nightly(desk, day))


def _night(request: Request, found: object) -> Response:
    # Of files, not of the ledger: no stamp covers them, and they are small.
    body = encoded(found)
    return answered(request, Answer(None, body, etag_of(body)))
