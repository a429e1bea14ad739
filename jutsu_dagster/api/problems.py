"""Every refusal as problem JSON (RFC 9457): what happened, by which rule, what is near."""

from __future__ import annotations

import json
import logging
from collections.abc import Mapping, Sequence
from http import HTTPStatus
from typing import Any

from fastapi import FastAPI, Request, Response
from fastapi.exceptions import RequestValidationError
from pydantic import BaseModel, Field
from starlette.exceptions import HTTPException

from jutsu_dagster.core.errors import ConfigError, JutsuError, LedgerError
from jutsu_dagster.pipeline.views.asked import NothingRecordedError, QuestionError, UnknownError

MEDIA_TYPE = "application/problem+json"
_RETRY_SECONDS = "2"
_LOG = logging.getLogger(__name__)


class BrokenRule(BaseModel):
    """One parameter that breaks a rule."""

    field: str = Field(description="Where: a parameter's name, or a path in the body")
    rule: str = Field(description="What must hold")


class Problem(BaseModel):
    """Why there is no answer."""

    type: str = Field(description="A short name of the kind of problem")
    title: str
    status: int
    detail: str = Field(description="What happened, and what to do about it")
    nearest: list[str] = Field(default=[], description="Known ids near an unknown one")
    errors: list[BrokenRule] = Field(default=[], description="Parameters that break rules")


class RefusedError(JutsuError):
    """A request that is refused, with the status that says how.

    Attributes
    ----------
    status : int
    kind : str
        The problem's ``type``.
    headers : mapping of str to str
    """

    def __init__(
        self, status: int, kind: str, detail: str, headers: Mapping[str, str] | None = None
    ) -> None:
        self.status, self.kind, self.headers = status, kind, headers or {}
        super().__init__(detail)


def responses(*statuses: int) -> dict[int | str, dict[str, Any]]:
    """Return what a route's documentation says of its refusals; 421 and 503 are every route's."""
    return {
        status: {
            "description": HTTPStatus(status).phrase,
            "content": {MEDIA_TYPE: {"schema": {"$ref": "#/components/schemas/Problem"}}},
        }
        for status in sorted({*statuses, 421, 503})
    }


def problem(
    status: int,
    kind: str,
    detail: str,
    *,
    nearest: Sequence[str] = (),
    errors: Sequence[BrokenRule] = (),
    headers: Mapping[str, str] | None = None,
) -> Response:
    """Return a problem as an answer."""
    body = Problem(
        type=kind, title=HTTPStatus(status).phrase, status=status, detail=detail,
        nearest=list(nearest), errors=list(errors),
    )  # fmt: skip
    text = json.dumps(body.model_dump(), ensure_ascii=False)
    return Response(
        text, status, {"Cache-Control": "no-store", **(headers or {})}, media_type=MEDIA_TYPE
    )


def add_handlers(app: FastAPI) -> None:
    """Make every error of the application a problem."""
    app.add_exception_handler(JutsuError, _of_ours)
    app.add_exception_handler(RequestValidationError, _of_parameters)
    app.add_exception_handler(HTTPException, _of_http)
    app.add_exception_handler(OSError, _of_disk)
    app.add_exception_handler(Exception, _of_anything)


async def _of_ours(_request: Request, error: Exception) -> Response:
    text = str(error)
    if isinstance(error, RefusedError):
        return problem(error.status, error.kind, text, headers=error.headers)
    if isinstance(error, UnknownError):
        return problem(404, f"unknown-{error.what.split()[0]}", text, nearest=error.nearest)
    if isinstance(error, NothingRecordedError):
        return problem(404, "nothing-recorded", text)
    if isinstance(error, QuestionError):
        broken = [BrokenRule(field=error.field, rule=error.rule)]
        return problem(422, "invalid-parameter", text, errors=broken)
    return _unavailable(error)


def _unavailable(error: Exception) -> Response:
    """Return what is said where the program can do nothing until somebody mends something."""
    kind, broken = "unavailable", []
    if isinstance(error, LedgerError):
        kind = "ledger-unavailable"
    elif isinstance(error, ConfigError):
        kind = "configuration-broken"
        broken = [
            BrokenRule(field=f"{each.file}: {each.key}", rule=str(each)) for each in error.faults
        ]
    return problem(503, kind, str(error), errors=broken, headers={"Retry-After": _RETRY_SECONDS})


async def _of_parameters(request: Request, error: Exception) -> Response:
    assert isinstance(error, RequestValidationError)  # noqa: S101  (registered for it)
    known = _known(request)
    broken = [_rule(each, known) for each in error.errors()]
    text = "; ".join(f"{each.field}: {each.rule}" for each in broken)
    return problem(422, "invalid-parameter", text, errors=broken)


async def _of_http(request: Request, error: Exception) -> Response:
    assert isinstance(error, HTTPException)  # noqa: S101  (registered for it)
    if error.status_code == HTTPStatus.BAD_REQUEST:
        # What is no text at all; other bodies that are no JSON come as broken parameters.
        broken = [BrokenRule(field="body", rule="must be JSON, in UTF-8")]
        return problem(422, "invalid-parameter", "the body must be JSON, in UTF-8", errors=broken)
    detail = str(error.detail)
    if error.status_code == HTTPStatus.NOT_FOUND:
        detail = f"there is no {request.url.path}; /api/docs lists what there is"
    kind = HTTPStatus(error.status_code).phrase.lower().replace(" ", "-")
    return problem(error.status_code, kind, detail, headers=error.headers)


async def _of_disk(_request: Request, error: Exception) -> Response:
    _LOG.warning("a request met the disk's refusal", exc_info=error)
    text = error.strerror if isinstance(error, OSError) and error.strerror else "the disk refused"
    return problem(503, "unavailable", text, headers={"Retry-After": _RETRY_SECONDS})


async def _of_anything(_request: Request, error: Exception) -> Response:
    # Nothing of it goes out: the log has it.
    _LOG.error("a request failed", exc_info=error)
    return problem(500, "internal", "this is a fault of the program; its log says more")


def _known(request: Request) -> list[str]:
    """Return the names of the parameters that the route takes in the query."""
    dependant = getattr(request.scope.get("route"), "dependant", None)
    models = [each.field_info.annotation for each in getattr(dependant, "query_params", ())]
    return [name for model in models for name in getattr(model, "model_fields", ())]


def _rule(found: Mapping[str, Any], known: Sequence[str]) -> BrokenRule:
    place = [str(part) for part in found["loc"][1:]] or [str(found["loc"][0])]
    field = ".".join(place)
    if found["type"] == "extra_forbidden" and found["loc"][0] == "query":
        there = f"there are {', '.join(known)}" if known else "it takes none"
        return BrokenRule(field=field, rule=f"is no parameter of this route; {there}")
    shown, rule = found.get("input"), str(found["msg"])
    if isinstance(shown, str | int | float) and found["type"] != "missing":
        rule = f"({str(shown)[:80]}) {rule[:1].lower()}{rule[1:]}"
    return BrokenRule(field=field, rule=rule)
