"""The commands that compute: backtests and sweeps; heavy imports stand inside."""

from __future__ import annotations

from datetime import datetime
from enum import StrEnum
from pathlib import Path
from typing import Annotated

import typer

from jutsu_dagster.cli.options import Json, Set, day_of, day_option, overrides_of


class CapScope(StrEnum):
    """What a cap of entries counts."""

    UTC_DAY = "utc_day"
    LIFETIME = "lifetime"
    NONE = "none"


def backtest(
    config: Annotated[
        Path | None, typer.Option(help="A strategy YAML, for one ad-hoc run.")
    ] = None,
    market: Annotated[
        Path | None, typer.Option(help="Parquet or CSV of bars, with --config.")
    ] = None,
    out: Annotated[Path | None, typer.Option(help="Folder for the results, with --config.")] = None,
    start: Annotated[
        datetime | None, day_option(help_text="First day of the comparison or the run.")
    ] = None,
    end: Annotated[datetime | None, day_option(help_text="Last day, inclusive.")] = None,
    strategy: Annotated[
        list[str] | None, typer.Option(help="A registered strategy; repeatable. Default: all.")
    ] = None,
    overrides: Set = None,
    force: Annotated[
        bool, typer.Option("--force", help="Compute years again that still stand.")
    ] = False,
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
            Project(Settings()), strategy or [], day_of(start), day_of(end), force=force,
            as_json=as_json,
        )  # fmt: skip
        return
    if market is None or out is None:
        raise typer.BadParameter("--config needs --market FILE and --out DIR")
    if strategy or force:
        raise typer.BadParameter("--strategy and --force go without --config")
    run.backtest_file(
        Settings(), config, market, day_of(start), day_of(end), overrides_of(overrides), out,
        as_json=as_json,
    )  # fmt: skip


def sweep(
    grid: Annotated[Path, typer.Option(help="YAML that maps parameters to lists of values.")],
    out: Annotated[Path, typer.Option(help="Parquet of parameters and metrics to write.")],
    config: Annotated[Path | None, typer.Option(help="A strategy YAML.")] = None,
    market: Annotated[Path | None, typer.Option(help="Parquet or CSV of bars.")] = None,
    strategy: Annotated[str | None, typer.Option(help="Or a registered strategy.")] = None,
    sample: Annotated[
        int | None, typer.Option(min=1, help="Draw so many sets of the grid.")
    ] = None,
    seed: Annotated[int, typer.Option(help="Seed of the draw.")] = 0,
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
        sweep_registered(project, strategy, overrides_of(overrides), options)
    elif strategy is None and config is not None and market is not None:
        sweep_file(project, config, market, overrides_of(overrides), options)
    else:
        raise typer.BadParameter("give --strategy ID, or --config FILE with --market FILE")


def simulate(
    config: Annotated[Path, typer.Option(help="A strategy YAML, of one that decides directions.")],
    candles: Annotated[
        Path,
        typer.Option(help="Parquet or CSV of ts, open, high, low, close, volume (and symbol)."),
    ],
    out: Annotated[Path, typer.Option(help="Folder for the results; made if missing.")],
    mutations: Annotated[
        str | None,
        typer.Option(metavar="JSON", help="What to change: NAME, NAME_delta, NAME_scale."),
    ] = None,
    regime_window: Annotated[
        int | None, typer.Option(min=1, help="Closes that the regime is told by.")
    ] = None,
    first_bar: Annotated[
        int | None,
        typer.Option(
            min=0,
            help="Row of the first decision, from 0; those before only warm up."
            " Default: the first with full windows.",
        ),
    ] = None,
    cap_scope: Annotated[
        CapScope, typer.Option(help="What exploration_cap counts, or none for no cap.")
    ] = CapScope.UTC_DAY,
    variant_id: Annotated[
        str | None, typer.Option(help="Name in the files; default: the strategy's id.")
    ] = None,
    overrides: Set = None,
    as_json: Json = False,
) -> None:
    """Run one directional strategy over a file of candles, to look at what it does.

    No registry, ledger or Dagster is touched. The results: bars.csv (decision
    and position bar by bar), decisions.csv, signals_raw.csv,
    signals_normalized.csv, trades.jsonl and summary.json.

    Mutations are a JSON object: conf_min.trend sets, conf_min_delta adds,
    max_bars_open_scale multiplies. What would go beyond a bound stops there,
    and a note says so.

        jutsu simulate --config config/strategies/ETH_main.yaml
        --candles eth.csv --out look --mutations '{"conf_min_delta": -0.02}'
    """
    from jutsu_dagster.cli.simulate import simulate_file
    from jutsu_dagster.settings import Settings

    simulate_file(
        Settings(), config, candles, mutations, overrides_of(overrides), out,
        regime_window=regime_window, first_bar=first_bar, cap_scope=cap_scope.value,
        variant_id=variant_id, as_json=as_json,
    )  # fmt: skip
