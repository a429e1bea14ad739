from __future__ import annotations

import csv
import io
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path

import numpy as np
import pytest

from jutsu_dagster.core.errors import LedgerError
from jutsu_dagster.reporting.account import AccountReport
from jutsu_dagster.reporting.daily import daily_csv
from jutsu_dagster.reporting.dashboard import dashboard_csv, read_dashboard
from jutsu_dagster.reporting.exports import dashboard_files, report_files, write_files
from jutsu_dagster.reporting.regimes import regime_summary_csv, regime_timeseries_csv
from jutsu_dagster.reporting.summary import relative_metrics, summary_csv
from jutsu_dagster.reporting.trades import trades_csv


def rows_of(text: str) -> list[dict[str, str]]:
    return list(csv.DictReader(io.StringIO(text)))


def test_the_daily_file_has_the_promised_columns(worked: AccountReport) -> None:
    assert daily_csv(worked).splitlines()[:2] == [
        (
            "Date,Regime,Trend,Vol,Portfolio_Total_Value,Portfolio_Day_Change_Pct,"
            "Portfolio_Overall_Return,Portfolio_PL_Percent,Baseline_QQQ_Value,"
            "Baseline_QQQ_Return_Pct,Cash,BuyHold_QQQ_Value,QQQ_Qty,QQQ_Value,TMF_Qty,TMF_Value,"
            "Ind_Bond_SMA_fast,Ind_SMA_fast,Ind_vol_crush,Ind_z_score"
        ),
        (
            "2020-01-06,Cell_1,BullStrong,Low,10000.00,0.0000,0.0000,0.0000,10000.00,0.0000,0.00,"
            "10000.00,100,10000.00,0,0.00,20.500000,,0.000000,"
        ),
    ]


def test_every_day_is_worth_its_cash_and_values(two_years: AccountReport) -> None:
    for row in rows_of(daily_csv(two_years)):
        parts = [float(row[name]) for name in ("Cash", "QQQ_Value", "TMF_Value")]
        assert float(row["Portfolio_Total_Value"]) == pytest.approx(sum(parts), abs=0.02)


def test_trade_days_hold_the_shares_after_the_trades(worked: AccountReport) -> None:
    row = rows_of(daily_csv(worked))[2]
    assert (row["QQQ_Qty"], row["QQQ_Value"]) == ("0", "0.00")
    assert (row["TMF_Qty"], row["TMF_Value"]) == ("180", "3960.00")
    assert row["Portfolio_Day_Change_Pct"] == "-10.0000"
    assert row["Ind_vol_crush"] == "1.000000"


def test_the_trades_file_has_the_promised_columns(worked: AccountReport) -> None:
    lines = trades_csv(worked).splitlines()
    assert lines[0] == (
        "Trade_ID,Date,Bar_Number,Strategy_State,Ticker,Decision,Decision_Reason,"
        "Indicator_SMA_fast,Indicator_z_score,Threshold_leverage_scalar,Threshold_lower_thresh_z,"
        "Threshold_upper_thresh_z,Order_Type,Shares,Fill_Price,Position_Value,Slippage,Commission,"
        "Portfolio_Value_Before,Portfolio_Value_After,Cash_Before,Cash_After,Allocation_Before,"
        "Allocation_After,Cumulative_Return_Pct"
    )
    assert lines[2] == (
        "2,2020-01-08,3,v3.5b Cell 4: Sideways/High,QQQ,SELL,"
        "cell 4 (Sideways/High): close QQQ,102.000000,1.500000,1.0,0.2,1.0,MARKET,100,99.0000,"
        "9900.00,0.00,0.00,9900.00,9900.00,0.00,9900.00,QQQ: 100.0%,CASH: 100.0%,-1.0000"
    )
    assert len(lines) == 6


def test_allocations_follow_each_fill_of_a_session(worked: AccountReport) -> None:
    shown = [
        (row["Allocation_Before"], row["Allocation_After"]) for row in rows_of(trades_csv(worked))
    ]
    assert shown == [
        ("CASH: 100.0%", "QQQ: 100.0%"),
        ("QQQ: 100.0%", "CASH: 100.0%"),
        ("CASH: 100.0%", "CASH: 60.0%, TMF: 40.0%"),
        ("CASH: 61.1%, TMF: 38.9%", "CASH: 100.0%"),
        ("CASH: 100.0%", "QQQ: 99.5%"),
    ]


def test_a_trade_shows_the_indicators_that_decided_it(worked_next_open: AccountReport) -> None:
    row = rows_of(trades_csv(worked_next_open))[1]
    assert row["Indicator_SMA_fast"] == "101.000000"
    assert row["Strategy_State"] == "v3.5b Cell 1: BullStrong/Low"


def test_a_regime_earns_the_return_of_the_sessions_it_was_held_over(worked: AccountReport) -> None:
    assert regime_summary_csv(worked).splitlines() == [
        (
            "Regime,Trend,Vol,Days,QQQ_Total_Return,QQQ_Daily_Avg,QQQ_Annualized,"
            "Strategy_Total_Return,Strategy_Daily_Avg,Strategy_Annualized"
        ),
        "Cell_1,BullStrong,Low,2,-0.0100,0.000000,0.0000,-0.0100,0.000000,0.0000",
        # (1 + mean) ** 252 - 1 of a mean of 2.5541 % is as large as it looks.
        (
            f"Cell_4,Sideways,High,2,0.0505,0.025541,{1.0255411255411256**252 - 1:.4f},"
            "-0.0182,-0.009091,-0.8999"
        ),
    ]


