"""Windows of a walk-forward: which days a set is chosen on, and which it is then used on."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from jutsu_dagster.core.bars import IntArray
from jutsu_dagster.research.lookback.measures import LookbackError

# A Sharpe ratio of fewer days cannot rank anything.
LEAST_INSIDE = 20


@dataclass(frozen=True, slots=True)
class Window:
    """One step: in sample from row ``first`` to ``split``, out of sample from there to ``stop``.

    Rows count the traded days from 0; ``split`` and ``stop`` are exclusive ends.
    """

    first: int
    split: int
    stop: int

    @property
    def inside(self) -> slice:
        """The in-sample days."""
        return slice(self.first, self.split)

    @property
    def outside(self) -> slice:
        """The out-of-sample days."""
        return slice(self.split, self.stop)


def walk_windows(
    days: int, inside: int, outside: int, *, anchored: bool = False
) -> tuple[Window, ...]:
    """Cut days into steps whose out-of-sample days follow each other without gap or overlap.

    Parameters
    ----------
    days : int
        How many there are.
    inside, outside : int
        Days in and out of sample. The last step may have fewer days out of sample: those there
        are.
    anchored : bool
        Whether every in-sample window begins at the first day and grows, instead of moving on.

    Raises
    ------
    LookbackError
        If there are not even days for one whole step, or too few to choose by.
    """
    if inside < LEAST_INSIDE:
        raise LookbackError(
            f"--in-sample {inside} must be at least {LEAST_INSIDE} days: fewer rank nothing"
        )
    if outside < 1:
        raise LookbackError(f"--out-of-sample {outside} must be at least 1 day")
    if inside + outside > days:
        raise LookbackError(
            f"{inside} days in sample and {outside} out of sample are {inside + outside} days, but"
            f" there are {days}: shorten --in-sample or --out-of-sample, or start earlier"
        )
    return tuple(
        Window(0 if anchored else split - inside, split, min(split + outside, days))
        for split in range(inside, days, outside)
    )


def outside_rows(windows: tuple[Window, ...]) -> IntArray:
    """Return the rows of all out-of-sample days, ascending: what is stitched."""
    return np.concatenate([np.arange(one.split, one.stop) for one in windows])
