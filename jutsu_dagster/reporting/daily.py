"""The daily portfolio CSV: one row a session, holdings and indicators beside the equity."""

from __future__ import annotations

import numpy as np

from jutsu_dagster.reporting.account import AccountReport, column, csv_text, words


def daily_csv(report: AccountReport) -> str:
    """Return the daily portfolio CSV: money 2, percentages 4, indicators 6 decimals.

    Values are shares times the session's close, so that the total is cash plus values on every
    row. The baseline and buy-and-hold columns are the same series, dated by its session.
    """
    signal, snapshots = report.signal_symbol, report.snapshots
    baseline = column(report.baseline, 2)
    overall = column(100.0 * snapshots["cumulative_return"].to_numpy(np.float64), 4)
    columns: dict[str, list[str]] = {
        "Date": [str(session) for session in report.sessions],
        "Regime": [f"Cell_{cell}" if cell else "" for cell in report.cells.tolist()],
        "Trend": words(snapshots["trend_state"]),
        "Vol": words(snapshots["vol_state"]),
        "Portfolio_Total_Value": column(report.equity, 2),
        "Portfolio_Day_Change_Pct": column(100.0 * snapshots["daily_return"].to_numpy(), 4),
        "Portfolio_Overall_Return": overall,
        "Portfolio_PL_Percent": overall,
        f"Baseline_{signal}_Value": baseline,
        f"Baseline_{signal}_Return_Pct": column(
            100.0 * (report.baseline / report.initial_capital - 1.0), 4
        ),
        "Cash": column(snapshots["cash"].to_numpy(np.float64), 2),
        f"BuyHold_{signal}_Value": baseline,
    }
    positions, values = snapshots["positions"].tolist(), snapshots["values"].tolist()
    for symbol in sorted({symbol for row in positions for symbol in row}):
        columns[f"{symbol}_Qty"] = [str(row.get(symbol, 0)) for row in positions]
        money = np.array([row.get(symbol, 0.0) for row in values], dtype=np.float64)
        columns[f"{symbol}_Value"] = column(money, 2)
    for name, numbers in report.indicators.items():
        columns[f"Ind_{name}"] = column(numbers, 6)
    return csv_text(list(columns), zip(*columns.values(), strict=True))
