"""What a mutation may change: every parameter of a strategy, entry by entry, with its bounds."""

from __future__ import annotations

import enum
import math
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import lru_cache
from types import NoneType, UnionType
from typing import Annotated, Any, Literal, Union, get_args, get_origin

from pydantic import BaseModel
from pydantic.fields import FieldInfo

from jutsu_dagster.strategies.base import Strategy

ParamType = Literal["int", "float", "bool", "enum", "other"]

# What a field may say in `json_schema_extra`: whether mutations may change it, bounds for them
# that are narrower than the field's own, and the step by which new ones are drawn.
MUTABLE, MUTATED_MIN, MUTATED_MAX, STEP = "mutable", "mutated_min", "mutated_max", "step"


@dataclass(frozen=True, slots=True)
class ParamSpec:
    """One parameter, or one entry of a parameter that is a map.

    Attributes
    ----------
    name : str
        As mutations address it: ``sma_fast``, ``conf_min.trend``.
    at : tuple of str
        The same as a path into the parameters.
    type : "int", "float", "bool", "enum" or "other"
    value : object
        Where the strategy stands.
    low, high : float or None
        Inclusive bounds, None for none. Of an exclusive one, the nearest value inside.
    choices : tuple
        What an enum may be.
    mutable : bool
        Numbers, flags and enums are, unless their field says ``mutable: False``; text, lists and
        everything else are not, symbols above all, nor is what the base class fixes (timeframe).
    description : str
        The field's.
    step : float or None
        How far apart values worth trying are, where the field says so.
    """

    name: str
    at: tuple[str, ...]
    type: ParamType
    value: object
    low: float | None = None
    high: float | None = None
    choices: tuple[object, ...] = ()
    mutable: bool = False
    description: str = ""
    step: float | None = None

    @property
    def is_number(self) -> bool:
        """Whether it can be added to and multiplied."""
        return self.type in {"int", "float"}

    def clamp(self, value: float) -> float:
        """Return ``value``, or the bound that it lies beyond."""
        if self.low is not None and value < self.low:
            return self.low
        if self.high is not None and value > self.high:
            return self.high
        return value


@dataclass(frozen=True, slots=True)
class _Place:
    """Where the walk over a strategy's fields stands."""

    at: tuple[str, ...]
    annotation: Any
    value: object
    metadata: tuple[object, ...] = ()
    extra: Mapping[str, Any] | None = None
    description: str = ""

    def enter(self, label: str, annotation: Any, value: object) -> _Place:
        """Return the place of an entry; what the map says of itself holds for its entries."""
        at = (*self.at, label)
        return _Place(at, annotation, value, (), self.extra, self.description)


def param_specs(strategy: Strategy) -> dict[str, ParamSpec]:
    """Return all parameters of ``strategy`` by name, maps as their entries, in their order.

    Bounds come from the fields' ``ge``, ``gt``, ``le`` and ``lt``; a field's
    ``json_schema_extra`` may narrow them for mutations (``{"mutated_min": 0.5}``, and
    ``mutated_max``) or close the field to them (``{"mutable": False}``).
    """
    specs: dict[str, ParamSpec] = {}
    for place in _fields(strategy, _Place((), type(strategy), strategy)):
        for spec in _walk(place):
            specs.setdefault(spec.name, spec)
    return specs


def groups(specs: Mapping[str, ParamSpec]) -> dict[str, tuple[str, ...]]:
    """Return what each address covers: an entry itself, a map all its entries."""
    return dict(_groups(tuple((name, spec.at) for name, spec in specs.items())))


@lru_cache(maxsize=64)
def _groups(places: tuple[tuple[str, tuple[str, ...]], ...]) -> Mapping[str, tuple[str, ...]]:
    covered: dict[str, list[str]] = {name: [name] for name, _ in places}
    for name, at in places:
        for depth in range(1, len(at)):
            covered.setdefault(".".join(at[:depth]), []).append(name)
    return {name: tuple(entries) for name, entries in covered.items()}