def test_the_regime_timeseries_keeps_full_precision(two_years: AccountReport) -> None:
    closes = np.linspace(100, 200, len(two_years.sessions)) / 3
    rows = rows_of(regime_timeseries_csv(two_years, closes))
    assert list(rows[0]) == [
        "Date", "Regime", "Trend", "Vol", "QQQ_Close", "QQQ_Daily_Return", "Portfolio_Value",
        "Strategy_Daily_Return",
    ]  # fmt: skip
    np.testing.assert_array_equal([float(row["QQQ_Close"]) for row in rows], closes)
    np.testing.assert_array_equal([float(row["Portfolio_Value"]) for row in rows], two_years.equity)
    assert (rows[0]["QQQ_Daily_Return"], rows[0]["Strategy_Daily_Return"]) == ("0.0", "0.0")
    assert rows[0]["Date"] == "2014-01-02 00:00:00"
    assert {row["QQQ_Close"] for row in rows_of(regime_timeseries_csv(two_years))} == {""}


def test_the_summary_has_one_sign_and_says_what_is_unknown(worked: AccountReport) -> None:
    assert summary_csv(worked).splitlines() == [
        "Category,Metric,Baseline,Strategy,Difference",
        'Capital,Initial_Capital,"10,000.00","10,000.00",+0.00',
        'Capital,Final_Value,"10,400.00","9,720.00",-680.00',
        "Returns,Total_Return,4.00%,-2.80%,-6.80%",
        (
            f"Returns,Annualized_Return,{_percent(worked.baseline_metrics['cagr'])},"
            f"{_percent(worked.metrics['cagr'])},"
            f'"{worked.metrics["cagr"] - worked.baseline_metrics["cagr"]:,.2%}"'
        ),
        (
            f"Risk,Sharpe_Ratio,{worked.baseline_metrics['sharpe_ratio']:.2f},"
            f"{worked.metrics['sharpe_ratio']:.2f},"
            f"{worked.metrics['sharpe_ratio'] - worked.baseline_metrics['sharpe_ratio']:+.2f}"
        ),
        "Risk,Max_Drawdown,-10.00%,-11.64%,-1.64%",
        "Risk,Beta_vs_QQQ,1.00,N/A,N/A",
        "Risk,Beta_vs_SPY,N/A,N/A,N/A",
        "Trading,Win_Rate,N/A,0.00%,N/A",
        "Trading,Total_Fills,N/A,5,N/A",
        "Trading,Closed_Trades,N/A,2,N/A",
        "Relative,Alpha,N/A,N/A,N/A",
        "Relative,Excess_Return,N/A,-6.80%,N/A",
        "Relative,Return_Ratio,N/A,-0.70,N/A",
    ]


def test_beta_and_alpha_are_those_of_dates_that_match(two_years: AccountReport) -> None:
    mine = np.diff(two_years.equity) / two_years.equity[:-1]
    market = np.diff(two_years.baseline) / two_years.baseline[:-1]
    expected = np.cov(mine, market)[0, 1] / market.var(ddof=1)
    assert two_years.trade_metrics["beta"] == pytest.approx(expected, rel=1e-12)
    alpha = relative_metrics(two_years)["capm_alpha"]
    assert alpha == pytest.approx(252 * (mine.mean() - expected * market.mean()), rel=1e-9)


def test_files_are_named_by_their_own_class(worked: AccountReport, tmp_path: Path) -> None:
    other = replace(worked, strategy_id="v3_5d", strategy_class="my.module:Hierarchical_v3_5d")
    files = dashboard_files(other, {}, warmup_sessions=1)
    written = datetime(2026, 1, 2, 3, 4, 5, tzinfo=UTC)
    for kind in ("daily", "trades", "regimes", "summary"):
        files |= report_files(other, kind, written)
    paths = write_files(files, tmp_path / "reports")
    assert [path.name for path in paths] == [
        "dashboard_Hierarchical_v3_5d.csv",
        "config_Hierarchical_v3_5d.yaml",
        "Hierarchical_v3_5d_20260102_030405.csv",
        "Hierarchical_v3_5d_20260102_030405_trades.csv",
        "regime_timeseries_v3_5d_Hierarchical_v3_5d_2020-01-06_2020-01-10.csv",
        "regime_summary_v3_5d_Hierarchical_v3_5d_2020-01-06_2020-01-10.csv",
        "Hierarchical_v3_5d_20260102_030405_summary.csv",
    ]
    assert [path.read_text() for path in paths] == list(files.values())


def test_a_strategy_without_regimes_exports_too(worked: AccountReport) -> None:
    snapshots = worked.snapshots.assign(strategy_cell=None, trend_state=None, vol_state=None)
    trades = worked.trades.assign(strategy_cell=None, trend_state=None, vol_state=None)
    plain = replace(
        worked, strategy_class="mine:Trend", snapshots=snapshots, trades=trades, parameters={}
    )
    assert rows_of(daily_csv(plain))[0]["Regime"] == ""
    assert rows_of(trades_csv(plain))[0]["Strategy_State"] == "v3_5b"
    assert rows_of(regime_summary_csv(plain)) == []
    assert read_dashboard(dashboard_csv(plain)).rows["Regime"].tolist() == [0] * 5


def test_an_account_without_trades_exports_too(worked: AccountReport) -> None:
    idle = replace(worked, trades=worked.trades.iloc[:0])
    assert len(trades_csv(idle).splitlines()) == 1
    assert "Win_Rate,N/A,N/A" in summary_csv(idle)


def test_nothing_recorded_is_a_named_fault(worked: AccountReport) -> None:
    with pytest.raises(LedgerError, match="v3_5b has no recorded session"):
        replace(worked, snapshots=worked.snapshots.iloc[:0])


def _percent(value: float) -> str:
    text = f"{value:,.2%}"
    return f'"{text}"' if "," in text else text
