"""The ledger's accounts as results."""

from __future__ import annotations

from datetime import date

import numpy as np
import pytest

from jutsu_dagster.pipeline.backtest import backtest_account
from jutsu_dagster.pipeline.compare import account_result
from jutsu_dagster_tests.homes import Home
from jutsu_dagster_tests.pipeline.years import years


def test_a_later_period_starts_both_curves_from_the_equity_then(home: Home) -> None:
    config = home.config()
    years(home, config)
    account = backtest_account(config)
    whole = account_result(home.ledger, account, config.initial_capital)
    first = date(2012, 1, 1)
    late = account_result(home.ledger, account, config.initial_capital, first, date(2012, 12, 31))
    assert whole is not None
    assert late is not None
    start = int(np.searchsorted(whole.sessions, np.datetime64(first)))
    assert late.initial_capital == whole.equity[start - 1]
    np.testing.assert_array_equal(late.equity, whole.equity[start : start + len(late.equity)])
    grown = late.baseline_metrics["final_equity"] / late.initial_capital
    days = len(late.baseline)
    assert grown == pytest.approx(whole.baseline[start + days - 1] / whole.baseline[start - 1])
    assert late.baseline_metrics["total_return"] == pytest.approx(grown - 1.0)


def test_nothing_recorded_in_the_period_is_no_result(home: Home) -> None:
    config = home.config()
    account = backtest_account(config)
    assert account_result(home.ledger, account, config.initial_capital) is None
    years(home, config, [2010])
    late = account_result(home.ledger, account, config.initial_capital, date(2011, 1, 1))
    assert late is None
