"""The numbers of the evidence that cost next to nothing: no draws, no splits, no bars."""

from __future__ import annotations

from jutsu_dagster.core.bars import FloatArray
from jutsu_dagster.research.statistics.deflated import (
    deflated_sharpe,
    effective_trials,
    trial_variance,
)
from jutsu_dagster.research.statistics.gates import Gates, Number
from jutsu_dagster.research.statistics.records import Kin, Track
from jutsu_dagster.research.statistics.robustness import at_double_costs, max_drawdown
from jutsu_dagster.research.statistics.sharpe import (
    minimum_track_record,
    moments,
    probabilistic_sharpe,
)


def first_numbers(variant: Track, control: Track, gates: Gates) -> dict[str, Number]:
    """Return what the two records say by themselves: all that ``FIRST_GATES`` ask for.

    Parameters
    ----------
    variant, control : Track
        On the same days.
    gates : Gates
        ``confidence``, of the minimum track record.
    """
    own, base = moments(variant.returns), moments(control.returns)
    apart = moments(variant.returns - control.returns)
    parent = base.sharpe if base else None
    against: tuple[Number, Number] = None, None
    if own is not None and parent is not None:
        record = minimum_track_record(own, max(parent, 0.0), gates.confidence)
        against = probabilistic_sharpe(own, parent), record
    return {
        "days": len(variant.returns),
        "trades": variant.trades,
        "sharpe": own.sharpe if own else None,
        "control_sharpe": parent,
        "skewness": own.skewness if own else None,
        "kurtosis": own.kurtosis if own else None,
        "psr_zero": probabilistic_sharpe(own) if own else None,
        "psr_parent": against[0],
        "psr_difference": probabilistic_sharpe(apart) if apart else None,
        "min_track_record": against[1],
    }


def trial_numbers(
    variant: Track, control: Track, kin: Kin, trial_sharpes: FloatArray
) -> dict[str, Number]:
    """Return what is left of the Sharpe ratio among all that was tried.

    V is the variance across all trials, as published, but not below that across the family over
    the very days of the comparison. Trials are of many spans: of sweeps over sixteen years next
    to none of the spread is luck, and the luck of ninety days would be taken for skill by it.

    Parameters
    ----------
    variant, control : Track
    kin : Kin
        Of the family, over the same days.
    trial_sharpes : float64 of shape (N,)
        As ``Case.trial_sharpes``.
    """
    own, base = moments(variant.returns), moments(control.returns)
    count = max(len(trial_sharpes), kin.variants)
    effective = effective_trials(count, kin.correlation)
    spreads = [v for v in (trial_variance(trial_sharpes), kin.variance) if v is not None]
    variance = max(spreads, default=None)
    found: dict[str, Number] = {
        "trials": count,
        "trials_effective": effective,
        "mean_correlation": kin.correlation,
        "mean_correlation_returns": kin.correlation_returns,
        "trial_variance": variance,
        "dsr_threshold": None, "dsr": None, "dsr_raw": None, "dsr_parent": None,
    }  # fmt: skip
    if own and variance is not None:
        found["dsr"], found["dsr_threshold"] = deflated_sharpe(own, variance, effective)
        found["dsr_raw"] = deflated_sharpe(own, variance, count)[0]
        if base:
            found["dsr_parent"] = deflated_sharpe(own, variance, effective, max(base.sharpe, 0.0))[
                0
            ]
    return found


def held_numbers(variant: Track, control: Track, *, compound: bool) -> dict[str, Number]:
    """Return both results at double costs, and both drawdowns."""
    doubled = [
        at_double_costs(track.gross, track.net)
        if track.gross is not None and track.net is not None
        else None
        for track in (variant, control)
    ]
    own = max_drawdown(variant.returns, compound=compound)
    base = max_drawdown(control.returns, compound=compound)
    return {
        "net_double_costs": doubled[0],
        "control_net_double_costs": doubled[1],
        "max_drawdown": own,
        "control_max_drawdown": base,
        "drawdown_ratio": own / base if base > 0 else None,
    }
