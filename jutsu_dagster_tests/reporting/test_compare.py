from __future__ import annotations

import json

from jutsu_dagster.reporting.account import AccountReport
from jutsu_dagster.reporting.compare import Compared, comparison_table


def _compared(report: AccountReport, name: str, extra: float = 0.0) -> Compared:
    metrics = report.metrics | {"total_return": report.metrics["total_return"] + extra}
    return Compared(
        name, report.initial_capital, metrics, report.baseline_metrics, report.trade_metrics
    )


def test_two_strategies_stand_beside_their_baseline_and_difference(worked: AccountReport) -> None:
    table = comparison_table([_compared(worked, "v3_5b"), _compared(worked, "v3_5d", 0.016)])
    assert table.header == [
        "Metric", "v3_5b", "v3_5d", "Baseline (buy and hold)", "v3_5d − v3_5b",
    ]  # fmt: skip
    rows = {row[0]: row[1:] for row in table.text_rows()}
    assert list(rows) == [
        "Initial capital", "Final equity", "Total return", "CAGR", "Volatility", "Sharpe",
        "Sortino", "Max drawdown", "Calmar", "Beta", "Trades", "Win rate", "Profit factor",
    ]  # fmt: skip
    assert rows["Total return"] == ["-2.80%", "-1.20%", "4.00%", "+1.60%"]
    assert rows["Initial capital"] == ["10,000.00", "10,000.00", "10,000.00", "+0.00"]
    assert rows["Trades"] == ["5", "5", "–", "+0"]
    assert rows["Beta"] == ["–", "–", "1.00", "–"]
    assert rows["Profit factor"] == ["0.00", "0.00", "–", "+0.00"]


def test_more_strategies_are_each_compared_with_the_first(worked: AccountReport) -> None:
    accounts = [
        _compared(worked, name, extra) for name, extra in (("a", 0.0), ("b", 0.1), ("c", -0.1))
    ]
    table = comparison_table(accounts)
    assert table.header[-2:] == ["b − a", "c − a"]
    assert table.text_rows()[2][-2:] == ["+10.00%", "-10.00%"]


def test_one_strategy_has_no_difference_column(worked: AccountReport) -> None:
    table = comparison_table([_compared(worked, "a")])
    assert table.header == ["Metric", "a", "Baseline (buy and hold)"]
    assert all(len(row) == 3 for row in table.text_rows())


def test_the_numbers_are_strict_json(worked: AccountReport) -> None:
    table = comparison_table([_compared(worked, "a"), _compared(worked, "b")])
    data = json.loads(json.dumps(table.to_dict(), allow_nan=False))
    assert data["strategies"]["a"]["Final equity"] == 9720.0
    assert data["strategies"]["a"]["Beta"] is None
    assert data["differences"]["b - a"]["CAGR"] == 0.0
