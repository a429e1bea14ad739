"""Options that several commands share."""

from __future__ import annotations

import os
from datetime import date, datetime
from pathlib import Path
from typing import Annotated, Any

import typer

from jutsu_dagster.core.errors import JutsuError

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


def require_writable(option: str, folder: Path) -> None:
    """Raise JutsuError unless a folder can be written or made; called before the work is done."""
    there = next(path for path in (folder, *folder.absolute().parents) if path.exists())
    if not there.is_dir():
        raise JutsuError(f"{option} {folder}: {there} is a file; name a folder")
    if not os.access(there, os.W_OK | os.X_OK):
        raise JutsuError(f"{option} {folder}: {there} cannot be written")


def overrides_of(pairs: list[str] | None) -> dict[str, object]:
    """Return the ``NAME=VALUE`` pairs of ``--set``; raise BadParameter for one without ``=``."""
    found: dict[str, object] = {}
    for pair in pairs or []:
        name, equals, value = pair.partition("=")
        if not equals:
            raise typer.BadParameter(f"--set {pair!r} must be NAME=VALUE")
        found[name.strip()] = value
    return found
