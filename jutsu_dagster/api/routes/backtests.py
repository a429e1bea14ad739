"""Recorded backtests, and launching new ones."""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter, Path, Query, Request, Response

from jutsu_dagster.api.answers import answered, fresh
from jutsu_dagster.api.deps import Bearer, Desk, Kept
from jutsu_dagster.api.launches import YearsAsked, launch, progress
from jutsu_dagster.api.models.backtests import BacktestData, Launch, LaunchProgress
from jutsu_dagster.api.models.performance import Compared
from jutsu_dagster.api.problems import responses
from jutsu_dagster.api.queries import BacktestCompareQuery, BacktestQuery, NoQuery
from jutsu_dagster.api.routes.strategies import StrategyPath
from jutsu_dagster.pipeline.views import backtests

router = APIRouter(tags=["backtests"])


@router.get("/backtest/strategies", response_model=list[str], responses=responses(422))
def list_backtests(
    request: Request, desk: Desk, kept: Kept, _query: Annotated[NoQuery, Query()]
) -> Response:
    """Who has a recorded backtest, by class name; strategies that share a class, by id."""
    found = kept.get("backtests", lambda: backtests.backtest_strategies(desk))
    return answered(request, found)


@router.get("/backtest/data", response_model=BacktestData, responses=responses(404, 422))
def get_backtest(
    request: Request, desk: Desk, kept: Kept, query: Annotated[BacktestQuery, Query()]
) -> Response:
    """A recorded backtest: all of it in short, and a range of it in full."""
    ask = (query.strategy_id, query.start_date, query.end_date, query.points)
    found = kept.get(("backtest", *query.key), lambda: backtests.backtest_data(desk, *ask))
    return answered(request, found)


@router.get("/backtest/compare", response_model=Compared, responses=responses(404, 422))
def compare_backtests(
    request: Request, desk: Desk, kept: Kept, query: Annotated[BacktestCompareQuery, Query()]
) -> Response:
    """Recorded backtests side by side, over the sessions that all of them have."""
    ask = (query.strategy_ids, query.start_date, query.end_date)
    found = kept.get(
        ("backtest/compare", *query.key), lambda: backtests.backtest_compare(desk, *ask)
    )
    return answered(request, found)


@router.post(
    "/strategies/{strategy_id}/backtest",
    response_model=Launch,
    status_code=202,
    responses=responses(401, 403, 404, 413, 422, 429),
    dependencies=[Bearer],
)
def launch_backtest(desk: Desk, strategy_id: StrategyPath, asked: YearsAsked) -> Response:
    """Launch a strategy's backtest over some years, as a backfill in Dagster."""
    made = launch(desk, strategy_id, asked)
    return fresh(made, 202, {"Location": made["progress"]})


@router.get(
    "/backtest/launches/{launch_id}",
    response_model=LaunchProgress,
    responses=responses(404, 422),
)
def get_launch(
    desk: Desk,
    launch_id: Annotated[str, Path(pattern="^[A-Za-z0-9-]{1,40}$")],
    _query: Annotated[NoQuery, Query()],
) -> Response:
    """How far a launched backtest is."""
    return fresh(progress(desk, launch_id))
