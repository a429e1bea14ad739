"""What research knows of the paper accounts: their trades, of either kind, up to a day."""

from __future__ import annotations

from datetime import date, timedelta
from typing import Any

import pytest
from sqlalchemy import update

from jutsu_dagster.core.account import AccountKey
from jutsu_dagster.core.errors import DataError
from jutsu_dagster.pipeline.ingest import CRYPTO_15M
from jutsu_dagster.pipeline.paper import trade_sessions
from jutsu_dagster.pipeline.research.inputs import known, round_trip_cost, standings, subjects_of
from jutsu_dagster.pipeline.research.night import write_summary
from jutsu_dagster.pipeline.research.paper_episodes import paper_episodes
from jutsu_dagster.pipeline.shadow_registry import create, read_book
from jutsu_dagster.pipeline.variant_episodes import AllocationRider
from jutsu_dagster.pipeline.variant_run import run_family
from jutsu_dagster.registry.shadow_create import Making
from jutsu_dagster.storage import exploration_log as log
from jutsu_dagster.storage.models import Trade
from jutsu_dagster.strategies.base import AllocationStrategy
from jutsu_dagster_tests.homes import Home
from jutsu_dagster_tests.nights import starts, trade
from jutsu_dagster_tests.pipeline.research.nights import NIGHTS, Nights

DAY = timedelta(days=1)
BEGIN, END = date(2013, 6, 3), date(2013, 12, 31)
_SAME = ("ts", "type", "dir", "entry_px", "exit_px", "pct", "gross_pct", "regime", "bars_open")


@pytest.fixture
def half_a_year(home: Home) -> Home:
    """A project whose v3_5b has traded on paper for seven months."""
    starts(home, BEGIN, "v3_5b")
    list(trade_sessions(home.config(), home.store, home.ledger, BEGIN, END))
    return home


def allocator(home: Home) -> AllocationStrategy:
    strategy = home.config().strategy
    assert isinstance(strategy, AllocationStrategy)
    return strategy


def recorded_control(home: Home) -> list[dict[str, Any]]:
    """Return the trades of the strategy itself, as its variants' control counted them."""
    making = Making(BEGIN - DAY, "2013-06-03T00:00:00Z", "to see", "test")
    create(home.registry, home.path, "v3_5b", [{"sma_fast_delta": 5}], making)
    shadows = read_book(home.registry, home.path).running()
    run_family(
        AllocationRider(home.store, home.config()), home.ledger, "v3_5b", shadows, BEGIN, END
    )
    track = shadows[0].row.base_params_hash or ""
    frame = log.trades(home.ledger.engine, AccountKey("v3_5b", "control"), track=track)
    return [{str(name): value for name, value in row.items()} for row in frame.to_dict("records")]


def test_a_paper_account_has_the_very_trades_that_a_control_of_the_same_days_has(
    half_a_year: Home,
) -> None:
    state, rows = paper_episodes(half_a_year.ledger, "v3_5b", allocator(half_a_year), END)
    control = recorded_control(half_a_year)
    assert len(rows) == len(control) > 8
    for ours, theirs in zip(rows, control, strict=True):
        for name in _SAME:
            if name in ours:
                assert ours[name] == theirs[name], name
    head = log.latest(half_a_year.ledger.engine, "control", ["v3_5b"],
                      track=control[0]["track"])["v3_5b"]  # fmt: skip
    assert state.to_dict() == head.state["episodes"]


def test_what_a_paper_account_did_later_changes_none_of_its_trades(half_a_year: Home) -> None:
    ledger, strategy = half_a_year.ledger, allocator(half_a_year)
    whole = paper_episodes(ledger, "v3_5b", strategy, END)[1]
    for until in (date(2013, 6, 2), date(2013, 6, 3), date(2013, 8, 31), date(2013, 11, 29)):
        rows = paper_episodes(ledger, "v3_5b", strategy, until)[1]
        assert rows == [row for row in whole if row["ts"][:10] <= until.isoformat()]


def test_fills_without_the_value_around_them_are_named(half_a_year: Home) -> None:
    with half_a_year.ledger.engine.begin() as connection:
        connection.execute(update(Trade).values(portfolio_value_before=None))
    with pytest.raises(DataError, match=r"v3_5b: .* around a fill of 2013-06-03"):
        paper_episodes(half_a_year.ledger, "v3_5b", allocator(half_a_year), END)


def test_subjects_are_the_sound_strategies_that_trade_on_paper(crypto_home: Home) -> None:
    found = {one.strategy_id: one for one in subjects_of(crypto_home.registry)}
    assert {id_: one.symbol for id_, one in found.items()} == {
        "v3_5b": "QQQ", "ETH_main": "ETHUSDT"
    }  # fmt: skip
    assert found["ETH_main"].round_trip_cost == pytest.approx(0.0014)
    assert found["v3_5b"].round_trip_cost == round_trip_cost(crypto_home.config("v3_5b")) > 0
    crypto_home.edit_registry(
        lambda registry: registry["strategies"]["ETH_main"].update(paper_trading=False)
    )
    assert [one.strategy_id for one in subjects_of(crypto_home.registry)] == ["v3_5b"]


