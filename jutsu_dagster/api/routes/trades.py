"""Executed orders."""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter, Query, Request, Response
from fastapi.responses import StreamingResponse

from jutsu_dagster.api.answers import answered
from jutsu_dagster.api.deps import Desk, Kept
from jutsu_dagster.api.models.backtests import TradePage
from jutsu_dagster.api.problems import responses
from jutsu_dagster.api.queries import TradePageQuery, TradesQuery
from jutsu_dagster.pipeline.views import trades

router = APIRouter(prefix="/trades", tags=["trades"])


@router.get("", response_model=TradePage, responses=responses(404, 422))
def list_trades(
    request: Request, desk: Desk, kept: Kept, query: Annotated[TradePageQuery, Query()]
) -> Response:
    """A page of executed orders of all strategies, or of those asked for, the newest first."""
    found = kept.get(
        ("trades", *query.key),
        lambda: trades.trades(
            desk, query.wanted, query.page, query.page_size, newest=query.order == "newest"
        ),
    )
    return answered(request, found)


@router.get(
    "/export",
    response_class=Response,
    responses=responses(404, 422)
    | {200: {"content": {"text/csv": {"schema": {"type": "string"}}}, "description": "CSV"}},
)
def export_trades(desk: Desk, query: Annotated[TradesQuery, Query()]) -> Response:
    """All executed orders asked for, as CSV, the oldest first."""
    lines = trades.trades_csv(desk, query.wanted)
    # The first line is made here, so that a ledger that is away is said as a problem.
    first, second = next(lines), next(lines, "")
    name = f"trades_{query.mode}.csv"
    return StreamingResponse(
        (text for part in ((first, second), lines) for text in part),
        media_type="text/csv; charset=utf-8",
        headers={
            "Content-Disposition": f'attachment; filename="{name}"', "Cache-Control": "no-store",
        },
    )  # fmt: skip
