"""Planted truth as a family that the night judges: it is known who is better, and why.

Results are those of ``research.statistics.planted``; a trade lasts five days. Nothing here is of
a market, and no night calls it: benchmarks and tests do, through the night's own judging.
"""

from __future__ import annotations

from datetime import date

import numpy as np

from jutsu_dagster.core.bars import FloatArray
from jutsu_dagster.pipeline.research.families import Closed, Control, FamilyData
from jutsu_dagster.pipeline.research.judging import LOOK_AHEAD, OnBars
from jutsu_dagster.research.statistics import Gate, sharpes
from jutsu_dagster.research.statistics.planted import COST_A_TRADE, DAYS_A_TRADE, Truth, planted


def planted_family(
    truth: Truth, seed: int, parent_id: str, last: date
) -> tuple[FamilyData, str, FloatArray, OnBars]:
    """Return a family that ends on ``last``, its candidate, the trials, and the candidate's bars.

    The candidate is the truly better variant, or without an edge the luckiest of all.
    """
    drawn = planted(truth, seed)
    days = np.arange(np.datetime64(last, "D") - truth.days + 1, np.datetime64(last, "D") + 1)
    names = tuple(f"{parent_id}_mut_{number + 1:04d}" for number in range(truth.variants))
    control = _trades(drawn.control)
    count = np.arange(1, len(control) + 1) * DAYS_A_TRADE - 1
    steps = np.zeros((truth.days + 1, 5))
    parts = (np.ones(len(control)), control, control + COST_A_TRADE, control.clip(0.0),
             control.clip(None, 0.0))  # fmt: skip
    steps[count + 1] = np.column_stack(parts)
    family = FamilyData(
        parent_id=parent_id,
        track="planted",
        symbol="PLANTED",
        compound=False,
        days=days,
        names=names,
        returns=drawn.variants,
        first=np.zeros(truth.variants, dtype=np.int64),
        last=np.full(truth.variants, truth.days - 1),
        closed=tuple(_closed(_trades(column)) for column in drawn.variants.T),
        control=Control(drawn.control, steps.cumsum(axis=0)),
    )
    why = "A day's results come from that day's shocks, and there are no bars to look ahead in."
    bars = OnBars(
        {f"neighbour_{k}": drawn.neighbours[:, k] for k in range(truth.neighbours)},
        Gate(LOOK_AHEAD, 0, 0, passed=True, why=why),
    )
    return family, names[drawn.chosen], sharpes(drawn.variants), bars


def _trades(returns: FloatArray) -> FloatArray:
    """Return the results of consecutive trades."""
    whole = len(returns) // DAYS_A_TRADE * DAYS_A_TRADE
    found: FloatArray = returns[:whole].reshape(-1, DAYS_A_TRADE).sum(axis=1)
    return found


def _closed(trades: FloatArray) -> Closed:
    net, lost = float(trades.sum()), float(trades.clip(None, 0.0).sum())
    pf = float(trades.clip(0.0).sum()) / -lost if lost else None
    return Closed(len(trades), net, net + COST_A_TRADE * len(trades), pf)
