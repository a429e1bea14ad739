"""One line of the shadow registry: what it may say, and how it is read and written."""

from __future__ import annotations

import hashlib
import json
import math
import re
from collections.abc import Mapping
from datetime import date, timedelta
from typing import Annotated, Any, Literal

from pydantic import AfterValidator, BaseModel, ConfigDict, Field

from jutsu_dagster.registry.fields import Day, Identifier, check_identifier

Status = Literal["shadow", "proposed", "promoted", "rejected", "retired", "invalid"]
LIVE: tuple[Status, ...] = ("shadow", "proposed")

# No row of any use comes near it; a longer line is a fault, not a row to be parsed.
MAX_LINE_BYTES = 1_048_576
_ID = re.compile(r"(?P<parent>.+)_mut_(?P<number>[0-9]{4,9})")


def _variant_id(value: str) -> str:
    if not _ID.fullmatch(value):
        raise ValueError("must be <parent>_mut_<NNNN>, a number of at least four digits")
    return check_identifier(value)


VariantId = Annotated[str, AfterValidator(_variant_id)]


class ShadowRow(BaseModel):
    """A variant as the file has it; the origin's short form has the first four only."""

    model_config = ConfigDict(frozen=True, extra="allow")

    id: VariantId
    symbol: str | None = None
    mutations: dict[str, Any] = Field(default_factory=dict)
    status: Status
    parent: Identifier | None = Field(None, description="None: as the id has it")
    strategy: str | None = Field(None, description="The parent's class")
    created_at: str | None = None
    created_partition: Day | None = Field(None, description="The night that made it")
    reason: str = ""
    source: str = ""
    base_params: dict[str, Any] | None = Field(None, description="The parent's, frozen")
    base_params_hash: str | None = None
    mutation_hash: str | None = None
    clamped: tuple[str, ...] = ()

    @property
    def parent_id(self) -> str:
        """The parent that the row names, or else the one in its id."""
        return self.parent if self.parent is not None else parent_in(self.id)

    @property
    def is_live(self) -> bool:
        """Whether it is evaluated each night: shadow and proposed are."""
        return self.status in LIVE

    @property
    def first_day(self) -> date | None:
        """The first day it may trade: the one after it was made, so that it never saw its test.

        None where the row does not say when it was made.
        """
        made = self.created_partition
        return None if made is None else made + timedelta(days=1)

    def line(self) -> str:
        """Return the row as a line of JSON, without its end."""
        data = self.model_dump(mode="json")
        known = {name: value for name, value in data.items() if value is not None}
        if not self.clamped:
            del known["clamped"]
        first = {name: known[name] for name in _ORDER if name in known}
        return json.dumps(first | known, ensure_ascii=False, allow_nan=False)


_ORDER = (
    "id", "symbol", "parent", "strategy", "mutations", "status", "created_at",
    "created_partition", "reason", "source",
)  # fmt: skip


def parent_in(variant_id: str) -> str:
    """Return the parent that a variant's id names; the id itself if it names none."""
    found = _ID.fullmatch(variant_id)
    return found["parent"] if found else variant_id


def number_of(variant_id: str) -> int:
    """Return the number in a variant's id; 0 if it names none."""
    found = _ID.fullmatch(variant_id)
    return int(found["number"]) if found else 0


def parameters_hash(class_name: str, parameters: Mapping[str, Any]) -> str:
    """Return a short hash of a class and its frozen parameters, whatever the class has become."""
    text = json.dumps([class_name, parameters], sort_keys=True, allow_nan=False)
    return hashlib.sha256(text.encode()).hexdigest()[:16]


def parse_json(text: str) -> Any:
    """Return the JSON in ``text``; strict: no NaN, no infinity, no key twice.

    Raises
    ------
    ValueError
        Saying what is wrong.
    """
    try:
        return json.loads(
            text, parse_constant=_no_number, parse_float=_finite, object_pairs_hook=_once
        )
    except RecursionError as error:
        raise ValueError("nested too deeply") from error


def object_in(raw: bytes) -> dict[str, Any]:
    """Return the JSON object of one line, which has an ``id`` of text.

    Raises
    ------
    ValueError
        Saying what is wrong with the line.
    """
    if len(raw) > MAX_LINE_BYTES:
        raise ValueError(f"is {len(raw):,} bytes long; a row has at most {MAX_LINE_BYTES:,}")
    try:
        data = parse_json(raw.decode())
    except UnicodeDecodeError as error:
        raise ValueError(f"is not UTF-8: {error.reason} at byte {error.start}") from error
    except ValueError as error:
        raise ValueError(f"is not JSON: {error}") from error
    if not isinstance(data, dict):
        raise ValueError("must be a mapping of keys to values")  # noqa: TRY004  (caught as such)
    found = data.get("id")
    if not isinstance(found, str) or not found:
        raise ValueError("id is missing" if found is None else "id must be text")
    return data


def _no_number(text: str) -> float:
    raise ValueError(f"{text} is no number")


def _finite(text: str) -> float:
    value = float(text)
    return value if math.isfinite(value) else _no_number(text)


def _once(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    found: dict[str, Any] = {}
    for key, value in pairs:
        if key in found:
            raise ValueError(f"{key!r} stands twice")
        found[key] = value
    return found
