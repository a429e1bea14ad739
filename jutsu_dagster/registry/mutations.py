"""Mutations: changes of a strategy's parameters as data, one grammar for every class.

``sma_fast: 50`` overrides, ``sma_fast_delta: 5`` adds, ``upper_thresh_z_scale: 1.1`` multiplies;
``conf_min.trend`` is one entry of a map, with the same suffixes, and ``conf_min_delta`` changes
every entry. All apply to the parent as it stands, so their order does not matter.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from pydantic import BaseModel

from jutsu_dagster.core.errors import ConfigError, Fault
from jutsu_dagster.registry.mutation_reading import Reading
from jutsu_dagster.registry.mutation_values import is_number
from jutsu_dagster.registry.param_specs import ParamSpec, param_specs
from jutsu_dagster.registry.parameters import PARAMETERS, build_strategy
from jutsu_dagster.strategies.base import Strategy

_Changes = Mapping[tuple[str, ...], object]


class MutationError(ConfigError):
    """A mutation that cannot be; its ``faults`` name every key and rule."""


@dataclass(frozen=True, eq=False, slots=True)
class Mutated:
    """A parent after its mutation.

    Attributes
    ----------
    strategy : Strategy
        Validated as strictly as the parent was; the parent itself where nothing changed.
    changed : mapping of parameter to its new value
        Entries of maps by their dotted names; only what differs from the parent.
    clamped : mapping of parameter to float
        What would have gone beyond a bound, and the value that it would have had.
    """

    strategy: Strategy
    changed: Mapping[str, object] = field(default_factory=dict)
    clamped: Mapping[str, float] = field(default_factory=dict)


def mutate(
    parent: Strategy,
    mutations: Mapping[str, object],
    *,
    where: str = "mutations",
    creating: bool = True,
    specs: Mapping[str, ParamSpec] | None = None,
) -> Mutated:
    """Return ``parent`` with its parameters changed.

    Parameters
    ----------
    parent : Strategy
        Left as it is.
    mutations : mapping of key to JSON value
        See the module. The exact name of a parameter wins over a suffix. Values beyond a
        parameter's bounds are clamped; whole numbers are rounded half to even after scaling.
    where : str
        How faults call the place that the mutations are from.
    creating : bool
        Whether a variant is being created. Without, for a look at a strategy, a mutation may
        change nothing, and may override what mutations of variants may not.
    specs : mapping of name to ParamSpec, optional
        ``param_specs(parent)``, for who mutates one parent many times.

    Raises
    ------
    MutationError
        Naming every key that is unknown or immutable, has a value of the wrong type, or changes
        a parameter that another one changes; every rule of the class that the result breaks;
        and, when creating, a mutation that changes nothing.
    """
    specs = param_specs(parent) if specs is None else specs
    changed, clamped = _changes(type(parent), mutations, specs, where, creating=creating)
    return Mutated(_rebuilt(parent, specs, changed, where), changed, clamped)


def changes_of(
    parent: Strategy, mutations: Mapping[str, object], specs: Mapping[str, ParamSpec]
) -> dict[str, object]:
    """Return ``Mutated.changed`` without the strategy, which takes the most time to make.

    Raises
    ------
    MutationError
        As ``mutate`` when not creating, but for rules of the class that the result breaks.
    """
    return _changes(type(parent), mutations, specs, "mutations", creating=False)[0]


def _changes(
    kind: type[Strategy],
    mutations: Mapping[str, object],
    specs: Mapping[str, ParamSpec],
    where: str,
    *,
    creating: bool,
) -> tuple[dict[str, object], dict[str, float]]:
    reading = Reading(specs, kind, where, creating=creating)
    reading.read_all(mutations)
    if reading.faults:
        raise MutationError(reading.faults)
    changed: dict[str, object] = {}
    clamped: dict[str, float] = {}
    for name, spec in specs.items():
        if name in reading.results:
            wanted = reading.results[name]
            result = spec.clamp(wanted) if is_number(wanted) else wanted
            if result != wanted:
                clamped[name] = wanted
            if result != spec.value or type(result) is not type(spec.value):
                changed[name] = result
    if creating and _is_no_op(specs, changed):
        keys = ", ".join(mutations) or "no mutations"
        raise MutationError([Fault(where, "", None, _no_op_rule(keys, clamped))])
    return changed, clamped


def mutation_hash(mutations: Mapping[str, object]) -> str:
    """Return a short hash of a mutation: the same for any order, and for 5 and 5.0."""
    text = json.dumps(_numbers_alike(mutations), sort_keys=True, allow_nan=False)
    return hashlib.sha256(text.encode()).hexdigest()[:16]


def _numbers_alike(value: Any) -> Any:
    if isinstance(value, Mapping):
        return {str(key): _numbers_alike(inner) for key, inner in value.items()}
    if isinstance(value, float) and value.is_integer():
        return int(value)
    return value


def _is_no_op(specs: Mapping[str, ParamSpec], changed: Mapping[str, Any]) -> bool:
    # A base beyond the bounds counts as what it is clamped to: moving it there changes nothing.
    return all(
        is_number(value) and is_number(specs[name].value)
        and value == specs[name].clamp(specs[name].value)  # type: ignore[arg-type]
        for name, value in changed.items()
    )  # fmt: skip


def _no_op_rule(keys: str, clamped: Mapping[str, float]) -> str:
    bounded = f", once {', '.join(clamped)} is clamped" if clamped else ""
    return f"changes nothing: {keys} leaves every parameter where the parent has it{bounded}"


def _rebuilt(
    parent: Strategy, specs: Mapping[str, ParamSpec], changed: Mapping[str, object], where: str
) -> Strategy:
    """Return the parent with new values; raise MutationError by the class's own rules."""
    if not changed:
        return parent
    changes = {specs[name].at: value for name, value in changed.items()}
    # Every field of the class itself is said: the result is what it is, whatever the defaults.
    touched = {at[0] for at in changes}
    values = {
        label: _with(_below(label, changes) if label in touched else {}, item)
        for label, item in parent
    }
    given = {name: value for name, value in values.items() if value is not None}
    strategy, faults = build_strategy(type(parent), given, {}, where)
    if strategy is None:
        raise MutationError([_of_mutation(fault) for fault in faults])
    return strategy


def _with(changes: _Changes, value: Any) -> Any:
    """Return ``value`` as plain data with ``changes``, by path.

    What was never set inside a model stays unset: it may refuse some fields beside others.
    """
    if () in changes:
        return changes[()]
    if value is None or isinstance(value, int | float | str):
        return value  # nearly all are; the checks below take longer
    if isinstance(value, BaseModel):
        touched = {path[0] for path in changes} | value.model_fields_set
        inside = {name: item for name, item in value if name in touched}
    elif isinstance(value, Mapping):
        inside = dict(value)
    else:
        return value
    return {
        label: _with(_below(str(label), changes) if changes else {}, item)
        for label, item in inside.items()
    }


def _below(label: str, changes: _Changes) -> _Changes:
    return {at[1:]: value for at, value in changes.items() if at[0] == label}


def _of_mutation(fault: Fault) -> Fault:
    key = fault.key.removeprefix(PARAMETERS).removeprefix(".")
    return Fault(fault.file, key, fault.value, fault.rule, fault.nearest)
