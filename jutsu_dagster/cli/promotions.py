"""``jutsu promotions``: what the night proposes, with which evidence, and a person's word on it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated

import typer

from jutsu_dagster.cli.options import Json

if TYPE_CHECKING:
    from jutsu_dagster.cli.project import Project

app = typer.Typer(
    help="Promotions: a variant's parameters become its parent's next version, if you say so.\n\n"
    "The night proposes a variant when every gate holds, and at most one a week and strategy. A"
    " proposal expires after a week. Nothing is ever promoted by itself:\n\n"
    "    jutsu promotions list             what is proposed\n\n"
    "    jutsu promotions show ID          the evidence, and its hash\n\n"
    "    jutsu promotions approve ID --hash HASH --by NAME --why REASON\n\n"
    "    jutsu promotions rollback ID --by NAME --why REASON\n\n"
    "Who decided what, when and why is kept for good. All of it is on paper: no order is placed.",
    no_args_is_help=True,
)
Id = Annotated[str, typer.Argument(metavar="ID", help="A proposal; see jutsu promotions list.")]
By = Annotated[str, typer.Option("--by", metavar="NAME", help="Who decides; kept for good.")]
Why = Annotated[str, typer.Option("--why", metavar="REASON", help="Why; kept for good.")]


@app.command("list")
def list_promotions(
    parent: Annotated[
        str | None, typer.Option(metavar="ID", help="Only proposals for this strategy.")
    ] = None,
    as_json: Json = False,
) -> None:
    """Show all proposals, open ones first, with when they expire and their evidence in a line."""
    from jutsu_dagster.cli.promotion_list import show_promotions

    show_promotions(_project(), parent, as_json=as_json)


@app.command()
def show(promotion: Id, as_json: Json = False) -> None:
    """Show a proposal's evidence: every gate, every number, what changes, and how to approve.

    The same with plots is written to reports/promotions/ID.html.
    """
    from jutsu_dagster.cli.promotion_shown import show_promotion

    show_promotion(_project(), promotion, as_json=as_json)


@app.command()
def approve(
    promotion: Id,
    hash_: Annotated[
        str,
        typer.Option("--hash", metavar="HASH", help="Of the evidence that you were shown."),
    ],
    by: By,
    why: Why,
    as_json: Json = False,
) -> None:
    """Make a variant's parameters its parent's next version.

    Everything is checked anew: that the proposal is open and not expired, that the hash is of the
    evidence as stored, that the variant is proposed still, and that its parent has the parameters
    that it was compared with. Then the parameters are written into the parent's file, comments
    kept; the version before is kept in config/strategies/versions/; the registry names the
    variant; the other variants of the same base are retired. Done whole or not at all:

        jutsu promotions approve ID --hash 5c0e3a9b1d27f648 --by Ada --why "why"
    """
    from jutsu_dagster.cli.promotion_decide import approved

    approved(_project(), promotion, hash_, by, why, as_json=as_json)


@app.command()
def reject(promotion: Id, by: By, why: Why, as_json: Json = False) -> None:
    """Refuse a proposal for good; its variant is evaluated no more."""
    from jutsu_dagster.cli.promotion_decide import rejected

    rejected(_project(), promotion, by, why, as_json=as_json)


@app.command()
def rollback(promotion: Id, by: By, why: Why, as_json: Json = False) -> None:
    """Take an approved promotion back: the strategy's file as it was before, to the byte.

    Refused, with the lines that differ, if the file was edited since. Of several promotions of
    one strategy, the last is taken back first. Variants that were retired stay retired.
    """
    from jutsu_dagster.cli.promotion_decide import rolled_back

    rolled_back(_project(), promotion, by, why, as_json=as_json)


def _project() -> Project:
    from jutsu_dagster.cli.project import Project
    from jutsu_dagster.settings import Settings

    return Project(Settings())