def test_open_positions_and_bars_are_those_of_the_day(nights: Nights) -> None:
    early, late = (known(nights.desk, day) for day in (NIGHTS[0], NIGHTS[1]))
    assert {id_: seen["bars"] for id_, seen in early.activity.items()} == {
        # The exchange mourned on the 9th.
        "v3_5b": 3, "ETH_main": 4 * 96
    }  # fmt: skip
    assert early.trades == tuple(one for one in late.trades if one.ts < f"{NIGHTS[1]}T00:00:00Z")
    held = {row["strategy_id"]: row for row in early.positions}
    assert set(held["v3_5b"]) == {
        "strategy_id", "symbol", "dir", "entry_px", "bars_open", "since", "regime"
    }  # fmt: skip
    snapshots = nights.home.ledger.snapshots(AccountKey("v3_5b", "paper"), last=NIGHTS[0])
    assert held["v3_5b"]["dir"] == 1
    assert snapshots["positions"].iloc[-1]


def test_a_day_that_nobody_has_traded_yet_says_what_to_run(nights: Nights) -> None:
    day = NIGHTS[-1] + DAY
    with pytest.raises(DataError, match=r"ETH_main \(since 2025-01-12\)\. Run `jutsu nightly --d"):
        known(nights.desk, day)
    assert "Run `jutsu nightly" in (nights.run(day)["are_snapshot"] or "")
    found = {one.strategy_id: (one.missing, one.due) for one in standings(nights.desk, day)}
    # A Sunday: there is no session of ETFs.
    assert found == {"v3_5b": (None, False), "ETH_main": (day, True)}


def test_a_strategy_that_only_nobody_has_run_yet_stops_the_night(nights: Nights) -> None:
    day = NIGHTS[-1] + 2 * DAY
    list(trade_sessions(nights.home.config(), nights.home.store, nights.home.ledger, day, day))
    with pytest.raises(DataError, match=r"not traded yet: ETH_main \(since 2025-01-12\)"):
        known(nights.desk, day)


def test_a_market_without_bars_stops_only_its_own_strategies(nights: Nights) -> None:
    day, home = NIGHTS[-1] + 2 * DAY, nights.home
    bars = home.store.rows(CRYPTO_15M, None, day - DAY, day)
    home.store.write(CRYPTO_15M, bars.iloc[:0], day - DAY, day, "sample")
    with pytest.raises(DataError, match=r"v3_5b \(since 2025-01-13\), ETH_main"):
        known(nights.desk, day)
    list(trade_sessions(home.config(), home.store, home.ledger, day, day))
    assert set(nights.run(day).values()) == {None}
    (said,) = write_summary(day, nights.desk, {})["notes"]
    assert said == (
        "ETH_main has not traded since 2025-01-12: crypto_15m has 0 of 96 bars of ETHUSDT on"
        " 2025-01-12"
    )


def test_before_its_start_a_strategy_lacks_nothing(fresh: Nights) -> None:
    day = date(2025, 1, 5)
    assert set(fresh.run(day).values()) == {None}
    assert fresh.of("reflection", day)["input"]["summary"]["total_trades"] == 0


def test_a_failed_and_a_broken_strategy_are_noted_and_stop_no_other(nights: Nights) -> None:
    day, home = NIGHTS[-1] + 2 * DAY, nights.home
    bars = home.store.rows(CRYPTO_15M, None, day, day)
    home.store.write(CRYPTO_15M, bars.iloc[:5], day, day, "sample")
    nights.trade(day - DAY, day - DAY)
    results = trade(home, day)
    assert {id_: one.success for id_, one in results.items()} == {"v3_5b": True, "ETH_main": False}
    assert set(nights.run(day).values()) == {None}
    (said,) = write_summary(day, nights.desk, {})["notes"]
    assert said.startswith("ETH_main has not traded since 2025-01-13: ")
    assert "ingest that day first" in said
    # What it did before is known.
    assert nights.of("reflection", day)["input"]["strategies"]["ETH_main"]["bars"] == 7 * 96
    home.edit("ETH_main", lambda document: document.update(strategy_id="other"))
    assert set(nights.run(day).values()) == {None}
    (said,) = write_summary(day, nights.desk, {})["notes"]
    assert said.startswith("ETH_main has not traded: its configuration is broken (")
    assert list(nights.of("reflection", day)["input"]["strategies"]) == ["v3_5b"]


def test_a_strategy_without_paper_start_lacks_nothing(fresh: Nights) -> None:
    starts(fresh.home, None, "v3_5b")
    fresh.trade(NIGHTS[0])
    assert not any(one.missing or one.note for one in standings(fresh.desk, NIGHTS[0]))
    assert set(known(fresh.desk, NIGHTS[0]).activity) == {"ETH_main"}
