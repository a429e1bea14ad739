"""What new mutations may change, and by how much: steps of numbers, other values of the rest."""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, cast

from jutsu_dagster.core.errors import Fault, nearest
from jutsu_dagster.registry.mutation_values import is_number
from jutsu_dagster.registry.mutations import MutationError
from jutsu_dagster.registry.param_specs import ParamSpec, groups, param_specs
from jutsu_dagster.strategies.base import Strategy

# How many steps a number goes, either way.
REACH = 5

# A step is a tenth of the value, or a twentieth of the range where that is less.
_OF_VALUE, _OF_RANGE = 0.1, 0.05


@dataclass(frozen=True, slots=True)
class Level:
    """One change: a key of a mutation with its argument, so many steps from the parent."""

    steps: int
    key: str
    argument: object


@dataclass(frozen=True, slots=True)
class Axis:
    """A parameter, or a map changed as one, with the changes in reach, the smallest first."""

    name: str
    is_number: bool
    levels: tuple[Level, ...]


def axes_of(
    parent: Strategy, names: Sequence[str] = (), *, numbers_only: bool = False
) -> tuple[Axis, ...]:
    """Return what may be changed of ``parent``, in the order of its parameters.

    Numbers go up to five steps either way within their bounds; flags and enums take their other
    values. A step is the field's own (``json_schema_extra={"step": 0.02}``), or else a tenth of
    the value, at most a twentieth of the range, rounded to 1, 2 or 5 times a power of ten.

    Parameters
    ----------
    parent : Strategy
    names : sequence of str
        The parameters to change; of a map, all entries go together. By default, every mutable
        parameter and entry for which a step can be told, except those that are idle.
    numbers_only : bool
        Whether flags and enums are left out of the default.

    Raises
    ------
    MutationError
        Naming every name that is unknown, immutable, named twice, or has nowhere to go.
    """
    specs = param_specs(parent)
    covered = groups(specs)
    if not names:
        idle = parent.idle_parameters
        open_ = (name for name, spec in specs.items() if spec.mutable and name not in idle)
        found = (_axis(name, [specs[name]], covered) for name in open_)
        return tuple(a for a in found if a.levels and (a.is_number or not numbers_only))
    where, kind = f"parameters of {type(parent).__name__}", type(parent).__name__
    faults: list[Fault] = []
    axes: list[Axis] = []
    named: set[str] = set()
    for name in names:
        entries = [specs[entry] for entry in covered.get(name, ())]
        if not entries:
            known = [each for each in covered if any(specs[e].mutable for e in covered[each])]
            rule = f"is no parameter of {kind}"
            faults.append(Fault(where, name, None, rule, nearest(name, known)))
            continue
        axis = _axis(name, entries, covered)
        unusable = _unusable(entries, axis, named)
        if unusable:
            faults.append(Fault(where, name, None, unusable))
        named.update(spec.name for spec in entries)
        axes.append(axis)
    if faults:
        raise MutationError(faults)
    return tuple(axes)


def step_of(spec: ParamSpec) -> float | None:
    """Return the step of a number; None where neither value nor bounds tell one."""
    if not is_number(spec.value):
        return None
    sizes = [abs(spec.value) * _OF_VALUE] if spec.value else []
    if spec.low is not None and spec.high is not None and spec.high > spec.low:
        sizes.append((spec.high - spec.low) * _OF_RANGE)
    step = spec.step or _nice(min(sizes, default=0.0))
    if spec.type == "int":
        return max(1, round(step))
    return step if 0 < step < math.inf else None


def _nice(size: float) -> float:
    """Return 1, 2 or 5 times a power of ten, the nearest by ratio."""
    if not 0 < size < math.inf:
        return 0.0
    power = math.floor(math.log10(size))
    share = math.log10(size) - power
    digit = min((1, 2, 5, 10), key=lambda each: abs(math.log10(each) - share))
    return float(f"{digit}e{power}")


def _unusable(entries: Sequence[ParamSpec], axis: Axis, named: set[str]) -> str | None:
    closed = [spec.name for spec in entries if not spec.mutable]
    if closed:
        return "is immutable" if len(entries) == 1 else f"has immutable {', '.join(closed[:3])}"
    if any(spec.name in named for spec in entries):
        return "is named twice"
    return None if axis.levels else "has no other value in reach: no value, bounds or steps"


def _axis(name: str, entries: Sequence[ParamSpec], covered: Mapping[str, Any]) -> Axis:
    first = entries[0]
    if all(spec.is_number for spec in entries):
        return Axis(name, is_number=True, levels=tuple(_steps(name, entries, covered)))
    values: tuple[object, ...] = ()
    if len(entries) == 1:
        values = (True, False) if first.type == "bool" else first.choices
    levels = (Level(1, name, value) for value in values if not _same(value, first.value))
    return Axis(name, is_number=False, levels=tuple(levels))


def _same(one: object, other: object) -> bool:
    return one == other and type(one) is type(other)


def _steps(name: str, entries: Sequence[ParamSpec], covered: Mapping[str, Any]) -> Iterator[Level]:
    sizes = [step_of(spec) for spec in entries]
    if None in sizes or len({spec.type for spec in entries}) > 1:
        return
    step, key = min(cast("list[float]", sizes)), f"{name}_delta"
    for steps in range(1, REACH + 1):
        for sign in (1, -1):
            change = sign * steps * step
            if len(entries) == 1:
                delta = _delta(entries[0], change)
                if delta is None:
                    continue
                # A parameter may bear the name that would have been the operation.
                taken = key in covered
                yield Level(steps, name if taken else key, _moved(entries[0], delta, taken=taken))
            elif key not in covered and any(_delta(spec, change) is not None for spec in entries):
                yield Level(steps, key, _clean(change, entries[0]))


def _delta(spec: ParamSpec, change: float) -> float | None:
    """Return what takes a parameter ``change`` away from where it can be; None if out of bounds."""
    value = cast("float", spec.value)
    target = _clean(spec.clamp(value) + change, spec)
    if spec.clamp(target) != target:
        return None
    # The exact difference where the sum of round numbers would miss the bound by a bit.
    for delta in (_clean(target - value, spec), target - value):
        if delta and spec.clamp(value + delta) == value + delta:
            return delta
    return None


def _moved(spec: ParamSpec, delta: float, *, taken: bool) -> float:
    return _clean(cast("float", spec.value) + delta, spec) if taken else delta


def _clean(value: float, spec: ParamSpec) -> float:
    return round(value) if spec.type == "int" else float(f"{value:.10g}")
