"""From normalised votes to a direction and its confidence: buckets, weights and masks."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Literal, get_args

import numpy as np
from numpy.typing import NDArray

from jutsu_dagster.core.bars import FloatArray, IntArray
from jutsu_dagster.core.jit import kernel

Bucket = Literal["momentum", "meanrev", "flow", "positioning", "timing"]
BUCKETS: tuple[Bucket, ...] = get_args(Bucket)

_HUNDRED, _HALF = 100.0, 0.5
_SPLIT = 134217729.0  # 2 ** 27 + 1


@kernel
def two_decimals(value: float) -> float:
    """Round a value between 0 and 1 to two decimals, its exact binary value half to even.

    As Python's ``round(value, 2)``; multiplying by 100 alone takes 0.165 for a tie, which it
    is not.
    """
    product = value * _HUNDRED
    whole = math.floor(product)
    rest = product - whole
    if rest == _HALF:
        # What the multiplication rounded away, exactly: value in two halves of 26 bits.
        shifted = _SPLIT * value
        top = shifted - (shifted - value)
        lost = (top * _HUNDRED - product) + (value - top) * _HUNDRED
        rest = lost if lost != 0.0 else whole % 2.0
        return (whole + 1.0 if rest > 0.0 else whole) / _HUNDRED
    return (whole + 1.0 if rest > _HALF else whole) / _HUNDRED


def bucket_scores(normalised: Sequence[FloatArray], votes: FloatArray, count: int) -> FloatArray:
    """Sum each bucket's votes; a NaN abstains.

    Parameters
    ----------
    normalised : S arrays of float64 of shape (T,)
        Between -1 and 1, in the order in which they are to be summed.
    votes : float64 of shape (S, B)
        Weight of each signal in each bucket, its sign included; 0 for none.
    count : int
        T.

    Returns
    -------
    float64 of shape (B, T)
    """
    scores = np.zeros((votes.shape[1], count))
    for values, weights in zip(normalised, votes, strict=True):
        heard = np.where(np.isnan(values), 0.0, values)
        for bucket in np.flatnonzero(weights):
            scores[bucket] += weights[bucket] * heard
    return scores


@kernel
def decide(
    scores: FloatArray, regime: IntArray, weights: FloatArray, dead_zone: float, first: int,
    direction: NDArray[np.int8], confidence: FloatArray, total: FloatArray,
) -> None:  # fmt: skip
    """Weigh the buckets of each bar against each other.

    Parameters
    ----------
    scores : float64 of shape (B, T)
        As of ``bucket_scores``. A bucket below the dead zone abstains, and beyond 1 is sure.
    regime : int64 of shape (T,)
        Row of ``weights``.
    weights : float64 of shape (R, B)
        Weight of a bucket under a regime; 0 where it is masked.
    dead_zone : float
        Least size of a bucket's score.
    first : int
        Bars before it have no decision.
    direction, confidence, total : int8, float64, float64 of shape (T,)
        Written: -1, 0 or 1; the total's size with two decimals; the weighted mean over the
        buckets that voted, 0 if none did.
    """
    for t in range(len(regime)):
        asked = weights[regime[t]]
        summed = 0.0
        weight = 0.0
        if t >= first:
            for b in range(len(asked)):
                score = scores[b, t]
                if abs(score) >= dead_zone and score != 0.0 and asked[b] > 0.0:
                    side = 1.0 if score > 0.0 else -1.0
                    summed += asked[b] * side * min(abs(score), 1.0)
                    weight += asked[b]
        total[t] = summed / weight if weight > 0.0 else 0.0
        direction[t] = 1 if total[t] > 0.0 else (-1 if total[t] < 0.0 else 0)
        confidence[t] = two_decimals(abs(total[t]))
