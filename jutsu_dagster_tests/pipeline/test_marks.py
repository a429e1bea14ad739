"""Marks to the latest quotes: what accounts are worth between two sessions, and nothing else."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, date, datetime

import numpy as np
import pandas as pd
import pytest

from jutsu_dagster.pipeline.marks import MarkReport, mark_accounts
from jutsu_dagster.pipeline.paper import paper_account
from jutsu_dagster.sources.sample import SampleMarket
from jutsu_dagster.storage import journal
from jutsu_dagster_tests.homes import Home
from jutsu_dagster_tests.nights import (
    NIGHT,
    START,
    account,
    assert_same_account,
    register,
    trade,
    write_module,
)

BOTH = ("v3_5b", "v3_5d")
AT = datetime(2013, 12, 16, 15, 0, tzinfo=UTC)


class Quotes(SampleMarket):
    """The sample market on a day under way: quotes of our own, and a split if asked for."""

    def __init__(self, prices: dict[str, float], day: date = NIGHT, **split: float) -> None:
        super().__init__(day)
        self.prices, self.day, self.split = prices, day, split
        self.asked: list[tuple[str, ...]] = []

    def latest(self, symbols: Sequence[str]) -> pd.DataFrame:
        self.asked.append(tuple(symbols))
        known = [symbol for symbol in symbols if symbol in self.prices]
        at = pd.Timestamp(self.day) + pd.Timedelta(hours=15)
        return pd.DataFrame(
            {"symbol": known, "timestamp": at, "price": [self.prices[each] for each in known]}
        )

    def bars(self, symbols: Sequence[str], first: date, last: date) -> pd.DataFrame:
        rows = super().bars(symbols, first, last)
        today = [(pd.Timestamp(self.day), each, *[self.prices[each]] * 4, 1.0) for each in symbols]
        frame = pd.DataFrame(today, columns=list(rows.columns[:-1]))
        frame["split"] = [self.split.get(symbol, 1.0) for symbol in symbols]
        return pd.concat([rows, frame], ignore_index=True) if first <= self.day <= last else rows


def prices(home: Home, **changed: float) -> dict[str, float]:
    """Return quotes one percent above the last closes, some changed."""
    rows = home.store.rows("etf_daily", None, date(2013, 12, 13), date(2013, 12, 13))
    closes = dict(zip(rows["symbol"], rows["close"] * 1.01, strict=True))
    return closes | changed


def marked(home: Home, source: SampleMarket, at: datetime = AT) -> dict[str, MarkReport]:
    reports = mark_accounts(home.registry, source, home.ledger, at)
    return {report.strategy_id: report for report in reports}


def kept(home: Home, id_: str = "v3_5b") -> pd.DataFrame:
    return journal.marks(home.ledger.engine, paper_account(id_))


def test_equity_is_cash_and_every_share_at_its_quote(paper_home: Home) -> None:
    source = Quotes(prices(paper_home))
    reports = marked(paper_home, source)
    assert list(reports) == list(BOTH)
    for id_ in BOTH:
        state = paper_home.ledger.checkpoints(paper_account(id_))[-1].closing
        assert state.shares
        (row,) = kept(paper_home, id_).to_dict("records")
        expected = state.cash + sum(
            count * source.prices[symbol] for symbol, count in state.shares.items()
        )
        assert row["total_equity"] == pytest.approx(expected, rel=1e-15)
        assert row["cash"] == state.cash
        assert row["positions"] == state.shares
        assert row["daily_return"] == row["total_equity"] / state.equity - 1
        assert row["cumulative_return"] == row["total_equity"] / state.initial_capital - 1
        assert row["drawdown"] == min(row["total_equity"] / state.peak - 1, 0)
        assert row["snapshot_source"] == "refresh"
        assert row["snapshot_time"] == AT
        assert row["session"] == pd.Timestamp(NIGHT)
        assert row["data_version"] == "quotes:sample"
    # The quotes were fetched once for all accounts.
    assert len(source.asked) == 1


def test_a_mark_trades_nothing_and_touches_no_session(paper_home: Home) -> None:
    before, files = account(paper_home, "v3_5b"), paper_home.content()
    marked(paper_home, Quotes(prices(paper_home, QQQ=10.0, TQQQ=1.0)))
    assert len(kept(paper_home)) == 1
    assert_same_account(account(paper_home, "v3_5b"), before)
    assert paper_home.content() == files
    trade(paper_home, NIGHT)
    assert account(paper_home, "v3_5b")[0]["session"].is_unique
    assert len(kept(paper_home)) == 1


def test_the_same_moment_again_replaces_its_mark(paper_home: Home) -> None:
    marked(paper_home, Quotes(prices(paper_home)))
    (first,) = kept(paper_home)["total_equity"]
    marked(paper_home, Quotes(prices(paper_home, QQQ=1.0, TQQQ=1.0, TLT=1.0, TMF=1.0)))
    (second,) = kept(paper_home)["total_equity"]
    assert second < first
    marked(paper_home, Quotes(prices(paper_home)), AT.replace(hour=16))
    assert list(kept(paper_home)["total_equity"]) == [second, first]


def test_without_a_newer_quote_there_is_no_mark(paper_home: Home) -> None:
    reports = marked(paper_home, Quotes(prices(paper_home), date(2013, 12, 13)))
    assert "is newer than the close of 2013-12-13" in reports["v3_5b"].note
    assert all(report.mark is None for report in reports.values())
    assert kept(paper_home).empty


def test_a_missing_quote_is_named_and_keeps_only_its_holder_from_a_mark(
    paper_home: Home,
) -> None:
    register(paper_home, "steady", f"{write_module(paper_home)}:Steady")
    assert trade(paper_home, START, date(2013, 12, 13))["steady"].success
    quotes = prices(paper_home)
    held = paper_home.ledger.checkpoints(paper_account("v3_5b"))[-1].closing.shares
    lost = next(symbol for symbol in ("QQQ", "TLT") if symbol not in held)
    del quotes[lost]
    reports = marked(paper_home, Quotes(quotes))
    assert reports["steady"].note == f"sample has no quote of {lost}"
    assert reports["v3_5b"].mark is not None


def test_an_account_without_a_session_has_no_mark(home: Home) -> None:
    source = Quotes({})
    reports = marked(home, source)
    assert [report.note for report in reports.values()] == ["no session is recorded yet"] * 2
    assert source.asked == []


@pytest.mark.parametrize("ratio", [2.0, 1 / 3])
def test_a_split_before_the_quote_changes_shares_and_not_worth(
    paper_home: Home, ratio: float
) -> None:
    register(paper_home, "steady", f"{write_module(paper_home)}:Steady", share=1.0)
    trade(paper_home, START, date(2013, 12, 13))
    state = paper_home.ledger.checkpoints(paper_account("steady"))[-1].closing
    close = state.marks["QQQ"]
    source = Quotes(prices(paper_home, QQQ=close / ratio), QQQ=ratio)
    mark = marked(paper_home, source)["steady"].mark
    assert mark is not None
    assert mark.positions["QQQ"] == int(state.shares["QQQ"] * ratio + 1e-9)
    # A fraction of a share is paid in cash, so at an unchanged price nothing is lost.
    np.testing.assert_allclose(mark.total_equity, state.equity, rtol=1e-12)
    assert (mark.cash == state.cash) == (ratio == 2.0 or state.shares["QQQ"] % 3 == 0)


def test_a_mark_at_the_close_is_what_the_session_will_record(paper_home: Home) -> None:
    register(paper_home, "steady", f"{write_module(paper_home)}:Steady")
    trade(paper_home, START, date(2013, 12, 13))
    rows = paper_home.store.rows("etf_daily", None, NIGHT, NIGHT)
    closes = dict(zip(rows["symbol"], rows["close"], strict=True))
    mark = marked(paper_home, Quotes(closes))["steady"].mark
    trade(paper_home, NIGHT)
    recorded = account(paper_home, "steady")[0]["total_equity"].iloc[-1]
    assert mark is not None
    np.testing.assert_allclose(mark.total_equity, recorded, rtol=1e-14)
