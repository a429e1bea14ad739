"""Options that several commands share."""

from __future__ import annotations

from datetime import date, datetime
from typing import Annotated, Any

import typer

Json = Annotated[bool, typer.Option("--json", help="Answer in JSON, for machines.")]
Set = Annotated[
    list[str] | None,
    typer.Option("--set", metavar="NAME=VALUE", help="Override a parameter or a key; repeatable."),
]


def day_option(*names: str, help_text: str) -> Any:
    """Return a typer option that takes a date."""
    return typer.Option(*names, help=help_text, formats=["%Y-%m-%d"], metavar="YYYY-MM-DD")


def day_of(value: datetime | None) -> date | None:
    """Return the date of an option that took one."""
    return value.date() if value else None


def overrides_of(pairs: list[str] | None) -> dict[str, object]:
    """Return the ``NAME=VALUE`` pairs of ``--set``; raise BadParameter for one without ``=``."""
    found: dict[str, object] = {}
    for pair in pairs or []:
        name, equals, value = pair.partition("=")
        if not equals:
            raise typer.BadParameter(f"--set {pair!r} must be NAME=VALUE")
        found[name.strip()] = value
    return found
