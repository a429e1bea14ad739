"""All the evidence for and against one variant, and whether every gate holds."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from jutsu_dagster.core.bars import FloatArray
from jutsu_dagster.core.errors import DataError
from jutsu_dagster.research.statistics.deflated import (
    deflated_sharpe,
    effective_trials,
    mean_correlation,
    trial_variance,
)
from jutsu_dagster.research.statistics.gates import Gates, Number, judge
from jutsu_dagster.research.statistics.overfitting import BLOCKS, overfitting
from jutsu_dagster.research.statistics.records import Case, Evidence, Family
from jutsu_dagster.research.statistics.resampling import Paired, Sampling, paired_difference
from jutsu_dagster.research.statistics.robustness import (
    at_double_costs,
    max_drawdown,
    plateau,
)
from jutsu_dagster.research.statistics.sharpe import (
    minimum_track_record,
    moments,
    probabilistic_sharpe,
)
from jutsu_dagster.research.statistics.superior import superior_variants


def family(
    control: FloatArray,
    returns: FloatArray,
    names: Sequence[str],
    gates: Gates | None = None,
    sampling: Sampling | None = None,
) -> Family:
    """Return what one parent's candidates share: correlations, PBO, SPA and StepM.

    PBO chooses among the control and the variants, since a promotion keeps or replaces the
    parent. The correlation for the effective number of trials is that of the differences from
    the control: the parent's own returns are in all of them, and V, the trials' spread, does not
    contain that common part either, so that discounting N by it would count it twice.

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
        mean_correlation(returns - control[:, None]) if len(control) else None,
        mean_correlation(returns) if len(control) else None,
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


def _sharpe_numbers(case: Case, gates: Gates) -> dict[str, Number]:
    """Return what the Sharpe ratios say: alone, against the parent, and among N trials."""
    own, base = moments(case.variant.returns), moments(case.control.returns)
    apart = moments(case.variant.returns - case.control.returns)
    count = max(len(case.trial_sharpes), len(case.family.names))
    effective = effective_trials(count, case.family.correlation)
    variance = trial_variance(case.trial_sharpes)
    parent = base.sharpe if base else None
    found: dict[str, Number] = {
        "days": len(case.variant.returns),
        "trades": case.variant.trades,
        "sharpe": own.sharpe if own else None,
        "control_sharpe": parent,
        "skewness": own.skewness if own else None,
        "kurtosis": own.kurtosis if own else None,
        "psr_zero": probabilistic_sharpe(own) if own else None,
        "psr_parent": None,
        "psr_difference": probabilistic_sharpe(apart) if apart else None,
        "min_track_record": None,
        "trials": count,
        "trials_effective": effective,
        "mean_correlation": case.family.correlation,
        "mean_correlation_returns": case.family.correlation_returns,
        "trial_variance": variance,
        "dsr_threshold": None, "dsr": None, "dsr_raw": None, "dsr_parent": None,
    }  # fmt: skip
    if own and parent is not None:
        found["psr_parent"] = probabilistic_sharpe(own, parent)
        found["min_track_record"] = minimum_track_record(own, max(parent, 0.0), gates.confidence)
    if own and variance is not None:
        found["dsr"], found["dsr_threshold"] = deflated_sharpe(own, variance, effective)
        found["dsr_raw"] = deflated_sharpe(own, variance, count)[0]
        if parent is not None:
            found["dsr_parent"] = deflated_sharpe(own, variance, effective, max(parent, 0.0))[0]
    return found


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


def _held_numbers(case: Case, *, compound: bool) -> tuple[dict[str, Number], dict[str, float]]:
    """Return costs, drawdowns and the plateau; and every neighbour's share."""
    doubled = [
        at_double_costs(track.gross, track.net)
        if track.gross is not None and track.net is not None
        else None
        for track in (case.variant, case.control)
    ]
    own = max_drawdown(case.variant.returns, compound=compound)
    base = max_drawdown(case.control.returns, compound=compound)
    around = plateau(case.variant.returns, case.control.returns, case.neighbours)
    return {
        "net_double_costs": doubled[0],
        "control_net_double_costs": doubled[1],
        "max_drawdown": own,
        "control_max_drawdown": base,
        "drawdown_ratio": own / base if base > 0 else None,
        "worst_neighbour": around.worst,
        "mean_neighbour": around.mean,
    }, around.shares


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
    held, shares = _held_numbers(case, compound=compound)
    numbers = (
        _sharpe_numbers(case, gates)
        | _family_numbers(case)
        | _paired_numbers(case, sampling or Sampling())
        | held
    )
    return Evidence(case.name, numbers, judge(numbers, gates), case.family, shares)
