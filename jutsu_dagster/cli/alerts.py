"""``jutsu alerts``: what there was to alert about."""

from __future__ import annotations

from typing import Annotated, Any

import typer

from jutsu_dagster.cli.options import Json

app = typer.Typer(help="Alerts: what was wrong, how often, and whether anybody was told.")


@app.callback()
def _alerts() -> None:
    pass  # with a callback, `list` stays a command of its own


@app.command("list")
def list_alerts(
    limit: Annotated[int, typer.Option(min=1, help="How many, the latest first.")] = 20,
    as_json: Json = False,
) -> None:
    """Show recent alerts: when last, how grave, how often, whether delivered."""
    from jutsu_dagster.cli.console import answer_json, print_table
    from jutsu_dagster.cli.project import Project
    from jutsu_dagster.settings import Settings
    from jutsu_dagster.storage.alert_log import recent

    rows: list[dict[str, Any]] = [
        {
            "key": row["dedup_key"],
            "severity": row["severity"],
            "subject": row["subject"],
            "body": row["body"],
            "count": row["count"],
            "delivered": row["delivered"],
            "first_at": row["first_at"].isoformat(timespec="seconds"),
            "last_at": row["last_at"].isoformat(timespec="seconds"),
        }
        for row in recent(Project(Settings()).ledger, limit).to_dict("records")
    ]
    if as_json:
        answer_json({"alerts": rows})
    elif not rows:
        typer.echo("no alert yet")
    else:
        print_table(
            "Alerts, the latest first",
            ("what", "severity", "times", "last", "delivered"),
            [
                (
                    row["subject"],
                    row["severity"],
                    str(row["count"]),
                    row["last_at"][:16].replace("T", " "),
                    "yes" if row["delivered"] else "no",
                )
                for row in rows
            ],
        )
