"""The application: routes, refusals, documentation, and the door before all of them."""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager

from fastapi import FastAPI
from fastapi.routing import APIRoute
from starlette.types import ASGIApp

from jutsu_dagster import __version__
from jutsu_dagster.api.answers import Answers
from jutsu_dagster.api.docs import add_docs
from jutsu_dagster.api.problems import Problem, add_handlers
from jutsu_dagster.api.routes import (
    backtests,
    performance,
    promotions,
    status,
    strategies,
    trades,
    variants,
)
from jutsu_dagster.api.security import Beside, Door, PostGuard
from jutsu_dagster.api.shortcut import Shortcut
from jutsu_dagster.pipeline.views.desk import ReadDesk
from jutsu_dagster.settings import Settings

ROUTERS = tuple(
    each.router
    for each in (strategies, performance, backtests, status, trades, variants, promotions)
)
DESCRIPTION = """What the strategies of this project did and do, read from the ledger.

Returns, drawdowns, volatilities and win rates are **percent points** (15.2 is 15.2 %) except where
a field says that it is a file's own; money is money. What is undefined is null, and zero is zero.
`strategy_id` filters everywhere. Unknown ids are 404 with those near them, bad parameters 422 with
the rule; every refusal is problem JSON. Answers carry an `ETag`: send it as `If-None-Match`.

Reading is open on this machine. Every POST needs `Authorization: Bearer <JUTSU_API_TOKEN>`.
"""


def create_app(
    settings: Settings,
    desk: ReadDesk | None = None,
    guard: PostGuard | None = None,
    beside: ASGIApp | None = None,
) -> FastAPI:
    """Return the application that serves ``/api``.

    Parameters
    ----------
    settings : Settings
    desk : ReadDesk, optional
        Shared with whatever else the process serves; closed when the application ends.
    guard : PostGuard, optional
    beside : ASGIApp, optional
        Serves all other paths, behind the same door. Mounted, it would also get the API's own
        unknown paths and wrong methods.

    Returns
    -------
    FastAPI
        Its ``state`` holds ``desk``, ``answers`` and ``guard``.
    """
    opened = desk or ReadDesk(settings)

    @asynccontextmanager
    async def life(_app: FastAPI) -> AsyncIterator[None]:
        yield
        opened.close()

    app = FastAPI(
        title="jutsu_dagster",
        version=__version__,
        description=DESCRIPTION,
        openapi_url="/api/openapi.json",
        docs_url=None,
        redoc_url=None,
        lifespan=life,
        generate_unique_id_function=_operation_id,
        redirect_slashes=False,
    )
    app.state.desk, app.state.answers = opened, Answers(opened)
    app.state.guard = guard or PostGuard(settings)
    for router in ROUTERS:
        app.include_router(router, prefix="/api")
    add_handlers(app)
    add_docs(app)
    app.openapi = _with_problems(app.openapi)  # type: ignore[method-assign]
    hosts = [name.strip() for name in settings.api_hosts.split(",")]
    if beside is not None:
        app.add_middleware(Beside, other=beside)
    # The door is the outermost: the last that is added.
    app.add_middleware(Shortcut, desk=opened, answers=app.state.answers)
    app.add_middleware(Door, guard=app.state.guard, hosts=hosts)
    return app


def _operation_id(route: APIRoute) -> str:
    return route.name


def _with_problems(openapi: Callable[[], dict[str, object]]) -> Callable[[], dict[str, object]]:
    """Return a maker of the documentation that describes refusals as they are."""

    def described() -> dict[str, object]:
        document: dict[str, object] = openapi()
        components = document["components"]
        assert isinstance(components, dict)  # noqa: S101  (OpenAPI's own form)
        schema = Problem.model_json_schema(ref_template="#/components/schemas/{model}")
        components["schemas"] |= {**schema.pop("$defs", {}), "Problem": schema}
        return document

    return described
