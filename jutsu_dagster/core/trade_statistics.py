"""Trade statistics: the engine's running counters and what follows from them."""

from __future__ import annotations

import math
from typing import Any

import numpy as np

from jutsu_dagster.core.bars import FloatArray
from jutsu_dagster.core.jit import kernel

# Columns of the running trade counters, filled by the engine fill by fill.
FILLS, CLOSED, WINS, GROSS_PROFIT, GROSS_LOSS, COMMISSION, TRADED_VALUE = range(7)
TRADE_COUNTERS = 7
TRADE_METRICS = (
    "total_fills",
    "closed_trades",
    "winning_trades",
    "losing_trades",
    "win_rate",
    "avg_win",
    "avg_loss",
    "profit_factor",
    "realised_net",
    "total_commission",
    "turnover",
)
_COUNTS = {"total_fills", "closed_trades", "winning_trades", "losing_trades"}
# How many of TRADE_METRICS follow from realised profits alone.
_FROM_PROFITS = 9


@kernel
def trade_row(counters: FloatArray, initial: float, out: FloatArray) -> None:
    """Write the TRADE_METRICS that follow from the engine's running counters.

    Parameters
    ----------
    counters : float64 of shape (7,)
        FILLS, CLOSED, WINS, GROSS_PROFIT, GROSS_LOSS, COMMISSION, TRADED_VALUE.
    initial : float
        Capital; turnover is traded value over it.
    out : float64 of shape (11,)
        Written; NaN where a ratio is undefined.
    """
    closed, wins = counters[CLOSED], counters[WINS]
    losses = closed - wins
    profit, loss = counters[GROSS_PROFIT], counters[GROSS_LOSS]
    out[0] = counters[FILLS]
    out[1] = closed
    out[2] = wins
    out[3] = losses
    out[4] = wins / closed if closed > 0 else np.nan
    out[5] = profit / wins if wins > 0 else np.nan
    out[6] = loss / losses if losses > 0 else np.nan
    out[7] = profit / -loss if loss < 0.0 else np.nan
    out[8] = profit + loss
    out[9] = counters[COMMISSION]
    out[10] = counters[TRADED_VALUE] / initial


def trade_statistics(realised: FloatArray) -> dict[str, Any]:
    """Return the statistics of closed trades; every sale, partial or not, closes one.

    Parameters
    ----------
    realised : float64 of shape (F,)
        Profit of each sale after costs, against the average cost of its position; NaN for buys.

    Returns
    -------
    dict
        total_fills, closed_trades, winning_trades, losing_trades, win_rate, avg_win, avg_loss,
        profit_factor (None without losses) and realised_net. A win is a profit > 0.
    """
    nothing = np.zeros(len(realised))
    out = np.empty(len(TRADE_METRICS))
    trade_row(trade_counters(realised, nothing, nothing), 1.0, out)
    return named(TRADE_METRICS[:_FROM_PROFITS], out[:_FROM_PROFITS])


def trade_counters(realised: FloatArray, commission: FloatArray, traded: FloatArray) -> FloatArray:
    """Return the counters that the engine keeps, summed fill by fill as the engine does.

    Parameters
    ----------
    realised, commission, traded : float64 of shape (F,)
        Profit (NaN for buys), commission and value of each fill.

    Returns
    -------
    float64 of shape (7,)
    """
    counters = np.zeros(TRADE_COUNTERS)
    for profit, fee, value in zip(
        realised.tolist(), commission.tolist(), traded.tolist(), strict=True
    ):
        counters[FILLS] += 1.0
        counters[COMMISSION] += fee
        counters[TRADED_VALUE] += value
        if profit > 0.0:
            counters[WINS] += 1.0
            counters[GROSS_PROFIT] += profit
        elif not math.isnan(profit):
            counters[GROSS_LOSS] += profit
        counters[CLOSED] += 0.0 if math.isnan(profit) else 1.0
    return counters


def named(names: tuple[str, ...], row: FloatArray) -> dict[str, Any]:
    """Return a row of metrics by name: None where NaN, counts as int."""
    return {
        name: None if math.isnan(value) else int(value) if name in _COUNTS else value
        for name, value in zip(names, row.tolist(), strict=True)
    }
