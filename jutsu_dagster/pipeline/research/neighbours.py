"""The variants one step aside of a candidate, carried over the same bars and not recorded."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date

import numpy as np

from jutsu_dagster.core.account import AccountKey
from jutsu_dagster.core.bars import FloatArray
from jutsu_dagster.pipeline.allocation_lanes import AllocationLane, Opened
from jutsu_dagster.pipeline.lanes import Lane
from jutsu_dagster.pipeline.variant_report import Carried, Rider
from jutsu_dagster.registry.mutation_axes import axes_of
from jutsu_dagster.registry.mutation_values import is_number
from jutsu_dagster.registry.mutations import MutationError, mutate
from jutsu_dagster.registry.param_specs import param_specs
from jutsu_dagster.storage.exploration_log import Head
from jutsu_dagster.storage.exploration_rows import DayRecord
from jutsu_dagster.strategies.base import Strategy

_ROUNDING = 1e-9


def neighbours_of(strategy: Strategy, base: Strategy) -> tuple[dict[str, Strategy], list[str]]:
    """Return a variant with one number moved by one step of its grid, either way, by name.

    Flags and enums have no steps: their other value is another strategy. Left out is what undoes
    the mutation: where the number that moves is one that the variant changed, and the step takes
    it back to the parent's value or beyond. Of a variant one step from its parent that neighbour
    is the parent itself in this number, so its share of the edge says how much of it comes from
    there, and not whether the variant stands on a ridge; asking for 0.7 of it would refuse
    whatever the evolver makes, which goes one step.

    Parameters
    ----------
    strategy : Strategy
        The variant's.
    base : Strategy
        Its frozen parent.

    Returns
    -------
    tuple of (dict of name to Strategy, list of names left out)
        Steps that break a rule of the class are none.
    """
    specs, parents = param_specs(strategy), param_specs(base)
    found: dict[str, Strategy] = {}
    left_out: list[str] = []
    for axis in axes_of(strategy, numbers_only=True):
        for level in (each for each in axis.levels if each.steps == 1):
            try:
                moved = mutate(strategy, {level.key: level.argument}, specs=specs)
            except MutationError:
                continue
            target = moved.changed.get(axis.name)
            name = f"{axis.name} {_shown(target)}"
            if _undoes(specs[axis.name].value, target, parents[axis.name].value):
                left_out.append(name)
            else:
                found[name] = moved.strategy
    return found, left_out


def _shown(value: object) -> str:
    return f"{value:.10g}" if isinstance(value, float) else str(value)


def _undoes(own: object, moved: object, parent: object) -> bool:
    numbers = [value for value in (own, moved, parent) if is_number(value)]
    if len(numbers) < 3:  # noqa: PLR2004  (all three)
        return False
    here, there, was = numbers
    return here != was and (there - was) * (here - was) <= _ROUNDING * (here - was) ** 2


@dataclass(frozen=True, eq=False, slots=True)
class Carrying:
    """Accounts carried over a range of days.

    Attributes
    ----------
    records : tuple of DayRecord
        The variant's own days, computed again.
    returns : mapping of str to float64 of shape (T,)
        Daily net returns of its neighbours; of one that could not go on, zeros.
    """

    records: tuple[DayRecord, ...]
    returns: Mapping[str, FloatArray]


def carry_beside(
    rider: Rider,
    account: AccountKey,
    parent_id: str,
    variant: Strategy,
    neighbours: Mapping[str, Strategy],
    opened: Head,
    last: date,
) -> Carrying:
    """Carry a variant and its neighbours from its first day on, as the night does.

    Parameters
    ----------
    rider : Rider
        Of the parent; fresh.
    account : AccountKey
        The variant's.
    parent_id : str
    variant : Strategy
    neighbours : mapping of str to Strategy
    opened : Head
        The account's first recorded day: with what it was opened.
    last : date

    Raises
    ------
    DataError
        If bars are missing.
    """
    lanes: dict[str | None, Carried] = {None: _lane(rider, account, parent_id, variant, opened)}
    for name, strategy in neighbours.items():
        lanes[name] = _lane(rider, account, parent_id, strategy, opened)
    lost = set(rider.load(opened.day, last))
    days = rider.open_days(opened.day, last)
    records: dict[Carried, list[DayRecord]] = {lane: [] for lane in lanes.values()}
    for day in days:
        made, refused = rider.carry([lane for lane in records if lane not in lost], day)
        lost |= set(refused)
        for lane, record in made.items():
            records[lane].append(record)
    compound = isinstance(lanes[None], AllocationLane)
    returns = {
        name: _returns(records[lane], compound=compound)
        if lane not in lost
        else np.zeros(len(days))
        for name, lane in lanes.items()
        if name is not None
    }
    return Carrying(tuple(records[lanes[None]]), returns)


def _lane(
    rider: Rider, account: AccountKey, parent_id: str, strategy: Strategy, opened: Head
) -> Carried:
    lane: Carried = rider.lane(account, parent_id, strategy)
    # On the terms that the account was opened on, whatever the parent's file has become.
    if isinstance(lane, AllocationLane):
        lane.opened = Opened.from_dict(opened.state["opened"])
    else:
        assert isinstance(lane, Lane)  # noqa: S101  (one or the other)
        lane.capital = opened.initial_capital
    lane.stand(None)
    return lane


def _returns(records: list[DayRecord], *, compound: bool) -> FloatArray:
    equity = np.array([record.equity for record in records])
    capital = records[0].initial_capital
    before = np.concatenate(([capital], equity[:-1]))
    returns: FloatArray = (equity - before) / (before if compound else capital)
    return returns
