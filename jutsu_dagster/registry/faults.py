"""What pydantic found, said in the words of the file that a person wrote."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import TYPE_CHECKING

from pydantic import BaseModel, ValidationError

from jutsu_dagster.core.errors import Fault, nearest

if TYPE_CHECKING:
    from pydantic_core import ErrorDetails

_NUMBER = "must be a number"
_WHOLE = "must be a whole number"
_FLAG = "must be true or false"
_DATE = "must be a date, YYYY-MM-DD"
_MAPPING = "must be a mapping of keys to values"
_LIST = "must be a list"
_RULES = {
    "bool_parsing": _FLAG,
    "bool_type": _FLAG,
    "date_from_datetime_inexact": _DATE,
    "date_from_datetime_parsing": _DATE,
    "date_parsing": _DATE,
    "date_type": _DATE,
    "dict_type": _MAPPING,
    "extra_forbidden": "is not a known key",
    "finite_number": "must be a finite number",
    "float_parsing": _NUMBER,
    "float_type": _NUMBER,
    "greater_than": "must be > {gt}",
    "greater_than_equal": "must be >= {ge}",
    "int_from_float": _WHOLE,
    "int_parsing": _WHOLE,
    "int_parsing_size": _WHOLE,
    "int_type": _WHOLE,
    "less_than": "must be < {lt}",
    "less_than_equal": "must be <= {le}",
    "list_type": _LIST,
    "literal_error": "must be one of {expected}",
    "missing": "is missing",
    "model_type": _MAPPING,
    "string_too_short": "must not be empty",
    "string_type": "must be text",
    "tuple_type": _LIST,
}
# A rule over two fields as our validators word it: "sma_fast (150) must be < sma_slow (140)".
_CROSS_FIELD = re.compile(r"(?P<field>\w+) \((?P<value>[^()]*)\) (?P<rule>.+)", re.DOTALL)
_LONGEST = 60


def relative(path: Path, home: Path | None) -> str:
    """Return ``path`` as people know it: relative to the project where it lies inside."""
    try:
        return path.relative_to(home).as_posix() if home is not None else path.as_posix()
    except ValueError:
        return path.as_posix()


def shown(value: object) -> object:
    """Return ``value`` as fit for a message: scalars, cut where long; None for structures."""
    if isinstance(value, str) and len(value) > _LONGEST:
        return value[:_LONGEST] + "…"
    if isinstance(value, int) and value.bit_length() > 4 * _LONGEST:
        return "a huge number"
    return None if isinstance(value, (Mapping, list, tuple, set, bytes, BaseModel)) else value


def dotted(*parts: object) -> str:
    """Return the path of a key, unprintable parts escaped."""
    texts = (str(part) for part in parts if part != "")
    return ".".join(text if text.isprintable() else repr(text) for text in texts)


def unknown(file: str, key: str, value: object, known: Iterable[str]) -> Fault:
    """Return the fault of a key that nobody reads."""
    return Fault(file, key, shown(value), _RULES["extra_forbidden"], _near(key, known))


def faults_of(
    error: ValidationError, model: type[BaseModel], file: str, prefix: str = ""
) -> list[Fault]:
    """Return one fault per error that pydantic reports about ``model``.

    Parameters
    ----------
    error : ValidationError
    model : type of BaseModel
        The model that was validated; its field names are the valid ones.
    file : str
        How messages call the file.
    prefix : str
        Dotted path of the model inside the file.
    """
    details = error.errors(include_url=False)
    return [_fault(detail, model, file, prefix) for detail in details]


def _fault(detail: ErrorDetails, model: type[BaseModel], file: str, prefix: str) -> Fault:
    kind, context = detail["type"], detail.get("ctx", {})
    key, value = dotted(prefix, *detail["loc"]), shown(detail["input"])
    if kind in ("value_error", "assertion_error"):
        return _stated(detail, model, file, key)
    if kind == "extra_forbidden":
        return unknown(file, key, value, _model_at(model, detail["loc"][:-1]).model_fields)
    close = None
    if kind == "literal_error" and isinstance(value, str):
        close = nearest(value, re.findall(r"'([^']+)'", context["expected"]))
    if kind == "missing":
        value = None
    if kind == "string_type" and value is not None:
        rule = "must be text; put quotes around it"
    elif kind in _RULES:
        rule = _RULES[kind].format(**context)
    else:
        rule = detail["msg"].replace("Input should be", "must be").rstrip(".")
    return Fault(file, key, value, rule, close)


def _stated(detail: ErrorDetails, model: type[BaseModel], file: str, key: str) -> Fault:
    """Return the fault that a validator of ours, or of a user's class, words itself."""
    text = str(detail.get("ctx", {}).get("error", "")) or detail["msg"]
    given, cross = detail["input"], _CROSS_FIELD.fullmatch(text)
    fields = _model_at(model, detail["loc"]).model_fields
    if cross and isinstance(given, Mapping) and cross["field"] in fields:
        field = cross["field"]
        # A field left out has a value too, its default; the text has it.
        value = given.get(field, _number(cross["value"]))
        return Fault(file, dotted(key, field), shown(value), cross["rule"])
    return Fault(file, key, shown(given), text.rstrip("."))


def _number(text: str) -> float | int | str:
    for kind in (int, float):
        try:
            return kind(text)
        except ValueError:
            continue
    return text


def _model_at(model: type[BaseModel], loc: tuple[int | str, ...]) -> type[BaseModel]:
    """Return the section's model at ``loc``; ours nest models only, no lists of them."""
    for part in loc:
        field = model.model_fields.get(str(part))
        kind = field.annotation if field else None
        if not (isinstance(kind, type) and issubclass(kind, BaseModel)):
            return model
        model = kind
    return model


def _near(key: str, known: Iterable[str]) -> str | None:
    """Return the closest name, matching parts too: `commission` is commission_per_share."""
    name, names = key.rpartition(".")[2], list(known)
    close = nearest(name, names)
    within = [known for known in names if name and name in known.split("_")]
    return close or (within[0] if len(within) == 1 else None)
