"""All the evidence for and against one variant, and whether every gate holds."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from jutsu_dagster.core.bars import FloatArray
from jutsu_dagster.core.errors import DataError
from jutsu_dagster.research.statistics.deflated import mean_correlation, trial_variance
from jutsu_dagster.research.statistics.gates import Gates, Number, judge
from jutsu_dagster.research.statistics.overfitting import BLOCKS, overfitting
from jutsu_dagster.research.statistics.records import Case, Evidence, Family, Kin
from jutsu_dagster.research.statistics.resampling import Paired, Sampling, paired_difference
from jutsu_dagster.research.statistics.robustness import plateau
from jutsu_dagster.research.statistics.screening import first_numbers, held_numbers, trial_numbers
from jutsu_dagster.research.statistics.sharpe import sharpes
from jutsu_dagster.research.statistics.superior import superior_variants


def kin(control: FloatArray, returns: FloatArray) -> Kin:
    """Return what a family's results have in common, without any drawing.

    The correlation for the effective number of trials is that of the differences from the
    control: the parent's own returns are in all of them, and V, the trials' spread, does not
    contain that common part either, so that discounting N by it would count it twice.

    Parameters
    ----------
    control : float64 of shape (T,)
        Daily net returns of the parent's control, fractions.
    returns : float64 of shape (T, K)
        Of its variants, on the same days; finite.
    """
    if not len(control):
        return Kin(returns.shape[1], None, None, None)
    return Kin(
        returns.shape[1],
        mean_correlation(returns - control[:, None]),
        mean_correlation(returns),
        trial_variance(sharpes(returns)),
    )


def family(
    control: FloatArray,
    returns: FloatArray,
    names: Sequence[str],
    gates: Gates | None = None,
    sampling: Sampling | None = None,
) -> Family:
    """Return what one parent's candidates share: correlations, PBO, SPA and StepM.

    PBO chooses among the control and the variants, since a promotion keeps or replaces the
    parent.

    Parameters
    ----------
    control : float64 of shape (T,)
        Daily net returns of the parent's control, fractions.
    returns : float64 of shape (T, K)
        Of its variants, on the same days.
    names : sequence of str
        Of the columns.
    gates, sampling : optional
        ``stepm_size``; bootstrap.

    Raises
    ------
    DataError
        Where shapes differ or a return is not finite.
    """
    gates = gates or Gates()
    if returns.shape != (len(control), len(names)):
        expected = (len(control), len(names))
        raise DataError(f"returns of a family must have shape {expected}, not {returns.shape}")
    _finite(control, "the control")
    for column, name in enumerate(names):
        _finite(returns[:, column], name)
    return Family(
        tuple(names),
        len(control),
        kin(control, returns),
        overfitting(np.column_stack([control, returns]), BLOCKS),
        superior_variants(control, returns, names, size=gates.stepm_size, sampling=sampling),
    )


def _finite(returns: FloatArray, name: str) -> None:
    if not np.isfinite(returns).all():
        raise DataError(f"daily returns of {name} must be finite")


def _known(case: Case, gates: Gates) -> None:
    """Refuse what cannot be compared."""
    days = case.family.days
    tracks = {case.name: case.variant.returns, "the control": case.control.returns}
    for name, returns in (tracks | dict(case.neighbours)).items():
        if returns.shape != (days,):
            raise DataError(f"returns of {name} must cover the family's {days} days")
        _finite(returns, name)
    superior = case.family.superior
    if superior and superior.size != gates.stepm_size:
        raise DataError(
            f"the family was tested at {superior.size:g}, but stepm_size is {gates.stepm_size:g}"
        )


def _family_numbers(case: Case) -> dict[str, Number]:
    """Return what the family says about itself and about this member of it."""
    fit, superior = case.family.overfitting, case.family.superior
    member = superior is not None and case.name in superior.statistics
    return {
        "pbo": fit.pbo if fit else None,
        "pbo_blocks": fit.blocks if fit else None,
        "pbo_days": fit.days if fit else None,
        "spa_p": superior.p_consistent if superior else None,
        "in_superior_set": int(case.name in superior.superior) if superior and member else None,
        "stepm_statistic": superior.statistics[case.name] if superior and member else None,
        "stepm_critical": superior.critical if superior else None,
        "family_block": superior.block if superior else None,
    }


def _paired_numbers(case: Case, sampling: Sampling) -> dict[str, Number]:
    """Return the paired bootstrap of the differences."""
    block, mean, sharpe = paired_difference(
        case.variant.returns, case.control.returns, sampling
    )  # fmt: skip

    def named(name: str, found: Paired) -> dict[str, Number]:
        return {
            f"{name}_difference": found.observed,
            f"{name}_better": found.better,
            f"{name}_low": found.low,
            f"{name}_high": found.high,
        }

    return {"paired_block": block} | named("mean", mean) | named("sharpe", sharpe)


def evidence(
    case: Case,
    *,
    compound: bool,
    gates: Gates | None = None,
    sampling: Sampling | None = None,
) -> Evidence:
    """Return all evidence for and against promoting one variant.

    Only out-of-sample days belong here: those after the variant was created. What is undefined,
    mostly because there are too few data, does not pass its gate.

    Parameters
    ----------
    case : Case
        The variant, its parent's control over identical bars, and its family (``family``, which
        is found once for all its members).
    compound : bool
        Whether the accounts compound (allocation) or stake the same each time (directional).
    gates : Gates, optional
        Thresholds.
    sampling : Sampling, optional
        Of the paired bootstrap.

    Returns
    -------
    Evidence

    Raises
    ------
    DataError
        Where series do not cover the family's days or hold a value that is not finite, or where
        the family was tested at another ``stepm_size``.
    """
    gates = gates or Gates()
    _known(case, gates)
    variant, control = case.variant, case.control
    around = plateau(variant.returns, control.returns, case.neighbours)
    numbers = (
        first_numbers(variant, control, gates)
        | trial_numbers(variant, control, case.family.kin, case.trial_sharpes)
        | _family_numbers(case)
        | _paired_numbers(case, sampling or Sampling())
        | held_numbers(variant, control, compound=compound)
        | {"worst_neighbour": around.worst, "mean_neighbour": around.mean}
    )
    return Evidence(case.name, numbers, judge(numbers, gates), case.family, around.shares)
