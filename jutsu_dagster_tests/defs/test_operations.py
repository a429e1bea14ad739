"""Marks and the end of the day as jobs, with what their schedules hand them."""

from __future__ import annotations

from datetime import UTC, date, datetime

import dagster as dg
import pytest

from jutsu_dagster.defs.failures import alert_was_sent
from jutsu_dagster.defs.operations import EOD_JOB, REFRESH_JOB
from jutsu_dagster.pipeline.paper import paper_account
from jutsu_dagster.storage import journal
from jutsu_dagster_tests.defs.conftest import QUIET, Graph, failures
from jutsu_dagster_tests.homes import Home
from jutsu_dagster_tests.nights import register, sessions, subjects, write_module

OPS = {REFRESH_JOB: "mark_to_quotes", EOD_JOB: "finalize_day"}
AT = datetime(2013, 12, 18, 21, 15, tzinfo=UTC)


def run(graph: Graph, job: str, at: str | None = None) -> dg.ExecuteInProcessResult:
    config = {"ops": {OPS[job]: {"config": {"at": at or AT.isoformat()}}}}
    return graph.definitions.resolve_job_def(job).execute_in_process(
        instance=graph.instance, run_config=QUIET | config, raise_on_error=False
    )


def marks(home: Home, id_: str = "v3_5b") -> list[tuple[str, datetime]]:
    rows = journal.marks(home.ledger.engine, paper_account(id_))
    return list(zip(rows["snapshot_source"], rows["snapshot_time"], strict=True))


def test_a_refresh_marks_every_account_and_trades_none(paper: Graph) -> None:
    before = sessions(paper.home, "v3_5b")
    for _ in range(2):
        result = run(paper, REFRESH_JOB)
        assert result.success, failures(result)
    for id_ in ("v3_5b", "v3_5d"):
        assert marks(paper.home, id_) == [("refresh", AT)]
    assert sessions(paper.home, "v3_5b") == before
    (output,) = [event for event in result.all_events if event.is_successful_output]
    shown = output.step_output_data.metadata
    assert shown["marked"].value == 2
    assert "since the close of 2013-12-13" in str(shown["v3_5b"].value)


def test_the_end_of_the_day_shows_what_it_recovered(paper: Graph) -> None:
    result = run(paper, EOD_JOB)
    assert result.success, failures(result)
    assert marks(paper.home) == [("eod", AT)]
    days = {"2013-12-16", "2013-12-17"}
    assert set(sessions(paper.home, "v3_5b")) >= days
    for key in ("strategies/v3_5b", "strategies/v3_5d"):
        assert paper.materialized(key) == days
    shown = paper.metadata("strategies/v3_5b", "2013-12-17")
    assert shown["recovered_by"] == "eod_finalization"
    checkpoint = paper.home.ledger.checkpoints(paper_account("v3_5b"))[-1]
    tags = paper.latest("strategies/v3_5b", "2013-12-17").tags or {}
    assert tags["dagster/data_version"] == checkpoint.closing.digest


def test_a_strategy_that_fails_at_the_end_of_the_day_is_told_of_by_itself(paper: Graph) -> None:
    register(paper.home, "raises", f"{write_module(paper.home)}:Raises")
    paper.home.edit("raises", lambda document: document["paper"].update(start=date(2013, 12, 17)))
    result = run(paper, EOD_JOB)
    assert "no volatility at all" in failures(result)["finalize_day"]
    (event,) = [event for event in result.all_events if event.is_step_failure]
    assert alert_was_sent(event)
    assert list(subjects(paper.home)) == ["secondary strategy raises failed on 2013-12-17"]
    assert paper.materialized("strategies/v3_5d") == {"2013-12-16", "2013-12-17"}


@pytest.mark.parametrize("job", list(OPS))
def test_a_moment_without_a_zone_is_refused(paper: Graph, job: str) -> None:
    said = failures(run(paper, job, "2013-12-18T16:15:00"))[OPS[job]]
    assert said == "at: 2013-12-18T16:15:00 must have a time zone, such as +00:00"
    assert marks(paper.home) == []


@pytest.mark.parametrize("job", list(OPS))
def test_a_ledger_that_nobody_made_is_named_and_left_to_the_watch_over_runs(
    paper: Graph, job: str
) -> None:
    (paper.home.path / "state" / "jutsu.db").unlink()
    result = run(paper, job)
    assert "jutsu init" in failures(result)[OPS[job]]
    (event,) = [event for event in result.all_events if event.is_step_failure]
    assert not alert_was_sent(event)
