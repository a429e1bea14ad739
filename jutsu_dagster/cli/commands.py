"""The commands that prepare, fill, show and check a project; heavy imports stand inside."""

from __future__ import annotations

from datetime import datetime
from functools import partial
from pathlib import Path
from typing import Annotated

import typer

from jutsu_dagster.cli.options import Json, day_of, day_option


def init(as_json: Json = False) -> None:
    """Prepare a project: check the registry, create the ledger, compile the kernels."""
    from jutsu_dagster.cli.console import answer_json
    from jutsu_dagster.cli.init import init as run
    from jutsu_dagster.settings import Settings

    done = run(Settings(), quiet=as_json)
    if as_json:
        answer_json(done)


def ingest(
    first: Annotated[
        datetime | None, day_option("--from", help_text="First day; default: first needed.")
    ] = None,
    last: Annotated[
        datetime | None, day_option("--to", help_text="Last day; default: yesterday.")
    ] = None,
    force: Annotated[
        bool, typer.Option("--force", help="Fetch days again that are there.")
    ] = False,
    as_json: Json = False,
) -> None:
    """Fetch and check daily bars, each day that is missing, as the market asset."""
    from jutsu_dagster.cli.console import answer_json
    from jutsu_dagster.cli.ingest import ingest as run
    from jutsu_dagster.cli.project import Project
    from jutsu_dagster.settings import Settings

    done = run(Project(Settings()), day_of(first), day_of(last), force=force, quiet=as_json)
    if as_json:
        answer_json(done)


def export(
    kind: Annotated[str, typer.Argument(help="dashboard, daily, trades, regimes or summary.")],
    strategy: Annotated[
        list[str] | None, typer.Option(help="A registered strategy; repeatable. Default: all.")
    ] = None,
    out: Annotated[Path | None, typer.Option(help="Folder; default depends on the kind.")] = None,
    compat: Annotated[
        bool, typer.Option("--compat", help="The dashboard's older Sharpe and alpha.")
    ] = False,
    as_json: Json = False,
) -> None:
    """Write a recorded backtest as CSV and YAML files."""
    from jutsu_dagster.cli.export import export as run
    from jutsu_dagster.cli.project import Project
    from jutsu_dagster.settings import Settings

    run(Project(Settings()), kind, strategy or [], out, compat=compat, as_json=as_json)


def up(
    host: Annotated[str, typer.Option(help="Address to listen on.")] = "127.0.0.1",
    port: Annotated[int, typer.Option(min=1, max=65535, help="Port of Dagster's UI.")] = 3000,
    api_port: Annotated[
        int, typer.Option(min=1, max=65535, help="Port of the dashboard and the API.")
    ] = 8000,
    schedules: Annotated[
        bool,
        typer.Option("--schedules", help="Start the schedules and watches; stopped otherwise."),
    ] = False,
) -> None:
    """Run Dagster, the dashboard and the API, until Ctrl-C.

    --host is where Dagster's UI listens; the dashboard and the API are for this machine only.
    """
    from jutsu_dagster.cli.launch import up as run
    from jutsu_dagster.settings import Settings

    code = run(Settings(), typer.echo, host=host, port=port, api_port=api_port, schedules=schedules)
    raise typer.Exit(code)


def doctor(
    send: Annotated[
        bool, typer.Option("--send/--no-send", help="Send a test to every alert URL.")
    ] = True,
    as_json: Json = False,
) -> None:
    """Check the installation, the configuration and the data, and say what to mend."""
    from jutsu_dagster.cli import doctor_alerts
    from jutsu_dagster.cli.doctor import exit_code, run_checks, show
    from jutsu_dagster.cli.doctor_looks import LOOKS
    from jutsu_dagster.settings import Settings

    alerts = partial(doctor_alerts.check_alerts, send=send)
    checks = run_checks(Settings(), [*LOOKS, (doctor_alerts.NAME, alerts)])
    typer.echo(show(checks, as_json=as_json))
    raise typer.Exit(exit_code(checks))
