"""The Sharpe ratio as an estimate: its moments, its probability, the record it needs."""

from __future__ import annotations

import math
from dataclasses import dataclass
from statistics import NormalDist

import numpy as np

from jutsu_dagster.core.bars import FloatArray

_NORMAL = NormalDist()
# The bias-corrected kurtosis divides by (T - 2)(T - 3).
_ENOUGH_FOR_KURTOSIS = 4
# Below this share of the mean square, a spread is rounding and not variation.
_ROUNDING = 1e-20


@dataclass(frozen=True, slots=True)
class Moments:
    """What the distribution of a Sharpe ratio depends on.

    Attributes
    ----------
    days : int
        T, the number of returns.
    mean : float
        Of the daily returns, a fraction.
    sharpe : float
        Mean over standard deviation (ddof 1) of the daily returns; per day, not annualised.
    skewness : float
        Bias-corrected (G1), 0 for a normal distribution.
    kurtosis : float
        Bias-corrected (G2 + 3), 3 for a normal distribution: not the excess.
    """

    days: int
    mean: float
    sharpe: float
    skewness: float
    kurtosis: float


def moments(returns: FloatArray) -> Moments | None:
    """Return the moments of daily returns of shape (T,), fractions.

    With m_j = mean((r - mean)^j): g1 = m3 / m2^1.5, g2 = m4 / m2^2 - 3,
    G1 = g1 sqrt(T(T-1)) / (T-2), G2 = (T-1) / ((T-2)(T-3)) ((T+1) g2 + 6).

    Returns
    -------
    Moments or None
        None below 4 returns, or where they do not vary.

    References
    ----------
    Joanes, D. and Gill, C. (1998), Comparing measures of sample skewness and kurtosis, The
    Statistician 47(1), 183-189 (G1 and G2).
    """
    days = len(returns)
    if days < _ENOUGH_FOR_KURTOSIS:
        return None
    mean = float(returns.mean())
    apart = returns - mean
    second = float((apart**2).mean())
    if second <= _ROUNDING * float((returns**2).mean()):
        return None
    skew = float((apart**3).mean()) / second**1.5
    excess = float((apart**4).mean()) / second**2 - 3.0
    skew *= math.sqrt(days * (days - 1)) / (days - 2)
    excess = (days - 1) / ((days - 2) * (days - 3)) * ((days + 1) * excess + 6.0)
    deviation = math.sqrt(second * days / (days - 1))
    return Moments(days, mean, mean / deviation, skew, excess + 3.0)


def sharpes(returns: FloatArray) -> FloatArray:
    """Return the daily Sharpe ratio (ddof 1) of each column of shape (T, K).

    NaN below 4 returns, or where they do not vary: as ``moments``.
    """
    days, count = returns.shape
    found = np.full(count, np.nan)
    if days < _ENOUGH_FOR_KURTOSIS:
        return found
    mean = returns.mean(axis=0)
    second = ((returns - mean) ** 2).mean(axis=0)
    varies = second > _ROUNDING * (returns**2).mean(axis=0)
    found[varies] = mean[varies] / np.sqrt(second[varies] * days / (days - 1))
    return found


def _spread(found: Moments) -> float:
    """Return T - 1 times the variance of the estimated Sharpe ratio (Mertens 2002)."""
    sharpe = found.sharpe
    return 1.0 - found.skewness * sharpe + (found.kurtosis - 1.0) / 4.0 * sharpe**2


def probabilistic_sharpe(found: Moments, benchmark: float = 0.0) -> float | None:
    """Return the probability that the true Sharpe ratio is above ``benchmark``.

    PSR(SR*) = Phi((SR - SR*) sqrt(T-1) / sqrt(1 - skewness SR + (kurtosis - 1)/4 SR^2)).

    Parameters
    ----------
    found : Moments
        Of the observed daily returns.
    benchmark : float
        SR*, per day like ``found.sharpe``; taken as known without error.

    Returns
    -------
    float or None
        None where the estimated moments give no positive variance (few, extreme returns).

    References
    ----------
    Bailey, D. and López de Prado, M. (2012), The Sharpe Ratio Efficient Frontier, Journal of
    Risk 15(2), 3-44.
    """
    spread = _spread(found)
    if not spread > 0.0:
        return None
    distance = (found.sharpe - benchmark) * math.sqrt(found.days - 1) / math.sqrt(spread)
    return _NORMAL.cdf(distance)


def minimum_track_record(
    found: Moments, benchmark: float = 0.0, confidence: float = 0.95
) -> float | None:
    """Return how many days it takes for PSR(``benchmark``) to reach ``confidence``.

    MinTRL = 1 + (1 - skewness SR + (kurtosis - 1)/4 SR^2) (z / (SR - SR*))^2, z the normal
    quantile of ``confidence``. It is the inverse of the probabilistic Sharpe ratio: T >= MinTRL
    if and only if PSR(SR*) >= confidence.

    Parameters
    ----------
    found : Moments
        Of the observed daily returns.
    benchmark : float
        SR*, per day.
    confidence : float
        Above 0.5 and below 1.

    Returns
    -------
    float or None
        Days, not rounded. None where no record is long enough, because SR <= SR*, or where
        PSR is undefined.

    References
    ----------
    Bailey and López de Prado (2012), as above, section on the minimum track record length.
    """
    spread = _spread(found)
    if found.sharpe <= benchmark or not spread > 0.0:
        return None
    quantile = _NORMAL.inv_cdf(confidence)
    return 1.0 + spread * (quantile / (found.sharpe - benchmark)) ** 2
