"""What an allocation strategy decides: target weights at each close."""

from __future__ import annotations

import itertools
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np
from numpy.typing import NDArray

from jutsu_dagster.core.bars import Bars, BoolArray, FloatArray
from jutsu_dagster.core.engine import Timing
from jutsu_dagster.core.errors import StrategyError

# Weights may miss a sum of one by rounding, never by more.
_WEIGHT_TOLERANCE = 1e-9


@dataclass(frozen=True, eq=False, slots=True)
class Allocation:
    """Target weights decided at each of T closes, as rows of a table of K distinct vectors.

    Attributes
    ----------
    codes : int64 of shape (T,)
        Row of ``table`` decided at each close; -1 where the strategy has no opinion yet.
    table : float64 of shape (K, N)
        Fractions of equity per symbol, long only; what is missing to 1 is cash.
    cells : int64 of shape (T,)
        Regime cell after each close; 0 where there is none.
    diagnostics : mapping of name to array of shape (T,)
        Indicators worth keeping beside the decision; NaN where not ready.
    """

    codes: NDArray[np.int64]
    table: FloatArray
    cells: NDArray[np.int64]
    diagnostics: Mapping[str, NDArray[Any]] = field(default_factory=dict)


def allocation_of(name: str, weights: FloatArray, bars: Bars) -> Allocation:
    """Validate a matrix of weights and return it as an Allocation."""
    expected = (len(bars), len(bars.symbols))
    if weights.shape != expected:
        raise StrategyError(
            f"{name}: target weights have shape {weights.shape};"
            f" expected (bars, symbols) {expected}"
        )
    ready: BoolArray = np.asarray(~np.isnan(weights).all(axis=1))
    check_weights(name, weights[ready], np.flatnonzero(ready), bars)
    codes = np.where(ready, np.arange(len(bars)), -1)
    table = np.where(ready[:, None], weights, 0.0)
    return Allocation(codes, table, np.zeros(len(bars), dtype=np.int64))


def check_weights(name: str, decided: FloatArray, rows: NDArray[np.intp], bars: Bars) -> None:
    """Raise StrategyError unless the weights decided at ``rows`` of ``bars`` can be held."""
    for broken, rule in (
        (~np.isfinite(decided).all(axis=1), "must be finite; a whole row of NaN means no opinion"),
        ((decided < 0).any(axis=1), "must be >= 0; short positions are not traded"),
        (decided.sum(axis=1) > 1 + _WEIGHT_TOLERANCE, "must sum to at most 1"),
    ):
        if broken.any():
            row = int(np.flatnonzero(broken)[0])
            session = bars.sessions[rows[row]]
            shown = dict(zip(bars.symbols, decided[row].tolist(), strict=True))
            raise StrategyError(f"{name}: target weights of {session} {shown} {rule}")


def joined(views: Sequence[Allocation], spans: Sequence[slice]) -> Allocation:
    """Join the given span of rows of each decision into one decision over all rows."""
    offsets = np.cumsum([0, *(len(view.table) for view in views[:-1])]).tolist()
    pieces = list(zip(views, spans, strict=True))
    return Allocation(
        np.concatenate(
            [
                np.where(view.codes[span] < 0, -1, view.codes[span] + offset)
                for (view, span), offset in zip(pieces, offsets, strict=True)
            ]
        ),
        np.concatenate([view.table for view in views]),
        np.concatenate([view.cells[span] for view, span in pieces]),
        {
            name: np.concatenate([view.diagnostics[name][span] for view, span in pieces])
            for name in views[0].diagnostics
        },
    )


def split_pieces(splits: FloatArray) -> list[tuple[int, int]]:
    """Return spans of rows between splits: within one, the past looks the same every day.

    ``splits`` is of shape (T, N), as in Bars.
    """
    cuts = np.flatnonzero((splits[1:] != 1.0).any(axis=1)) + 1
    return list(itertools.pairwise([0, *cuts.tolist(), len(splits)]))


def regime_labels(
    decision: Allocation,
    regimes: Mapping[int, tuple[str, str]],
    start: int,
    stop: int,
    timing: Timing,
) -> list[str]:
    """Return the regime behind each session's fills, such as ``cell 2 (BullStrong, High)``.

    It is the cell of the session that decided: with delayed fills the one before.

    Parameters
    ----------
    decision : Allocation
    regimes : mapping of cell to (trend, volatility)
        A strategy's ``regimes``; cells that it does not name are called by their number only.
    start, stop : int
        Rows, ``stop`` exclusive.
    timing : Timing

    Returns
    -------
    list of str, length ``stop - start``
        ``none`` where there is no cell.
    """
    if timing == "close":
        cells = decision.cells[start:stop]
    else:
        cells = decision.cells[np.maximum(np.arange(start, stop) - 1, 0)]
    return [_label(cell, regimes) for cell in cells.tolist()]


def _label(cell: int, regimes: Mapping[int, tuple[str, str]]) -> str:
    names = f" ({', '.join(regimes[cell])})" if cell in regimes else ""
    return f"cell {cell}{names}" if cell else "none"
