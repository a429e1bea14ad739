"""The deflated Sharpe ratio: how good the best of N trials looks without any skill."""

from __future__ import annotations

import math
from statistics import NormalDist

import numpy as np

from jutsu_dagster.core.bars import FloatArray
from jutsu_dagster.research.statistics.sharpe import Moments, probabilistic_sharpe

_NORMAL = NormalDist()
_EULER = float(np.euler_gamma)
_PAIR = 2


def expected_maximum(trials: float) -> float:
    """Return the expected greatest of N independent standard normal draws, approximately.

    E[max] = (1 - g) Phi^-1(1 - 1/N) + g Phi^-1(1 - 1/(N e)), g = 0.5772156649 (Euler). Not below
    0, where a number of trials near 1 (fractional, for an effective number) would put it.

    References
    ----------
    Bailey, D. and López de Prado, M. (2014), The Deflated Sharpe Ratio, Journal of Portfolio
    Management 40(5), 94-107, eq. 1.
    """
    if trials <= 1.0:
        return 0.0
    first = _NORMAL.inv_cdf(1.0 - 1.0 / trials)
    second = _NORMAL.inv_cdf(1.0 - 1.0 / (trials * math.e))
    return max((1.0 - _EULER) * first + _EULER * second, 0.0)


def trial_variance(sharpes: FloatArray) -> float | None:
    """Return the variance (ddof 1) of the trials' daily Sharpe ratios.

    Trials without one (NaN: they never traded) do not count here, though they were tried.
    None where fewer than two have one.
    """
    known = sharpes[np.isfinite(sharpes)]
    return float(known.var(ddof=1)) if len(known) >= _PAIR else None


def mean_correlation(returns: FloatArray) -> float | None:
    """Return the mean of the K(K-1)/2 correlations between columns of shape (T, K).

    Found without the K x K matrix: with columns z of mean 0 and length 1, it is
    (|sum of the columns|^2 - K) / (K(K-1)). Columns that do not vary are left out; None where
    fewer than two are left.
    """
    apart = returns - returns.mean(axis=0)
    length = np.sqrt((apart**2).sum(axis=0))
    varies = length > 1e-10 * np.sqrt((returns**2).sum(axis=0))
    columns = int(varies.sum())
    if columns < _PAIR:
        return None
    total = (apart[:, varies] / length[varies]).sum(axis=1)
    return float((total @ total - columns) / (columns * (columns - 1)))


def effective_trials(trials: int, correlation: float | None) -> float:
    """Return how many independent trials N correlated ones are worth.

    N_eff = r + (1 - r) N with r the mean correlation of the trials' results, held within 0 and 1:
    the estimator of the deflated Sharpe ratio's own paper. It is deterministic, and where trials
    form clusters it errs to the strict side (10 groups of 100 equal trials give 901, not 10).
    Eigenvalue counts such as (sum l)^2 / sum l^2 were not taken, because with more trials than
    days they see at most T and so call 1,000 independent trials over 750 days about 430.

    Parameters
    ----------
    trials : int
        N, all that were ever tried.
    correlation : float or None
        Mean correlation; None counts as 0, which is the strict end.

    References
    ----------
    Bailey and López de Prado (2014), as above, appendix A.3.
    """
    mean = min(max(correlation or 0.0, 0.0), 1.0)
    return mean + (1.0 - mean) * trials


def deflated_sharpe(
    found: Moments, variance: float, trials: float, centre: float = 0.0
) -> tuple[float | None, float]:
    """Return the probability that the true Sharpe ratio is above what N trials give by luck.

    DSR = PSR(SR0), SR0 = centre + sqrt(V) E[max of N].

    Parameters
    ----------
    found : Moments
        Of the chosen trial's daily returns.
    variance : float
        V, of the daily Sharpe ratios across trials (``trial_variance``).
    trials : float
        N, raw or effective.
    centre : float
        The trials' expected daily Sharpe ratio without skill: 0 as published; the parent's,
        where the question is whether a variant is better than its parent.

    Returns
    -------
    tuple of (float or None, float)
        The probability (None where PSR is undefined), and SR0 per day.

    References
    ----------
    Bailey and López de Prado (2014), as above, eq. 2.
    """
    threshold = centre + math.sqrt(variance) * expected_maximum(trials)
    return probabilistic_sharpe(found, threshold), threshold
