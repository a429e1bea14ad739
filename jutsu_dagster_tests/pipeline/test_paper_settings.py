"""What becomes of a paper account when its settings change, or its strategy fails."""

from __future__ import annotations

import itertools
from datetime import date
from typing import Any

import pytest

from jutsu_dagster.core.errors import StrategyError
from jutsu_dagster.pipeline.paper import paper_account
from jutsu_dagster.pipeline.replay import replay_account
from jutsu_dagster.pipeline.reproduce import reproduce
from jutsu_dagster.registry.config import StrategyConfig
from jutsu_dagster_tests.homes import Home
from jutsu_dagster_tests.nights import register
from jutsu_dagster_tests.pipeline.paper_books import (
    START,
    assert_same_record,
    by_status,
    everything,
    paper,
    record,
    trade,
)

FRIDAY, MONDAY, WEEK = date(2013, 1, 4), date(2013, 1, 7), date(2013, 1, 11)
_MOODY = """\
from datetime import date

import numpy as np

from jutsu_dagster.strategies.base import AllocationStrategy


class Moody(AllocationStrategy):
    symbols: tuple[str, ...] = ("QQQ", "TLT")
    silent: date | None = None

    @property
    def warmup_sessions(self):
        return 3

    def target_weights(self, bars):
        weights = np.full((len(bars), 2), 0.5)
        weights[:3] = np.nan
        if self.silent:
            weights[bars.sessions == np.datetime64(self.silent)] = np.nan
        return weights
"""
_numbers = itertools.count()


def moody(home: Home, **parameters: Any) -> StrategyConfig:
    # Python keeps modules: a name that no other test has loaded.
    module = f"moody_strategy_{next(_numbers)}"
    (home.path / f"{module}.py").write_text(_MOODY)
    register(home, "moody", f"{module}:Moody", symbols=["QQQ", "TLT"])
    return paper(home, "moody", **parameters)


def test_sessions_after_a_change_of_settings_carry_the_new_hash(home: Home) -> None:
    old, new = paper(home), paper(home, rebalance_threshold=0.2, **{"costs.slippage_rate": 0.002})
    assert old.settings_hash != new.settings_hash
    trade(home, old, START, FRIDAY)
    trade(home, new, MONDAY, WEEK)
    curve, _, points = record(home.ledger, new)
    hashes = [old.settings_hash] * 3 + [new.settings_hash] * 5
    assert curve["parameter_hash"].tolist() == hashes
    assert [point["provenance"].parameter_hash for point in points] == hashes
    assert home.ledger.stale_periods(paper_account("v3_5b")) == []


def test_each_session_is_verified_replayed_and_reproduced_with_its_own_settings(
    home: Home,
) -> None:
    costly: dict[str, Any] = {"costs.commission_per_share": 0.5, "portfolio.initial_capital": 500}
    old, new = paper(home), paper(home, sma_fast=50, **costly)
    trade(home, old, START, FRIDAY)
    trade(home, new, MONDAY, WEEK)
    before = everything(home.ledger)
    for config in (old, new):
        assert by_status(trade(home, config, START, WEEK)) == {"verified": 8, "closed": 2}
        found = replay_account(config, home.registry, home.store, home.ledger)
        assert (found.identical, found.sessions) == (True, 8)
        for day in (START, FRIDAY, MONDAY, WEEK):
            assert reproduce(config, home.store, home.ledger, day).differences == ()
    assert everything(home.ledger) == before
    # The money that the account began with is its own, whatever the file says now.
    assert record(home.ledger, old)[0]["cumulative_return"].abs().max() < 0.5


def test_the_start_does_not_move_once_trading_began(home: Home) -> None:
    trade(home, paper(home), START, FRIDAY)
    for start in (date(2012, 6, 1), date(2013, 6, 3), None):
        config = paper(home, **{"paper.start": start})
        assert config.settings_hash == paper(home).settings_hash
        assert by_status(trade(home, config, date(2012, 12, 31), FRIDAY)) == {
            "before": 1,
            "closed": 1,
            "verified": 3,
        }
    moved = paper(home, **{"paper.start": date(2013, 6, 3)})
    assert by_status(trade(home, moved, MONDAY)) == {"recorded": 1}
    held = record(home.ledger, moved)
    with_others = paper(home)
    home.ledger.forget(paper_account("v3_5b"), [point["period"] for point in held[2]])
    trade(home, with_others, START, MONDAY)
    assert_same_record(record(home.ledger, with_others), held)


def test_what_the_account_holds_cannot_be_dropped_from_the_settings(home: Home) -> None:
    config = moody(home)
    (report,) = trade(home, config, START)
    assert report.state is not None
    assert set(report.state.shares) == {"QQQ", "TLT"}
    other = paper(home, "moody", symbols=["QQQ", "TMF"])
    with pytest.raises(StrategyError, match=r"holds TLT, which .* \(symbols: QQQ, TMF\)"):
        trade(home, other, date(2013, 1, 3))
    # A symbol more is no fault.
    more = paper(home, "moody", symbols=["QQQ", "TLT"])
    assert by_status(trade(home, more, date(2013, 1, 3))) == {"recorded": 1}


def test_a_session_without_an_opinion_stops_there_and_keeps_what_was_done(home: Home) -> None:
    config = moody(home, silent=MONDAY)
    reports = []
    rule = r"has no opinion on 2013-01-07 \(a row of NaN\), although its 3 sessions of warm-up"
    with pytest.raises(StrategyError, match=rule):
        reports += trade(home, config, START, WEEK)
    assert len(record(home.ledger, config)[2]) == 3
    with pytest.raises(StrategyError, match=rule):
        trade(home, config, MONDAY)
    assert len(record(home.ledger, config)[2]) == 3
    mended = paper(home, "moody")
    assert by_status(trade(home, mended, MONDAY, WEEK)) == {"recorded": 5}
    replayed = replay_account(mended, home.registry, home.store, home.ledger)
    assert replayed.identical
