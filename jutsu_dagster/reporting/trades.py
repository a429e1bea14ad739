"""The trades CSV: every fill with the regime, the indicators and the allocation around it."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
import pandas as pd

from jutsu_dagster.core.bars import IntArray
from jutsu_dagster.reporting.account import AccountReport, csv_text, decimals

_INDICATORS = ("SMA_fast", "SMA_slow", "T_norm", "cell1_exit_pending_days", "z_score")
_THRESHOLDS = (
    "cell1_exit_confirmation_days",
    "leverage_scalar",
    "lower_thresh_z",
    "upper_thresh_z",
)
# Less cash than this is a remainder of whole shares, not a position.
_CASH_SHOWN = 0.01


def trades_csv(report: AccountReport) -> str:
    """Return the trades CSV, in order of execution.

    Bar_Number counts the account's sessions from 1. Slippage is 0, because fill prices include
    it. Indicators are those of the session that decided.
    """
    indicators = {
        name: report.indicators[name] for name in _INDICATORS if name in report.indicators
    }
    thresholds = {
        name: report.parameters[name] for name in _THRESHOLDS if name in report.parameters
    }
    header = [
        "Trade_ID", "Date", "Bar_Number", "Strategy_State", "Ticker", "Decision",
        "Decision_Reason", *(f"Indicator_{name}" for name in indicators),
        *(f"Threshold_{name}" for name in thresholds), "Order_Type", "Shares", "Fill_Price",
        "Position_Value", "Slippage", "Commission", "Portfolio_Value_Before",
        "Portfolio_Value_After", "Cash_Before", "Cash_After", "Allocation_Before",
        "Allocation_After", "Cumulative_Return_Pct",
    ]  # fmt: skip
    sessions = report.trades["session"].to_numpy().astype("datetime64[D]")
    at = np.searchsorted(report.sessions, sessions)
    allocations = _allocations(report, at)
    rows = []
    for number, trade in enumerate(report.trades.to_dict("records")):
        row = int(at[number])
        decided = max(row - report.decision_lag, 0)
        before, after = allocations[number]
        rows.append([
            number + 1, str(sessions[number]), row + 1, _state(report, trade), trade["symbol"],
            trade["side"], trade["reason"],
            *(decimals(values[decided], 6) for values in indicators.values()),
            *thresholds.values(), "MARKET", trade["shares"],
            decimals(trade["fill_price"], 4), decimals(trade["shares"] * trade["fill_price"], 2),
            "0.00", decimals(trade["commission"], 2),
            *(decimals(trade[name], 2) for name in (
                "portfolio_value_before", "portfolio_value_after", "cash_before", "cash_after",
            )),
            before, after,
            decimals(100.0 * (trade["portfolio_value_after"] / report.initial_capital - 1.0), 4),
        ])  # fmt: skip
    return csv_text(header, rows)


def _state(report: AccountReport, trade: Mapping[Any, Any]) -> str:
    cell = trade["strategy_cell"]
    if cell is None or pd.isna(cell):
        return report.version_label
    states = "/".join(
        state for state in (trade["trend_state"], trade["vol_state"]) if isinstance(state, str)
    )
    return f"{report.version_label} Cell {cell}{f': {states}' if states else ''}"


def _allocations(report: AccountReport, at: IntArray) -> list[tuple[str, str]]:
    """Return each trade's allocation before and after, session by session.

    The ledger keeps holdings at closes only. Those between the fills of a session follow by
    walking back from its close, which is right across splits too.
    """
    trades = report.trades.to_dict("records")
    positions, values = report.snapshots["positions"], report.snapshots["values"]
    texts: list[tuple[str, str]] = [("", "")] * len(trades)
    for row in np.unique(at).tolist():
        held = dict(positions.iloc[row])
        marks = {symbol: values.iloc[row][symbol] / held[symbol] for symbol in held}
        numbers = np.flatnonzero(at == row).tolist()
        marks |= {trades[number]["symbol"]: _mark(trades[number]) for number in numbers}
        for number in reversed(numbers):
            trade = trades[number]
            after = _text(held, marks, trade["cash_after"], trade["portfolio_value_after"])
            held[trade["symbol"]] = held.get(trade["symbol"], 0) - _signed(trade)
            before = _text(held, marks, trade["cash_before"], trade["portfolio_value_before"])
            texts[number] = (before, after)
    return texts


def _signed(trade: Mapping[Any, Any]) -> int:
    return int(trade["shares"]) if trade["side"] == "BUY" else -int(trade["shares"])


def _mark(trade: Mapping[Any, Any]) -> float:
    """Return the price that valued the symbol around a fill: what value moved beyond cash."""
    value = trade["portfolio_value_after"] - trade["portfolio_value_before"]
    cash = trade["cash_after"] - trade["cash_before"]
    return float((value - cash) / _signed(trade))


def _text(held: Mapping[str, int], marks: Mapping[str, float], cash: float, total: float) -> str:
    shares = {symbol: held[symbol] * marks[symbol] / total for symbol in held if held[symbol]}
    if cash / total > _CASH_SHOWN:
        shares["CASH"] = cash / total
    return ", ".join(f"{name}: {share:.1%}" for name, share in sorted(shares.items()))
