"""``jutsu variants list``: the shadow registry for people and for machines."""

from __future__ import annotations

import json
from collections.abc import Sequence
from typing import Any

import typer

from jutsu_dagster.cli.console import answer_json
from jutsu_dagster.cli.project import Project
from jutsu_dagster.pipeline.shadow_registry import read_book, require_parent
from jutsu_dagster.registry.shadow_rows import ShadowRow
from jutsu_dagster.registry.shadows import Shadow, ShadowBook

_HEADER = ("id", "parent", "status", "created", "mutations")


def show_variants(
    project: Project, parent: str | None, status: str | None, *, as_json: bool
) -> None:
    """Show the variants of a parent and a status, or all, and the faults of all broken lines."""
    book = read_book(project.registry, project.settings.home)
    if parent is not None:
        require_parent(project.registry, book, parent)
    chosen = [
        shadow
        for shadow in book.shadows.values()
        if parent in {None, shadow.row.parent_id} and status in {None, shadow.row.status}
    ]
    if as_json:
        faults = [str(fault) for fault in book.faults]
        answer_json({"variants": [shadow_json(each) for each in chosen], "faults": faults})
        return
    if chosen:
        _print_table([_cells(shadow) for shadow in chosen])
        typer.echo()
    typer.echo(_counted(chosen, book))
    for fault in book.faults:
        typer.echo(f"set aside: {fault}")


def shadow_json(shadow: Shadow) -> dict[str, Any]:
    """Return a variant for machines."""
    return {
        **row_json(shadow.row),
        "line": shadow.line,
        "runs": shadow.runs,
        "parent_active": shadow.parent_active,
        "rebased": shadow.rebased,
        "notes": [str(note) for note in shadow.notes],
    }


def row_json(row: ShadowRow) -> dict[str, Any]:
    """Return a row for machines, without its frozen parameters."""
    first = row.first_day
    return {
        "id": row.id,
        "parent": row.parent_id,
        "symbol": row.symbol,
        "strategy": row.strategy,
        "status": row.status,
        "mutations": row.mutations,
        "clamped": list(row.clamped),
        "created_at": row.created_at,
        "created_partition": row.created_partition and row.created_partition.isoformat(),
        "first_day": first and first.isoformat(),
        "reason": row.reason,
        "source": row.source,
        **(row.model_extra or {}),
    }


def as_text(value: object) -> str:
    """Return JSON data on one line, as it is typed."""
    return json.dumps(value, ensure_ascii=False)


def notes_of(shadow: Shadow) -> list[str]:
    """Return what is worth knowing of a variant that is no fault."""
    notes = [str(note) for note in shadow.notes]
    if shadow.row.is_live and not shadow.parent_active:
        notes.append(f"{shadow.row.parent_id} is inactive: its variants rest")
    return notes


def _cells(shadow: Shadow) -> tuple[str, ...]:
    row = shadow.row
    marks = [f"clamped: {', '.join(row.clamped)}"] if row.clamped else []
    marks += ["rebased: the parent has changed"] if shadow.rebased else []
    marks += ["rests: the parent is inactive"] if row.is_live and not shadow.parent_active else []
    last = as_text(row.mutations) + (f"  ({'; '.join(marks)})" if marks else "")
    created = row.created_partition.isoformat() if row.created_partition else "-"
    return row.id, row.parent_id, row.status, created, last


def _print_table(rows: Sequence[Sequence[str]]) -> None:
    """Print the columns in line; the last one is as long as it must be."""
    lines = [_HEADER, *rows]
    widths = [max(len(line[at]) for line in lines) for at in range(len(_HEADER) - 1)]
    for *cells, last in lines:
        padded = [f"{cell:<{width}}" for cell, width in zip(cells, widths, strict=True)]
        typer.echo("  ".join([*padded, last]))


def _counted(chosen: Sequence[Shadow], book: ShadowBook) -> str:
    if not (book.shadows or book.faults):
        return "no variants; make some: jutsu mutate --parent ID --count N"
    running = sum(shadow.runs for shadow in chosen)
    what = "variant" if len(chosen) == 1 else "variants"
    return f"{len(chosen)} {what}, of which {running} run at night"
