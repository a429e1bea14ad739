"""Walk-forward: the best of the past, used on the days that follow, stitched day by day."""

from __future__ import annotations

import itertools
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from jutsu_dagster.core.bars import FloatArray
from jutsu_dagster.research.lookback.measures import Basis, annual_return, known, metric_of, written
from jutsu_dagster.research.lookback.windows import Window

# The parent's rank is called stable where it is among the best tenth this often.
_TOP = 0.1


@dataclass(frozen=True, slots=True)
class Step:
    """What one window chose, and how that fared.

    Attributes
    ----------
    window : Window
    chosen : int
        Column of the returns; the first of equals, the parent (column 0) before all.
    inside, outside : float or None
        The metric of the chosen set in and out of sample.
    parent_inside, parent_outside : float or None
        The same of the parent.
    median_outside : float or None
        Of all sets out of sample: what choosing blindly would have given.
    beaten : float or None
        Share of the other sets that the chosen one beat out of sample; 0.5 is chance.
    parent_rank : int
        The parent's place in sample, from 1.
    inside_annual, outside_annual : float
        Annual return of the chosen set in and out of sample, fractions.
    """

    window: Window
    chosen: int
    inside: float | None
    outside: float | None
    parent_inside: float | None
    parent_outside: float | None
    median_outside: float | None
    beaten: float | None
    parent_rank: int
    inside_annual: float
    outside_annual: float


def walk(
    returns: FloatArray, windows: Sequence[Window], metric: str, basis: Basis
) -> tuple[Step, ...]:
    """Choose in each window the set with the greatest metric in sample.

    Only in-sample rows are looked at for the choice. A set whose metric is undefined there is
    never chosen before one whose is not.

    Parameters
    ----------
    returns : float64 of shape (T, K)
        Daily returns of K sets, each a run without interruption; column 0 is the parent.
    windows : sequence of Window
    metric : str
        Of ``measures.METRICS``.
    basis : Basis

    References
    ----------
    Pardo, R. (2008), The Evaluation and Optimization of Trading Strategies, 2nd ed., chapter 11.
    """
    return tuple(_step(returns, window, metric, basis) for window in windows)


def _step(returns: FloatArray, window: Window, metric: str, basis: Basis) -> Step:
    measure = metric_of(metric)
    scores = measure(returns[window.inside], basis)
    ranked = np.where(np.isfinite(scores), scores, -np.inf)
    chosen = int(ranked.argmax())
    later = measure(returns[window.outside], basis)
    others = np.delete(later, chosen)
    comparable = others[np.isfinite(others)]
    judged = np.isfinite(later[chosen]) and len(comparable) > 0
    annual = [annual_return(returns[rows, chosen], basis) for rows in _rows(window)]
    return Step(
        window=window,
        chosen=chosen,
        inside=known(scores[chosen]),
        outside=known(later[chosen]),
        parent_inside=known(scores[0]),
        parent_outside=known(later[0]),
        median_outside=known(np.median(later[np.isfinite(later)]))
        if np.isfinite(later).any()
        else None,
        beaten=_beaten(float(later[chosen]), comparable) if judged else None,
        parent_rank=1 + int((ranked > ranked[0]).sum()),
        inside_annual=float(annual[0]),
        outside_annual=float(annual[1]),
    )


def _rows(window: Window) -> tuple[slice, slice]:
    return window.inside, window.outside


def _beaten(own: float, others: FloatArray) -> float:
    # An equal is half beaten: sets that behave alike are no evidence either way.
    return float(((others < own).sum() + 0.5 * (others == own).sum()) / len(others))


def spliced(returns: FloatArray, steps: Sequence[Step]) -> FloatArray:
    """Return the chosen sets' own out-of-sample returns, one day after another, of shape (D,).

    Each day is from the run of the set chosen for it, so the switches cost nothing here.
    """
    return np.concatenate([returns[step.window.outside, step.chosen] for step in steps])


def efficiency(steps: Sequence[Step]) -> dict[str, float | None]:
    """Return how much of what was seen in sample came true out of sample.

    ``return_efficiency`` is Pardo's: mean annual return out of sample over that in sample, of the
    sets as chosen; ``metric_efficiency`` the same of the metric. None where what was seen in
    sample is not above 0. Windows in which either is undefined are left out of the latter.
    ``mean_beaten`` is the mean share of the other sets that the chosen ones beat, and
    ``ahead_of_parent`` the share of windows in which a set other than the parent was chosen and
    beat it; equals count half in both.
    """
    annual = [(step.inside_annual, step.outside_annual) for step in steps]
    metric = [
        (step.inside, step.outside)
        for step in steps
        if step.inside is not None and step.outside is not None
    ]
    beaten = [step.beaten for step in steps if step.beaten is not None]
    ahead = [
        _beaten(step.outside, np.array([step.parent_outside]))
        for step in steps
        if step.outside is not None and step.parent_outside is not None and step.chosen
    ]
    return {
        "return_efficiency": _ratio(annual),
        "metric_efficiency": _ratio(metric),
        "mean_inside": _mean([one for one, _ in metric]),
        "mean_outside": _mean([other for _, other in metric]),
        "mean_beaten": _mean(beaten),
        "ahead_of_parent": _mean(ahead),
    }


def _mean(values: Sequence[float]) -> float | None:
    return sum(values) / len(values) if values else None


def _ratio(pairs: Sequence[tuple[float, float]]) -> float | None:
    inside, outside = _mean([one for one, _ in pairs]), _mean([other for _, other in pairs])
    if inside is None or outside is None or inside <= 0:
        return None
    return outside / inside


def stability(
    names: Sequence[str], sets: Sequence[Sequence[Any]], steps: Sequence[Step]
) -> list[dict[str, Any]]:
    """Return one row a parameter: which values were chosen, and how often they changed.

    Parameters
    ----------
    names : sequence of str, length P
    sets : K sequences of P values
        The parent's first.
    steps : sequence of Step

    Returns
    -------
    list of dict
        parameter, parent (its value), chosen (value to count, the most frequent first), share
        (of the most frequent value), parent_share, changes (from one window to the next).
    """
    rows = []
    for at, name in enumerate(names):
        values = [sets[step.chosen][at] for step in steps]
        counted = Counter(map(written, values)).most_common()
        parent = sets[0][at]
        rows.append(
            {
                "parameter": name,
                "parent": parent,
                "chosen": dict(counted),
                "share": counted[0][1] / len(values),
                "parent_share": sum(value == parent for value in values) / len(values),
                "changes": sum(a != b for a, b in itertools.pairwise(values)),
            }
        )
    return rows


def parent_stability(steps: Sequence[Step], sets: int) -> dict[str, Any]:
    """Return how often the parent is in the best tenth in sample, and its mean rank there.

    The tenth is ceil(K / 10) sets. The verdict: ``stable`` from 0.8 of the windows on,
    ``unstable`` below 0.5, ``mixed`` between.
    """
    top = -int(-sets * _TOP // 1)
    share = sum(step.parent_rank <= top for step in steps) / len(steps)
    verdict = "stable" if share >= 0.8 else "unstable" if share < 0.5 else "mixed"  # noqa: PLR2004
    mean = sum(step.parent_rank for step in steps) / len(steps)
    return {"top": top, "share": share, "verdict": verdict, "mean_rank": mean, "sets": sets}
