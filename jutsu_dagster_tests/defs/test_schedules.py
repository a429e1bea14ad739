"""When things run by themselves, asked of the schedules as the daemon asks them."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from zoneinfo import ZoneInfo

import dagster as dg
import pytest
from dagster._utils.schedules import schedule_execution_time_iterator

from jutsu_dagster.definitions import build_definitions
from jutsu_dagster.defs.reload import WATCH
from jutsu_dagster.defs.schedules import TRADING_JOB
from jutsu_dagster.pipeline.paper import paper_account
from jutsu_dagster_tests.defs.conftest import MARKET, Graph
from jutsu_dagster_tests.homes import Home
from jutsu_dagster_tests.nights import (
    NIGHT,
    START,
    TRADED,
    register,
    sessions,
    starts,
    write_module,
)

SATURDAY, SUNDAY = date(2013, 12, 14), date(2013, 12, 15)
NEW_YORK = ZoneInfo("America/New_York")
FIRST, LAST = "dagster/asset_partition_range_start", "dagster/asset_partition_range_end"


@pytest.fixture
def paper(paper_home: Home, tmp_path: Path) -> Iterator[Graph]:
    """As elsewhere, on an instance that a schedule can be given: one with files."""
    with dg.DagsterInstance.local_temp(str(tmp_path)) as instance:
        yield Graph(paper_home, instance)


def show(graph: Graph, first: date, last: date, *ids: str) -> None:
    """Let Dagster know of days as a run would."""
    keys = [MARKET, *(dg.AssetKey(["strategies", id_]) for id_ in ids or ("v3_5b", "v3_5d"))]
    for key in keys:
        for offset in range((last - first).days + 1):
            day = str(first + timedelta(days=offset))
            event = dg.AssetMaterialization(key, partition=day)
            graph.instance.report_runless_asset_event(event)


def schedule(graph: Graph, name: str) -> dg.ScheduleDefinition:
    found = graph.definitions.resolve_schedule_def(name)
    assert isinstance(found, dg.ScheduleDefinition)
    return found


def evaluated(
    graph: Graph, schedule: dg.ScheduleDefinition, at: datetime
) -> dg.RunRequest | str | None:
    """Return the run that a schedule asks for at a moment, or why it skips."""
    with dg.build_schedule_context(instance=graph.instance, scheduled_execution_time=at) as context:
        tick = schedule.evaluate_tick(context)
    if tick.run_requests:
        (request,) = tick.run_requests
        return request
    return tick.skip_message


def night_of(graph: Graph, day: date) -> dg.RunRequest | str | None:
    """Return what the tick after a day's end asks for."""
    at = datetime(day.year, day.month, day.day, 0, 30, tzinfo=UTC) + timedelta(days=1)
    return evaluated(graph, schedule(graph, TRADING_JOB), at)


def span(request: dg.RunRequest | str | None) -> tuple[str, str]:
    assert isinstance(request, dg.RunRequest), request
    return request.tags[FIRST], request.tags[LAST]


def test_the_night_asks_for_the_day_that_has_ended(paper: Graph) -> None:
    show(paper, START, SUNDAY)
    assert span(night_of(paper, NIGHT)) == (str(NIGHT), str(NIGHT))


def test_after_days_offline_one_run_takes_all_in_order(paper: Graph) -> None:
    show(paper, START, TRADED)
    # The weekend, looked at by nobody yet, is shown as closed by the same run.
    assert span(night_of(paper, date(2013, 12, 26))) == (str(SATURDAY), "2013-12-26")
    assert night_of(paper, TRADED) == f"every account is up to {TRADED}"


def test_a_closed_day_is_asked_for_once(paper: Graph) -> None:
    show(paper, START, TRADED)
    assert span(night_of(paper, SATURDAY)) == (str(SATURDAY), str(SATURDAY))
    show(paper, SATURDAY, SATURDAY)
    assert night_of(paper, SATURDAY) == f"every account is up to {SATURDAY}"


def test_the_account_that_is_furthest_behind_sets_the_beginning(paper: Graph) -> None:
    show(paper, START, SUNDAY)
    home = paper.home
    home.ledger.forget(paper_account("v3_5d"), sessions(home, "v3_5d")[-4:])
    assert span(night_of(paper, NIGHT)) == ("2013-12-10", str(NIGHT))


def test_a_new_project_begins_at_its_start(paper: Graph) -> None:
    home = paper.home
    for id_ in ("v3_5b", "v3_5d"):
        home.ledger.forget(paper_account(id_), sessions(home, id_))
    starts(home, None, "v3_5b", "v3_5d")
    assert night_of(paper, NIGHT) == f"every account is up to {NIGHT}"
    starts(home, START, "v3_5b", "v3_5d")
    assert span(night_of(paper, NIGHT)) == (str(START), str(NIGHT))


def test_a_broken_strategy_asks_for_nothing(paper: Graph) -> None:
    register(paper.home, "broken", f"{write_module(paper.home)}:Steady", share="half")
    show(paper, START, TRADED)
    assert night_of(paper, TRADED) == f"every account is up to {TRADED}"


