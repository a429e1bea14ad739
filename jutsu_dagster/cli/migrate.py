"""``jutsu migrate``: a single-strategy set-up moves in, and out again."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from jutsu_dagster.cli.options import Json

app = typer.Typer(
    help="Move a single-strategy set-up in, or out again.\n\nEvery step is printed; what was there"
    " is kept in state/migrations/, and rollback puts it back.",
    no_args_is_help=True,
)
Database = Annotated[
    str | None, typer.Option(metavar="URL", help="The old database: sqlite:///… or postgresql://…")
]


@app.command()
def legacy(
    source: Annotated[
        Path, typer.Option("--from", metavar="DIR", help="Folder with config/ and state/.")
    ],
    database: Database = None,
    strategy_id: Annotated[
        str, typer.Option("--id", metavar="ID", help="What the strategy is called from now on.")
    ] = "v3_5b",
    dry_run: Annotated[
        bool, typer.Option("--dry-run", help="Validate, and say what would be written.")
    ] = False,
    as_json: Json = False,
) -> None:
    """Make a single-strategy layout, its state and its database the primary strategy here."""
    from jutsu_dagster.cli.console import answer_json
    from jutsu_dagster.pipeline.migration.legacy import migrate_legacy
    from jutsu_dagster.settings import Settings

    say = _quiet if as_json else typer.echo
    done = migrate_legacy(Settings(), source, database, strategy_id, say, dry_run=dry_run)
    if as_json:
        answer_json(done.to_dict())


@app.command()
def rollback(database: Database = None, as_json: Json = False) -> None:
    """Undo the last `jutsu migrate legacy`: files and databases as they were."""
    from jutsu_dagster.cli.console import answer_json
    from jutsu_dagster.pipeline.migration.rollback import rollback as run
    from jutsu_dagster.settings import Settings

    done = run(Settings(), database, _quiet if as_json else typer.echo)
    if as_json:
        answer_json(done.to_dict())
    raise typer.Exit(1 if done.differences else 0)


def _quiet(_line: str) -> None:
    pass
