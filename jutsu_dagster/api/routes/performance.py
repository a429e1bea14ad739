"""What accounts did, on paper or in a recorded backtest."""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter, Query, Request, Response

from jutsu_dagster.api.answers import answered
from jutsu_dagster.api.deps import Desk, Kept
from jutsu_dagster.api.models.performance import (
    Compared,
    Drawdown,
    EquityCurve,
    Performance,
    RegimeBreakdown,
)
from jutsu_dagster.api.problems import responses
from jutsu_dagster.api.queries import CompareQuery, CurveQuery, RangeQuery
from jutsu_dagster.pipeline.views import comparing, performance, regimes

router = APIRouter(prefix="/performance", tags=["performance"])
_REFUSALS = responses(404, 422)


@router.get("", response_model=Performance, responses=_REFUSALS)
def get_performance(
    request: Request, desk: Desk, kept: Kept, query: Annotated[RangeQuery, Query()]
) -> Response:
    """Metrics of an account and of its baseline, its trades, and where it stands."""
    ask = (query.strategy_id, query.mode, query.start_date, query.end_date)
    found = kept.get(("performance", *query.key), lambda: performance.performance(desk, *ask))
    return answered(request, found)


@router.get("/equity-curve", response_model=EquityCurve, responses=_REFUSALS)
def get_equity_curve(
    request: Request, desk: Desk, kept: Kept, query: Annotated[CurveQuery, Query()]
) -> Response:
    """An account's equity, a row a session, beside its baseline."""
    ask = (query.strategy_id, query.mode, query.start_date, query.end_date, query.points)
    found = kept.get(("equity", *query.key), lambda: performance.equity_curve(desk, *ask))
    return answered(request, found)


@router.get("/drawdown", response_model=Drawdown, responses=_REFUSALS)
def get_drawdown(
    request: Request, desk: Desk, kept: Kept, query: Annotated[CurveQuery, Query()]
) -> Response:
    """How far an account was below its highest equity."""
    ask = (query.strategy_id, query.mode, query.start_date, query.end_date, query.points)
    found = kept.get(("drawdown", *query.key), lambda: performance.drawdown(desk, *ask))
    return answered(request, found)


@router.get("/regime-breakdown", response_model=RegimeBreakdown, responses=_REFUSALS)
def get_regime_breakdown(
    request: Request, desk: Desk, kept: Kept, query: Annotated[RangeQuery, Query()]
) -> Response:
    """What each regime earned while it was held."""
    ask = (query.strategy_id, query.mode, query.start_date, query.end_date)
    found = kept.get(("regimes", *query.key), lambda: regimes.regime_breakdown(desk, *ask))
    return answered(request, found)


@router.get("/compare", response_model=Compared, responses=_REFUSALS)
def compare(
    request: Request, desk: Desk, kept: Kept, query: Annotated[CompareQuery, Query()]
) -> Response:
    """Strategies side by side, over the sessions that all of them have."""
    ask = (query.strategy_ids, query.mode, query.start_date, query.end_date)
    found = kept.get(("compare", *query.key), lambda: comparing.compare(desk, *ask))
    return answered(request, found)