def _fields(model: BaseModel, place: _Place) -> Iterator[_Place]:
    for name, field in type(model).model_fields.items():
        own = field.json_schema_extra if isinstance(field.json_schema_extra, dict) else {}
        above = place.extra or {}
        extra = {**above, **own}
        fixed = not place.at and name in Strategy.__class_vars__ and MUTABLE not in own
        if fixed or above.get(MUTABLE) is False:
            extra[MUTABLE] = False
        yield _Place(
            (*place.at, name), field.annotation, getattr(model, name), tuple(field.metadata),
            extra, field.description or place.description,
        )  # fmt: skip


def _walk(place: _Place) -> Iterator[ParamSpec]:
    place = _plain(place)
    if isinstance(place.value, BaseModel):
        for inside in _fields(place.value, place):
            yield from _walk(inside)
    elif isinstance(place.value, Mapping) and place.value:
        kinds = get_args(place.annotation)
        kind = kinds[1] if len(kinds) > 1 else object
        for label, value in place.value.items():
            yield from _walk(place.enter(str(label), kind, value))
    else:
        yield _spec(place)


def _plain(place: _Place) -> _Place:
    """Return the place without ``Annotated`` and ``| None``, their constraints kept."""
    annotation, metadata = place.annotation, place.metadata
    while True:
        origin = get_origin(annotation)
        if origin is Annotated:
            inner = FieldInfo.from_annotation(annotation)
            annotation, metadata = inner.annotation, (*metadata, *inner.metadata)
        elif origin in {Union, UnionType} and NoneType in get_args(annotation):
            kinds = [kind for kind in get_args(annotation) if kind is not NoneType]
            if len(kinds) > 1:
                break
            (annotation,) = kinds
        else:
            break
    return _Place(place.at, annotation, place.value, metadata, place.extra, place.description)


def _spec(place: _Place) -> ParamSpec:
    kind, choices = _type_of(place.annotation)
    extra = place.extra or {}
    low, high = _bounds(place.metadata, kind, extra)
    value = place.value.value if isinstance(place.value, enum.Enum) else place.value
    return ParamSpec(
        ".".join(place.at), place.at, kind, value, low, high, choices,
        bool(extra.get(MUTABLE, kind != "other")), place.description, extra.get(STEP),
    )  # fmt: skip


def _type_of(annotation: Any) -> tuple[ParamType, tuple[object, ...]]:
    if get_origin(annotation) is Literal:
        return "enum", get_args(annotation)
    if isinstance(annotation, type) and issubclass(annotation, enum.Enum):
        return "enum", tuple(member.value for member in annotation)
    if annotation is bool:
        return "bool", ()
    if annotation is int:
        return "int", ()
    kinds = set(get_args(annotation)) or {annotation}
    return ("float" if kinds <= {int, float} else "other"), ()


def _bounds(
    metadata: tuple[object, ...], kind: ParamType, extra: Mapping[str, Any]
) -> tuple[float | None, float | None]:
    """Return inclusive bounds of a number."""
    if kind not in {"int", "float"}:
        return None, None
    lows: list[float] = []
    highs: list[float] = []
    for constraint in metadata:
        for name, found in (("ge", lows), ("gt", lows), ("le", highs), ("lt", highs)):
            bound = getattr(constraint, name, None)
            if isinstance(bound, (int, float)):
                found.append(_inside(bound, name, kind))
    lows += [_inside(extra[MUTATED_MIN], "ge", kind)] if MUTATED_MIN in extra else []
    highs += [_inside(extra[MUTATED_MAX], "le", kind)] if MUTATED_MAX in extra else []
    return max(lows, default=None), min(highs, default=None)


def _inside(bound: float, rule: str, kind: ParamType) -> float:
    """Return the value that the bound admits and that is nearest to it."""
    below = rule[0] == "l"
    if kind == "float":
        towards = -math.inf if below else math.inf
        return math.nextafter(bound, towards) if rule[1] == "t" else float(bound)
    if rule[1] == "t":
        return math.ceil(bound) - 1 if below else math.floor(bound) + 1
    return math.floor(bound) if below else math.ceil(bound)
