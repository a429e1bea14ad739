"""Which years stand, and the reasons of those that do not."""

from __future__ import annotations

from datetime import date

import pytest

from jutsu_dagster.pipeline import outdated
from jutsu_dagster.pipeline.backtest import backtest_account, run_years
from jutsu_dagster.pipeline.outdated import outdated_years
from jutsu_dagster.registry.config import StrategyConfig
from jutsu_dagster_tests.homes import LAST, YEARS, Home, lift_closes


@pytest.fixture
def config(home: Home) -> StrategyConfig:
    config = home.config()
    list(run_years(config, home.store, home.ledger, YEARS))
    return config


def reasons(home: Home, config: StrategyConfig) -> dict[int, str]:
    return outdated_years(config, home.store, home.ledger, YEARS)


def test_recorded_years_stand(home: Home, config: StrategyConfig) -> None:
    assert reasons(home, config) == {}
    # Bars that no year has read change nothing.
    home.change_bars(date(2014, 1, 1), date(2014, 1, 31), lambda rows: rows)
    assert reasons(home, config) == {}


def test_years_not_recorded_are_named_and_all_after_them(
    home: Home, config: StrategyConfig
) -> None:
    home.ledger.forget(backtest_account(config), ["2012"])
    assert reasons(home, config) == {2012: "not recorded yet", 2013: "2012 is computed anew"}


def test_changed_bars_settings_and_code_are_told_apart(
    home: Home, config: StrategyConfig, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert set(reasons(home, home.config(sma_fast=41)).values()) == {"its settings changed"}
    with monkeypatch.context() as patched:
        patched.setattr(outdated, "code_version", lambda _kind: "other")
        assert set(reasons(home, config).values()) == {"the code changed"}
    home.change_bars(date(2012, 3, 1), date(2012, 3, 31), lift_closes)
    assert reasons(home, config) == {2012: "its bars changed", 2013: "its bars changed"}


def test_a_year_whose_predecessor_was_overwritten_is_named(
    home: Home, config: StrategyConfig
) -> None:
    costly = home.config(**{"costs.slippage_rate": 0.01})
    list(run_years(costly, home.store, home.ledger, [2010]))
    list(run_years(costly, home.store, home.ledger, [2011]))
    found = reasons(home, costly)
    assert found == {2012: "its settings changed", 2013: "its settings changed"}
    assert reasons(home, config) == {
        2010: "its settings changed",
        2011: "its settings changed",
        2012: "2011 was computed anew",
        2013: "2012 is computed anew",
    }


def test_years_after_the_new_end_are_to_go(home: Home, config: StrategyConfig) -> None:
    shorter = home.config(**{"backtest.end": date(2012, 12, 31)})
    assert reasons(home, shorter) == {2013: "after backtest.end (2012-12-31)"}
    list(run_years(shorter, home.store, home.ledger, [2013]))
    assert reasons(home, shorter) == {}
    middle = home.config(**{"backtest.end": date(2012, 6, 29)})
    assert reasons(home, middle) == {2012: "its bars changed"}
    assert config.backtest_end == LAST
