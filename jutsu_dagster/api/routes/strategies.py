"""Registered strategies."""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter, Path, Query, Request, Response

from jutsu_dagster.api.answers import answered
from jutsu_dagster.api.deps import Desk, Kept
from jutsu_dagster.api.models.strategies import StrategyDetail, StrategyList, StrategyState
from jutsu_dagster.api.problems import responses
from jutsu_dagster.api.queries import NoQuery
from jutsu_dagster.pipeline.views import strategies

router = APIRouter(tags=["strategies"])
StrategyPath = Annotated[str, Path(min_length=1, max_length=100, description="A strategy's id")]


@router.get("/strategies", response_model=StrategyList, responses=responses(422))
def list_strategies(
    request: Request, desk: Desk, kept: Kept, _query: Annotated[NoQuery, Query()]
) -> Response:
    """All registered strategies, with status and equity on paper."""
    return answered(request, kept.get("strategies", lambda: strategies.strategy_list(desk)))


@router.get(
    "/strategies/{strategy_id}", response_model=StrategyDetail, responses=responses(404, 422)
)
def get_strategy(
    request: Request,
    desk: Desk,
    kept: Kept,
    strategy_id: StrategyPath,
    _query: Annotated[NoQuery, Query()],
) -> Response:
    """All of one strategy: settings, parameters with their bounds, accounts."""
    key = ("strategy", desk.entry(strategy_id).id)
    return answered(request, kept.get(key, lambda: strategies.strategy_detail(desk, strategy_id)))


@router.get(
    "/strategies/{strategy_id}/state",
    response_model=StrategyState,
    responses=responses(404, 422),
)
def get_state(
    request: Request,
    desk: Desk,
    kept: Kept,
    strategy_id: StrategyPath,
    _query: Annotated[NoQuery, Query()],
) -> Response:
    """A strategy's state on paper, as the ledger has it."""
    key = ("state", desk.entry(strategy_id).id)
    return answered(request, kept.get(key, lambda: strategies.strategy_state(desk, strategy_id)))
