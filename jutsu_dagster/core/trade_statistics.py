"""Trade statistics: sums over the fills of an account and what follows from them."""

from __future__ import annotations

import math
from typing import Any

import numpy as np

from jutsu_dagster.core.bars import FloatArray
from jutsu_dagster.core.jit import kernel

# Columns of the tape, one row a fill: profit of a sale (NaN of a buy), commission, traded value.
PROFIT, FEE, TRADED = range(3)
TAPE_FIELDS = 3
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
def trade_row(tape: FloatArray, initial: float, out: FloatArray) -> None:
    """Write the TRADE_METRICS of an account's fills, summed in the order of execution.

    Parameters
    ----------
    tape : float64 of shape (F, 3)
        PROFIT, FEE and TRADED of each fill.
    initial : float
        Capital; turnover is traded value over it.
    out : float64 of shape (11,)
        Written; NaN where a ratio is undefined.
    """
    closed, wins, profit, loss, fees, traded = 0.0, 0.0, 0.0, 0.0, 0.0, 0.0
    for k in range(len(tape)):
        earned = tape[k, PROFIT]
        closed += 0.0 if np.isnan(earned) else 1.0
        wins += 1.0 if earned > 0.0 else 0.0
        profit += max(0.0, earned)
        loss += min(0.0, earned)
        fees += tape[k, FEE]
        traded += tape[k, TRADED]
    losses = closed - wins
    out[0] = len(tape)
    out[1] = closed
    out[2] = wins
    out[3] = losses
    out[4] = wins / closed if closed > 0.0 else np.nan
    out[5] = profit / wins if wins > 0.0 else np.nan
    out[6] = loss / losses if losses > 0.0 else np.nan
    out[7] = profit / -loss if loss < 0.0 else np.nan
    out[8] = profit + loss
    out[9] = fees
    out[10] = traded / initial


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
    tape = np.zeros((len(realised), TAPE_FIELDS))
    tape[:, PROFIT] = realised
    out = np.empty(len(TRADE_METRICS))
    trade_row(tape, 1.0, out)
    return named(TRADE_METRICS[:_FROM_PROFITS], out[:_FROM_PROFITS])


def named(names: tuple[str, ...], row: FloatArray) -> dict[str, Any]:
    """Return a row of metrics by name: None where NaN, counts as int."""
    return {
        name: None if math.isnan(value) else int(value) if name in _COUNTS else value
        for name, value in zip(names, row.tolist(), strict=True)
    }
