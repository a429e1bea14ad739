"""Paper accounts are only ever added to, one session after the other."""

from __future__ import annotations

from datetime import date, timedelta

import numpy as np
import pytest

from jutsu_dagster.core.errors import DataError, LedgerError
from jutsu_dagster.pipeline.ingest import ETF_DAILY
from jutsu_dagster.pipeline.paper import paper_account
from jutsu_dagster_tests.homes import LAST, Home, lift_closes
from jutsu_dagster_tests.pipeline.paper_books import (
    START,
    by_status,
    everything,
    move_in,
    paper,
    record,
    trade,
)

WEEK = date(2013, 1, 9)
CHRISTMAS = date(2013, 12, 25)


def test_closed_days_and_days_before_the_start_are_facts_not_faults(home: Home) -> None:
    config = paper(home)
    reports = trade(home, config, date(2012, 12, 24), date(2013, 1, 7))
    notes = {report.day.isoformat(): report.note for report in reports}
    assert [report.status for report in reports] == [
        *["before", "closed", "before", "before", "before", "closed", "closed", "before"],
        *["closed", "recorded", "recorded", "recorded", "closed", "closed", "recorded"],
    ]
    assert notes["2012-12-31"] == "before the account's first session, 2013-01-02"
    assert notes["2013-01-01"] == "the exchange is closed"
    assert len(record(home.ledger, config)[2]) == 4
    (christmas,) = trade(home, config, CHRISTMAS)
    assert (christmas.status, christmas.content_hash) == ("closed", "empty")


def test_a_repeat_verifies_and_writes_nothing(home: Home) -> None:
    config = paper(home)
    first = trade(home, config, START, WEEK)
    before = everything(home.ledger)
    again = trade(home, config, START, WEEK + timedelta(days=1))
    assert by_status(first) == {"recorded": 6, "closed": 2}
    assert by_status(again) == {"verified": 6, "closed": 2, "recorded": 1}
    for old, new in zip(first, again, strict=False):
        assert (old.state, old.baseline, old.signals) == (new.state, new.baseline, new.signals)
        assert (old.provenance, old.content_hash) == (new.provenance, new.content_hash)
    after = everything(home.ledger)
    for table, rows in before.items():
        assert set(map(repr, rows)) <= set(map(repr, after[table]))
    assert len(after["checkpoints"]) == 7
    # A single day in the middle, and nothing new at all.
    assert by_status(trade(home, config, date(2013, 1, 4))) == {"verified": 1}
    assert everything(home.ledger) == after


def test_a_revised_bar_is_reported_and_the_record_stays(home: Home) -> None:
    config = paper(home)
    trade(home, config, START, WEEK)
    before, held = everything(home.ledger), record(home.ledger, config)
    revised = date(2013, 1, 7)
    home.change_bars(revised, revised, lift_closes)
    reports = {report.day: report for report in trade(home, config, START, WEEK)}
    # Later ones start from the record; they may differ in what they decided.
    assert next(day for day, report in reports.items() if report.status == "differs") == revised
    differences = reports[revised].differences
    assert [line.split(":")[0] for line in differences] == [
        f"2013-01-07 {name}" for name in ("equity", "cash", "positions")
    ]
    assert reports[revised].note == "; ".join(differences)
    # What is shown is the record; what came out now stands beside it.
    recorded, now = reports[revised].state, reports[revised].segment
    assert recorded is not None
    assert now is not None
    assert recorded.equity == held[0]["total_equity"].iloc[3] != now.closing.equity
    assert everything(home.ledger) == before


def test_the_session_after_a_revised_bar_starts_from_the_record(home: Home) -> None:
    config = paper(home)
    trade(home, config, START, WEEK)
    home.change_bars(WEEK, WEEK, lift_closes)
    closing = home.ledger.checkpoints(paper_account("v3_5b"))[-1].closing
    _, new = trade(home, config, WEEK, WEEK + timedelta(days=1))
    assert new.status == "recorded"
    assert new.segment is not None
    assert new.segment.opening == closing
    points = home.ledger.checkpoints(paper_account("v3_5b"))
    assert points[-1].opening_hash == points[-2].closing_hash
    assert home.ledger.stale_periods(paper_account("v3_5b")) == []


def test_a_price_of_what_is_not_held_is_named_too(home: Home) -> None:
    config = paper(home)
    trade(home, config, START, WEEK)

    held = home.store.rows(ETF_DAILY, ["TMV"], WEEK, WEEK)["close"].item()
    home.change_bars(
        WEEK, WEEK, lambda rows: rows.where(rows["symbol"] != "TMV", lift_closes(rows))
    )
    (report,) = trade(home, config, WEEK)
    assert report.differences == (
        f"2013-01-09 marks: recorded {{'TMV': {held}}}, computed {{'TMV': {held * 1.01}}}",
    )


