"""New pieces of YAML, to be put into a text that people wrote."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import yaml


def scalar(value: Any, style: str | None = None) -> str:
    """Return a scalar as one line of YAML; ``style`` is the quote to use around text."""
    quotes = style if isinstance(value, str) and style in ("'", '"') else None
    text = yaml.safe_dump(value, default_style=quotes, allow_unicode=True, width=float("inf"))
    return str(text).removesuffix("...\n").rstrip("\n")


def block(key: str, value: Any, column: int, step: int) -> list[str]:
    """Return a key and its value as lines from ``column`` on, ``step`` further a level."""
    pad = " " * column
    if isinstance(value, Mapping):
        inner = [block(name, each, column + step, step) for name, each in value.items()]
        return [f"{pad}{scalar(key)}:", *(line for lines in inner for line in lines)]
    if isinstance(value, list):
        return [f"{pad}{scalar(key)}:", *(f"{pad}{' ' * step}- {scalar(one)}" for one in value)]
    return [f"{pad}{scalar(key)}: {scalar(value, chr(34))}"]


def flow(value: Any) -> str:
    """Return a value as it stands between braces or brackets."""
    if isinstance(value, Mapping):
        return "{" + ", ".join(f"{scalar(key)}: {flow(each)}" for key, each in value.items()) + "}"
    if isinstance(value, list):
        return "[" + ", ".join(scalar(one) for one in value) + "]"
    return scalar(value, '"')
