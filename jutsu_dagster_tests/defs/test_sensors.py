"""The watches: one alert of whatever nobody has told yet."""

from __future__ import annotations

from datetime import UTC, date, datetime
from typing import Any

import dagster as dg
import pandas as pd
import pytest

from jutsu_dagster.core.errors import LedgerError
from jutsu_dagster.defs import sensors
from jutsu_dagster.pipeline.ingest import ingest_range
from jutsu_dagster.pipeline.paper import paper_account
from jutsu_dagster_tests.defs.conftest import QUIET, Graph, failures
from jutsu_dagster_tests.nights import (
    NIGHT,
    START,
    TRADED,
    register,
    sessions,
    starts,
    subjects,
    write_module,
)

TUESDAY = date(2013, 12, 17)


def watch(graph: Graph, name: str) -> dg.SensorDefinition:
    found = graph.definitions.resolve_sensor_def(name)
    assert isinstance(found, dg.SensorDefinition)
    return found


def failed(graph: Graph, result: dg.ExecuteInProcessResult) -> None:
    """Let the watch over runs see a failed one."""
    context = dg.build_run_status_sensor_context(
        "alert_on_failure",
        result.get_run_failure_event(),
        graph.instance,
        result.dagster_run,
    ).for_run_failure()
    watch(graph, "alert_on_failure")(context)


def look(graph: Graph, monkeypatch: pytest.MonkeyPatch, now: datetime) -> str:
    """Let the watch for silence look at a moment; return what it says."""

    class Clock(datetime):
        @classmethod
        def now(cls, tz: Any = None) -> datetime:  # type: ignore[override]
            return now.astimezone(tz)

    monkeypatch.setattr(sensors, "datetime", Clock)
    with dg.build_sensor_context(instance=graph.instance) as context:
        tick = watch(graph, "watch_for_silence").evaluate_tick(context)
    assert not tick.run_requests
    return tick.skip_message or ""


def test_a_strategy_that_told_of_its_failure_is_not_told_of_twice(paper: Graph) -> None:
    register(paper.home, "raises", f"{write_module(paper.home)}:Raises")
    result = paper.night(START, NIGHT)
    assert list(failures(result)) == ["strategies__raises"]
    told = subjects(paper.home)
    failed(paper, result)
    assert (
        subjects(paper.home) == told == {f"secondary strategy raises failed on {NIGHT}": "warning"}
    )


def test_bars_that_fail_their_checks_are_told_of_once(
    paper: Graph, monkeypatch: pytest.MonkeyPatch
) -> None:
    def spoil(rows: pd.DataFrame) -> pd.DataFrame:
        rows.loc[rows["symbol"] == "TMF", "high"] = 0.01
        return rows

    def ingest(*given: Any, **named: Any) -> Any:
        report = ingest_range(*given, **named)
        paper.home.change_bars(NIGHT, NIGHT, spoil)
        return report

    monkeypatch.setattr("jutsu_dagster.defs.market.ingest_range", ingest)
    for _ in range(2):
        result = paper.night(NIGHT)
        assert len(failures(result)) == 1
        failed(paper, result)
    assert subjects(paper.home) == {f"data check of etf_daily failed on {NIGHT}": "critical"}
    assert sessions(paper.home, "v3_5b")[-1] == str(TRADED)


def test_what_nobody_told_of_is_told_with_its_reason(
    paper: Graph, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("JUTSU_ETF_SOURCE", "files:nowhere.parquet")
    result = paper.night(NIGHT)
    failed(paper, result)
    failed(paper, result)
    assert subjects(paper.home) == {f"run of trading_session failed on {NIGHT}": "critical"}


def test_a_step_that_dies_before_its_strategy_is_told_of(
    paper: Graph, monkeypatch: pytest.MonkeyPatch
) -> None:
    def breaks(*_: object) -> None:
        raise LedgerError("the ledger is out of reach")

    monkeypatch.setattr("jutsu_dagster.defs.paper._failed_before", breaks)
    result = paper.night(NIGHT, ids=["v3_5b"])
    assert "out of reach" in failures(result)["strategies__v3_5b"]
    failed(paper, result)
    assert subjects(paper.home) == {f"run of trading_session failed on {NIGHT}": "critical"}


def test_a_run_without_partitions_is_of_its_day(
    paper: Graph, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("JUTSU_ETF_SOURCE", "files:nowhere.parquet")
    result = paper.definitions.resolve_job_def("hourly_refresh").execute_in_process(
        instance=paper.instance, run_config=QUIET, raise_on_error=False
    )
    assert "there is no such file" in next(iter(failures(result).values()))
    failed(paper, result)
    today = datetime.now(UTC).date()
    assert subjects(paper.home) == {f"run of hourly_refresh failed on {today}": "critical"}


def test_a_night_in_which_nothing_ran_is_told_of_once(
    paper: Graph, monkeypatch: pytest.MonkeyPatch
) -> None:
    early, due = datetime(2013, 12, 17, 5, 59, tzinfo=UTC), datetime(2013, 12, 17, 6, tzinfo=UTC)
    assert look(paper, monkeypatch, early) == "the last session is recorded"
    assert subjects(paper.home) == {}
    for hour in (6, 7, 23):
        said = look(paper, monkeypatch, due.replace(hour=hour))
        assert said == f"{NIGHT} is in no account; v3_5b, v3_5d should have it"
    assert subjects(paper.home) == {f"nothing ran for the session of {NIGHT}": "critical"}


def test_a_weekend_is_no_silence(paper: Graph, monkeypatch: pytest.MonkeyPatch) -> None:
    monday = datetime(2013, 12, 16, 12, tzinfo=UTC)
    assert look(paper, monkeypatch, monday) == "the last session is recorded"


def test_one_account_with_the_session_is_no_silence(
    paper: Graph, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert paper.night(NIGHT, ids=["v3_5d"]).success
    noon = datetime(2013, 12, 17, 12, tzinfo=UTC)
    assert look(paper, monkeypatch, noon) == "the last session is recorded"


def test_accounts_that_have_not_begun_owe_nothing(
    paper: Graph, monkeypatch: pytest.MonkeyPatch
) -> None:
    home = paper.home
    for id_ in ("v3_5b", "v3_5d"):
        home.ledger.forget(paper_account(id_), sessions(home, id_))
    starts(home, None, "v3_5b")
    starts(home, date(2014, 1, 2), "v3_5d")
    noon = datetime(2013, 12, 17, 12, tzinfo=UTC)
    assert look(paper, monkeypatch, noon) == "the last session is recorded"


def test_a_ledger_out_of_reach_is_a_silence_too(
    paper: Graph, monkeypatch: pytest.MonkeyPatch
) -> None:
    (paper.home.path / "state" / "jutsu.db").unlink()
    noon = datetime(2013, 12, 17, 12, tzinfo=UTC)
    assert "ledger" in look(paper, monkeypatch, noon)
    unsent = (paper.home.path / "state" / "alerts_unsent.jsonl").read_text()
    assert "run of watch_for_silence failed on 2013-12-16" in unsent