def test_what_a_killed_run_recorded_and_did_not_show_is_shown_by_the_next(paper: Graph) -> None:
    # The ledger has two weeks; of the last three days one account shows nothing.
    show(paper, START, SUNDAY, "v3_5b")
    show(paper, START, date(2013, 12, 10), "v3_5d")
    assert span(night_of(paper, NIGHT)) == ("2013-12-11", str(NIGHT))
    assert paper.night(date(2013, 12, 11), NIGHT).success
    assert night_of(paper, NIGHT) == f"every account is up to {NIGHT}"


@pytest.mark.parametrize("status", [dg.DagsterRunStatus.NOT_STARTED, dg.DagsterRunStatus.STARTED])
def test_the_night_waits_for_the_run_that_is_under_way(
    paper: Graph, status: dg.DagsterRunStatus
) -> None:
    job = paper.definitions.resolve_job_def(TRADING_JOB)
    run = paper.instance.create_run_for_job(job, status=status)
    said = night_of(paper, NIGHT)
    assert isinstance(said, str)
    assert run.run_id in said
    assert "under way" in said


def test_the_night_waits_for_no_run_of_a_command_that_was_killed(paper: Graph) -> None:
    job = paper.definitions.resolve_job_def(TRADING_JOB)
    run = paper.instance.create_run_for_job(job, status=dg.DagsterRunStatus.STARTED)
    place = paper.home.settings.dagster_home / ".live_runs" / run.run_id
    place.parent.mkdir(parents=True)
    place.touch()  # its lock went with its process
    assert isinstance(night_of(paper, NIGHT), dg.RunRequest)
    ended = paper.instance.get_run_by_id(run.run_id)
    assert ended is not None
    assert ended.status == dg.DagsterRunStatus.FAILURE


def test_what_the_night_asks_for_is_a_run_that_works(paper: Graph) -> None:
    request = night_of(paper, date(2013, 12, 17))
    assert isinstance(request, dg.RunRequest)
    result = paper.definitions.resolve_job_def(TRADING_JOB).execute_in_process(
        instance=paper.instance, tags=request.tags, run_config=request.run_config
    )
    assert result.success
    assert sessions(paper.home, "v3_5b")[-1] == "2013-12-17"


def ticks(name: str, graph: Graph, day: date) -> list[str]:
    """Return the New York times at which a schedule asks for a run on a day."""
    asked = schedule(graph, name)
    crons = [asked.cron_schedule] if isinstance(asked.cron_schedule, str) else asked.cron_schedule
    begin = datetime(day.year, day.month, day.day, tzinfo=NEW_YORK)
    found = []
    for at in schedule_execution_time_iterator(begin.timestamp(), crons, asked.execution_timezone):
        if at.astimezone(NEW_YORK).date() != day:
            break
        request = evaluated(graph, asked, at)
        if isinstance(request, dg.RunRequest):
            found.append(f"{at.astimezone(NEW_YORK):%H:%M}")
            config = next(iter(request.run_config["ops"].values()))["config"]
            assert datetime.fromisoformat(config["at"]) == at
    return found


HOURS = ["10:00", "11:00", "12:00", "13:00", "14:00", "15:00", "15:30"]


@pytest.mark.parametrize(
    ("day", "refreshes", "ends"),
    [
        (date(2026, 3, 6), HOURS, ["16:15"]),  # the last session of winter time
        (date(2026, 3, 9), HOURS, ["16:15"]),
        (date(2026, 10, 30), HOURS, ["16:15"]),  # the last of summer time
        (date(2026, 11, 2), HOURS, ["16:15"]),
        (date(2026, 11, 27), ["10:00", "11:00", "12:00", "12:30"], ["13:15"]),  # half a day
        (date(2026, 12, 24), ["10:00", "11:00", "12:00", "12:30"], ["13:15"]),
        (date(2026, 11, 26), [], []),  # Thanksgiving
        (date(2026, 7, 3), [], []),  # Independence Day, observed
        (date(2026, 11, 28), [], []),  # a Saturday
    ],
)
def test_marks_and_ends_of_days_keep_exchange_hours(
    paper: Graph, day: date, refreshes: list[str], ends: list[str]
) -> None:
    assert ticks("hourly_refresh", paper, day) == refreshes
    assert ticks("eod_finalization", paper, day) == ends


@pytest.mark.parametrize("running", [True, False])
def test_schedules_and_watches_ship_stopped(
    paper_home: Home, monkeypatch: pytest.MonkeyPatch, *, running: bool
) -> None:
    if running:
        monkeypatch.setenv("JUTSU_SCHEDULES", "1")
    built = build_definitions(paper_home.registry, paper_home.settings)
    schedules, sensors = built.schedules or [], built.sensors or []
    assert {each.name for each in schedules} == {
        "trading_session", "hourly_refresh", "eod_finalization", "nightly_research_cycle",
    }  # fmt: skip
    watch = next(each for each in sensors if each.name == WATCH)
    others = [each for each in sensors if each is not watch]
    assert {each.name for each in others} == {
        "alert_on_failure", "watch_for_silence", "missed_nights",
        "report_after_success", "report_after_failure", "report_after_cancellation",
    }  # fmt: skip
    wanted = "RUNNING" if running else "STOPPED"
    found = {each.default_status.value for each in (*schedules, *others)}
    assert found == {wanted}
    # What is only looked at needs nobody to start it.
    assert watch.default_status.value == "RUNNING"
