"""Having Dagster work: backtests as backfills, definitions loaded again."""

from __future__ import annotations

from typing import Annotated

from pydantic import BaseModel, ConfigDict, Field

from jutsu_dagster.api.problems import RefusedError
from jutsu_dagster.defs import launching
from jutsu_dagster.defs.reload import reload
from jutsu_dagster.defs.webserver import WebserverError
from jutsu_dagster.pipeline.views.accounts import Json
from jutsu_dagster.pipeline.views.asked import QuestionError, UnknownError
from jutsu_dagster.pipeline.views.desk import ReadDesk
from jutsu_dagster.storage.state import iso

_NO_DAGSTER = "no Dagster runs beside this: start `jutsu up`, which starts both"
Year = Annotated[int, Field(ge=1900, le=2999)]


class YearsAsked(BaseModel):
    """Which years of a backtest; all of them unless said."""

    model_config = ConfigDict(extra="forbid")

    start_year: Year | None = Field(None, description="Default: the year of backtest.start")
    end_year: Year | None = Field(
        None, description="Default: the year of backtest.end, or this year"
    )


def launch(desk: ReadDesk, strategy_id: str, asked: YearsAsked) -> Json:
    """Launch a strategy's backtest as a Dagster backfill.

    Returns
    -------
    dict
        ``launch_id``, ``strategy_id``, ``years``, ``dagster_url``, ``progress`` (a path).

    Raises
    ------
    UnknownError, ConfigError, QuestionError
    RefusedError
        503 where no Dagster runs, or it refuses.
    """
    years = years_of(desk, strategy_id, asked)
    url = _webserver(desk)
    try:
        launch_id = launching.launch_backtest(url, strategy_id, years)
    except WebserverError as error:
        raise RefusedError(503, "dagster-refused", str(error)) from error
    return {
        "launch_id": launch_id,
        "strategy_id": strategy_id,
        "years": years,
        "dagster_url": launching.page_of(url, launch_id),
        "progress": f"/api/backtest/launches/{launch_id}",
    }


def years_of(desk: ReadDesk, strategy_id: str, asked: YearsAsked) -> list[int]:
    """Return the years to compute; raise QuestionError for those that a backtest does not have."""
    config = desk.config(desk.entry(strategy_id))
    first = config.backtest_start.year
    last = config.backtest_end.year if config.backtest_end else desk.now().year
    begin = first if asked.start_year is None else asked.start_year
    end = last if asked.end_year is None else asked.end_year
    for name, year in (("start_year", begin), ("end_year", end)):
        if not first <= year <= last:
            rule = f"({year}) must be {first} to {last}: the years of {strategy_id}'s backtest"
            raise QuestionError(name, rule)
    if begin > end:
        raise QuestionError("start_year", f"({begin}) must not be after end_year ({end})")
    return list(range(begin, end + 1))


def progress(desk: ReadDesk, launch_id: str) -> Json:
    """Return how far a launched backtest is: see ``models.variants.LaunchProgress``.

    Raises
    ------
    UnknownError
        If no backtest was launched under this id.
    RefusedError
        503 where no Dagster runs.
    """
    url = _webserver(desk)
    try:
        found = launching.progress_of(url, launch_id)
    except WebserverError as error:
        raise RefusedError(503, "dagster-refused", str(error)) from error
    if found is None:
        told = "its id is what POST /api/strategies/{id}/backtest answered"
        raise UnknownError("launch", launch_id, [], told)
    return {
        "launch_id": launch_id,
        "strategy_id": found.strategy_id,
        "status": found.status,
        "years": found.years,
        "years_done": found.done,
        "years_failed": found.failed,
        "started_at": None if found.started_at is None else iso(found.started_at),
        "ended_at": None if found.ended_at is None else iso(found.ended_at),
        "error": found.error,
        "dagster_url": launching.page_of(url, launch_id),
    }


def reload_definitions(desk: ReadDesk) -> Json:
    """Have Dagster load the definitions again; raise RefusedError where that fails."""
    fault = reload(_webserver(desk))
    if fault is not None:
        raise RefusedError(503, "dagster-refused", fault)
    return {"reloaded": True, "message": "Dagster has loaded the definitions again"}


def _webserver(desk: ReadDesk) -> str:
    url = desk.settings.webserver_url
    if url is None:
        raise RefusedError(503, "no-dagster", _NO_DAGSTER)
    return url
