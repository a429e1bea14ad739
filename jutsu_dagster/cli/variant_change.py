"""What ``jutsu variants create|retire`` and ``jutsu mutate`` do, and what they say of it."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, date, datetime, timedelta
from typing import Any

import typer

from jutsu_dagster.cli.console import answer_json, progress, say
from jutsu_dagster.cli.project import Project
from jutsu_dagster.cli.variant_list import as_text, notes_of, row_json
from jutsu_dagster.cli.variant_show import change_lines, differences
from jutsu_dagster.core.errors import JutsuError
from jutsu_dagster.pipeline import shadow_registry, shadow_retire
from jutsu_dagster.pipeline.shadow_registry import Change, Draw
from jutsu_dagster.registry.mutation_sampling import Method
from jutsu_dagster.registry.shadow_create import Making
from jutsu_dagster.registry.shadow_rows import ShadowRow, parse_json
from jutsu_dagster.registry.shadows import SHADOWS_PATH
from jutsu_dagster.storage.exploration_log import recorded_ids

_SHOWN = 20
# So many take about a second.
_LONG = 200


def making_of(partition: date | None, reason: str, source: str) -> Making:
    """Return when and why variants are made, by default by the night that has just ended.

    Raises JutsuError for a partition to come: its variants could not trade yet.
    """
    now = datetime.now(UTC)
    today = now.date()
    if partition is not None and partition > today:
        raise JutsuError(f"--partition {partition} is to come; at the latest, it is today, {today}")
    return Making(partition or today - timedelta(days=1), _iso(now), reason, source)


def create(project: Project, parent: str, mutations: str, making: Making, *, again: bool) -> Change:
    """Make one variant from the JSON of its mutations."""
    return shadow_registry.create(
        project.registry, project.settings.home, parent, [mutations_in(mutations)], making,
        taken=_taken(project), again=again,
    )  # fmt: skip


def draw(
    project: Project, parent: str, making: Making, *, count: int, method: Method, seed: int,
    names: tuple[str, ...], dry_run: bool, quiet: bool,
) -> Change:  # fmt: skip
    """Draw mutations and make variants of them."""
    wanted = Draw(count, method, seed, names, dry_run)
    with progress("mutations", count, shown=not quiet and count >= _LONG) as advance:
        return shadow_registry.draw(
            project.registry, project.settings.home, parent, wanted, making,
            taken=_taken(project), advance=advance,
        )  # fmt: skip


def retire(project: Project, ids: Sequence[str], reason: str) -> Change:
    """Retire variants by their ids."""
    home = project.settings.home
    return shadow_retire.retire(project.registry, home, ids, reason, _iso(datetime.now(UTC)))


def retire_older(project: Project, parent: str, days: int, reason: str) -> Change:
    """Retire a parent's variants that were made more than so many days ago."""
    now = datetime.now(UTC)
    before = shadow_retire.day_before(days, now.date())
    return shadow_retire.retire_older(
        project.registry, project.settings.home, parent, before,
        reason=reason or f"older than {days} days", at=_iso(now),
    )  # fmt: skip


def mutations_in(text: str) -> dict[str, object]:
    """Return the mutations of a JSON object; raise JutsuError that says what is wrong with it."""
    try:
        found = parse_json(text)
    except ValueError as error:
        hint = (
            """; write it as '{"sma_fast_delta": 5}': names in double quotes, all in single ones"""
        )
        raise JutsuError(f"--mutations is not JSON: {error}{hint}") from error
    if not isinstance(found, dict):
        raise JutsuError('--mutations must be an object of names and values: {"sma_fast_delta": 5}')
    return found


def report_created(
    project: Project, parent: str, done: Change, *, dry_run: bool = False, as_json: bool
) -> None:
    """Say which variants were made, or would be."""
    notes = _creation_notes(project, parent, done)
    if as_json:
        sample = done.sample
        counts = {} if sample is None else {
            "wanted": sample.wanted, "known": sample.known, "refused": sample.refused,
            "exhausted": sample.exhausted,
        }  # fmt: skip
        created = [row_json(row) for row in done.rows]
        answer: dict[str, Any] = {"created": created, "dry_run": dry_run, **counts, "notes": notes}
        answer_json({**answer, "file": SHADOWS_PATH})
        return
    if done.sample is None:
        (row,) = done.rows
        shadow = done.book.shadows[row.id]
        typer.echo(f"{row.id}: {as_text(row.mutations)}")
        for line in (*change_lines(differences(project, shadow)), *notes_of(shadow)):
            typer.echo(line)
    else:
        for row in done.rows[:_SHOWN]:
            clamped = f"  (clamped: {', '.join(row.clamped)})" if row.clamped else ""
            typer.echo(f"{row.id}  {as_text(row.mutations)}{clamped}")
        if len(done.rows) > _SHOWN:
            typer.echo(f"… and {len(done.rows) - _SHOWN} more, up to {done.rows[-1].id}")
    first = done.rows[0].first_day
    typer.echo(
        f"{len(done.rows)} would be made; nothing is written"
        if dry_run
        else f"{len(done.rows)} made, trading from {first}: {SHADOWS_PATH}"
    )
    for note in notes:
        say(f"note: {note}")


def report_retired(done: Change, *, as_json: bool) -> None:
    """Say which variants were retired, and which were left as they were."""
    left = [(row.id, _why_left(row)) for row in done.left]
    if as_json:
        told = [{"id": id_, "why": why} for id_, why in left]
        retired = [row_json(row) for row in done.rows]
        answer_json({"retired": retired, "left": told, "file": SHADOWS_PATH})
        return
    for row in done.rows[:_SHOWN]:
        typer.echo(f"{row.id} is retired")
    if len(done.rows) > _SHOWN:
        typer.echo(f"… and {len(done.rows) - _SHOWN} more")
    for id_, why in left:
        typer.echo(f"{id_} {why}")
    if not done.rows:
        typer.echo("nothing to retire; nothing changed")


def _why_left(row: ShadowRow) -> str:
    if row.is_live:
        return "does not say when it was made; retire it by its id"
    at = (row.model_extra or {}).get("retired_at")
    return f"is retired already, since {at}" if at else "is retired already"


def _creation_notes(project: Project, parent: str, done: Change) -> list[str]:
    notes = []
    if not project.entry(parent).is_active:
        notes.append(f"{parent} is inactive: its variants rest until it is active")
    sample = done.sample
    if sample is not None and len(done.rows) < sample.wanted:
        all_there_is = "there are no more" if sample.exhausted else "no more were found"
        reasons = [f"{sample.known} were tried before"] if sample.known else []
        reasons += [f"{sample.refused} break a rule of the class"] if sample.refused else []
        because = f": {', '.join(reasons)}" if reasons else ""
        notes.append(
            f"{len(done.rows)} of {sample.wanted}; {all_there_is} distinct mutations"
            f" within the bounds{because}"
        )
    return notes


def _taken(project: Project) -> set[str]:
    """Return the ids that the ledger knows; one that does not answer stops this."""
    ledger = project.ledger_if_made
    return set() if ledger is None else recorded_ids(ledger.engine)


def _iso(moment: datetime) -> str:
    return moment.strftime("%Y-%m-%dT%H:%M:%SZ")
