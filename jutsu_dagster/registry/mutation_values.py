"""What one operation of a mutation does to one parameter, and which arguments it takes."""

from __future__ import annotations

import math
from typing import Any, Literal, TypeGuard

from jutsu_dagster.registry.param_specs import ParamSpec

Operation = Literal["set", "delta", "scale"]


def is_number(value: object) -> TypeGuard[float]:
    """Return whether ``value`` is a number; true and false are none."""
    return isinstance(value, (int, float)) and not isinstance(value, bool)


def out_of_type(spec: ParamSpec, operation: Operation, argument: object) -> str | None:
    """Return the rule that the argument breaks, as the end of a sentence; None if it is fine."""
    if operation != "set":
        return _not_added(spec, operation, argument)
    if spec.type == "bool":
        return None if isinstance(argument, bool) else "must be true or false"
    if spec.type == "enum":
        fits = any(argument == one and type(argument) is type(one) for one in spec.choices)
        return None if fits else f"must be one of {', '.join(map(repr, spec.choices))}"
    # Of anything else than numbers, the class's own validators decide.
    return _bad_number(spec, operation, argument) if spec.is_number else None


def new_value(spec: ParamSpec, operation: Operation, argument: Any) -> Any:
    """Return the value before clamping; numbers are of the parameter's own type."""
    base: Any = spec.value
    if operation == "scale":
        product = base * argument
        return round(product) if spec.type == "int" and _is_finite(product) else product
    if not spec.is_number:
        return argument
    own = int(argument) if spec.type == "int" else float(argument)
    return base + own if operation == "delta" else own


def _not_added(spec: ParamSpec, operation: Operation, argument: object) -> str | None:
    if not spec.is_number:
        verb = "add to" if operation == "delta" else "multiply"
        return f"cannot {verb} {spec.name}, which is no number; override it"
    if spec.value is None:
        return f"cannot change {spec.name}, which has no value; override it"
    return _bad_number(spec, operation, argument)


def _bad_number(spec: ParamSpec, operation: Operation, argument: object) -> str | None:
    if not is_number(argument):
        return "must be a number"
    if not _is_finite(argument):
        return "must be a finite number"
    if operation == "scale" and argument <= 0:
        return "must be > 0"
    if operation != "scale" and spec.type == "int" and not float(argument).is_integer():
        return f"must be a whole number, as {spec.name} is"
    finite = _is_finite(spec.clamp(new_value(spec, operation, argument)))
    return None if finite else f"makes {spec.name} infinite"


def _is_finite(value: float) -> bool:
    try:
        return math.isfinite(value)
    except OverflowError:  # a whole number beyond every float
        return False
