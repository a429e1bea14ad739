"""The project as a whole."""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter, Query, Request, Response

from jutsu_dagster.api.answers import answered, fresh
from jutsu_dagster.api.deps import Bearer, Desk, Kept
from jutsu_dagster.api.launches import reload_definitions
from jutsu_dagster.api.models.backtests import Reloaded
from jutsu_dagster.api.models.strategies import Health, Ready, Status, StrategyStatus
from jutsu_dagster.api.problems import responses
from jutsu_dagster.api.queries import NoQuery
from jutsu_dagster.pipeline.views import status

router = APIRouter(tags=["status"])


@router.get("/status", response_model=Status, responses=responses(422))
def get_status(desk: Desk, _query: Annotated[NoQuery, Query()]) -> Response:
    """The project at a glance."""
    return fresh(status.status(desk))


@router.get(
    "/status/strategies", response_model=dict[str, StrategyStatus], responses=responses(422)
)
def get_strategies_status(
    request: Request, desk: Desk, kept: Kept, _query: Annotated[NoQuery, Query()]
) -> Response:
    """How every strategy stands on paper, by id."""
    found = kept.get("status/strategies", lambda: status.strategy_status(desk))
    return answered(request, found)


@router.get("/health", response_model=Health, responses=responses(422))
def get_health(desk: Desk, _query: Annotated[NoQuery, Query()]) -> Response:
    """That this process answers; it looks at nothing else."""
    return fresh(status.health(desk))


@router.get(
    "/health/ready",
    response_model=Ready,
    responses=responses(422) | {503: {"model": Ready, "description": "Something is not there"}},
)
def get_ready(desk: Desk, _query: Annotated[NoQuery, Query()]) -> Response:
    """Whether questions can be answered: registry, shadow registry and ledger."""
    found = status.ready(desk)
    return fresh(found, 200 if found["status"] == "ready" else 503)


@router.post(
    "/reload",
    response_model=Reloaded,
    responses=responses(401, 403, 413, 429),
    dependencies=[Bearer],
)
def reload(desk: Desk) -> Response:
    """Have Dagster load the definitions again, after a change of the registry."""
    return fresh(reload_definitions(desk))
