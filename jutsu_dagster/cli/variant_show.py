"""``jutsu variants show``: all of one variant."""

from __future__ import annotations

import json
from collections.abc import Sequence
from typing import Any

import typer

from jutsu_dagster.cli.console import answer_json
from jutsu_dagster.cli.project import Project
from jutsu_dagster.cli.variant_list import as_text, notes_of, row_json, shadow_json
from jutsu_dagster.pipeline.shadow_registry import read_book, row_of
from jutsu_dagster.registry.param_specs import param_specs
from jutsu_dagster.registry.shadow_check import Checker, RowError
from jutsu_dagster.registry.shadow_rows import ShadowRow
from jutsu_dagster.registry.shadows import SHADOWS_PATH, Shadow, parents_of

# Pages long, told by what differs, and told with the notes.
_NOT_SHOWN = ("base_params", "clamped")
_ACCOUNT = (
    "exp_trades", "wins", "losses", "exp_pf", "total_pnl", "gross_pnl", "position_dir",
    "initial_capital", "equity", "drawdown", "parameter_hash", "data_version",
)  # fmt: skip


def show_variant(project: Project, variant_id: str, *, as_json: bool) -> None:
    """Show all of one variant.

    Raises
    ------
    ConfigError
        If there is none of this id, or its line is illegible.
    """
    book = read_book(project.registry, project.settings.home)
    row, shadow = row_of(book, variant_id), book.shadows.get(variant_id)
    faults = [str(fault) for fault in book.broken.get(variant_id, ())]
    changes = differences(project, shadow) if shadow is not None else []
    account = account_of(project, variant_id)
    if as_json:
        told = shadow_json(shadow) if shadow is not None else row_json(row)
        told["row"] = json.loads(row.line())
        told["changes"] = {name: {"from": old, "to": new} for name, old, new in changes}
        answer_json({**told, "faults": faults, "account": account})
        return
    lines = _of_row(row)
    if changes:
        lines.append(f"differs from {row.parent_id} as it was when frozen:")
    lines += change_lines(changes)
    lines += [f"{name}: {value}" for name, value in account.items()]
    lines += [f"note: {note}" for note in (notes_of(shadow) if shadow is not None else ())]
    for line in (*lines, *(f"set aside: {fault}" for fault in faults)):
        typer.echo(line)


def account_of(project: Project, variant_id: str) -> dict[str, Any]:
    """Return where a variant's account stands, by name; empty before its first day."""
    ledger = project.ledger_if_made
    if ledger is None:
        return {}
    from jutsu_dagster.storage import exploration_log as log
    from jutsu_dagster.storage.database import plain

    found = log.summaries(ledger.engine, "shadow", [variant_id])
    if found.empty:
        return {}
    row = found.iloc[-1].to_dict()
    told: dict[str, Any] = plain({name: row[name] for name in _ACCOUNT})
    return {"recorded to": f"{row['day']:%Y-%m-%d}", **told}


def differences(project: Project, shadow: Shadow) -> list[tuple[str, Any, Any]]:
    """Return what a variant changes: parameter, frozen value, its own value.

    Empty for one that is evaluated no more and whose class no longer takes its parameters.
    """
    base, mutated = shadow.base, shadow.mutated
    if mutated is None:
        try:
            live = shadow.row.model_copy(update={"status": "shadow"})
            checked = Checker(parents_of(project.registry)).check(live, SHADOWS_PATH)
        except RowError:
            return []
        base, mutated = checked.base, checked.mutated
    if base is None or mutated is None:
        return []
    specs = param_specs(base)
    return [(name, specs[name].value, value) for name, value in mutated.changed.items()]


def change_lines(changes: Sequence[tuple[str, Any, Any]]) -> list[str]:
    """Return changes for people: 0.7 - 0.02 is 0.68."""
    return [f"  {name}: {_plain(old)} → {_plain(new)}" for name, old, new in changes]


def _plain(value: object) -> str:
    return f"{value:.10g}" if isinstance(value, float) else str(value)


def _of_row(row: ShadowRow) -> list[str]:
    told = {name: value for name, value in json.loads(row.line()).items() if value != ""}
    lines = [
        f"{name}: {value if isinstance(value, str) else as_text(value)}"
        for name, value in told.items()
        if name not in _NOT_SHOWN
    ]
    day = row.first_day or "the first day that is run for it; its row does not say when"
    return [*lines, f"trades from: {day}"]
