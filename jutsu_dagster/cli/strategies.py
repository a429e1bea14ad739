"""``jutsu strategies``: which strategies there are, one more, which run, which comes first."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime
from typing import TYPE_CHECKING, Annotated

import typer

from jutsu_dagster.cli.options import Json, day_of, day_option

if TYPE_CHECKING:
    from pathlib import Path

    from jutsu_dagster.cli.project import Project
    from jutsu_dagster.registry.edit import RegistryEdit

app = typer.Typer(
    help="Register strategies, switch them on and off, choose the primary.\n\nEvery change is"
    " validated as a whole before it is written to config/strategies_registry.yaml; comments and"
    " order stay, and the file before is kept in state/config_backups/.",
    no_args_is_help=True,
)
Id = Annotated[str, typer.Argument(metavar="ID", help="A registered strategy.")]


@app.command("list")
def list_strategies(as_json: Json = False) -> None:
    """Show every registered strategy: does it run, from which file, where its account stands."""
    from jutsu_dagster.cli.strategy_list import show_strategies

    show_strategies(_project(), as_json=as_json)


@app.command()
def add(
    strategy_id: Annotated[
        str,
        typer.Argument(
            metavar="ID",
            help="A letter, then letters, digits, underscores; never one used before.",
        ),
    ],
    source: Annotated[
        str | None,
        typer.Option("--from", metavar="ID", help="Copy this strategy's file; default: template."),
    ] = None,
    strategy_class: Annotated[
        str | None,
        typer.Option("--class", metavar="NAME", help="A known class, or your own module:Class."),
    ] = None,
    name: Annotated[str | None, typer.Option(help="Name to display; default: the id.")] = None,
    description: Annotated[str, typer.Option(help="One line about it.")] = "",
    inactive: Annotated[
        bool, typer.Option("--inactive", help="Register it without letting it run.")
    ] = False,
    paper_start: Annotated[
        datetime | None,
        day_option("--paper-start", help_text="First day on paper; default: the next session."),
    ] = None,
    as_json: Json = False,
) -> None:
    """Make a strategy's file and state, and register it as a secondary.

    The file is a copy, comments and all, to be edited afterwards. If config/strategies/ID.yaml
    is there already and says strategy_id ID, it is registered as it is. Its paper account begins
    with the next session, not in the past of the strategy it was copied from:

        jutsu strategies add slow --from v3_5b --name "Slow"
    """
    from datetime import UTC

    from jutsu_dagster.cli.strategy_report import report_added
    from jutsu_dagster.pipeline.new_strategy import NewStrategy, add_new_strategy

    project = _project()
    wanted = NewStrategy(
        strategy_id=strategy_id,
        source=source,
        strategy_class=strategy_class,
        display_name=name,
        description=description,
        active=not inactive,
        paper_start=day_of(paper_start),
    )
    # A ledger that does not answer stops this: it alone knows which ids were ever used.
    ledger, now = project.ledger_if_made, datetime.now(UTC)
    done = add_new_strategy(project.settings, wanted, ledger, now)
    report_added(project, done, strategy_id, now.date(), as_json=as_json)


@app.command()
def activate(strategy_id: Id, as_json: Json = False) -> None:
    """Let a strategy run; without a place in the execution order it gets the last."""
    from jutsu_dagster.registry.edit import set_active

    _edit(
        lambda path, home: set_active(path, home, strategy_id, active=True),
        f"{strategy_id} is active",
        as_json=as_json,
    )


@app.command()
def deactivate(strategy_id: Id, as_json: Json = False) -> None:
    """Let a strategy rest: it keeps its place, its account and its history."""
    from jutsu_dagster.registry.edit import set_active

    _edit(
        lambda path, home: set_active(path, home, strategy_id, active=False),
        f"{strategy_id} is inactive",
        as_json=as_json,
    )


@app.command("set-primary")
def set_primary(strategy_id: Id, as_json: Json = False) -> None:
    """Make an active strategy the primary, first in the execution order.

    The one before stays active, as a secondary. No account changes: each goes on with its own.
    """
    from jutsu_dagster.registry.edit import set_primary as change

    _edit(
        lambda path, home: change(path, home, strategy_id),
        f"{strategy_id} is the primary",
        as_json=as_json,
    )


def _project() -> Project:
    from jutsu_dagster.cli.project import Project
    from jutsu_dagster.settings import Settings

    return Project(Settings())


def _edit(make: Callable[[Path, Path], RegistryEdit], now: str, *, as_json: bool) -> None:
    from jutsu_dagster.cli.strategy_report import report_edit
    from jutsu_dagster.pipeline.registry_edits import apply_edit

    project = _project()
    settings = project.settings
    done = apply_edit(settings, lambda: make(settings.registry_path, settings.home))
    report_edit(project, done, now, as_json=as_json)
