"""What the paper accounts still lack, and when that is late."""

from __future__ import annotations

from datetime import date

from jutsu_dagster.pipeline.catch_up import Standing, late, missing_range, standings
from jutsu_dagster.pipeline.paper import paper_account
from jutsu_dagster_tests.homes import Home
from jutsu_dagster_tests.nights import starts
from jutsu_dagster_tests.pipeline.paper_books import START, by_status, move_in, trade

FRIDAY, SATURDAY, MONDAY = date(2013, 1, 4), date(2013, 1, 5), date(2013, 1, 7)
WEDNESDAY, THURSDAY = date(2013, 1, 2), date(2013, 1, 3)
BOTH = ("v3_5b", "v3_5d")


def standing(home: Home, until: date, *ids: str) -> list[Standing]:
    return standings(home.registry, home.ledger, until, ids)


def test_a_new_account_lacks_every_session_since_its_start(home: Home) -> None:
    starts(home, date(2012, 12, 30), *BOTH)
    days = (date(2012, 12, 31), WEDNESDAY, THURSDAY, FRIDAY)
    found = standing(home, SATURDAY)
    assert found == [Standing(id_, None, days) for id_ in BOTH]
    assert missing_range(found, SATURDAY) == (date(2012, 12, 31), SATURDAY)
    # Nothing is missing before the start, and nothing without one.
    assert standing(home, date(2012, 12, 30)) == [Standing(id_, None, ()) for id_ in BOTH]
    starts(home, None, "v3_5d")
    assert standing(home, FRIDAY, "v3_5d") == [
        Standing("v3_5d", None, (), "paper.start is not set")
    ]


def test_what_is_recorded_is_not_missing_and_the_furthest_behind_counts(home: Home) -> None:
    starts(home, START, *BOTH)
    trade(home, home.config("v3_5b"), START, FRIDAY)
    trade(home, home.config("v3_5d"), START)
    found = standing(home, MONDAY)
    assert found == [
        Standing("v3_5b", FRIDAY, (MONDAY,)),
        Standing("v3_5d", WEDNESDAY, (THURSDAY, FRIDAY, MONDAY)),
    ]
    span = missing_range(found, MONDAY)
    assert span == (THURSDAY, MONDAY)
    # That range brings both up, whatever each of them had.
    counts = {"verified": 2, "closed": 2, "recorded": 1}
    assert by_status(trade(home, home.config("v3_5b"), *span)) == counts
    assert by_status(trade(home, home.config("v3_5d"), *span)) == {"recorded": 3, "closed": 2}
    assert missing_range(standing(home, MONDAY), MONDAY) is None
    assert standing(home, FRIDAY) == [Standing(id_, MONDAY, ()) for id_ in BOTH]


def test_over_a_weekend_nothing_is_missing(home: Home) -> None:
    starts(home, START, *BOTH)
    for id_ in BOTH:
        trade(home, home.config(id_), START, FRIDAY)
    for day in (SATURDAY, date(2013, 1, 6)):
        assert missing_range(standing(home, day), day) is None
        assert late(standing(home, day)) is None
    assert missing_range(standing(home, MONDAY), MONDAY) == (MONDAY, MONDAY)


def test_a_broken_strategy_lacks_nothing_and_is_named(home: Home) -> None:
    starts(home, START, *BOTH)
    home.edit("v3_5d", lambda document: document["strategy"].update(name="No_such_class"))
    good, broken = standing(home, FRIDAY)
    assert good.missing
    assert broken == Standing("v3_5d", None, (), "its configuration is broken")


def test_an_account_that_was_moved_in_lacks_what_came_after(home: Home) -> None:
    starts(home, START, *BOTH)
    move_in(home.ledger, THURSDAY)
    assert standing(home, MONDAY)[0] == Standing("v3_5b", None, (FRIDAY, MONDAY))


def test_late_is_a_session_that_nobody_has(home: Home) -> None:
    starts(home, START, *BOTH)
    assert late(standing(home, MONDAY)) == (MONDAY, BOTH)
    # On a closed day the last session counts.
    assert late(standing(home, SATURDAY)) == (FRIDAY, BOTH)
    for until in (FRIDAY, MONDAY):
        trade(home, home.config("v3_5d"), START, until)
    assert late(standing(home, MONDAY)) is None
    assert late(standing(home, date(2013, 1, 8))) == (date(2013, 1, 8), BOTH)
    starts(home, None, *BOTH)
    home.ledger.forget(paper_account("v3_5d"), ["2013-01-02", "2013-01-03", "2013-01-04"])
    home.ledger.forget(paper_account("v3_5d"), ["2013-01-07"])
    assert late(standing(home, MONDAY)) is None
