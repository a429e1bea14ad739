"""Whether a better result holds: at double costs, in its drawdown, one step aside."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np

from jutsu_dagster.core.bars import FloatArray
from jutsu_dagster.research.statistics.sharpe import moments


@dataclass(frozen=True, slots=True)
class Plateau:
    """How much of a variant's edge its one-step neighbours keep.

    Attributes
    ----------
    edge : float or None
        The variant's daily Sharpe ratio less the control's.
    shares : mapping of str to float
        Each neighbour's edge over the variant's; empty where the variant has no edge.
    worst, mean : float or None
        Of the shares.
    """

    edge: float | None
    shares: dict[str, float]
    worst: float | None
    mean: float | None


def at_double_costs(gross: float, net: float) -> float:
    """Return a sum of results had every cost been twice as high.

    net = gross - cost, so gross - 2 cost = 2 net - gross. Exact where costs are additive
    fractions of the stake, as of the directional accounts' trades; for compounding accounts the
    sums are of daily returns before and after costs, and fills would differ a little.
    """
    return 2.0 * net - gross


def max_drawdown(returns: FloatArray, *, compound: bool) -> float:
    """Return the greatest loss from a peak, a positive fraction of the peak.

    Parameters
    ----------
    returns : float64 of shape (T,)
        Daily returns, fractions.
    compound : bool
        True: equity is the product of 1 + return. False: results are of the same stake each day,
        equity is 1 plus their sum (and a drawdown above 1 is possible).
    """
    grown = np.cumprod(1.0 + returns) if compound else 1.0 + np.cumsum(returns)
    equity = np.concatenate(([1.0], grown))
    return max(float((1.0 - equity / np.maximum.accumulate(equity)).max()), 0.0)


def plateau(
    variant: FloatArray, control: FloatArray, neighbours: Mapping[str, FloatArray]
) -> Plateau:
    """Return what share of the variant's edge each neighbour keeps.

    Edge: daily Sharpe ratio less the control's, so that more of the same risk is no edge. A
    neighbour is the variant with one parameter moved by one step of its grid; one whose Sharpe
    ratio is undefined (it never traded) keeps that of 0. All series cover the same days.
    """

    def sharpe(returns: FloatArray) -> float | None:
        found = moments(returns)
        return found.sharpe if found else None

    own, base = sharpe(variant), sharpe(control)
    if own is None or base is None:
        return Plateau(None, {}, None, None)
    edge = own - base
    if edge <= 0.0 or not neighbours:
        return Plateau(edge, {}, None, None)
    shares = {name: ((sharpe(r) or 0.0) - base) / edge for name, r in neighbours.items()}
    values = list(shares.values())
    return Plateau(edge, shares, min(values), sum(values) / len(values))
