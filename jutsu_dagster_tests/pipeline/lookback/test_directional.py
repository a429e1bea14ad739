"""Looking back over directional strategies: results over a stake, and what a switch trades."""

from __future__ import annotations

import numpy as np
import pytest

from jutsu_dagster.core.account import AccountKey
from jutsu_dagster.pipeline.backtest import run_years
from jutsu_dagster.pipeline.lookback.candidates import star
from jutsu_dagster.pipeline.lookback.directional import follow, run_directional
from jutsu_dagster.pipeline.lookback.opened import Lookback
from jutsu_dagster.pipeline.lookback.run import Span
from jutsu_dagster.storage.exploration_accounts import curve
from jutsu_dagster_tests.homes import Home

NAMES = ["conf_min", "max_bars_open", "exit_min_conf"]


def test_the_parents_days_are_those_of_its_backtest(crypto_home: Home) -> None:
    config = crypto_home.config("ETH_main")
    told: list[int] = []
    made = star(config, 1, NAMES)
    run = run_directional(config, crypto_home.store, made, advance=told.append)
    list(run_years(config, crypto_home.store, crypto_home.ledger, [2025]))
    recorded = curve(crypto_home.ledger.engine, AccountKey("ETH_main", "backtest"))
    equity = config.initial_capital * (1.0 + run.returns[:, 0].cumsum())
    np.testing.assert_allclose(equity, recorded["equity"], rtol=1e-12)
    assert run.days.astype(str).tolist() == recorded["day"].dt.strftime("%Y-%m-%d").tolist()
    grown = recorded["last_close"] / recorded["last_close"].iloc[0]
    np.testing.assert_allclose(run.held.equity(run.baseline), grown, rtol=1e-12)
    assert not run.basis.compound
    assert run.basis.per_year == 365
    assert told[-1] == len(made.sets)


def test_every_set_is_recorded_as_a_trial(crypto_home: Home) -> None:
    config = crypto_home.config("ETH_main")
    lookback = Lookback(config, crypto_home.store, crypto_home.ledger)
    made = star(config, 1, NAMES)
    run = lookback.run(made)
    lookback.run(made)
    trials = crypto_home.ledger.trials("ETH_main")
    assert trials["parameter_hash"].tolist() == [one.strategy.parameter_hash for one in run.sets]
    parent = run.returns[:, 0]
    assert trials["daily_sharpe"][0] == pytest.approx(parent.mean() / parent.std(ddof=1))
    assert trials["total_return"][0] == pytest.approx(parent.sum())


def test_a_switch_pays_a_side_for_what_it_closes_and_one_for_what_it_opens() -> None:
    returns = np.tile([[0.01, 0.02]], (6, 1))
    stands = np.array([[0, 1], [1, 1], [1, -1], [1, -1], [1, 0], [0, 0]])
    half = np.array([0.001, 0.003])
    # Opened on day 1 where set 1 holds: a side. Both hold alike on day 1's end: nothing.
    found = follow(returns, stands, half, [Span(1, 1, 2), Span(0, 2, 4), Span(1, 4, 6)])
    np.testing.assert_allclose(
        found.returns, [0.02 - 0.003, 0.01, 0.01, 0.02 - 0.001 - 0.003, 0.02]
    )
    np.testing.assert_array_equal(found.turnover, [1.0, 0.0, 2.0])
    assert found.costs == pytest.approx(0.007)


def test_a_switch_to_the_same_set_changes_no_bit() -> None:
    rng = np.random.default_rng(0)
    returns, stands = rng.normal(0, 0.01, (50, 2)), rng.integers(-1, 2, (50, 2))
    half = np.array([0.001, 0.001])
    whole = follow(returns, stands, half, [Span(1, 5, 50)])
    cut = follow(returns, stands, half, [Span(1, 5, 20), Span(1, 20, 50)])
    np.testing.assert_array_equal(whole.returns, cut.returns)
