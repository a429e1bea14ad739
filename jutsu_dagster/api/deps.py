"""What routes ask for: the desk, the answers, and in the documentation a token."""

from __future__ import annotations

from typing import Annotated, cast

from fastapi import Depends, Request
from fastapi.security import HTTPBearer

from jutsu_dagster.api.answers import Answers
from jutsu_dagster.pipeline.views.desk import ReadDesk

# For the documentation's lock and its form: the door has asked the guard already.
_BEARER = HTTPBearer(auto_error=False, description="The value of JUTSU_API_TOKEN")


def _desk(request: Request) -> ReadDesk:
    return cast("ReadDesk", request.app.state.desk)


def _answers(request: Request) -> Answers:
    return cast("Answers", request.app.state.answers)


Desk = Annotated[ReadDesk, Depends(_desk)]
Kept = Annotated[Answers, Depends(_answers)]
Bearer = Depends(_BEARER)
