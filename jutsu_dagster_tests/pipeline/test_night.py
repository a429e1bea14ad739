"""One strategy's share of the night: what it does reaches no other, and is kept and told."""

from __future__ import annotations

import json
from collections.abc import Iterator
from datetime import date
from pathlib import Path
from typing import Any

import pytest

from jutsu_dagster.core.account import AccountState
from jutsu_dagster.core.errors import StrategyError
from jutsu_dagster.pipeline.night import trade_strategy
from jutsu_dagster.pipeline.paper import paper_account, trade_sessions
from jutsu_dagster.pipeline.session_report import SessionReport
from jutsu_dagster.registry.config import StrategyConfig
from jutsu_dagster_tests.homes import Home, lift_closes
from jutsu_dagster_tests.nights import (
    NIGHT,
    TRADED,
    account,
    assert_same_account,
    attempts,
    open_books,
    register,
    sessions,
    set_settings,
    statuses,
    subjects,
    trade,
    write_module,
)

CHRISTMAS, SATURDAY = date(2013, 12, 25), date(2013, 12, 14)
BOTH = ("v3_5b", "v3_5d")


def test_a_night_adds_one_session_to_each_account_and_shows_it_in_the_state_files(
    paper_home: Home,
) -> None:
    results = trade(paper_home, NIGHT)
    assert [(id_, result.status) for id_, result in results.items()] == [
        (id_, "ok") for id_ in BOTH
    ]
    for id_, result in results.items():
        (report,) = result.sessions
        assert (report.day, report.status) == (NIGHT, "recorded")
        assert sessions(paper_home, id_)[-1] == str(NIGHT)
        kept = attempts(paper_home, "a run")[id_][str(NIGHT)]
        assert (kept["status"], kept["error"]) == ("ok", None)
        assert 0 < kept["duration_seconds"] == result.duration_seconds
        assert {"cell", "trend", "vol"} <= set(result.signals)
        path = paper_home.path / "state" / "strategies" / id_ / "state.json"
        state = json.loads(path.read_text())
        assert isinstance(report.state, AccountState)
        assert state["account_equity"] == report.state.equity
    link = paper_home.path / "state" / "state.json"
    assert link.readlink() == Path("strategies/v3_5b/state.json")


def test_the_same_night_again_verifies_and_changes_nothing(paper_home: Home) -> None:
    trade(paper_home, NIGHT)
    before = {id_: account(paper_home, id_) for id_ in BOTH}
    files = paper_home.content()
    for result in trade(paper_home, NIGHT, run_id="again").values():
        assert [report.status for report in result.sessions] == ["verified"]
    for id_ in BOTH:
        assert_same_account(account(paper_home, id_), before[id_])
    assert paper_home.content() == files
    assert subjects(paper_home) == {}


def test_a_closed_day_is_looked_at_and_records_nothing(paper_home: Home) -> None:
    for result in trade(paper_home, SATURDAY).values():
        assert result.success
        assert [report.status for report in result.sessions] == ["closed"]
    assert sessions(paper_home, "v3_5b")[-1] == str(TRADED)


def test_a_range_equals_its_nights(paper_home: Home, filled_paper: Path) -> None:
    days = [date(2013, 12, day) for day in range(14, 27)]
    for day in days:
        trade(paper_home, day)
    nightly = {id_: account(paper_home, id_) for id_ in BOTH}
    for id_ in BOTH:
        rows = sessions(paper_home, id_)[len(sessions(Home(filled_paper), id_)) :]
        paper_home.ledger.forget(paper_account(id_), rows)
    results = trade(paper_home, days[0], days[-1])
    statuses = [report.status for report in results["v3_5b"].sessions]
    assert statuses.count("recorded") == 8
    assert statuses[days.index(CHRISTMAS)] == "closed"
    for id_ in BOTH:
        assert_same_account(account(paper_home, id_), nightly[id_])


