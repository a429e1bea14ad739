"""The command ``jutsu``: what every command shares, and which commands there are."""

from __future__ import annotations

import json
import sys
from typing import Annotated

import typer

from jutsu_dagster import __version__
from jutsu_dagster.cli import (
    alerts,
    commands,
    migrate,
    paper,
    promotions,
    research,
    strategies,
    studies,
    variants,
)
from jutsu_dagster.core.errors import ConfigError, JutsuError

# What typer exits with after Ctrl-C, without a word.
_STOPPED = 130

# Heavy imports stand inside the commands, so that `jutsu --help` answers at once.
app = typer.Typer(
    name="jutsu",
    help="Backtests, paper trading and nightly research of regime strategies, on Dagster.",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
    context_settings={"help_option_names": ["-h", "--help"]},
)


def _version(wanted: bool) -> None:
    if wanted:
        typer.echo(f"jutsu {__version__}")
        raise typer.Exit


@app.callback()
def _shared(
    _version_wanted: Annotated[
        bool, typer.Option("--version", callback=_version, is_eager=True, help="Show the version.")
    ] = False,
) -> None:
    pass


for command in (
    commands.init,
    commands.ingest,
    studies.backtest,
    studies.sweep,
    studies.simulate,
    paper.trade,
    paper.nightly,
    paper.runs,
    paper.reproduce,
    variants.mutate,
    commands.export,
    commands.up,
    commands.doctor,
):
    app.command()(command)
app.add_typer(alerts.app, name="alerts")
app.add_typer(migrate.app, name="migrate")
app.add_typer(promotions.app, name="promotions")
app.add_typer(research.app, name="research")
app.add_typer(strategies.app, name="strategies")
app.add_typer(variants.app, name="variants")


def main(argv: list[str] | None = None) -> int:
    """Run one command.

    Parameters
    ----------
    argv : list of str, optional
        The arguments; those of the process where left out.

    Returns
    -------
    int
        0 done, 1 failed, 2 the user can mend it: the message is on stderr, as JSON with ``--json``;
        130 stopped by Ctrl-C or SIGTERM.
    """
    arguments = sys.argv[1:] if argv is None else argv
    try:
        # standalone_mode stays on: typer then prints usage errors itself, and they exit with 2.
        app(arguments)
    except JutsuError as error:
        sys.stderr.write(_shown(error, as_json="--json" in arguments) + "\n")
        return 2
    except OSError as error:
        # A full disk, a missing permission: nothing of ours is at fault, and nothing half-written.
        sys.stderr.write(_shown(error, as_json="--json" in arguments) + "\n")
        return 1
    except SystemExit as end:
        if end.code == _STOPPED:
            sys.stderr.write("jutsu: stopped; what was finished stays recorded\n")
        return end.code if isinstance(end.code, int) else int(end.code is not None)
    return 0


def _shown(error: JutsuError | OSError, *, as_json: bool) -> str:
    text = str(error)
    if isinstance(error, OSError):
        from jutsu_dagster.storage.attempt import with_remedy

        text = with_remedy(f"{error.filename}: {error.strerror}" if error.filename else text)
    if not as_json:
        return f"jutsu: {text}"
    body: dict[str, object] = {"error": text, "kind": type(error).__name__}
    if isinstance(error, ConfigError):
        body["faults"] = [
            {
                "file": fault.file,
                "key": fault.key,
                "value": None if fault.value is None else str(fault.value),
                "rule": fault.rule,
                "nearest": fault.nearest,
            }
            for fault in error.faults
        ]
    return json.dumps({"error": body})


if __name__ == "__main__":
    sys.exit(main())
