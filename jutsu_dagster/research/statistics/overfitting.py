"""The probability of backtest overfitting, by combinatorially symmetric cross-validation."""

from __future__ import annotations

from dataclasses import dataclass
from itertools import combinations
from typing import Any

import numpy as np

from jutsu_dagster.core.bars import FloatArray

BLOCKS = 16
_CLAMP = 1e-6
# Splits looked at together: their matrices stay in the cache for 1,000 strategies.
_TOGETHER = 64
_ROUNDING = 1e-12
_BINS = 40


@dataclass(frozen=True, slots=True)
class Overfitting:
    """How the in-sample best of a family fared out of sample, over all splits.

    Attributes
    ----------
    blocks, days, dropped, strategies, splits : int
        S; T, the days used; the oldest days, left out so that S divides T; K; C(S, S/2).
    pbo : float
        Share of splits with logit < 0: the in-sample best is below the out-of-sample median.
    loss : float
        Share of splits in which the in-sample best has an out-of-sample Sharpe ratio <= 0.
    slope : float or None
        Of the out-of-sample on the in-sample daily Sharpe ratio of the best, least squares.
    logits : float64 of shape (splits,)
        ln(w / (1 - w)), w the share of the other strategies that the best beat out of sample.
    """

    blocks: int
    days: int
    dropped: int
    strategies: int
    splits: int
    pbo: float
    loss: float
    slope: float | None
    logits: FloatArray

    def as_dict(self) -> dict[str, Any]:
        """Return everything as strict JSON, the logits as a histogram of 40 bins."""
        reach = float(-np.log(_CLAMP)) + 1e-9
        counts, edges = np.histogram(self.logits, bins=_BINS, range=(-reach, reach))
        fields = ("blocks", "days", "dropped", "strategies", "splits", "pbo", "loss", "slope")
        return {name: getattr(self, name) for name in fields} | {
            "logits": {"edges": edges.tolist(), "counts": counts.tolist()}
        }


def _sharpes(total: FloatArray, square: FloatArray, centre: FloatArray, n: int) -> FloatArray:
    """Return Sharpe ratios from sums of centred returns; 0 where returns do not vary."""
    spread = square - total * total / n
    spread[spread <= _ROUNDING * square] = np.inf
    found: FloatArray = (total / n + centre) / np.sqrt(spread / (n - 1))
    return found


def _split_halves(blocks: int) -> FloatArray:
    """Return one row for each half that holds block 0; the other halves are their complements."""
    rest = combinations(range(1, blocks), blocks // 2 - 1)
    chosen = np.array([(0, *half) for half in rest])
    halves = np.zeros((len(chosen), blocks))
    np.put_along_axis(halves, chosen, 1.0, axis=1)
    return halves


def _best_outside(inside: FloatArray, outside: FloatArray) -> tuple[FloatArray, ...]:
    """Return of each row's in-sample best: both Sharpe ratios, and the share that it beat."""
    best = inside.argmax(axis=1)[:, None]
    fared = np.take_along_axis(outside, best, axis=1)
    beaten = (outside < fared).sum(axis=1) / (outside.shape[1] - 1)
    return np.take_along_axis(inside, best, axis=1)[:, 0], fared[:, 0], beaten


def overfitting(returns: FloatArray, blocks: int = BLOCKS) -> Overfitting | None:
    """Split the days in halves in every way, and see how the best of one does in the other.

    The days are cut into S contiguous blocks of equal length, the oldest remainder dropped. For
    each of the C(S, S/2) choices of S/2 blocks: n* is the strategy with the greatest Sharpe ratio
    in them (the first of equals), w = #{strategies with a strictly lower Sharpe ratio in the
    other blocks} / (K - 1), held within 1e-6 and 1 - 1e-6, logit = ln(w / (1 - w)). PBO is the
    share of negative logits. (The paper ranks among K + 1 and counts a logit of exactly 0, too;
    with two columns and more the difference is a split whose best sits exactly on the median.) A
    strategy that does not vary in a half has the Sharpe ratio 0 there.

    Parameters
    ----------
    returns : float64 of shape (T, K)
        Daily returns on common days, one column for each strategy that could be chosen, the
        parent's control too; finite.
    blocks : int
        S, even, at least 2.

    Returns
    -------
    Overfitting or None
        None with fewer than two strategies or fewer than two days a block.

    Raises
    ------
    ValueError
        Where ``blocks`` is odd or below 2.

    References
    ----------
    Bailey, D., Borwein, J., López de Prado, M. and Zhu, Q. (2017), The Probability of Backtest
    Overfitting, Journal of Computational Finance 20(4), 39-69.
    """
    if blocks < 2 or blocks % 2:  # noqa: PLR2004  # two halves
        raise ValueError(f"blocks must be even and at least 2, not {blocks}")
    each = len(returns) // blocks
    if each < 2 or returns.shape[1] < 2:  # noqa: PLR2004  # a deviation, a choice
        return None
    days = each * blocks
    used = returns[len(returns) - days :]
    centre = used.mean(axis=0)
    apart = (used - centre).reshape(blocks, each, -1)
    totals, squares = apart.sum(axis=1), (apart**2).sum(axis=1)
    all_totals, all_squares = totals.sum(axis=0), squares.sum(axis=0)
    halves = _split_halves(blocks)
    found: list[tuple[FloatArray, ...]] = []
    for start in range(0, len(halves), _TOGETHER):
        chosen = halves[start : start + _TOGETHER]
        total, square = chosen @ totals, chosen @ squares
        one = _sharpes(total, square, centre, days // 2)
        other = _sharpes(all_totals - total, all_squares - square, centre, days // 2)
        found += [_best_outside(one, other), _best_outside(other, one)]
    inside, outside, beaten = (np.concatenate(part) for part in zip(*found, strict=True))
    beaten = beaten.clip(_CLAMP, 1.0 - _CLAMP)
    logits = np.log(beaten / (1.0 - beaten))
    spread = float(inside.var())
    slope = float(((inside - inside.mean()) * outside).mean()) / spread if spread > 0 else None
    return Overfitting(
        blocks, days, len(returns) - days, returns.shape[1], len(logits),
        float((logits < 0).mean()), float((outside <= 0).mean()), slope, logits,
    )  # fmt: skip
