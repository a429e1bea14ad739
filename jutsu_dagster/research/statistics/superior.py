"""Whether any, and which, of a family's variants beat their parent: Hansen's SPA and StepM."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from typing import Any

import numpy as np

from jutsu_dagster.core.bars import FloatArray
from jutsu_dagster.research.statistics.resampling import ENOUGH_DAYS, Sampling, block_length


@dataclass(frozen=True, slots=True)
class Superior:
    """The tests of a family against its control.

    Attributes
    ----------
    days, variants, block : int
        T; K; mean block length of the bootstrap, in days.
    size : float
        Greatest probability of naming any variant that is not better (family-wise).
    p_lower, p_consistent, p_upper : float
        Hansen's p-values of "no variant beats the control", by how poor variants are recentred.
    critical : float
        What a variant's statistic must exceed in StepM's first step.
    statistics : mapping of str to float
        sqrt(T) mean / w of each variant's differences from the control.
    superior : tuple of str
        StepM's superior set at ``size``.
    """

    days: int
    variants: int
    block: int
    size: float
    p_lower: float
    p_consistent: float
    p_upper: float
    critical: float
    statistics: dict[str, float]
    superior: tuple[str, ...]

    def as_dict(self) -> dict[str, Any]:
        """Return everything as strict JSON."""
        return asdict(self) | {"superior": list(self.superior)}


def long_run_deviation(differences: FloatArray, block: int) -> FloatArray:
    """Return w of each column: the deviation of sqrt(T) times its mean under the bootstrap.

    w^2 = g_0 + 2 sum over i of k_i g_i, with autocovariances g_i = (1/T) sum of d_t d_(t+i) about
    the mean, k_i = (1 - i/T)(1-p)^i + (i/T)(1-p)^(T-i) and p = 1 / block; found by FFT.

    References
    ----------
    Hansen (2005), as in ``superior_variants``, after Politis and Romano (1994).
    """
    days = len(differences)
    apart = differences - differences.mean(axis=0)
    spectrum = np.fft.rfft(apart, 2 * days, axis=0)
    covariance = np.fft.irfft(np.abs(spectrum) ** 2, 2 * days, axis=0)[:days] / days
    lag, stay = np.arange(days), 1.0 - 1.0 / block
    weight = (1 - lag / days) * stay**lag + lag / days * stay ** (days - lag)
    weight[0], weight[1:] = 1.0, 2.0 * weight[1:]
    found: FloatArray = np.sqrt(np.maximum(weight @ covariance, 0.0))
    return found


def superior_variants(
    control: FloatArray,
    returns: FloatArray,
    names: Sequence[str],
    *,
    size: float = 0.05,
    sampling: Sampling | None = None,
) -> Superior | None:
    """Test a family's daily returns against its control's, with arch's SPA and StepM.

    H0 of SPA: no variant's expected return exceeds the control's. StepM names the variants whose
    does, wrong about any with a probability of at most ``size``. The statistic is
    max over k of sqrt(T) mean(d_k) / w_k and not below 0, d_k = returns_k - control.

    Two things are done around arch 8.0, whose ``studentize`` finds w but divides by it nowhere
    (one volatile column then hides all others), and whose StepM fails where several rounds name
    every variant: differences are divided by w beforehand, and a column of zeros goes with them.
    That column is Hansen's floor at 0, and StepM never names it.

    Parameters
    ----------
    control : float64 of shape (T,)
        Daily returns of the parent's control.
    returns : float64 of shape (T, K)
        Daily returns of the variants on the same days. A column equal to the control's is never
        superior.
    names : sequence of str
        Of the columns.
    size : float
        Of StepM.
    sampling : Sampling, optional
        Stationary bootstrap with block length ``block_length`` of the differences.

    Returns
    -------
    Superior or None
        None without variants or below 30 days.

    References
    ----------
    Hansen, P. (2005), A Test for Superior Predictive Ability, Journal of Business & Economic
    Statistics 23(4), 365-380; Romano, J. and Wolf, M. (2005), Stepwise Multiple Testing as
    Formalized Data Snooping, Econometrica 73(4), 1237-1282.
    """
    sampling = sampling or Sampling()
    days, count = returns.shape
    if days < ENOUGH_DAYS or not count:
        return None
    from arch.bootstrap import StepM

    differences = returns - control[:, None]
    block = block_length(differences)
    deviation = long_run_deviation(differences, block)
    scale = np.abs(differences).max(axis=0)
    varies = deviation > 1e-10 * scale  # less is rounding
    scaled = np.zeros((days, count + 1))
    scaled[:, :count][:, varies] = differences[:, varies] / deviation[varies]
    test = StepM(
        np.zeros(days), -scaled, size=size, block_size=block, reps=sampling.replications,
        bootstrap="stationary", seed=sampling.seed,
    )  # fmt: skip
    test.compute()
    chosen = [int(column) for column in test.superior_models]  # type: ignore[call-overload]
    test.spa.compute()  # StepM leaves the p-values of its last round
    p = test.spa.pvalues
    root = math.sqrt(days)
    statistics = scaled[:, :count].mean(axis=0) * root
    return Superior(
        days, count, block, size, float(p["lower"]), float(p["consistent"]), float(p["upper"]),
        float(test.spa.critical_values(size)["consistent"]) * root,
        dict(zip(names, statistics.tolist(), strict=True)),
        tuple(names[column] for column in chosen),
    )  # fmt: skip
