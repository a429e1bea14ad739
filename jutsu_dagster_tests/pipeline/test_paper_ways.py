"""However the same sessions are traded, the ledger holds the same to the last bit."""

from __future__ import annotations

from datetime import date
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest

from jutsu_dagster.core.account import AccountState
from jutsu_dagster.pipeline.backtest import backtest_account, run_years
from jutsu_dagster.pipeline.carry import load
from jutsu_dagster.pipeline.ingest import ETF_DAILY
from jutsu_dagster.registry.config import StrategyConfig
from jutsu_dagster_tests.homes import LAST, Home
from jutsu_dagster_tests.pipeline.paper_books import (
    Span,
    assert_same_record,
    nights,
    paper,
    record,
    trade,
    traded,
)
from jutsu_dagster_tests.pipeline.test_splits import SPLITS, with_splits
from jutsu_dagster_tests.pipeline.years import TIMINGS

# Christmas and the new year; the account starts on a Saturday, TQQQ splits on 2 January.
FIRST, START, UNTIL = date(2012, 12, 13), date(2012, 12, 15), date(2013, 1, 18)
SEVERAL: list[Span] = [
    (FIRST, date(2012, 12, 17)),
    (date(2012, 12, 18), date(2012, 12, 31)),
    (date(2013, 1, 1), date(2013, 1, 1)),
    (date(2013, 1, 2), date(2013, 1, 2)),
    (date(2013, 1, 3), UNTIL),
]


def config_of(home: Home, strategy_id: str, timing: str = "close") -> StrategyConfig:
    return paper(home, strategy_id, **{"paper.start": START, "execution.execution_time": timing})


def sqlite(folder: Path, name: str) -> str:
    return f"sqlite:///{folder / name}.db"


@pytest.mark.parametrize("timing", TIMINGS)
@pytest.mark.parametrize("strategy_id", ["v3_5b", "v3_5d"])
def test_night_by_night_is_one_range_is_several_across_a_split(
    home: Home, tmp_path: Path, strategy_id: str, timing: str
) -> None:
    home.change_bars(date(2008, 9, 1), LAST, with_splits)
    config = config_of(home, strategy_id, timing)
    at_once = traded(home, config, sqlite(tmp_path, "one"), [(FIRST, UNTIL)])
    several = traded(home, config, sqlite(tmp_path, "several"), SEVERAL)
    nightly = traded(home, config, sqlite(tmp_path, "nights"), nights(FIRST, UNTIL))
    assert_same_record(several, at_once)
    assert_same_record(nightly, at_once)
    curve, trades, points = at_once
    assert len(curve) == len(points) == 23
    assert len(trades) > 4
    assert_the_split_happened(curve)


def assert_the_split_happened(curve: pd.DataFrame) -> None:
    (ex_date,) = [day for day in SPLITS["TQQQ"] if curve["session"].eq(pd.Timestamp(day)).any()]
    at = int(curve.index[curve["session"] == pd.Timestamp(ex_date)][0])
    assert curve["positions"].iloc[at - 1]["TQQQ"] > 0
    assert abs(curve["daily_return"].iloc[at]) < 0.15


def test_both_databases_hold_the_same(home: Home, tmp_path: Path, empty_url: str) -> None:
    config = config_of(home, "v3_5d", "next_open")
    expected = traded(home, config, sqlite(tmp_path, "one"), [(FIRST, UNTIL)])
    assert_same_record(traded(home, config, empty_url, nights(FIRST, UNTIL)), expected)


@pytest.mark.parametrize("timing", TIMINGS)
def test_paper_is_the_backtest_that_starts_on_the_same_day(home: Home, timing: str) -> None:
    # Weeks in which the regime changes again on the very day of a fill.
    start, end = date(2010, 1, 2), date(2010, 6, 30)
    config = paper(
        home,
        **{"backtest.start": start, "paper.start": start, "backtest.end": end},
        **{"execution.execution_time": timing},
    )
    list(run_years(config, home.store, home.ledger, [2010]))
    trade(home, config, start, end)
    mine = record(home.ledger, config)
    yearly = record(home.ledger, config, backtest_account(config))
    apart = ["mode", "period"]
    for ours, theirs in zip(mine[:2], yearly[:2], strict=True):
        pd.testing.assert_frame_equal(
            ours.drop(columns=apart), theirs.drop(columns=apart), check_exact=True
        )
    assert mine[2][-1]["closing"] == yearly[2][-1]["closing"]


def test_paper_is_one_segment_of_the_engine_from_its_first_session(home: Home) -> None:
    config = config_of(home, "v3_5b")
    trade(home, config, FIRST, UNTIL)
    evaluation, _ = load(config, home.store, UNTIL)
    row = evaluation.bars.position(START)
    assert row > evaluation.start
    opening = AccountState.open(config.initial_capital)
    segment = evaluation.run(opening, row, len(evaluation.bars))
    curve, trades, points = record(home.ledger, config)
    np.testing.assert_array_equal(curve["total_equity"], segment.equity)
    np.testing.assert_array_equal(curve["cash"], segment.cash)
    np.testing.assert_array_equal(trades["fill_price"], segment.fills.price)
    assert points[-1]["closing"] == repr(segment.closing)
    assert points[-1]["provenance"].data_hash == evaluation.data_hash(len(evaluation.bars))


def test_a_session_knows_nothing_of_bars_that_came_later(home: Home, tmp_path: Path) -> None:
    # The other tests hold bars of days to come; here every night brings just its own.
    config = config_of(home, "v3_5d")
    at_once = traded(home, config, sqlite(tmp_path, "one"), [(FIRST, UNTIL)])
    rows = home.store.rows(ETF_DAILY, None, START, LAST)
    home.store.write(ETF_DAILY, rows.iloc[:0], START, LAST)
    for day, _ in nights(START, UNTIL):
        home.store.write(ETF_DAILY, rows[rows["date"] == pd.Timestamp(day)], day, day)
        trade(home, config, day)
    grown = record(home.ledger, config)
    assert grown[0]["data_version"].nunique() == len(grown[0])
    assert_same_record(without_version(grown), without_version(at_once))


def without_version(held: Any) -> Any:
    """Return a record without the versions of the market that it names: hashes say the rest."""
    frames = [frame.drop(columns="data_version") for frame in held[:2]]
    hashes = [point["provenance"].data_hash for point in held[2]]
    points = [point | {"provenance": None} for point in held[2]]
    return (*frames, [*points, *hashes])