def test_a_missing_earlier_day_names_the_range(home: Home) -> None:
    config = paper(home)
    with pytest.raises(LedgerError, match="materialize 2013-01-02 to 2013-01-08 first"):
        trade(home, config, WEEK)
    trade(home, config, START, date(2013, 1, 4))
    with pytest.raises(LedgerError, match=r"2013-01-09 starts from .*; materialize 2013-01-07 to"):
        trade(home, config, WEEK, LAST)
    assert len(record(home.ledger, config)[2]) == 3
    # Over a weekend, the next session is Monday's.
    assert by_status(trade(home, config, date(2013, 1, 5), date(2013, 1, 7))) == {
        "closed": 2,
        "recorded": 1,
    }


def test_an_account_without_a_start_or_with_one_to_come_trades_nothing(home: Home) -> None:
    for start, note in (
        (None, "paper.start is not set, so there is no paper account"),
        (date(2013, 2, 2), "before the account's first session, 2013-02-04"),
        (date(2199, 12, 31), "before the account's first session, 2199-12-31"),
    ):
        reports = trade(home, paper(home, **{"paper.start": start}), START, date(2013, 1, 5))
        assert [report.status for report in reports] == ["before"] * 3 + ["closed"]
        assert reports[0].note == note
    assert everything(home.ledger)["checkpoints"] == []


def test_a_start_before_the_warm_up_ends_says_so(home: Home) -> None:
    config = paper(home, **{"paper.start": date(2009, 12, 1)})
    rule = r"begins on 2009-12-01, which must not be before backtest\.start \(2010-01-01\)"
    with pytest.raises(DataError, match=rule):
        trade(home, config, date(2009, 12, 1))


def test_a_market_that_ends_earlier_trades_nothing(home: Home) -> None:
    config = paper(home)
    home.change_bars(date(2013, 1, 8), LAST, lambda rows: rows.iloc[:0])
    with pytest.raises(DataError, match=r"no bars of 2013-01-09; it ends on 2013-01-07\. Ingest"):
        trade(home, config, START, WEEK)
    assert everything(home.ledger)["checkpoints"] == []
    assert by_status(trade(home, config, START, date(2013, 1, 7))) == {"recorded": 4, "closed": 2}


def test_a_session_missing_in_the_middle_is_named(home: Home) -> None:
    config = paper(home)
    home.change_bars(date(2013, 1, 4), date(2013, 1, 4), lambda rows: rows.iloc[:0])
    with pytest.raises(DataError, match="QQQ has no bar on 1 session: 2013-01-04; ingest them"):
        trade(home, config, START, WEEK)


def test_an_account_that_was_moved_in_goes_on_from_where_it_stood(home: Home) -> None:
    moved = move_in(home.ledger, date(2013, 1, 4))
    config = paper(home)
    reports = trade(home, config, START, WEEK)
    assert by_status(reports) == {"before": 3, "closed": 2, "recorded": 3}
    assert reports[0].note == "before the account's first session, 2013-01-07"
    assert reports[5].segment is not None
    assert reports[5].segment.opening == moved
    curve, _, points = record(home.ledger, config)
    equity, first = curve["total_equity"], curve.iloc[0]
    assert first["daily_return"] == equity.iloc[0] / moved.equity - 1
    assert first["cumulative_return"] == equity.iloc[0] / 10_000.0 - 1
    assert first["drawdown"] == min(equity.iloc[0] / moved.peak - 1, 0)
    assert [point["period"] for point in points][:2] == ["opening", "2013-01-07"]
    assert by_status(trade(home, config, START, WEEK)) == {"before": 3, "closed": 2, "verified": 3}


@pytest.mark.parametrize("price", [200.0, None])
def test_its_buy_and_hold_goes_on_too_where_its_beginning_is_known(
    home: Home, price: float | None
) -> None:
    moved = move_in(home.ledger, date(2013, 1, 4), price)
    trade(home, paper(home), START, WEEK)
    close = home.store.rows(ETF_DAILY, ["QQQ"], date(2013, 1, 7), WEEK)["close"].to_numpy()
    baseline, points = (record(home.ledger, paper(home))[at] for at in (0, 2))
    begins = close[0] / moved.equity if price is None else price / 10_000.0
    np.testing.assert_allclose(baseline["baseline_value"], close / begins, rtol=1e-14)
    assert {point["metrics"]["initial_signal_price"] for point in points[1:]} == {price or close[0]}
