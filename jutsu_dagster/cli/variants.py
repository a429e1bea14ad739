"""``jutsu variants`` and ``jutsu mutate``: which variants there are, new ones, and their end."""

from __future__ import annotations

from datetime import datetime
from enum import StrEnum
from typing import TYPE_CHECKING, Annotated

import typer

from jutsu_dagster.cli.options import Json, day_of, day_option

if TYPE_CHECKING:
    from jutsu_dagster.cli.project import Project
    from jutsu_dagster.settings import Settings

app = typer.Typer(
    help="Variants: mutations of registered strategies, each with an account of its own.\n\nThe"
    " shadow registry, reports/evolver/mutation_strategies.jsonl, has a row for each. Rows are"
    " never removed and ids never given again.",
    no_args_is_help=True,
)


class Status(StrEnum):
    """What a variant can be; only shadow and proposed ones run."""

    SHADOW = "shadow"
    PROPOSED = "proposed"
    PROMOTED = "promoted"
    REJECTED = "rejected"
    RETIRED = "retired"
    INVALID = "invalid"


class Method(StrEnum):
    """How mutations are drawn."""

    RANDOM = "random"
    GRID = "grid"
    NEIGHBOURS = "neighbours"


Parent = Annotated[str, typer.Option(metavar="ID", help="The registered strategy to vary.")]
Partition = Annotated[
    datetime | None,
    day_option(
        "--partition",
        help_text="The night that makes it; it trades from the day after. Default: yesterday.",
    ),
]
Reason = Annotated[str, typer.Option(metavar="TEXT", help="Why; kept in the row.")]


@app.command("list")
def list_variants(
    parent: Annotated[
        str | None, typer.Option(metavar="ID", help="Only variants of this strategy.")
    ] = None,
    status: Annotated[Status | None, typer.Option(help="Only variants of this status.")] = None,
    as_json: Json = False,
) -> None:
    """Show every variant, and the lines of the shadow registry that cannot be used."""
    from jutsu_dagster.cli.variant_list import show_variants

    show_variants(_project(), parent, status.value if status else None, as_json=as_json)


@app.command()
def show(
    variant: Annotated[str, typer.Argument(metavar="ID", help="A variant.")],
    as_json: Json = False,
) -> None:
    """Show all of one variant: its row, what differs from its parent, what is worth knowing."""
    from jutsu_dagster.cli.variant_show import show_variant

    show_variant(_project(), variant, as_json=as_json)


@app.command()
def create(
    parent: Parent,
    mutations: Annotated[
        str,
        typer.Option(
            metavar="JSON", help="""Changes by parameter: '{"sma_fast_delta": 5, "T_max": 40}'."""
        ),
    ],
    partition: Partition = None,
    reason: Reason = "",
    again: Annotated[
        bool,
        typer.Option("--again", help="Though it was there before: a new id, a fresh account."),
    ] = False,
    as_json: Json = False,
) -> None:
    """Make a variant, frozen on its parent's parameters as they are now.

    NAME overrides a parameter, NAME_delta adds to it, NAME_scale multiplies it; NAME.ENTRY is one
    entry of a map, and NAME alone all of them:

        jutsu variants create --parent v3_5b --mutations '{"sma_fast_delta": 5}'
    """
    from jutsu_dagster.cli import variant_change as change

    project = _project()
    making = change.making_of(day_of(partition), reason, "jutsu variants create")
    done = change.create(project, parent, mutations, making, again=again)
    change.report_created(project, parent, done, as_json=as_json)
    tell_dagster(project.settings)


@app.command()
def retire(
    variants: Annotated[
        list[str] | None, typer.Argument(metavar="[ID]...", help="The variants to retire.")
    ] = None,
    older_than: Annotated[
        int | None,
        typer.Option(min=0, metavar="DAYS", help="Or all of --parent older than so many days."),
    ] = None,
    parent: Annotated[str | None, typer.Option(metavar="ID", help="With --older-than.")] = None,
    reason: Reason = "",
    as_json: Json = False,
) -> None:
    """Take variants out of the night; their rows, accounts and reports stay.

    jutsu variants retire --older-than 90 --parent ETH_main
    """
    from jutsu_dagster.cli import variant_change as change

    project = _project()
    if variants and older_than is None and parent is None:
        done = change.retire(project, variants, reason)
    elif older_than is not None and parent is not None and not variants:
        done = change.retire_older(project, parent, older_than, reason)
    else:
        raise typer.BadParameter("give the ids, or --older-than DAYS with --parent ID")
    change.report_retired(done, as_json=as_json)
    if done.rows:
        tell_dagster(project.settings)


@app.command()
def run(
    date: Annotated[
        datetime | None, day_option("--date", help_text="The last day to run; default: yesterday.")
    ] = None,
    first: Annotated[
        datetime | None,
        day_option("--from", help_text="First day; default: the first that a variant lacks."),
    ] = None,
    variant: Annotated[
        list[str] | None, typer.Option(metavar="ID", help="Only this one; repeatable.")
    ] = None,
    as_json: Json = False,
) -> None:
    """Run one cycle: every live variant through the days that it lacks, each on its own account.

    A day that is recorded is never written again; with --from it is computed again and compared.
    What each variant did is in reports/variant/, and on its page in Dagster.
    """
    from jutsu_dagster.cli.variant_run import run_cycle

    run_cycle(_project(), variant or [], day_of(first), day_of(date), as_json=as_json)


def mutate(
    parent: Parent,
    count: Annotated[int, typer.Option(min=1, help="How many variants.")],
    method: Annotated[Method, typer.Option(help="How they are drawn.")] = Method.RANDOM,
    seed: Annotated[int, typer.Option(min=0, help="Seed of random draws.")] = 0,
    param: Annotated[
        list[str] | None,
        typer.Option(
            metavar="NAME", help="A parameter to change; repeatable. Default: all mutable ones."
        ),
    ] = None,
    partition: Partition = None,
    reason: Reason = "",
    dry_run: Annotated[
        bool, typer.Option("--dry-run", help="Show what would be made, and make nothing.")
    ] = False,
    as_json: Json = False,
) -> None:
    """Draw new mutations within a strategy's bounds and make variants of them.

    random changes one to three parameters by up to five steps each; grid takes all combinations
    of steps, those with the fewest steps first; neighbours changes one parameter by one step.
    None is made that was tried before, so the same command again makes the next ones:

        jutsu mutate --parent ETH_main --count 50 --method grid --param conf_min
    """
    from jutsu_dagster.cli import variant_change as change

    project = _project()
    making = change.making_of(day_of(partition), reason, f"jutsu mutate --method {method.value}")
    done = change.draw(
        project, parent, making, count=count, method=method.value, seed=seed,
        names=tuple(param or ()), dry_run=dry_run, quiet=as_json,
    )  # fmt: skip
    change.report_created(project, parent, done, dry_run=dry_run, as_json=as_json)
    if not dry_run:
        tell_dagster(project.settings)


def tell_dagster(settings: Settings) -> None:
    """Let a running Dagster see the shadow registry as it is now: the one place that does."""
    from jutsu_dagster.cli.console import say
    from jutsu_dagster.cli.reload import reload_code_location

    said = reload_code_location(settings)
    if said:
        say(said)


def _project() -> Project:
    from jutsu_dagster.cli.project import Project
    from jutsu_dagster.settings import Settings

    return Project(Settings())
