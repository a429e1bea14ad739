"""The summary CSV: a strategy beside its baseline, as formatted text."""

from __future__ import annotations

from typing import Any

import numpy as np

from jutsu_dagster.core.metrics import SESSIONS_PER_YEAR, session_returns
from jutsu_dagster.reporting.account import AccountReport, csv_text
from jutsu_dagster.reporting.compare import shown

NOT_KNOWN = "N/A"


def summary_csv(report: AccountReport) -> str:
    """Return the summary CSV.

    Alpha is CAPM's, annualised; Excess_Return the difference of total returns, Return_Ratio
    their quotient. Sharpe ratios are mean / std * sqrt(252) at a risk-free rate of 0.
    """
    own, base, trades = report.metrics, report.baseline_metrics, report.trade_metrics
    relative = relative_metrics(report)
    capital = report.initial_capital
    signal = report.signal_symbol
    rows: list[tuple[str, str, str, float | None, float | None]] = [
        ("Capital", "Initial_Capital", "money", capital, capital),
        ("Capital", "Final_Value", "money", base["final_equity"], own["final_equity"]),
        ("Returns", "Total_Return", "percent", base["total_return"], own["total_return"]),
        ("Returns", "Annualized_Return", "percent", base["cagr"], own["cagr"]),
        ("Risk", "Sharpe_Ratio", "ratio", base["sharpe_ratio"], own["sharpe_ratio"]),
        ("Risk", "Max_Drawdown", "percent", base["max_drawdown"], own["max_drawdown"]),
        ("Risk", f"Beta_vs_{signal}", "ratio", 1.0, trades["beta"]),
        ("Risk", "Beta_vs_SPY", "ratio", None, None),
        ("Trading", "Win_Rate", "percent", None, trades["win_rate"]),
        ("Trading", "Total_Fills", "count", None, trades["total_fills"]),
        ("Trading", "Closed_Trades", "count", None, trades["closed_trades"]),
        ("Relative", "Alpha", "percent", None, relative["capm_alpha"]),
        ("Relative", "Excess_Return", "percent", None, relative["excess_return"]),
        ("Relative", "Return_Ratio", "ratio", None, relative["return_multiple"]),
    ]
    return csv_text(
        ["Category", "Metric", "Baseline", "Strategy", "Difference"],
        [
            (
                category,
                name,
                shown(baseline, unit) or NOT_KNOWN,
                shown(strategy, unit) or NOT_KNOWN,
                shown(_minus(strategy, baseline), unit, signed=True) or NOT_KNOWN,
            )
            for category, name, unit, baseline, strategy in rows
        ],
    )


def relative_metrics(report: AccountReport) -> dict[str, float | None]:
    """Return the strategy against its baseline, each measure under a name of its own.

    Returns
    -------
    dict
        cagr_excess and excess_return (differences, fractions), return_multiple (quotient of
        total returns), capm_alpha (252 * (mean - beta * baseline mean), a fraction a year).
    """
    own, base = report.metrics, report.baseline_metrics
    beta: Any = report.trade_metrics["beta"]
    alpha = None
    if beta is not None:
        mean, base_mean = (
            float(np.mean(session_returns(series))) for series in (report.equity, report.baseline)
        )
        alpha = SESSIONS_PER_YEAR * (mean - beta * base_mean)
    total, base_total = own["total_return"], base["total_return"]
    return {
        "cagr_excess": own["cagr"] - base["cagr"],
        "excess_return": total - base_total,
        "return_multiple": total / base_total if base_total else None,
        "capm_alpha": alpha,
    }


def _minus(value: float | None, other: float | None) -> float | None:
    return None if value is None or other is None else value - other
