"""``jutsu backtest``: a file's strategy over a file's bars, or the registered ones by Dagster."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import date
from pathlib import Path
from typing import TYPE_CHECKING

from jutsu_dagster.cli.console import answer_json, print_table, progress, say
from jutsu_dagster.cli.instance import instance
from jutsu_dagster.cli.project import Project
from jutsu_dagster.cli.runs import run_range
from jutsu_dagster.core.errors import ConfigError, DataError
from jutsu_dagster.registry.load import StrategyEntry
from jutsu_dagster.settings import Settings

if TYPE_CHECKING:
    from dagster import DagsterInstance


def backtest_file(
    settings: Settings,
    config: Path,
    market: Path,
    first: date | None,
    last: date | None,
    overrides: Mapping[str, object],
    out: Path,
    *,
    as_json: bool,
) -> None:
    """Backtest a strategy file over a data file; no registry, ledger or Dagster is touched."""
    from jutsu_dagster.pipeline import adhoc
    from jutsu_dagster.registry.config import load_strategy_config

    loaded = load_strategy_config(config.absolute(), settings.home.absolute())
    result = adhoc.backtest_file(loaded.with_overrides(overrides), market, first, last)
    paths = adhoc.write_file_backtest(result, out)
    if as_json:
        answer_json(result.metrics | {"files": [str(path) for path in paths]})
        return
    from jutsu_dagster.reporting.compare import comparison_table

    table = comparison_table([result.compared])
    period = result.metrics["period"]
    title = f"{loaded.strategy_id}, {period['start']} to {period['end']}"
    print_table(title, table.header, table.text_rows())
    say(f"written: {', '.join(str(path) for path in paths)}")


def backtest_registered(
    project: Project,
    strategy_ids: Sequence[str],
    first: date | None,
    last: date | None,
    *,
    force: bool,
    as_json: bool,
) -> None:
    """Backtest registered strategies through Dagster, years as needed, and compare them.

    Years that still stand (same settings, bars, code and year before) are not computed again
    unless ``force``.
    """
    from jutsu_dagster.pipeline.compare import STALE_RULE, account_result
    from jutsu_dagster.pipeline.ingest import ETF_DAILY
    from jutsu_dagster.sources.base import is_synthetic

    entries = _entries(project, strategy_ids)
    with instance(project.settings) as opened:
        for entry in entries:
            _bring_up(project, opened, entry, first, last, force=force, quiet=as_json)
    results = []
    for entry in entries:
        config = project.config(entry.id)
        from jutsu_dagster.pipeline.backtest import backtest_account

        result = account_result(
            project.ledger, backtest_account(config), config.initial_capital, first, last
        )
        if result is None:
            raise DataError(f"{entry.id}: no session is recorded from {first} to {last}")
        results.append(result)
    from jutsu_dagster.reporting.compare import comparison_table

    table = comparison_table([result.compared for result in results])
    if as_json:
        answer_json(table.to_dict())
        return
    sessions = results[0].sessions
    print_table(f"Backtest {sessions[0]} to {sessions[-1]}", table.header, table.text_rows())
    source = project.store.source(ETF_DAILY)
    say(f"Market: {source}{', which is synthetic' if is_synthetic(source) else ''}.")
    for result in results:
        if result.stale:
            say(f"stale: {result.account} {', '.join(result.stale)} {STALE_RULE}")


def _entries(project: Project, ids: Sequence[str]) -> list[StrategyEntry]:
    if not ids:
        for strategy_id, faults in project.registry.broken.items():
            say(f"set aside: {strategy_id}: {faults[0]}")
        return project.registry.get_active_strategies()
    entries = [project.entry(strategy_id) for strategy_id in dict.fromkeys(ids)]
    for entry in entries:
        if entry.config is None:
            raise ConfigError(entry.faults)
    return entries


def _bring_up(
    project: Project,
    opened: DagsterInstance,
    entry: StrategyEntry,
    first: date | None,
    last: date | None,
    *,
    force: bool,
    quiet: bool,
) -> None:
    """Materialize the years of one strategy that do not stand, as one run."""
    from jutsu_dagster.definitions import BACKTEST_JOB
    from jutsu_dagster.defs.backtests import backtest_key
    from jutsu_dagster.pipeline.ingest import ETF_DAILY
    from jutsu_dagster.pipeline.outdated import outdated_years

    config = project.config(entry.id)
    ends: date = project.store.coverage(ETF_DAILY)["last"].max()
    stop = min(last or ends, config.backtest_end or ends)
    if first is not None and last is not None and first > last:
        raise DataError(f"the range {first} to {last} is empty")
    years = list(range(config.backtest_start.year, stop.year + 1))
    if not years or (first is not None and first.year < years[0]):
        raise DataError(
            f"{entry.id}: asked for {first} to {stop}; its backtest starts on"
            f" {config.backtest_start} and the data end on {ends}"
        )
    needed = outdated_years(config, project.store, project.ledger, years)
    # A ledger moved in from elsewhere, or a Dagster home made anew: lineage wants both.
    shown = opened.get_materialized_partitions(backtest_key(entry.id))
    needed |= {
        y: "not shown in Dagster yet" for y in years if str(y) not in shown and y not in needed
    }
    if force:
        wanted = [year for year in years if first is None or year >= first.year]
        needed = dict.fromkeys(wanted, "asked for") | needed
    if not needed:
        if not quiet:
            say(f"{entry.id}: {years[0]} to {years[-1]} stand as recorded")
        return
    begin, end = min(needed), max(needed)
    label = f"{entry.id} {begin} to {end} ({needed[begin]})"
    with progress(label, end - begin + 1, shown=not quiet) as advance:
        run_range(
            opened, project.definitions, BACKTEST_JOB, [backtest_key(entry.id)], str(begin),
            str(end), partitions=end - begin + 1, progress=advance,
        )  # fmt: skip
