"""``jutsu backtest``: a file's strategy over a file's bars, or the registered ones by Dagster."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import date
from pathlib import Path
from typing import TYPE_CHECKING

from jutsu_dagster.cli.backtest_shown import show_results, table_read
from jutsu_dagster.cli.console import answer_json, print_table, progress, say
from jutsu_dagster.cli.instance import instance
from jutsu_dagster.cli.options import require_writable
from jutsu_dagster.cli.project import Project
from jutsu_dagster.cli.runs import RunFailedError, run_range
from jutsu_dagster.core.errors import ConfigError, DataError, Fault, JutsuError, StrategyError
from jutsu_dagster.pipeline.direct import is_directional
from jutsu_dagster.registry.load import StrategyEntry
from jutsu_dagster.settings import Settings

if TYPE_CHECKING:
    from dagster import DagsterInstance

    from jutsu_dagster.pipeline.compare import AccountResult


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

    require_writable("--out", out)
    loaded = load_strategy_config(config.absolute(), settings.home.absolute())
    if is_directional(loaded):
        raise StrategyError(
            f"{loaded.strategy_id}: {loaded.class_name} decides the direction of one symbol, bar by"
            f" bar; run it over a file with `jutsu simulate --config {config} --candles FILE --out"
            " DIR`, or register it for its backtest account"
        )
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

    Raises
    ------
    JutsuError
        If any strategy failed; where failures are isolated, after the table of the others.
    """
    if first is not None and last is not None and first > last:
        raise DataError(f"the range {first} to {last} is empty: --start must be before --end")
    entries = _entries(project, strategy_ids)
    ends = _prepared(project, entries)
    failed: dict[str, JutsuError] = {}
    with instance(project.settings) as opened:
        for entry in entries:
            try:
                end = ends[table_read(entry)]
                _bring_up(project, opened, entry, (first, last), end, force=force, quiet=as_json)
            except JutsuError as error:
                if not project.registry.settings.isolate_failures:
                    raise
                failed[entry.id] = error
    if len(entries) == 1 and failed:
        raise failed[entries[0].id]
    results = [_result(project, entry, first, last) for entry in entries if entry.id not in failed]
    if results:
        show_results(project, results, as_json=as_json)
    if failed:
        raise RunFailedError("\n".join(f"{key} failed: {error}" for key, error in failed.items()))


def _result(
    project: Project, entry: StrategyEntry, first: date | None, last: date | None
) -> AccountResult:
    from jutsu_dagster.pipeline.backtest import backtest_account
    from jutsu_dagster.pipeline.compare import account_result

    config = project.config(entry.id)
    account = backtest_account(config)
    result = account_result(
        project.ledger, account, config.initial_capital, first, last,
        directional=is_directional(config),
    )  # fmt: skip
    if result is None:
        raise DataError(f"{entry.id}: no session is recorded{_span(first, last)}")
    return result


def _prepared(project: Project, entries: Sequence[StrategyEntry]) -> dict[str, date]:
    """Return the last day of each market read; raise if one is empty or there is no ledger."""
    ledger, ends = project.ledger, {}
    for name in dict.fromkeys(map(table_read, entries)):
        coverage = project.store.coverage(name)
        if not len(coverage):
            raise DataError(f"{name}: holds no bars yet; run `jutsu ingest`")
        ends[name] = coverage["last"].max()
    # Asked once here, so that a damaged ledger is found before anything is computed.
    ledger.strategies()
    return ends


def _span(first: date | None, last: date | None) -> str:
    return (f" from {first}" if first else "") + (f" to {last}" if last else "")


def _entries(project: Project, ids: Sequence[str]) -> list[StrategyEntry]:
    if not ids:
        for strategy_id, faults in project.registry.broken.items():
            say(f"set aside: {strategy_id}: {faults[0]}")
        return project.registry.get_active_strategies()
    entries = [project.entry(strategy_id) for strategy_id in dict.fromkeys(ids)]
    for entry in entries:
        if entry.config is None:
            raise ConfigError(entry.faults)
        if not entry.is_active:
            key = f"strategies.{entry.id}.is_active"
            rule = "must be true for a backtest of the registered strategy"
            raise ConfigError([Fault(project.registry.file, key, value=False, rule=rule)])
    return entries


def _bring_up(
    project: Project,
    opened: DagsterInstance,
    entry: StrategyEntry,
    asked: tuple[date | None, date | None],
    ends: date,
    *,
    force: bool,
    quiet: bool,
) -> None:
    """Materialize the years of one strategy that do not stand, as one run."""
    from jutsu_dagster.definitions import BACKTEST_JOB
    from jutsu_dagster.defs.backtests import backtest_key
    from jutsu_dagster.pipeline.outdated import outdated_years

    config = project.config(entry.id)
    first, last = asked
    stop = min(ends, last or ends, config.backtest_end or ends)
    years = list(range(config.backtest_start.year, stop.year + 1))
    if not years or (first is not None and first.year < years[0]):
        raise DataError(
            f"{entry.id}: its backtest starts on {config.backtest_start} and the data end on"
            f" {ends}; nothing to compute{_span(first, last) or ' yet'}"
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
