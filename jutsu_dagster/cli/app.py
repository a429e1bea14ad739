"""The command ``jutsu``: what every command shares, and which commands there are."""

from __future__ import annotations

import json
import sys
from datetime import date, datetime
from pathlib import Path
from typing import Annotated

import typer

from jutsu_dagster import __version__
from jutsu_dagster.core.errors import ConfigError, JutsuError

# Heavy imports stand inside the commands, so that `jutsu --help` answers at once.
app = typer.Typer(
    name="jutsu",
    help="Backtests, paper trading and nightly research of regime strategies, on Dagster.",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
    context_settings={"help_option_names": ["-h", "--help"]},
)

Json = Annotated[bool, typer.Option("--json", help="Answer in JSON, for machines.")]


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


Set = Annotated[
    list[str] | None,
    typer.Option("--set", metavar="NAME=VALUE", help="Override a parameter or a key; repeatable."),
]
_DAY = {"formats": ["%Y-%m-%d"], "metavar": "YYYY-MM-DD"}


def _day(value: datetime | None) -> date | None:
    return value.date() if value else None


def _overrides(pairs: list[str] | None) -> dict[str, object]:
    found: dict[str, object] = {}
    for pair in pairs or []:
        name, equals, value = pair.partition("=")
        if not equals:
            raise typer.BadParameter(f"--set {pair!r} must be NAME=VALUE")
        found[name.strip()] = value
    return found


@app.command()
def init(as_json: Json = False) -> None:
    """Prepare a project: check the registry, create the ledger, compile the kernels."""
    from jutsu_dagster.cli.console import answer_json
    from jutsu_dagster.cli.init import init as run
    from jutsu_dagster.settings import Settings

    done = run(Settings(), quiet=as_json)
    if as_json:
        answer_json(done)


@app.command()
def ingest(
    first: Annotated[datetime | None, typer.Option("--from", help="First day; default: first needed.", **_DAY)] = None,
    last: Annotated[datetime | None, typer.Option("--to", help="Last day; default: yesterday.", **_DAY)] = None,
    force: Annotated[bool, typer.Option(help="Fetch days again that are there.")] = False,
    as_json: Json = False,
) -> None:
    """Fetch and check daily bars, each day that is missing, as the market asset."""
    from jutsu_dagster.cli.console import answer_json
    from jutsu_dagster.cli.ingest import ingest as run
    from jutsu_dagster.cli.project import Project
    from jutsu_dagster.settings import Settings

    done = run(Project(Settings()), _day(first), _day(last), force=force, quiet=as_json)
    if as_json:
        answer_json(done)


@app.command()
def backtest(
    config: Annotated[Path | None, typer.Option(help="A strategy YAML, for one ad-hoc run.")] = None,
    market: Annotated[Path | None, typer.Option(help="Parquet or CSV of bars, with --config.")] = None,
    out: Annotated[Path | None, typer.Option(help="Folder for the results, with --config.")] = None,
    start: Annotated[datetime | None, typer.Option(help="First day of the comparison or the run.", **_DAY)] = None,
    end: Annotated[datetime | None, typer.Option(help="Last day, inclusive.", **_DAY)] = None,
    strategy: Annotated[
        list[str] | None, typer.Option(help="A registered strategy; repeatable. Default: all.")
    ] = None,
    overrides: Set = None,
    force: Annotated[bool, typer.Option(help="Compute years again that still stand.")] = False,
    as_json: Json = False,
) -> None:
    """Backtest the registered strategies and compare them, or one file over another.

    Without --config the registered strategies run through Dagster over the market store, each
    year a partition, into the ledger. With --config, --market and --out one strategy file runs
    over one data file, and nothing else is touched:

        jutsu backtest --config config/strategies/v3_5b.yaml --market bars.parquet --out results
    """
    from jutsu_dagster.cli import backtest as run
    from jutsu_dagster.cli.project import Project
    from jutsu_dagster.settings import Settings

    if config is None:
        if market or out or overrides:
            raise typer.BadParameter("--market, --out and --set go with --config")
        run.backtest_registered(
            Project(Settings()), strategy or [], _day(start), _day(end), force=force,
            as_json=as_json,
        )  # fmt: skip
        return
    if market is None or out is None:
        raise typer.BadParameter("--config needs --market FILE and --out DIR")
    if strategy or force:
        raise typer.BadParameter("--strategy and --force go without --config")
    run.backtest_file(
        Settings(), config, market, _day(start), _day(end), _overrides(overrides), out,
        as_json=as_json,
    )  # fmt: skip


