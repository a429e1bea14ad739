"""Performance metrics: standard definitions, and the older ones under their own names."""

from __future__ import annotations

import math
from typing import Any

import numpy as np

from jutsu_dagster.core.bars import FloatArray, IntArray, TimeArray
from jutsu_dagster.core.jit import kernel
from jutsu_dagster.core.trade_statistics import named

SESSIONS_PER_YEAR = 252
_DAYS_PER_YEAR = 365.25
_SPEC_RISK_FREE = 0.02

# Columns of the equity kernel's result.
EQUITY_METRICS = (
    "final_equity",
    "total_return",
    "cagr",
    "volatility",
    "sharpe_ratio",
    "sortino_ratio",
    "max_drawdown",
    "calmar_ratio",
    "geometric_sharpe_ratio",
    "geometric_sortino_ratio",
)
# Closes from which a deviation can be had, and returns from which a beta says anything.
_ENOUGH_CLOSES = 3
_ENOUGH_RETURNS = 20


@kernel
def equity_row(
    equity: FloatArray, days: int, initial: float, risk_free: float, per_year: float,
    out: FloatArray,
) -> None:  # fmt: skip
    """Write the EQUITY_METRICS of one curve of n closes into ``out``.

    ``initial`` is not part of the series: returns are those between the n closes. Sums of
    squares need no shift here, because daily means are far smaller than daily deviations.

    Parameters
    ----------
    equity : float64 of shape (n,)
        Money at each close, > 0.
    days : int
        Calendar days between the first and the last close.
    initial : float
        Capital before the first close.
    risk_free : float
        Annual rate of the Sharpe ratio, a fraction.
    per_year : float
        Sessions a year.
    out : float64 of shape (10,)
        Written; NaN where a ratio is undefined.
    """
    n = len(equity)
    total = 0.0
    square = 0.0
    down = 0.0
    peak = equity[0]
    worst = 1.0
    for i in range(1, n):
        r = equity[i] / equity[i - 1] - 1.0
        total += r
        square += r * r
        low = min(r, 0.0)
        down += low * low
        peak = max(peak, equity[i])
        if equity[i] < worst * peak:
            worst = equity[i] / peak
    growth = equity[n - 1] / initial
    cagr = growth ** (_DAYS_PER_YEAR / days) - 1.0 if days > 0 else 0.0
    drawdown = max(worst - 1.0, -1.0)
    volatility = np.nan
    sharpe = np.nan
    sortino = np.nan
    spec_sharpe = 0.0
    spec_sortino = np.nan
    if n >= _ENOUGH_CLOSES:
        mean = total / (n - 1)
        spread = square - total * mean
        volatility = math.sqrt(max(spread, 0.0) / (n - 2)) * math.sqrt(per_year)
        excess = mean * per_year - risk_free
        if volatility > 0.0:
            sharpe = excess / volatility
            spec_sharpe = (cagr - _SPEC_RISK_FREE) / volatility
        downside = math.sqrt(down / (n - 1))
        if downside > 0.0:
            sortino = excess / (downside * math.sqrt(per_year))
            per_session = (equity[n - 1] / equity[0]) ** (per_year / (n - 1)) - 1.0
            spec_sortino = per_session / (downside * math.sqrt(per_year))
    out[0] = equity[n - 1]
    out[1] = growth - 1.0
    out[2] = cagr
    out[3] = volatility
    out[4] = sharpe
    out[5] = sortino
    out[6] = drawdown
    out[7] = cagr / -drawdown if drawdown < 0.0 else np.nan
    out[8] = spec_sharpe
    out[9] = spec_sortino


def equity_metrics(
    equity: FloatArray,
    sessions: TimeArray,
    initial_capital: float,
    *,
    risk_free_rate: float = 0.0,
    periods_per_year: int = SESSIONS_PER_YEAR,
) -> dict[str, Any]:
    """Return the metrics of one equity curve.

    Definitions: total return e_n / capital - 1; CAGR over calendar days / 365.25; volatility
    std (ddof 1) of the session returns between closes times sqrt(periods_per_year); Sharpe ratio
    (mean * periods_per_year - risk_free_rate) / volatility; Sortino ratio the same over the root
    mean square of negative returns (target 0, all sessions counted); Calmar CAGR / |drawdown|.
    The ``geometric_`` ratios are an earlier system's: (CAGR - 2 %) / volatility, and the
    annualised geometric return over the same downside deviation.

    Parameters
    ----------
    equity : float64 of shape (T,)
        Money at each close of the trading phase, T >= 1.
    sessions : datetime64[D] of shape (T,)
        Their dates.
    initial_capital : float
        Money before the first close.
    risk_free_rate : float
        Annual, a fraction.
    periods_per_year : int
        Sessions a year.

    Returns
    -------
    dict
        EQUITY_METRICS (None where undefined) and ``sessions``, a count. Fractions, not percent.
    """
    out = np.empty(len(EQUITY_METRICS))
    span = (sessions[-1] - sessions[0]).astype("timedelta64[D]").astype(np.int64)
    equity_row(
        np.ascontiguousarray(equity, dtype=np.float64), int(span), float(initial_capital),
        float(risk_free_rate), float(periods_per_year), out,
    )  # fmt: skip
    return named(EQUITY_METRICS, out) | {"sessions": len(equity)}


def session_returns(equity: FloatArray, before: float | None = None) -> FloatArray:
    """Return e_i / e_(i-1) - 1, of length T - 1, or T if the equity ``before`` is given."""
    series = equity if before is None else np.concatenate(([before], equity))
    return series[1:] / series[:-1] - 1.0


def beta(returns: FloatArray, baseline: FloatArray) -> float | None:
    """Return cov / var (ddof 1) of date-aligned returns.

    None below 20 points, or where the baseline does not vary.
    """
    if len(returns) < _ENOUGH_RETURNS:
        return None
    covariance = np.cov(returns, baseline, ddof=1)
    return float(covariance[0, 1] / covariance[1, 1]) if covariance[1, 1] > 0 else None


def regime_table(
    cells: IntArray, returns: FloatArray, baseline: FloatArray, held_lag: int = 0
) -> list[dict[str, float | int]]:
    """Return one row a cell: what the strategy and its baseline earned while it was held.

    Parameters
    ----------
    cells : int64 of shape (T,)
        Cell at each close; 0 for none.
    returns, baseline : float64 of shape (T,)
        Session returns; element t is earned over (t - 1, t] and so belongs to the position held
        at the close t - 1, which ``cells[t - 1 - held_lag]`` decided. Earlier elements are
        ignored.
    held_lag : int
        Closes by which a position trails its decision: 1 where orders fill at the next close.

    Returns
    -------
    list of dict
        cell, days, and for both series the total (compounded), mean and annualised
        ((1 + mean) ** 252 - 1) return, fractions.
    """
    held = cells[: len(cells) - 1 - held_lag]
    rows: list[dict[str, float | int]] = []
    for cell in np.unique(held[held > 0]).tolist():
        chosen = held == cell
        row: dict[str, float | int] = {"cell": int(cell), "days": int(chosen.sum())}
        for name, series in (("strategy", returns), ("baseline", baseline)):
            earned = series[1 + held_lag :][chosen]
            mean = float(earned.mean())
            row[f"{name}_total"] = float(np.prod(1.0 + earned) - 1.0)
            row[f"{name}_mean"] = mean
            row[f"{name}_annualised"] = (1.0 + mean) ** SESSIONS_PER_YEAR - 1.0
        rows.append(row)
    return rows
