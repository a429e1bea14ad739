"""The end of an exchange day: a last mark, and whatever the last sessions lack."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from typing import Any

import pytest

from jutsu_dagster.core.errors import DataError
from jutsu_dagster.pipeline.end_of_day import EndOfDay, end_day
from jutsu_dagster.pipeline.paper import paper_account
from jutsu_dagster.sources.sample import SampleMarket
from jutsu_dagster.storage import journal
from jutsu_dagster_tests.homes import Home
from jutsu_dagster_tests.nights import (
    account,
    assert_same_account,
    open_books,
    register,
    sessions,
    starts,
    statuses,
    subjects,
    trade,
    write_module,
)

BOTH = ("v3_5b", "v3_5d")


def closing(day: date) -> datetime:
    """Return a quarter past the close of a session, in winter."""
    return datetime(day.year, day.month, day.day, 21, 15, tzinfo=UTC)


def end(home: Home, day: date, source: SampleMarket | None = None) -> EndOfDay:
    # Unless given, one that has the day's bar already, as sources have after the close.
    source = source or SampleMarket(day + timedelta(days=1))
    return end_day(open_books(home), source, closing(day), f"eod of {day}")


def status(home: Home, day: date) -> dict[str, Any]:
    (row,) = journal.eod_status(home.ledger.engine, day).to_dict("records")
    return {str(name): value for name, value in row.items()}


def test_the_day_is_marked_and_the_sessions_before_it_are_recovered(paper_home: Home) -> None:
    day = date(2013, 12, 19)
    done = end(paper_home, day)
    assert done.failed == []
    for id_ in BOTH:
        # The day itself is the night's, once it has ended in UTC.
        assert sessions(paper_home, id_)[-3:] == ["2013-12-16", "2013-12-17", "2013-12-18"]
        (mark,) = journal.marks(paper_home.ledger.engine, paper_account(id_)).to_dict("records")
        assert (mark["snapshot_source"], mark["session"].date()) == ("eod", day)
    kept = status(paper_home, day)
    assert (kept["status"], kept["retry_count"], kept["error"]) == ("completed", 0, None)
    recovered = ["2013-12-16", "2013-12-17", "2013-12-18"]
    assert kept["detail"] == {"marked": list(BOTH), "recovered": dict.fromkeys(BOTH, recovered)}
    assert statuses(paper_home, f"eod of {day}") == dict.fromkeys(
        BOTH, dict.fromkeys(recovered, "ok")
    )
    recovered_accounts = {id_: account(paper_home, id_) for id_ in BOTH}
    for id_ in BOTH:
        paper_home.ledger.forget(paper_account(id_), recovered)
    for text in recovered:
        trade(paper_home, date.fromisoformat(text))
    for id_ in BOTH:
        assert_same_account(account(paper_home, id_), recovered_accounts[id_])


def test_with_nothing_missing_nothing_is_recovered_and_attempts_are_counted(
    paper_home: Home,
) -> None:
    day = date(2013, 12, 16)
    for retries in range(3):
        done = end(paper_home, day)
        assert (done.recovered, done.failed) == ([], [])
        kept = status(paper_home, day)
        assert (kept["status"], kept["retry_count"]) == ("completed", retries)
    marks = journal.marks(paper_home.ledger.engine, paper_account("v3_5b"))
    assert len(marks) == 1


def test_the_last_seven_sessions_are_recovered_and_older_ones_named(paper_home: Home) -> None:
    # 13 to 23 December are the seven before the 24th; the accounts end on the 13th.
    assert end(paper_home, date(2013, 12, 24)).failed == []
    assert sessions(paper_home, "v3_5b")[-1] == "2013-12-23"


def test_what_is_missing_for_longer_needs_a_person(paper_home: Home) -> None:
    day = date(2013, 12, 27)
    trade(paper_home, date(2013, 12, 16), date(2013, 12, 20), "before")
    ids = sessions(paper_home, "v3_5d")
    paper_home.ledger.forget(paper_account("v3_5d"), ids[-5:])
    done = end(paper_home, day)
    (said,) = done.failed
    assert "sessions from 2013-12-16 on are missing" in said
    assert "`jutsu trade`" in said
    assert done.untold == []
    assert sessions(paper_home, "v3_5b")[-1] == "2013-12-26"
    assert sessions(paper_home, "v3_5d")[-1] == "2013-12-13"
    kept = status(paper_home, day)
    assert (kept["status"], kept["error"]) == ("partial", said)


def test_days_that_the_store_lacks_are_fetched_first(paper_home: Home) -> None:
    trade(paper_home, date(2013, 12, 16), date(2013, 12, 31), "before")
    done = end(paper_home, date(2014, 1, 6), SampleMarket(date(2014, 2, 1)))
    assert done.failed == []
    assert sessions(paper_home, "v3_5b")[-2:] == ["2014-01-02", "2014-01-03"]


def test_a_source_without_quotes_keeps_no_session_from_being_recovered(
    paper_home: Home, monkeypatch: pytest.MonkeyPatch
) -> None:
    def silent(*_: object) -> None:
        raise DataError("sample does not answer")

    source = SampleMarket(date(2014, 1, 1))
    monkeypatch.setattr(source, "latest", silent)
    done = end(paper_home, date(2013, 12, 17), source)
    assert done.failed == done.untold == ["sample does not answer"]
    assert sessions(paper_home, "v3_5b")[-1] == "2013-12-16"
    assert status(paper_home, date(2013, 12, 17))["status"] == "partial"


def test_a_troubled_strategy_keeps_no_other_from_recovering(
    paper_home: Home,
) -> None:
    register(paper_home, "raises", f"{write_module(paper_home)}:Raises")
    starts(paper_home, date(2013, 12, 17), "raises")
    day = date(2013, 12, 19)
    done = end(paper_home, day)
    assert [result.status for result in done.recovered] == ["ok", "ok", "failed"]
    (said,) = done.failed
    assert "no volatility at all" in said
    assert done.untold == []
    assert list(subjects(paper_home)) == ["secondary strategy raises failed on 2013-12-18"]
    assert sessions(paper_home, "v3_5d")[-1] == "2013-12-18"
    assert status(paper_home, day)["detail"]["recovered"]["raises"] == []