def test_a_failure_keeps_what_was_done_before_it_and_is_told_once(
    paper_home: Home, monkeypatch: pytest.MonkeyPatch
) -> None:
    traded = trade_sessions

    def stops(config: StrategyConfig, *rest: Any, **named: Any) -> Iterator[SessionReport]:
        for report in traded(config, *rest, **named):
            yield report
            if report.day == date(2013, 12, 17) and config.strategy_id == "v3_5d":
                raise RuntimeError("a fault of ours")

    monkeypatch.setattr("jutsu_dagster.pipeline.night.trade_sessions", stops)
    for run_id in ("first", "second"):
        result = trade(paper_home, NIGHT, date(2013, 12, 20), run_id)["v3_5d"]
        assert (result.status, result.error) == ("failed", "v3_5d: RuntimeError: a fault of ours")
        assert isinstance(result.cause, StrategyError)
    assert sessions(paper_home, "v3_5d")[-1] == "2013-12-17"
    assert sessions(paper_home, "v3_5b")[-1] == "2013-12-20"
    kept = statuses(paper_home, "second")
    assert kept["v3_5d"] == {"2013-12-16": "ok", "2013-12-17": "ok", "2013-12-18": "failed"}
    assert list(kept["v3_5b"].values()) == ["ok"] * 5
    assert subjects(paper_home) == {"secondary strategy v3_5d failed on 2013-12-20": "warning"}
    state = paper_home.path / "state" / "strategies" / "v3_5d" / "state.json"
    curve = account(paper_home, "v3_5d")[0]
    assert json.loads(state.read_text())["account_equity"] == curve["total_equity"].iloc[-1]


@pytest.mark.parametrize("isolated", [True, False])
def test_a_failing_primary_stops_the_others_only_where_failures_are_not_isolated(
    paper_home: Home, monkeypatch: pytest.MonkeyPatch, *, isolated: bool
) -> None:
    set_settings(paper_home, isolate_failures=isolated)
    register(paper_home, "steady", f"{write_module(paper_home)}:Steady")
    traded = trade_sessions

    def fails(config: StrategyConfig, *rest: Any, **named: Any) -> Iterator[SessionReport]:
        if config.strategy_id == "v3_5b":
            raise StrategyError("v3_5b: has had enough")
        return traded(config, *rest, **named)

    monkeypatch.setattr("jutsu_dagster.pipeline.night.trade_sessions", fails)
    results = trade(paper_home, date(2013, 12, 2), NIGHT)
    after = "ok" if isolated else "skipped"
    found = {id_: result.status for id_, result in results.items()}
    assert found == {"v3_5b": "failed", "v3_5d": after, "steady": after}
    kept = statuses(paper_home, "a run")
    # Of the one session that it was short of.
    assert kept["v3_5b"] == {str(NIGHT): "failed"}
    assert set(kept["steady"].values()) == {after}
    if not isolated:
        said = results["steady"].error or ""
        assert "because v3_5b failed and settings.isolate_failures is false" in said
        assert sessions(paper_home, "steady") == []
    assert subjects(paper_home) == {f"primary strategy v3_5b failed on {NIGHT}": "critical"}


def test_a_missing_session_is_named_and_not_jumped_over(paper_home: Home) -> None:
    result = trade(paper_home, date(2013, 12, 18))["v3_5b"]
    assert result.status == "failed"
    assert "materialize 2013-12-16 to 2013-12-17 first" in (result.error or "")
    assert sessions(paper_home, "v3_5b")[-1] == str(TRADED)


def test_no_opinion_after_the_warm_up_is_a_failure_of_that_session(paper_home: Home) -> None:
    register(paper_home, "quits", f"{write_module(paper_home)}:Quits")
    result = trade(paper_home, date(2013, 12, 2), NIGHT)["quits"]
    assert "no opinion on 2013-12-10" in (result.error or "")
    assert len(result.sessions) == 8
    assert statuses(paper_home)["quits"]["2013-12-10"] == "failed"


def test_revised_bars_differ_from_the_record_and_leave_it_alone(paper_home: Home) -> None:
    before = account(paper_home, "v3_5b")
    paper_home.change_bars(date(2013, 12, 10), date(2013, 12, 10), lift_closes)
    result = trade(paper_home, date(2013, 12, 2), TRADED)["v3_5b"]
    assert result.success
    found = {report.day: report.status for report in result.sessions if report.state}
    assert found[date(2013, 12, 9)] == "verified"
    assert found[date(2013, 12, 10)] == "differs"
    assert_same_account(account(paper_home, "v3_5b"), before)


def test_a_state_file_that_cannot_be_written_fails_the_share_but_loses_no_session(
    paper_home: Home, monkeypatch: pytest.MonkeyPatch
) -> None:
    desk = open_books(paper_home)

    def full(strategy_id: str) -> None:
        raise OSError(f"no space left on device for {strategy_id}")

    monkeypatch.setattr(desk.states, "refresh_from_ledger", full)
    entry = desk.registry.get_primary_strategy()
    result = trade_strategy(desk, entry, NIGHT, NIGHT, run_id="full")
    assert (result.status, result.error) == ("failed", "no space left on device for v3_5b")
    assert sessions(paper_home, "v3_5b")[-1] == str(NIGHT)
    assert statuses(paper_home, "full") == {"v3_5b": {str(NIGHT): "failed"}}
