"""What ``jutsu strategies`` says after a change, and what it brings in line with it."""

from __future__ import annotations

from dataclasses import asdict
from datetime import date
from typing import Any

import typer

from jutsu_dagster.cli.console import answer_json, say
from jutsu_dagster.cli.project import Project
from jutsu_dagster.core.errors import JutsuError
from jutsu_dagster.pipeline.registry_edits import AppliedEdit, sync_ledger
from jutsu_dagster.registry.edit import LineChange
from jutsu_dagster.registry.faults import relative
from jutsu_dagster.storage.state_link import link_state

_RELOAD = (
    "a running `jutsu up` shows it once the code location is reloaded"
    " (Deployment → Reload), or after a restart"
)


def report_edit(project: Project, done: AppliedEdit, now: str, *, as_json: bool) -> None:
    """Say what a change did, line by line; ``now`` says what holds since."""
    _report(project, done, now, [], {}, as_json=as_json)


def report_added(
    project: Project, done: AppliedEdit, strategy_id: str, today: date, *, as_json: bool
) -> None:
    """Say what was made for a new strategy, and when its paper account begins."""
    entry = done.edit.registry.entries[strategy_id]
    start = entry.config.paper_start if entry.config else None
    capital = entry.config.initial_capital if entry.config else 0.0
    if start is None:
        account = f"it has no paper account: set paper.start in {entry.config_file}"
    else:
        account = f"its paper account begins on {start} with {capital:,.2f}"
        if start < today:
            account += "; the sessions since then are caught up by the next run"
    if not entry.is_active:
        account += f"; it rests until `jutsu strategies activate {strategy_id}`"
    lines = [
        *(f"written: {_shown(project, path)}" for path in done.made),
        account,
        f"next: edit {entry.config_file}, check it with `jutsu doctor`",
    ]
    more = {
        "files": [_shown(project, path) for path in done.made],
        "paper_start": start.isoformat() if start else None,
        "initial_capital": capital,
    }
    _report(project, done, f"{strategy_id} is registered", lines, more, as_json=as_json)


def _report(
    project: Project,
    done: AppliedEdit,
    now: str,
    lines: list[str],
    more: dict[str, Any],
    *,
    as_json: bool,
) -> None:
    troubles = _followed(project, done)
    changes, edit = done.edit.changes, done.edit
    backup = _shown(project, done.backup) if done.backup else None
    if as_json:
        answer_json(
            {
                "now": now,
                "registry": edit.registry.file,
                "changes": [asdict(change) for change in changes],
                "backup": backup,
                "warnings": troubles,
                **more,
            }
        )
        return
    if not changes:
        typer.echo(f"{now} already: nothing changed")
    else:
        typer.echo(f"{now}: {edit.registry.file}")
        for change in changes:
            if (change.old or change.new or "").strip():
                typer.echo(f"  {_line(change)}")
    for line in lines:
        typer.echo(line)
    if backup is not None:
        typer.echo(f"the registry before: {backup}")
        typer.echo(_RELOAD)
    for trouble in troubles:
        say(f"warning: {trouble}")


def _line(change: LineChange) -> str:
    if change.old is None or change.new is None:
        how, text = ("added", change.new) if change.old is None else ("removed", change.old)
        return f"line {change.line} {how}: {text}"
    (old, _, remark), (new, _, kept) = (
        text.strip().partition("  #") for text in (change.old, change.new)
    )
    # A comment that stays is not worth reading twice.
    return f"line {change.line}: {old if remark == kept else change.old} → {new}"


def _followed(project: Project, done: AppliedEdit) -> list[str]:
    """Bring ledger and state link in line with the registry; return what did not work."""
    registry, state = done.edit.registry, project.settings.state_dir
    troubles = []
    try:
        ledger = project.ledger_if_made
        if ledger is not None:
            sync_ledger(registry, ledger)
    # The registry is what decides and is written already: this is no reason to call it failed.
    except JutsuError as error:
        troubles.append(f"the ledger does not show it yet: {error}")
    link = state / "state.json"
    primary = state / "strategies" / registry.get_primary_strategy().id / "state.json"
    if link.is_symlink():
        try:
            link_state(link, primary, project.settings.home)
        except JutsuError as error:
            troubles.append(str(error))
    return troubles


def _shown(project: Project, path: Any) -> str:
    return relative(path.absolute(), project.settings.home.absolute())
