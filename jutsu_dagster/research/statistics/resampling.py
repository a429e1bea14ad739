"""The stationary bootstrap: its block length, its draws, and the paired difference."""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np

from jutsu_dagster.core.bars import FloatArray

# Fewer days say nothing about a distribution, nor are block lengths found from them.
ENOUGH_DAYS = 30
# Columns of a family whose block lengths are estimated; the median of so many does not move.
_SAMPLED = 200


@dataclass(frozen=True, slots=True)
class Sampling:
    """How results are drawn again.

    Attributes
    ----------
    replications : int
        Draws of as many days as there are.
    seed : int
        Of numpy's default generator: the same seed and data give the same numbers.
    interval : float
        Probability of the intervals, between equal tails.
    """

    replications: int = 1_000
    seed: int = 0
    interval: float = 0.95


@dataclass(frozen=True, slots=True)
class Paired:
    """A difference between variant and control, drawn again.

    Attributes
    ----------
    observed : float or None
        Variant less control.
    better : float or None
        Share of draws in which the difference is above 0.
    low, high : float or None
        The interval's ends.
    """

    observed: float | None
    better: float | None
    low: float | None
    high: float | None


def block_length(returns: FloatArray) -> int:
    """Return the mean block length for the stationary bootstrap of (T, K) columns, in days.

    The median over columns of arch's ``optimal_block_length`` (for K > 200 over 200 columns
    evenly spaced), rounded up, at least 1. Columns that do not vary are left out. Daily results
    without serial dependence give 1 or 2.

    References
    ----------
    Politis, D. and White, H. (2004), Automatic Block-Length Selection for the Dependent
    Bootstrap, Econometric Reviews 23(1), 53-70, corrected by Patton, Politis and White (2009),
    ibid. 28(4), 372-375.
    """
    from arch.bootstrap import optimal_block_length

    varies = returns[:, np.ptp(returns, axis=0) > 0]
    if not varies.size:
        return 1
    count = varies.shape[1]
    taken = np.unique(np.linspace(0, count - 1, min(count, _SAMPLED)).round().astype(int))
    lengths = optimal_block_length(varies[:, taken])["stationary"].to_numpy()
    known = lengths[np.isfinite(lengths)]
    return max(math.ceil(float(np.median(known))), 1) if len(known) else 1


def resampled_days(days: int, block: int, sampling: Sampling) -> FloatArray:
    """Return how often each day is drawn, shape (replications, days): arch's own draws.

    References
    ----------
    Politis, D. and Romano, J. (1994), The Stationary Bootstrap, Journal of the American
    Statistical Association 89(428), 1303-1313.
    """
    from arch.bootstrap import StationaryBootstrap

    draws = StationaryBootstrap(block, np.arange(days), seed=sampling.seed)
    counts = np.empty((sampling.replications, days))
    for row in counts:
        row[:] = np.bincount(draws.update_indices(), minlength=days)
    return counts


def _sharpe_of(mean: FloatArray, square: FloatArray, days: int) -> FloatArray:
    """Return daily Sharpe ratios (ddof 1) from mean and mean square; NaN without variation."""
    variance = (square - mean * mean) * days / (days - 1)
    variance[variance <= 0] = np.nan
    found: FloatArray = mean / np.sqrt(variance)
    return found


def _paired(observed: float, drawn: FloatArray, interval: float) -> Paired:
    if not np.isfinite(observed) or not np.isfinite(drawn).all():
        return Paired(None, None, None, None)
    low, high = np.quantile(drawn, [(1 - interval) / 2, (1 + interval) / 2])
    return Paired(observed, float((drawn > 0).mean()), float(low), float(high))


def paired_difference(
    variant: FloatArray, control: FloatArray, sampling: Sampling | None = None
) -> tuple[int, Paired, Paired]:
    """Draw the days of both again, in pairs, and compare means and Sharpe ratios.

    The days of a draw are the same for both, so what moves both leaves the difference alone. The
    block length is ``block_length`` of the differences.

    Parameters
    ----------
    variant, control : float64 of shape (T,)
        Daily returns on the same days, fractions.
    sampling : Sampling, optional

    Returns
    -------
    tuple of (int, Paired, Paired)
        Block length in days; difference of the mean daily return, a fraction; difference of the
        daily Sharpe ratio (undefined where a draw of either has no variation). Both undefined
        below 30 days, of which draws would say nothing about other days.

    References
    ----------
    Politis and Romano (1994), as above; percentile intervals as in Ledoit, O. and Wolf, M.
    (2008), Robust performance hypothesis testing with the Sharpe ratio, Journal of Empirical
    Finance 15(5), 850-859, without their studentisation.
    """
    sampling = sampling or Sampling()
    days = len(variant)
    if days < ENOUGH_DAYS:
        nothing = Paired(None, None, None, None)
        return 1, nothing, nothing
    apart = (variant - control)[:, None]
    block = block_length(apart)
    both = np.column_stack([variant, control])
    counts = np.vstack([np.ones(days), resampled_days(days, block, sampling)])
    drawn = counts @ np.hstack([both, both * both, apart]) / days
    with np.errstate(invalid="ignore"):
        sharpes = _sharpe_of(drawn[:, :2], drawn[:, 2:4], days)
    ratio = sharpes[:, 0] - sharpes[:, 1]
    means = drawn[:, 4]
    return (
        block,
        _paired(float(means[0]), means[1:], sampling.interval),
        _paired(float(ratio[0]), ratio[1:], sampling.interval),
    )
