from __future__ import annotations

import pytest
import yaml

from jutsu_dagster.core.errors import DataError
from jutsu_dagster.reporting.account import AccountReport
from jutsu_dagster.reporting.dashboard import config_yaml, dashboard_csv, read_dashboard


def test_the_dashboard_file_is_read_back(worked: AccountReport) -> None:
    text = dashboard_csv(worked)
    lines = text.splitlines()
    assert lines[:11] == [
        "# Backtest Dashboard Export",
        "# strategy_name: Hierarchical_Adaptive_v3_5b",
        "# start_date: 2020-01-06",
        "# end_date: 2020-01-10",
        "# initial_capital: 10000.00",
        "# total_return: -2.80",
        f"# annualized_return: {100 * worked.metrics['cagr']:.2f}",
        f"# sharpe_ratio: {worked.metrics['sharpe_ratio']:.2f}",
        "# max_drawdown: -11.64",
        f"# alpha: {100 * (worked.metrics['cagr'] - worked.baseline_metrics['cagr']):.2f}",
        "# baseline_ticker: QQQ",
    ]
    assert lines[11] == "Date,Portfolio_Value,Baseline_Value,BuyHold_Value,Regime,Trend,Vol"
    assert lines[14] == "2020-01-08,9900.00,9900.00,9900.00,4,Sideways,High"
    read = read_dashboard(text)
    assert read.comments["baseline_ticker"] == "QQQ"
    assert read.rows["Regime"].tolist() == [1, 1, 4, 4, 1]
    assert read.rows["Portfolio_Value"].tolist() == worked.equity.tolist()
    assert read.rows["Date"].iloc[0].date().isoformat() == "2020-01-06"


def test_the_older_ratios_are_a_switch(worked: AccountReport) -> None:
    lines = dashboard_csv(worked, compat=True).splitlines()
    assert lines[7] == f"# sharpe_ratio: {worked.metrics['geometric_sharpe_ratio']:.2f}"
    assert lines[9] == "# alpha: -0.70"


def test_both_spellings_of_a_regime_are_read(worked: AccountReport) -> None:
    text = dashboard_csv(worked).replace(",4,Sideways", ",Cell_4,Sideways")
    assert read_dashboard(text).rows["Regime"].tolist() == [1, 1, 4, 4, 1]
    with pytest.raises(DataError, match=r"d\.csv: Regime of 2020-01-08 is 'bear'"):
        read_dashboard(text.replace("Cell_4", "bear"), "d.csv")
    with pytest.raises(DataError, match="column BuyHold_Value is missing"):
        read_dashboard(text.replace("BuyHold_Value", "Other"))


def test_the_config_says_what_was_run(worked: AccountReport) -> None:
    text = config_yaml(
        worked, {"slippage_rate": 0.001, "execution_time": "close"}, warmup_sessions=331
    )
    content = yaml.safe_load(text)
    assert content["strategy"]["name"] == "Hierarchical_Adaptive_v3_5b"
    assert content["strategy"]["parameters"]["sma_fast"] == 40
    assert content["backtest_config"]["end_date"] == "2020-01-10"
    assert content["backtest_config"]["slippage_rate"] == 0.001
    assert content["warmup"] == {"sessions": 331}
    assert content["results_summary"]["closed_trades"] == 2
