"""What holds for every mutation of every class, drawn by hypothesis."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st

from jutsu_dagster.registry.mutations import MutationError, mutate, mutation_hash
from jutsu_dagster.registry.param_specs import ParamSpec, param_specs
from jutsu_dagster.strategies.base import Strategy
from jutsu_dagster.strategies.kinds import KINDS
from jutsu_dagster_tests.registry.mutable import every

_SYMBOLS = {"signal_symbol": "QQQ", "leveraged_long_symbol": "TQQQ"}
PARENTS: list[Strategy] = [
    every(),
    *(
        kind.model_validate({**_SYMBOLS, "sma_fast": 40, "sma_slow": 140})
        for name, kind in KINDS.items()
        if name.startswith("Hierarchical")
    ),
]
SPECS = [param_specs(parent) for parent in PARENTS]
WHICH = st.integers(0, len(PARENTS) - 1)
NUMBERS = st.floats(-1e6, 1e6) | st.integers(-(10**6), 10**6)
SCALES = st.floats(1e-3, 1e3)


def numeric(which: int) -> list[ParamSpec]:
    return [
        spec
        for spec in SPECS[which].values()
        if spec.is_number and spec.mutable and spec.value is not None
    ]


@st.composite
def mutations(draw: st.DrawFn) -> tuple[int, dict[str, Any]]:
    """Return a parent and a mutation of some of its numbers, of the right types."""
    which = draw(WHICH)
    drawn: dict[str, Any] = {}
    for spec in draw(st.lists(st.sampled_from(numeric(which)), max_size=4, unique=True)):
        operation = draw(st.sampled_from(["", "_delta", "_scale"]))
        values = SCALES if operation == "_scale" else NUMBERS
        if spec.type == "int" and operation != "_scale":
            values = st.integers(-1000, 1000)
        # A parameter called like another one's change is that parameter.
        if f"{spec.name}{operation}" not in SPECS[which] or not operation:
            drawn[f"{spec.name}{operation}"] = draw(values)
    return which, drawn


def outcome(which: int, mutation: Mapping[str, Any]) -> tuple[Any, ...]:
    try:
        done = mutate(PARENTS[which], mutation, specs=SPECS[which])
    except MutationError as error:
        return ("refused", {fault.rule for fault in error.faults} - {"changes nothing"})
    return done.strategy, dict(done.changed), dict(done.clamped)


@given(drawn=mutations(), data=st.data())
@settings(max_examples=150, deadline=None)
def test_the_order_of_keys_does_not_matter(
    drawn: tuple[int, dict[str, Any]], data: st.DataObject
) -> None:
    which, mutation = drawn
    assume(len(mutation) > 1)
    keys = data.draw(st.permutations(list(mutation)))
    again = {key: mutation[key] for key in keys}
    one, other = outcome(which, mutation), outcome(which, again)
    if one[0] == "refused":
        assert other[0] == "refused"
    else:
        assert one == other
    assert mutation_hash(mutation) == mutation_hash(again)


@given(drawn=mutations())
@settings(max_examples=150, deadline=None)
def test_what_a_mutation_makes_stays_within_bounds(drawn: tuple[int, dict[str, Any]]) -> None:
    which, mutation = drawn
    found = outcome(which, mutation)
    assume(found[0] != "refused")
    strategy, changed, clamped = found
    specs = param_specs(strategy)
    for name in changed:
        spec = specs[name]
        value: Any = spec.value
        assert spec.low is None or value >= spec.low
        assert spec.high is None or value <= spec.high
        assert type(value) is {"int": int, "float": float}[spec.type]
    for name, wanted in clamped.items():
        assert SPECS[which][name].clamp(wanted) != wanted
    # All else is the parent's, to the last bit.
    rest = [name for name in specs if name not in changed]
    assert [specs[name].value for name in rest] == [SPECS[which][name].value for name in rest]


@given(which=WHICH, data=st.data())
@settings(max_examples=60, deadline=None)
def test_adding_nothing_and_multiplying_by_one_is_a_no_op(which: int, data: st.DataObject) -> None:
    names = [
        spec.name
        for spec in numeric(which)
        if spec.clamp(spec.value) == spec.value  # type: ignore[arg-type]
    ]
    chosen = data.draw(st.lists(st.sampled_from(names), unique=True))
    null: dict[str, Any] = {}
    for name in chosen:
        key, value = data.draw(st.sampled_from([("_delta", 0), ("_scale", 1), ("_scale", 1.0)]))
        if f"{name}{key}" not in SPECS[which]:
            null[f"{name}{key}"] = value
    parent = PARENTS[which]
    assert mutate(parent, null, creating=False).strategy is parent
    with pytest.raises(MutationError, match="changes nothing"):
        mutate(parent, null)


@given(drawn=mutations())
@settings(max_examples=60, deadline=None)
def test_a_mutant_survives_json(drawn: tuple[int, dict[str, Any]]) -> None:
    which, mutation = drawn
    found = outcome(which, json.loads(json.dumps(mutation)))
    assert found == outcome(which, mutation)
    if found[0] != "refused" and which:
        strategy: Strategy = found[0]
        text = strategy.model_dump_json()
        assert type(strategy).model_validate_json(text).parameter_hash == strategy.parameter_hash
