"""What each regime earned: the same as the exported summary says, and it adds up."""

from __future__ import annotations

import csv
import io
import math
from datetime import date

import numpy as np
import pytest

from jutsu_dagster.core.account import AccountKey
from jutsu_dagster.pipeline.views import performance, regimes
from jutsu_dagster.pipeline.views.accounts import ShownMode
from jutsu_dagster.pipeline.views.desk import ReadDesk
from jutsu_dagster.reporting.account import AccountReport
from jutsu_dagster.reporting.regimes import regime_summary_csv
from jutsu_dagster.storage import exploration_log
from jutsu_dagster_tests.homes import Home


@pytest.mark.parametrize("mode", ["paper", "backtest"])
def test_cells_are_those_of_the_exported_summary(
    shown: Home, desk: ReadDesk, mode: ShownMode
) -> None:
    key = AccountKey("v3_5b", mode)
    report = AccountReport(
        strategy_id="v3_5b", strategy_class="x", initial_capital=10_000.0, signal_symbol="QQQ",
        snapshots=shown.ledger.snapshots(key), trades=shown.ledger.trades(key),
    )  # fmt: skip
    exported = list(csv.DictReader(io.StringIO(regime_summary_csv(report))))
    found = regimes.regime_breakdown(desk, "v3_5b", mode)["regimes"]
    assert [row["regime"] for row in found] == [row["Regime"] for row in exported]
    for mine, theirs in zip(found, exported, strict=True):
        assert mine["days"] == int(theirs["Days"])
        assert (mine["trend"], mine["vol"]) == (theirs["Trend"], theirs["Vol"])
        assert mine["total_return"] / 100 == pytest.approx(
            float(theirs["Strategy_Total_Return"]), abs=5e-5
        )
        assert mine["baseline_annualized"] / 100 == pytest.approx(
            float(theirs["QQQ_Annualized"]), abs=5e-5
        )
    assert sum(row["pct_of_time"] for row in found) == pytest.approx(100.0)


def test_cells_together_earned_what_the_account_did(desk: ReadDesk) -> None:
    found = regimes.regime_breakdown(desk, "v3_5b", "backtest")["regimes"]
    curve = performance.equity_curve(desk, "v3_5b", "backtest")["data"]
    grown = math.prod(1.0 + row["total_return"] / 100 for row in found)
    # The first close has no return of its own within the account's sessions.
    assert grown == pytest.approx(curve[-1]["value"] / curve[0]["value"])


def test_a_part_begins_with_what_was_held_at_the_close_before(desk: ReadDesk) -> None:
    curve = performance.equity_curve(desk, "v3_5b", "backtest")["data"]
    start = date.fromisoformat(curve[5]["time"])
    found = regimes.regime_breakdown(desk, "v3_5b", "backtest", start)
    grown = math.prod(1.0 + row["total_return"] / 100 for row in found["regimes"])
    assert grown == pytest.approx(curve[-1]["value"] / curve[4]["value"])
    assert sum(row["days"] for row in found["regimes"]) == len(curve) - 5


def test_trades_by_regime_add_up_to_the_ledgers(shown: Home, desk: ReadDesk) -> None:
    found = regimes.regime_breakdown(desk, "ETH_main", "paper")["regimes"]
    closed = exploration_log.trades(shown.ledger.engine, AccountKey("ETH_main", "paper"))
    results = closed["pct"].to_numpy()
    results = results[~np.isnan(results)]
    assert sum(row["trades"] for row in found) == len(results)
    assert sum(row["winning_trades"] for row in found) == int((results > 0).sum())
    assert sum(row["total_return"] for row in found) == pytest.approx(100.0 * results.sum())
    assert sum(row["long_trades"] + row["short_trades"] for row in found) == len(results)
    assert all(row["days"] is None for row in found)