@app.command()
def sweep(
    grid: Annotated[Path, typer.Option(help="YAML of parameters: {name: [values]}.")],
    out: Annotated[Path, typer.Option(help="Parquet of parameters and metrics to write.")],
    config: Annotated[Path | None, typer.Option(help="A strategy YAML.")] = None,
    market: Annotated[Path | None, typer.Option(help="Parquet or CSV of bars.")] = None,
    strategy: Annotated[str | None, typer.Option(help="Or a registered strategy.")] = None,
    sample: Annotated[int | None, typer.Option(min=1, help="Draw so many sets of the grid.")] = None,
    seed: Annotated[int, typer.Option(help="Of the draw.")] = 0,
    threads: Annotated[int, typer.Option(min=1, help="Chunks at once.")] = 2,
    curves: Annotated[Path | None, typer.Option(help="Parquet of equity curves to write.")] = None,
    trades: Annotated[Path | None, typer.Option(help="Parquet of all fills to write.")] = None,
    sort: Annotated[str, typer.Option(help="Metric that ranks the table.")] = "sharpe_ratio",
    overrides: Set = None,
    as_json: Json = False,
) -> None:
    """Backtest many parameter sets at once.

    A registered strategy's sets are recorded as trials: how much was tried decides what the best
    of it is worth.

        jutsu sweep --strategy v3_5b --grid grid.yaml --out sweep.parquet
    """
    from jutsu_dagster.cli.project import Project
    from jutsu_dagster.cli.sweep import SweepOptions, sweep_file, sweep_registered
    from jutsu_dagster.settings import Settings

    options = SweepOptions(
        grid=grid, out=out, sample=sample, seed=seed, threads=threads, curves=curves,
        trades=trades, sort=sort, as_json=as_json,
    )  # fmt: skip
    project = Project(Settings())
    if strategy is not None and config is None and market is None:
        sweep_registered(project, strategy, _overrides(overrides), options)
    elif strategy is None and config is not None and market is not None:
        sweep_file(project, config, market, _overrides(overrides), options)
    else:
        raise typer.BadParameter("give --strategy ID, or --config FILE with --market FILE")


@app.command()
def up(
    host: Annotated[str, typer.Option(help="Address to listen on.")] = "127.0.0.1",
    port: Annotated[int, typer.Option(min=1, max=65535, help="Port to listen on.")] = 3000,
) -> None:
    """Run Dagster's UI and daemon with everything in it, until Ctrl-C."""
    from jutsu_dagster.cli.launch import up as run
    from jutsu_dagster.settings import Settings

    raise typer.Exit(run(Settings(), typer.echo, host=host, port=port))


@app.command()
def doctor(as_json: Json = False) -> None:
    """Check the installation, the configuration and the data, and say what to mend."""
    from jutsu_dagster.cli.doctor import exit_code, run_checks, show
    from jutsu_dagster.settings import Settings

    checks = run_checks(Settings())
    typer.echo(show(checks, as_json=as_json))
    raise typer.Exit(exit_code(checks))


def main(argv: list[str] | None = None) -> int:
    """Run one command.

    Parameters
    ----------
    argv : list of str, optional
        The arguments; those of the process where left out.

    Returns
    -------
    int
        0 done, 1 failed, 2 the user can mend it: the message is on stderr, as JSON with ``--json``.
    """
    arguments = sys.argv[1:] if argv is None else argv
    try:
        # standalone_mode stays on: typer then prints usage errors itself, and they exit with 2.
        app(arguments)
    except JutsuError as error:
        sys.stderr.write(_shown(error, as_json="--json" in arguments) + "\n")
        return 2
    except SystemExit as end:
        return end.code if isinstance(end.code, int) else int(end.code is not None)
    return 0


def _shown(error: JutsuError, *, as_json: bool) -> str:
    if not as_json:
        return f"jutsu: {error}"
    body: dict[str, object] = {"error": str(error), "kind": type(error).__name__}
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
