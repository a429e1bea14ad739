"""Metrics of accounts that stake the same money on every trade: results add up, unhindered."""

from __future__ import annotations

import math
from typing import Any

import numpy as np

from jutsu_dagster.core.bars import FloatArray
from jutsu_dagster.core.metrics import EQUITY_METRICS

DAYS_PER_YEAR = 365
_CALENDAR_YEAR = 365.25
_ENOUGH = 2


def stake_metrics(
    equity: FloatArray, stake: float, *, periods_per_year: int = DAYS_PER_YEAR
) -> dict[str, Any]:
    """Return the metrics of one curve that is not compounded.

    A day's result is its change of equity over the stake; it may exceed what is left, since an
    account goes on after it has lost its stake. Total return is the sum of all results;
    volatility, Sharpe and Sortino ratio are those of ``equity_metrics`` over the days' results;
    CAGR is what growth to 1 + total return over these days comes to, None where nothing is left;
    drawdown is against the highest equity so far, below -1 where more than it was lost.

    Parameters
    ----------
    equity : float64 of shape (T,)
        Money at each day's end, T >= 1, of an account that began them with the stake.
    stake : float
        Money, > 0.
    periods_per_year : int
        Days a year.

    Returns
    -------
    dict
        EQUITY_METRICS (None where undefined; the ``geometric_`` ones always) and ``sessions``.
    """
    series = np.concatenate(([stake], equity))
    results = np.diff(series) / stake
    total = float(series[-1] / stake - 1.0)
    drawdown = float((series / np.maximum.accumulate(series)).min() - 1.0)
    grown = 1.0 + total
    cagr = grown ** (_CALENDAR_YEAR / len(results)) - 1.0 if grown > 0 else None
    found: dict[str, Any] = dict.fromkeys(EQUITY_METRICS)
    found |= {
        "final_equity": float(series[-1]),
        "total_return": total,
        "cagr": cagr,
        "max_drawdown": drawdown,
        "calmar_ratio": cagr / -drawdown if cagr is not None and drawdown < 0 else None,
        "sessions": len(equity),
    }
    if len(results) < _ENOUGH:
        return found
    mean, year = float(results.mean()), math.sqrt(periods_per_year)
    volatility = float(results.std(ddof=1)) * year
    downside = math.sqrt(float((np.minimum(results, 0.0) ** 2).mean())) * year
    found["volatility"] = volatility
    found["sharpe_ratio"] = mean * periods_per_year / volatility if volatility > 0 else None
    found["sortino_ratio"] = mean * periods_per_year / downside if downside > 0 else None
    return found
