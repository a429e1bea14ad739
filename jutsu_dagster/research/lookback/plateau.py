"""Plateau: what is left of a strategy one step aside, parameter by parameter."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from jutsu_dagster.core.bars import FloatArray
from jutsu_dagster.research.lookback.measures import Basis, known, metric_of, written

# A neighbour that loses more than this of the metric stands below a cliff.
CLIFF = 0.3


@dataclass(frozen=True, slots=True)
class Aside:
    """A neighbour: one parameter, so many steps from the parent.

    Attributes
    ----------
    column : int
        Of the returns.
    parameter : str
    steps : int
        Signed; 0 for another value of a flag or an enum.
    value : object
        What the parameter is there.
    """

    column: int
    parameter: str
    steps: int
    value: object


@dataclass(frozen=True, slots=True)
class Neighbour:
    """How a neighbour fares.

    Attributes
    ----------
    aside : Aside
    metric : float or None
    retained : float or None
        Its metric over the parent's; None where the parent's is not above 0.
    edge_kept : float or None
        Its metric less the baseline's, over the parent's less the baseline's; None where the
        parent has no edge over the baseline.
    idle : bool
        Whether its returns are the parent's, day for day: the parameter changes nothing here.
    """

    aside: Aside
    metric: float | None
    retained: float | None
    edge_kept: float | None
    idle: bool


def profile(
    returns: FloatArray, baseline: float, asides: Sequence[Aside], metric: str, basis: Basis
) -> list[Neighbour]:
    """Return how each neighbour fares beside the parent.

    Parameters
    ----------
    returns : float64 of shape (T, K)
        Column 0 is the parent's.
    baseline : float
        Buy-and-hold's metric.
    asides : sequence of Aside
    metric : str
        Of ``measures.METRICS``.
    basis : Basis
    """
    measure = metric_of(metric)
    scores = measure(returns, basis)
    own, base = float(scores[0]), baseline
    found = []
    for aside in asides:
        score = known(scores[aside.column])
        # A set that never traded has no ratio: it kept nothing.
        level = 0.0 if score is None else score
        found.append(
            Neighbour(
                aside,
                score,
                level / own if own > 0 else None,
                (level - base) / (own - base) if own > base else None,
                bool(np.array_equal(returns[:, aside.column], returns[:, 0])),
            )
        )
    return found


def verdict(neighbours: Sequence[Neighbour]) -> dict[str, object]:
    """Return the least and the mean share retained, and which neighbours are below a cliff.

    Idle neighbours are counted and left out of the means: that a parameter does nothing is no
    sign of a plateau.
    """
    moved = [one for one in neighbours if not one.idle]
    retained = [one.retained for one in moved if one.retained is not None]
    kept = [one.edge_kept for one in moved if one.edge_kept is not None]
    return {
        "neighbours": len(neighbours),
        "idle": len(neighbours) - len(moved),
        "worst_retained": min(retained, default=None),
        "mean_retained": sum(retained) / len(retained) if retained else None,
        "worst_edge_kept": min(kept, default=None),
        "mean_edge_kept": sum(kept) / len(kept) if kept else None,
        "cliffs": [
            f"{one.aside.parameter} = {written(one.aside.value)}"
            for one in moved
            if one.retained is not None and one.retained < 1.0 - CLIFF
        ],
    }


def heat(
    places: Mapping[tuple[int, int], int], scores: FloatArray, shape: tuple[int, int]
) -> FloatArray:
    """Return scores on a grid of two parameters, NaN where a set is refused.

    Parameters
    ----------
    places : mapping of (row, column) of the grid to column of the returns
    scores : float64 of shape (K,)
    shape : (rows, columns)
    """
    grid = np.full(shape, np.nan)
    for (row, column), at in places.items():
        grid[row, column] = scores[at]
    return grid
