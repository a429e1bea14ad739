"""The test for look-ahead: decisions may not change when the bars after them are taken away."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date, timedelta

import numpy as np

from jutsu_dagster.core.account import AccountKey
from jutsu_dagster.core.bars import FloatArray
from jutsu_dagster.core.calendar import sessions_between
from jutsu_dagster.core.errors import DataError
from jutsu_dagster.pipeline.allocation_lanes import AllocationLane, Opened
from jutsu_dagster.pipeline.candles import Direct, read_candles
from jutsu_dagster.pipeline.research.judging import LOOK_AHEAD
from jutsu_dagster.pipeline.variant_episodes import AllocationRider
from jutsu_dagster.registry.config import StrategyConfig
from jutsu_dagster.research.statistics import Gate
from jutsu_dagster.storage.exploration_log import Head
from jutsu_dagster.storage.exploration_rows import DayRecord
from jutsu_dagster.storage.market import MarketStore
from jutsu_dagster.strategies.base import AllocationStrategy
from jutsu_dagster.strategies.directional import Directional, DirectionalStrategy

CUTS = 12
# A sum in another order is no look-ahead; one bar seen too early moves far more than this.
_RELATIVE = 1e-9


def evenly(first: int, stop: int, count: int = CUTS) -> list[int]:
    """Return up to ``count`` whole numbers spread over ``first`` to ``stop - 1``, both included."""
    if stop <= first:
        return []
    spread = np.linspace(first, stop - 1, min(count, stop - first))
    return sorted({round(at) for at in spread.tolist()})


def directional_cuts(
    store: MarketStore,
    config: StrategyConfig,
    strategy: DirectionalStrategy,
    direct: Direct,
    first: date,
    last: date,
) -> tuple[int, list[str]]:
    """Ask a strategy again with its bars cut at several bars of a range, also within days.

    Returns
    -------
    tuple of (int, list of str)
        How many cuts there were, and of each at which an earlier decision was another one, the
        time of the cut and of the first such decision.

    Raises
    ------
    DataError
        If bars are missing.
    StrategyError
        If the strategy fails.
    """
    # As the riders of variants have it.
    anchor = config.backtest_start - timedelta(days=config.strategy.warmup_sessions)
    candles = read_candles(store, [strategy], first, last, anchor)
    bars, start = candles.bars, candles.rows_of(first).start
    (whole,) = direct([strategy], bars)
    said = []
    # The whole is no cut; of what is cut at least the first bar is compared.
    cuts = evenly(start + 1, len(bars))
    for cut in cuts:
        (part,) = direct([strategy], bars.window(0, cut))
        other = np.flatnonzero(_directions_differ(part, whole, start, cut))
        if len(other):
            at, end = bars.timestamps[start + int(other[0])], bars.timestamps[cut - 1]
            said.append(f"{at}Z, with bars up to {end}Z")
    return len(cuts), said


def _directions_differ(part: Directional, whole: Directional, start: int, cut: int) -> FloatArray:
    rows = slice(start, cut)
    labels = [np.array(one.regimes, dtype=object)[one.regime[rows]] for one in (part, whole)]
    sure = np.isclose(part.confidence[rows], whole.confidence[rows], rtol=_RELATIVE, atol=0.0)
    same = (part.direction[rows] == whole.direction[rows]) & sure & (labels[0] == labels[1])
    differ: FloatArray = ~same
    return differ


def allocation_cuts(
    store: MarketStore,
    config: StrategyConfig,
    strategy: AllocationStrategy,
    opened: Opened,
    days: Sequence[date],
) -> tuple[int, list[str]]:
    """As ``directional_cuts``, cut after several sessions, with the weights decided up to each.

    Parameters
    ----------
    store, config, strategy
    opened : Opened
        What the account was opened with: where its history begins.
    days : sequence of date
        The sessions of the account.
    """
    whole, anchor = _weights(store, config, strategy, opened, days[-1])
    said = []
    cuts = [days[at] for at in evenly(0, len(days) - 1)]
    for day in cuts:
        part, _ = _weights(store, config, strategy, opened, day)
        same = np.isclose(part, whole[: len(part)], rtol=_RELATIVE, atol=1e-12, equal_nan=True)
        other = np.flatnonzero(~same.all(axis=1))
        if len(other):
            first = sessions_between(anchor, day)[int(other[0])]
            said.append(f"{first}, with bars up to {day}")
    return len(cuts), said


def _weights(
    store: MarketStore,
    config: StrategyConfig,
    strategy: AllocationStrategy,
    opened: Opened,
    last: date,
) -> tuple[FloatArray, date]:
    """Return the weights decided at every session from the anchor to ``last``; NaN for none."""
    rider = AllocationRider(store, config)
    lane: AllocationLane = rider.lane(AccountKey("look_ahead", "shadow"), "", strategy)
    lane.opened = opened
    lane.stand(None)
    refused = rider.load(last, last)
    if lane.decision is None:
        raise DataError(f"decisions up to {last} cannot be made: {refused.get(lane)}")
    decided = lane.decision
    weights = np.where(decided.codes[:, None] < 0, np.nan, decided.table[decided.codes])
    return weights, lane.anchor


def look_ahead_gate(
    cuts: tuple[int, list[str]], recorded: dict[date, Head], computed: Sequence[DayRecord]
) -> Gate:
    """Return the gate: no decision changed by later bars, and the account computed again alike.

    Parameters
    ----------
    cuts : tuple of (int, list of str)
        See ``directional_cuts``.
    recorded : dict of date to Head
        The account's days as the ledger has them.
    computed : sequence of DayRecord
        The same days, computed from its first one on in one go.
    """
    count, said = cuts
    again = {record.day: record.closing_hash for record in computed}
    other = [day for day, head in sorted(recorded.items()) if again.get(day) != head.closing_hash]
    wrong = len(said) + len(other)
    if said:
        why = f"The decision of {said[0]} is another one with all bars: it reads what comes later."
    elif other:
        why = (
            f"The account recorded on {other[0]} is another one computed again: the bars or the"
            " code have changed since, or decisions depend on how many bars there are."
        )
    elif not count or not recorded:
        return Gate(LOOK_AHEAD, None, 0, passed=False, why="There is nothing to compare yet.")
    else:
        why = (
            f"Decisions with the bars cut at {count} places equal those with all of them, and"
            f" {len(recorded)} recorded days were computed again alike."
        )
    return Gate(LOOK_AHEAD, wrong, 0, passed=not wrong, why=why)
