"""What ``jutsu promotions approve|reject|rollback`` do, and what they say of it."""

from __future__ import annotations

from typing import Any

import typer

from jutsu_dagster.cli.console import answer_json, say
from jutsu_dagster.cli.project import Project
from jutsu_dagster.cli.variants import tell_dagster
from jutsu_dagster.core.errors import JutsuError
from jutsu_dagster.pipeline.promotion_page import view_of, write_page
from jutsu_dagster.pipeline.promotions import Decision, PromotionDesk, PromotionError, recover
from jutsu_dagster.pipeline.promotions import approve as approve_
from jutsu_dagster.pipeline.promotions import reject as reject_
from jutsu_dagster.pipeline.promotions import rollback as rollback_
from jutsu_dagster.pipeline.registry_edits import sync_ledger
from jutsu_dagster.registry.load import StrategyRegistry

_SHOWN = 10


def desk_of(project: Project) -> PromotionDesk:
    """Return what decisions are made at."""
    return PromotionDesk(project.settings, project.ledger)


def recovered(project: Project) -> None:
    """Finish what a killed decision left, and say so; a look goes on where that is impossible."""
    try:
        for each in recover(desk_of(project)):
            done = each.event.replace("_", " ")
            say(f"{each.promotion_id}: {done} by {each.who}, interrupted then, is now written")
            tell_dagster(project.settings)
    except (PromotionError, OSError) as error:
        say(f"warning: {error}")


def approved(project: Project, id_: str, hash_: str, by: str, why: str, *, as_json: bool) -> None:
    """Approve a proposal, and say what is written where."""
    done = approve_(desk_of(project), id_, hash_, by=by, why=why)
    row, (old, new) = done.row, done.version
    _report(
        project,
        done,
        [
            f"{row.variant_id} is promoted: {row.parent_id} is version {new}, from {old}",
            *(f"written: {path}" for path in done.files),
            *_ids("retired", "their base is obsolete", done.retired),
            *_ids("withdrawn", "other proposals of the strategy", done.withdrawn),
            "it trades with these parameters, on paper, from its next day on",
            f'to take it back: jutsu promotions rollback {row.id} --by "NAME" --why "REASON"',
        ],
        as_json=as_json,
    )


def rejected(project: Project, id_: str, by: str, why: str, *, as_json: bool) -> None:
    """Reject a proposal."""
    done = reject_(desk_of(project), id_, by=by, why=why)
    said = f"{done.row.id} is rejected; {done.row.variant_id} is evaluated no more"
    _report(project, done, [said], as_json=as_json)


def rolled_back(project: Project, id_: str, by: str, why: str, *, as_json: bool) -> None:
    """Take a promotion back."""
    done = rollback_(desk_of(project), id_, by=by, why=why)
    row, (old, new) = done.row, done.version
    _report(
        project,
        done,
        [
            f"{row.parent_id} is version {new} again, from {old}",
            *(f"written: {path}" for path in done.files),
            f"{row.variant_id} is retired, and so stay those that its promotion retired",
            f"new variants of the strategy: jutsu mutate --parent {row.parent_id} --count 10",
        ],
        as_json=as_json,
    )


def _report(project: Project, done: Decision, lines: list[str], *, as_json: bool) -> None:
    warnings = _followed(project, done)
    row = done.row
    if as_json:
        told: dict[str, Any] = {
            "id": row.id, "status": row.status, "parent_id": row.parent_id,
            "variant_id": row.variant_id, "files": list(done.files), "kept": done.kept,
            "version": {"old": done.version[0], "new": done.version[1]},
            "retired": list(done.retired), "withdrawn": list(done.withdrawn),
            "warnings": warnings,
        }  # fmt: skip
        answer_json(told)
    else:
        for line in lines:
            typer.echo(line)
        for warning in warnings:
            say(f"warning: {warning}")
    tell_dagster(project.settings)


def _followed(project: Project, done: Decision) -> list[str]:
    """Bring the ledger's view and the page in line; return what did not work."""
    registry = StrategyRegistry(project.settings.registry_path, project.settings.home)
    try:
        sync_ledger(registry, project.ledger)
        view = view_of(registry, project.ledger, project.store, done.row)
        write_page(project.settings.home, view)
    # The decision holds and is written already: this is no reason to call it failed.
    except (JutsuError, OSError) as error:
        return [f"not everything shows it yet: {error}"]
    return []


def _ids(what: str, why: str, ids: tuple[str, ...]) -> list[str]:
    if not ids:
        return []
    rest = f" and {len(ids) - _SHOWN} more" if len(ids) > _SHOWN else ""
    return [f"{what} ({why}): {', '.join(ids[:_SHOWN])}{rest}"]
