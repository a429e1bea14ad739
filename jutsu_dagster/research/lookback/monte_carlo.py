"""Monte Carlo: the days of a strategy drawn again in blocks, and what could have become of it."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass

import numpy as np

from jutsu_dagster.core.bars import FloatArray, IntArray
from jutsu_dagster.research.lookback.measures import Basis, LookbackError
from jutsu_dagster.research.statistics.resampling import ENOUGH_DAYS

PERCENTILES = (1, 5, 25, 50, 75, 95, 99)
FALLS = (0.1, 0.2, 0.3, 0.4, 0.5)
_POINTS = 200


@dataclass(frozen=True, eq=False, slots=True)
class Drawn:
    """What became of R drawn courses of H days.

    Attributes
    ----------
    block, horizon : int
        Mean block length and length of a course, days.
    total, annual, sharpe, drawdown, lowest : float64 of shape (R,)
        Total and annual return, annual Sharpe ratio (NaN without variation), deepest drawdown
        as a positive fraction, lowest equity as a multiple of the start.
    days : int64 of shape (P,)
        After how many days the fan is cut, ascending, from 0 to H.
    fan : float64 of shape (P, 7)
        PERCENTILES of equity on these days, multiples of the start.
    """

    block: int
    horizon: int
    total: FloatArray
    annual: FloatArray
    sharpe: FloatArray
    drawdown: FloatArray
    lowest: FloatArray
    days: IntArray
    fan: FloatArray


def courses(
    days: int, block: int, replications: int, horizon: int, seed: int
) -> Iterator[IntArray]:
    """Yield the rows of each drawn course, of shape (horizon,).

    The stationary bootstrap: blocks begin at any day with equal chance, their lengths are
    geometric with mean ``block``, and after the last day comes the first. arch draws.

    References
    ----------
    Politis, D. and Romano, J. (1994), The Stationary Bootstrap, Journal of the American
    Statistical Association 89(428), 1303-1313.
    """
    from arch.bootstrap import StationaryBootstrap

    draws = StationaryBootstrap(block, np.arange(days), seed=seed)
    for _ in range(replications):
        # The first days of a longer course are a course of their own.
        rows: IntArray = np.asarray(draws.update_indices())[:horizon]
        yield rows


def require_days(days: int, block: int | None, horizon: int | None) -> None:
    """Raise LookbackError if there are too few days, or block or horizon do not fit them."""
    if days < ENOUGH_DAYS:
        raise LookbackError(f"there are {days} days; fewer than {ENOUGH_DAYS} show no distribution")
    if block is not None and not 1 <= block <= days:
        raise LookbackError(f"--block {block} must be between 1 and the {days} days there are")
    if horizon is not None and not 1 < horizon <= days:
        raise LookbackError(f"--horizon {horizon} must be between 2 and the {days} days there are")


def bootstrap(
    returns: FloatArray,
    basis: Basis,
    *,
    block: int,
    replications: int = 10_000,
    horizon: int | None = None,
    seed: int = 0,
    advance: Callable[[int], None] = lambda _done: None,
) -> Drawn:
    """Draw the days of a strategy again, in blocks, and measure each course.

    Drawing days keeps what daily results owe to each other within a block. Trades are not
    drawn: their order and overlap are the strategy's, and a trade is not a day.

    Parameters
    ----------
    returns : float64 of shape (T,)
        Daily returns, T >= 30.
    basis : Basis
    block : int
        Mean block length, days; 1 draws single days.
    replications : int
    horizon : int, optional
        Days of a course; T unless given, at most T.
    seed : int
        The same seed and data give the same numbers.
    advance : callable of int
        Told how many are done.

    Raises
    ------
    LookbackError
        If there are too few days, or the block or the horizon does not fit them.
    """
    days = len(returns)
    require_days(days, block, horizon)
    length = days if horizon is None else horizon
    cuts = np.unique(np.linspace(0, length, min(length, _POINTS) + 1).round().astype(np.int64))
    # Total, mean square, drawdown and lowest equity of each course.
    found = np.empty((4, replications))
    paths = np.empty((replications, len(cuts)))
    equity = np.ones(length + 1)
    for at, rows in enumerate(courses(days, block, replications, length, seed)):
        drawn = returns[rows]
        equity[1:] = basis.equity(drawn)
        worst = (equity / np.maximum.accumulate(equity)).min()
        found[:, at] = (_ratio(drawn, basis), equity[-1] - 1.0, 1.0 - worst, equity.min())
        paths[at] = equity[cuts]
        if at % 100 == 99:  # noqa: PLR2004  # often enough for a progress bar
            advance(at + 1)
    ratio, total, deepest, lowest = found
    return Drawn(
        block, length, total, _annual(total, length, basis), ratio, deepest, lowest, cuts,
        np.percentile(paths, PERCENTILES, axis=0).T.copy(),
    )  # fmt: skip


def _ratio(drawn: FloatArray, basis: Basis) -> float:
    deviation = float(drawn.std(ddof=1))
    return float(drawn.mean()) / deviation * math.sqrt(basis.per_year) if deviation > 0 else np.nan


def _annual(total: FloatArray, days: int, basis: Basis) -> FloatArray:
    if not basis.compound:
        return total * (basis.per_year / days)
    found: FloatArray = np.maximum(1.0 + total, 0.0) ** (basis.per_year / days) - 1.0
    return found


def distributions(drawn: Drawn) -> dict[str, dict[str, float | None]]:
    """Return mean and PERCENTILES of each measure, keyed ``p05`` and so on; strict JSON."""
    found: dict[str, dict[str, float | None]] = {}
    for name, values in (
        ("total_return", drawn.total),
        ("annual_return", drawn.annual),
        ("sharpe", drawn.sharpe),
        ("max_drawdown", drawn.drawdown),
    ):
        defined = values[np.isfinite(values)]
        row: dict[str, float | None] = {"mean": float(defined.mean()) if len(defined) else None}
        for level in PERCENTILES:
            row[f"p{level:02d}"] = float(np.percentile(defined, level)) if len(defined) else None
        found[name] = row
    return found


def standing(drawn: Drawn, observed: Mapping[str, float | int | None]) -> dict[str, float | None]:
    """Return the share of courses at or below what was observed, measure by measure.

    Around one half for returns, as the courses are made of the same days. An observed drawdown
    far below the drawn ones says that the order of the days mattered: losses were shorter than
    blocks of this length would have them.
    """
    found: dict[str, float | None] = {}
    for name, values in (
        ("total_return", drawn.total),
        ("sharpe", drawn.sharpe),
        ("max_drawdown", drawn.drawdown),
    ):
        seen, defined = observed[name], values[np.isfinite(values)]
        found[name] = None
        if seen is not None and len(defined):
            found[name] = float((defined <= seen).mean())
    return found


def probabilities(drawn: Drawn, ruin: float) -> dict[str, float]:
    """Return the share of courses that lose, that fall by FALLS from a peak, and that are ruined.

    Parameters
    ----------
    drawn : Drawn
    ruin : float
        Fraction of the start: an account whose equity ever falls to 1 - ruin of it, or below, is
        ruined.
    """
    falls = {
        f"drawdown_over_{round(fall * 100)}": float((drawn.drawdown > fall).mean())
        for fall in FALLS
    }
    return {
        "loss": float((drawn.total < 0).mean()),
        "sharpe_below_zero": float((drawn.sharpe < 0).mean()),
        "ruin": float((drawn.lowest <= 1.0 - ruin).mean()),
        **falls,
    }
