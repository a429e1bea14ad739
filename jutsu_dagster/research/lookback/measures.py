"""What daily returns amount to, of one series or of many side by side."""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from jutsu_dagster.core.bars import FloatArray
from jutsu_dagster.core.errors import JutsuError, nearest

# Below this share of the mean square a spread is rounding, not variation.
_ROUNDING = 1e-20
_ENOUGH = 3


class LookbackError(JutsuError):
    """A look back that cannot be: windows longer than the data, too few sets, no such metric."""


@dataclass(frozen=True, slots=True)
class Basis:
    """How daily returns add up.

    Attributes
    ----------
    per_year : int
        Days a year: 252 sessions, or 365 days of a market that never closes.
    compound : bool
        True: equity is the product of 1 + return. False: each day's result is over the same
        stake, and equity is 1 plus their sum.
    """

    per_year: int = 252
    compound: bool = True

    def equity(self, returns: FloatArray) -> FloatArray:
        """Return equity after each day, a multiple of the start, of the shape of ``returns``."""
        grown: FloatArray
        if self.compound:
            grown = np.asarray(np.cumprod(1.0 + returns, axis=0), dtype=np.float64)
        else:
            grown = 1.0 + returns.cumsum(axis=0)
        return grown


def total_return(returns: FloatArray, basis: Basis) -> FloatArray:
    """Return what all days made together, a fraction."""
    found: FloatArray = basis.equity(returns)[-1] - 1.0
    return found


def annual_return(returns: FloatArray, basis: Basis) -> FloatArray:
    """Return (1 + total) ** (per_year / T) - 1, or mean * per_year where nothing is compounded.

    -1 where a compounded account is at nothing or below.
    """
    if not basis.compound:
        mean: FloatArray = returns.mean(axis=0)
        return mean * basis.per_year
    grown: FloatArray = np.maximum(basis.equity(returns)[-1], 0.0)
    return grown ** (basis.per_year / len(returns)) - 1.0


def volatility(returns: FloatArray, basis: Basis) -> FloatArray:
    """Return the standard deviation (ddof 1) of the days times sqrt(per_year); NaN below 3 days."""
    if len(returns) < _ENOUGH:
        return np.full(returns.shape[1:], np.nan)
    found: FloatArray = returns.std(axis=0, ddof=1) * math.sqrt(basis.per_year)
    return found


def sharpe(returns: FloatArray, basis: Basis) -> FloatArray:
    """Return mean / standard deviation (ddof 1) times sqrt(per_year); NaN without variation."""
    if len(returns) < _ENOUGH:
        return np.full(returns.shape[1:], np.nan)
    spread = returns.var(axis=0, ddof=1)
    spread = np.where(spread <= _ROUNDING * (returns**2).mean(axis=0), np.nan, spread)
    found: FloatArray = returns.mean(axis=0) / np.sqrt(spread) * math.sqrt(basis.per_year)
    return found


def sortino(returns: FloatArray, basis: Basis) -> FloatArray:
    """Return mean / root mean square of losses (all days counted), annualised; NaN without any."""
    down = np.sqrt((np.minimum(returns, 0.0) ** 2).mean(axis=0))
    down = np.where(down > 0, down, np.nan)
    found: FloatArray = returns.mean(axis=0) / down * math.sqrt(basis.per_year)
    return found


def drawdown(returns: FloatArray, basis: Basis) -> FloatArray:
    """Return the deepest fall from a peak, the start included, as a positive fraction of it."""
    equity = np.concatenate((np.ones((1, *returns.shape[1:])), basis.equity(returns)))
    found: FloatArray = 1.0 - (equity / np.maximum.accumulate(equity, axis=0)).min(axis=0)
    return found


def calmar(returns: FloatArray, basis: Basis) -> FloatArray:
    """Return the annual return over the deepest drawdown; NaN without a drawdown."""
    deepest = drawdown(returns, basis)
    found: FloatArray = annual_return(returns, basis) / np.where(deepest > 0, deepest, np.nan)
    return found


Measure = Callable[[FloatArray, Basis], FloatArray]

# What a set may be chosen by: more is better of each.
METRICS: dict[str, Measure] = {
    "sharpe": sharpe,
    "sortino": sortino,
    "calmar": calmar,
    "total_return": total_return,
}


def metric_of(name: str) -> Measure:
    """Return a metric by its name; raise LookbackError naming the nearest for an unknown one."""
    if name not in METRICS:
        close = nearest(name, METRICS)
        hint = f" Did you mean {close!r}?" if close else ""
        raise LookbackError(f"--metric {name!r} must be one of {', '.join(METRICS)}.{hint}")
    return METRICS[name]


def known(value: float | np.floating) -> float | None:
    """Return a number as JSON has it: None where undefined."""
    return float(value) if np.isfinite(value) else None


def written(value: object) -> str:
    """Return a parameter's value as text, -0.15 + 0.04 as -0.11."""
    return f"{value:.10g}" if isinstance(value, float) else str(value)


def summary(returns: FloatArray, basis: Basis) -> dict[str, float | int | None]:
    """Return what one series of shape (T,), T >= 1, amounts to; fractions, None where undefined."""
    shown: dict[str, Measure] = {
        "total_return": total_return,
        "annual_return": annual_return,
        "volatility": volatility,
        "sharpe": sharpe,
        "sortino": sortino,
        "max_drawdown": drawdown,
        "calmar": calmar,
    }
    found = {name: known(float(of(returns, basis))) for name, of in shown.items()}
    return {"days": len(returns), **found}
