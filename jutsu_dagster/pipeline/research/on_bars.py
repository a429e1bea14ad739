"""What only the bars can tell of a candidate: its neighbours, and whether it looks ahead."""

from __future__ import annotations

from datetime import date
from functools import partial

from jutsu_dagster.core.account import AccountKey
from jutsu_dagster.core.errors import DataError, JutsuError
from jutsu_dagster.pipeline.allocation_lanes import Opened
from jutsu_dagster.pipeline.direct import directions
from jutsu_dagster.pipeline.research.judging import LOOK_AHEAD, OnBars
from jutsu_dagster.pipeline.research.look_ahead import (
    allocation_cuts,
    directional_cuts,
    look_ahead_gate,
)
from jutsu_dagster.pipeline.research.neighbours import carry_beside, neighbours_of
from jutsu_dagster.pipeline.variant_cycle import VariantDesk, rider_of
from jutsu_dagster.registry.load import StrategyEntry
from jutsu_dagster.registry.shadows import Shadow
from jutsu_dagster.research.statistics import Gate
from jutsu_dagster.storage import exploration_log as log
from jutsu_dagster.strategies.base import AllocationStrategy
from jutsu_dagster.strategies.directional import DirectionalStrategy


def on_bars(
    desk: VariantDesk, parent: StrategyEntry, shadow: Shadow, first: date, last: date
) -> OnBars:
    """Carry a candidate and its neighbours over its bars again, and test it for look-ahead.

    Parameters
    ----------
    desk : VariantDesk
    parent : StrategyEntry
    shadow : Shadow
        With its strategy, see ``revived``.
    first, last : date
        Of its account, both inclusive.

    Returns
    -------
    OnBars
        Where its bars or its code cannot be had, a gate that says so and does not hold.
    """
    try:
        return _on_bars(desk, parent, shadow, first, last)
    # One candidate's trouble is its own: it is not proposed, and the night goes on.
    except JutsuError as error:
        return not_made(error)


def not_made(error: JutsuError) -> OnBars:
    """Return what is known of a candidate whose bars or code cannot be had."""
    why = f"The test cannot be made: {error}"
    return OnBars({}, Gate(LOOK_AHEAD, None, 0, passed=False, why=why))


def _on_bars(
    desk: VariantDesk, parent: StrategyEntry, shadow: Shadow, first: date, last: date
) -> OnBars:
    assert shadow.mutated is not None and shadow.base is not None  # noqa: S101, PT018  (live)
    assert parent.config is not None  # noqa: S101  (or it had no live variants)
    config, strategy = parent.config, shadow.mutated.strategy
    account = AccountKey(shadow.id, "shadow")
    found = log.recorded(desk.ledger.engine, "shadow", [shadow.id], first, last)
    recorded = {day: head for (_, day), head in found.items()}
    opened = recorded[first]
    neighbours, left_out = neighbours_of(strategy, shadow.base)
    try:
        beside = carry_beside(
            rider_of(parent, desk), account, parent.id, strategy, neighbours, opened, last
        )
    except DataError:
        # A longer warm-up may begin before the market does; the others are neighbours enough.
        longer = [
            name
            for name, one in neighbours.items()
            if one.warmup_sessions > strategy.warmup_sessions
        ]
        if not longer:
            raise
        left_out += [f"{name} (needs bars from before the market's first)" for name in longer]
        kept = {name: one for name, one in neighbours.items() if name not in longer}
        beside = carry_beside(
            rider_of(parent, desk), account, parent.id, strategy, kept, opened, last
        )
    if isinstance(strategy, DirectionalStrategy):
        direct = desk.direct_of(config) if desk.direct_of else partial(directions, config)
        cuts = directional_cuts(desk.store, config, strategy, direct, first, last)
    else:
        assert isinstance(strategy, AllocationStrategy)  # noqa: S101  (one or the other)
        terms = Opened.from_dict(opened.state["opened"])
        cuts = allocation_cuts(desk.store, config, strategy, terms, sorted(recorded))
    gate = look_ahead_gate(cuts, recorded, beside.records)
    return OnBars(beside.returns, gate, tuple(left_out))
