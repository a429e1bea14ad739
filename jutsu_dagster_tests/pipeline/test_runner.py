"""The runner in Python: the same accounts as the assets', for whoever writes no Dagster."""

from __future__ import annotations

import asyncio
from datetime import date
from pathlib import Path

import pytest

from jutsu_dagster.core.errors import ConfigError, DataError, LedgerError
from jutsu_dagster.pipeline.ingest import ETF_DAILY
from jutsu_dagster.pipeline.night import StrategyResult
from jutsu_dagster.pipeline.paper import paper_account
from jutsu_dagster.pipeline.runner import DataFetcher, MultiStrategyRunner, last_session
from jutsu_dagster.sources.base import MarketSource
from jutsu_dagster.sources.files import FilesMarket
from jutsu_dagster.sources.sample import SampleMarket
from jutsu_dagster.storage.ledger import Ledger
from jutsu_dagster.storage.state_manager import MultiStrategyStateManager
from jutsu_dagster_tests.homes import LAST, Home
from jutsu_dagster_tests.nights import (
    NIGHT,
    START,
    account,
    assert_same_account,
    register,
    sessions,
    set_settings,
    statuses,
    subjects,
    trade,
    write_module,
)

BOTH = ("v3_5b", "v3_5d")
FRIDAY = date(2013, 12, 20)


def runner(
    home: Home, session: date | None = FRIDAY, source: MarketSource | None = None
) -> MultiStrategyRunner:
    states = MultiStrategyStateManager(home.registry, home.ledger)
    source = source or SampleMarket(date(2014, 2, 1))
    fetcher = DataFetcher(home.registry, source, home.store, session)
    return MultiStrategyRunner(home.registry, states, fetcher, ledger=home.ledger)


def run_all(home: Home, session: date | None = FRIDAY) -> dict[str, StrategyResult]:
    return asyncio.run(runner(home, session).run_all_strategies())


def test_every_account_is_brought_up_to_the_session_as_by_its_nights(paper_home: Home) -> None:
    results = run_all(paper_home)
    assert [(id_, each.status) for id_, each in results.items()] == [(id_, "ok") for id_ in BOTH]
    days = [str(report.day) for report in results["v3_5b"].sessions]
    assert days == [f"2013-12-{day}" for day in range(16, 21)]
    by_runner = {id_: account(paper_home, id_) for id_ in BOTH}
    for id_ in BOTH:
        paper_home.ledger.forget(paper_account(id_), days)
    for day in days:
        trade(paper_home, date.fromisoformat(day))
    for id_ in BOTH:
        assert_same_account(account(paper_home, id_), by_runner[id_])


def test_a_second_call_changes_nothing(paper_home: Home) -> None:
    run_all(paper_home)
    before, files = account(paper_home, "v3_5b"), paper_home.content()
    again = run_all(paper_home)
    assert [report.status for report in again["v3_5b"].sessions] == ["verified"]
    assert_same_account(account(paper_home, "v3_5b"), before)
    assert paper_home.content() == files


def test_one_strategy_runs_alone_on_the_data_that_all_share(paper_home: Home) -> None:
    async def one() -> StrategyResult:
        own = runner(paper_home)
        market = await own._fetcher.fetch_all_symbols()
        assert (market.session, market.source) == (FRIDAY, "sample")
        assert market.version == paper_home.store.version(ETF_DAILY)
        return await own.run_strategy("v3_5d", market)

    result = asyncio.run(one())
    assert (result.strategy_id, result.success) == ("v3_5d", True)
    assert sessions(paper_home, "v3_5d")[-1] == str(FRIDAY)
    assert sessions(paper_home, "v3_5b")[-1] < str(NIGHT)


def test_an_unknown_strategy_is_refused_with_the_nearest(paper_home: Home) -> None:
    async def ask() -> None:
        own = runner(paper_home)
        await own.run_strategy("v3_5c", await own._fetcher.fetch_all_symbols())

    with pytest.raises(ConfigError, match="is no strategy that trades on paper") as caught:
        asyncio.run(ask())
    assert "v3_5" in (caught.value.faults[0].nearest or "")


def test_a_failing_fetch_keeps_everybody_from_running(paper_home: Home, tmp_path: Path) -> None:
    path = tmp_path / "bars.parquet"
    paper_home.store.rows(ETF_DAILY).to_parquet(path, index=False)
    source = FilesMarket(path, "sample")
    with pytest.raises(DataError, match="no bars of 2014-01-02 yet"):
        asyncio.run(runner(paper_home, date(2014, 1, 3), source).run_all_strategies())
    assert statuses(paper_home) == statuses(paper_home, "before")
    assert sessions(paper_home, "v3_5b")[-1] < str(NIGHT)


def test_new_days_are_fetched_once_and_for_all(paper_home: Home) -> None:
    after = date(2014, 1, 3)
    version = paper_home.store.version(ETF_DAILY)
    assert paper_home.store.coverage(ETF_DAILY)["last"].max() == LAST
    results = run_all(paper_home, after)
    assert all(result.success for result in results.values())
    assert sessions(paper_home, "v3_5d")[-1] == str(after)
    assert paper_home.store.version(ETF_DAILY) == version + 1


def test_a_troubled_strategy_leaves_a_failed_result_and_an_alert(paper_home: Home) -> None:
    register(paper_home, "raises", f"{write_module(paper_home)}:Raises")
    register(paper_home, "broken", f"{write_module(paper_home)}:Steady", share="half")
    results = run_all(paper_home, NIGHT)
    found = {id_: result.status for id_, result in results.items()}
    assert found == {"v3_5b": "ok", "v3_5d": "ok", "raises": "failed", "broken": "failed"}
    assert "no volatility at all" in (results["raises"].error or "")
    assert statuses(paper_home)["raises"] == {str(START): "failed"}
    names = {f"secondary strategy {id_} failed on {NIGHT}" for id_ in ("raises", "broken")}
    assert set(subjects(paper_home)) == names


def test_what_comes_after_a_failure_is_skipped_where_failures_are_not_isolated(
    paper_home: Home,
) -> None:
    module = write_module(paper_home)
    register(paper_home, "raises", f"{module}:Raises")
    register(paper_home, "steady", f"{module}:Steady")
    set_settings(paper_home, isolate_failures=False)
    found = {id_: result.status for id_, result in run_all(paper_home, NIGHT).items()}
    assert found == {"v3_5b": "ok", "v3_5d": "ok", "raises": "failed", "steady": "skipped"}
    assert list(subjects(paper_home)) == [f"secondary strategy raises failed on {NIGHT}"]


def test_a_ledger_that_nobody_made_is_named(paper_home: Home, tmp_path: Path) -> None:
    own = runner(paper_home)
    own._ledger = Ledger(f"sqlite:///{tmp_path / 'empty.db'}")
    with pytest.raises(LedgerError, match="jutsu init"):
        asyncio.run(own.run_all_strategies())
    own._ledger.close()


def test_the_session_is_the_last_that_there_was() -> None:
    assert last_session(date(2013, 12, 25)) == date(2013, 12, 24)
    assert last_session(date(2013, 12, 22)) == FRIDAY
