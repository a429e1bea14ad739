"""Field types of the YAML files: what numbers, dates and ids may be."""

from __future__ import annotations

import re
from datetime import date, datetime
from typing import Annotated

from pydantic import AfterValidator, BaseModel, BeforeValidator, ConfigDict, Field

_SANE_VERSION = 1e9
_ID = re.compile(r"[A-Za-z][A-Za-z0-9_]{0,49}")


def check_identifier(value: str) -> str:
    """Return ``value`` if it can be an id; raise ValueError with the rule if not."""
    # Dagster turns other characters into "_" without a word, and the id names folders too.
    if not _ID.fullmatch(value):
        raise ValueError("must be a letter, then at most 49 letters, digits or underscores")
    return value


def _no_flag(value: object) -> object:
    # pydantic would take true for 1.
    if isinstance(value, bool):
        raise ValueError("must be a number")  # noqa: TRY004  (pydantic wants a ValueError)
    return value


def _only_date(value: object) -> object:
    # pydantic would take a number for seconds since 1970.
    if isinstance(value, (date, str)) and not isinstance(value, datetime):
        return value
    raise ValueError("must be a date, YYYY-MM-DD")


def _in_calendar(value: date) -> date:
    if not date(1990, 1, 1) <= value <= date(2199, 12, 31):
        raise ValueError("must lie between 1990-01-01 and 2199-12-31")
    return value


def _number_as_text(value: object) -> object:
    # version: 1.0 without quotes is a number in YAML.
    if isinstance(value, bool) or not isinstance(value, (int, float)):
        return value
    return repr(value) if abs(value) < _SANE_VERSION else value


Identifier = Annotated[str, AfterValidator(check_identifier)]
Name = Annotated[str, Field(min_length=1, max_length=200)]
Number = Annotated[float, BeforeValidator(_no_flag), Field(allow_inf_nan=False)]
Percent = Annotated[Number, Field(ge=0, le=100)]
Count = Annotated[int, BeforeValidator(_no_flag)]
Share = Annotated[Number, Field(ge=0, le=1)]
Seconds = Annotated[int, BeforeValidator(_no_flag), Field(gt=0, le=86_400)]
Day = Annotated[date, BeforeValidator(_only_date), AfterValidator(_in_calendar)]
Version = Annotated[Name, BeforeValidator(_number_as_text)]


class Section(BaseModel):
    """A mapping in which every key is known."""

    model_config = ConfigDict(frozen=True, extra="forbid")
