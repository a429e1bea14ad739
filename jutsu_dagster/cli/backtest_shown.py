"""What ``jutsu backtest`` says of registered strategies: numbers side by side, trades by regime."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import asdict
from typing import TYPE_CHECKING

from jutsu_dagster.cli.console import answer_json, print_table, say
from jutsu_dagster.cli.project import Project
from jutsu_dagster.core.timeframe import ETF_DAILY, table_of
from jutsu_dagster.pipeline.direct import is_directional
from jutsu_dagster.registry.load import StrategyEntry
from jutsu_dagster.reporting.balance import HEADER, RegimeBalance, balance_by_regime, balance_rows

if TYPE_CHECKING:
    from jutsu_dagster.pipeline.compare import AccountResult


def show_results(project: Project, results: Sequence[AccountResult], *, as_json: bool) -> None:
    """Print accounts side by side, and the trades of directional ones by regime."""
    from jutsu_dagster.pipeline.backtest_span import backtest_span
    from jutsu_dagster.pipeline.compare import STALE_RULE
    from jutsu_dagster.reporting.compare import comparison_table
    from jutsu_dagster.sources.base import is_synthetic

    table = comparison_table([result.compared for result in results])
    entries = [project.registry.entries[result.account.strategy_id] for result in results]
    balances = {
        entry.id: _balance(project, result)
        for entry, result in zip(entries, results, strict=True)
        if is_directional(entry.config)
    }
    if as_json:
        answer_json(table.to_dict() | _balances_as_data(balances))
        return
    begins, ends = min(r.sessions[0] for r in results), max(r.sessions[-1] for r in results)
    print_table(f"Backtest {begins} to {ends}", table.header, table.text_rows())
    for id_, balance in balances.items():
        print_table(f"{id_}, closed trades by regime of entry", list(HEADER), balance_rows(balance))
    for name in dict.fromkeys(map(table_read, entries)):
        source = project.store.source(name)
        say(f"Market: {name} from {source}{', which is synthetic' * is_synthetic(source)}.")
    for entry, result in zip(entries, results, strict=True):
        if entry.config is not None and is_directional(entry.config):
            say(
                f"{entry.id}: {result.sessions[0]} to {result.sessions[-1]}, UTC days; every trade"
                " stakes the initial capital, and results add up"
            )
            note = backtest_span(entry.config, project.store).note
            if note:
                say(f"{entry.id}: {note}")
        if result.stale:
            say(f"stale: {result.account} {', '.join(result.stale)} {STALE_RULE}")


def _balance(project: Project, result: AccountResult) -> tuple[RegimeBalance, ...]:
    """Return a directional account's trades over the days shown."""
    from jutsu_dagster.storage import exploration_log as log

    span = {"first": result.sessions[0].item(), "last": result.sessions[-1].item()}
    rows = log.trades(project.ledger.engine, result.account, **span).to_dict("records")
    return balance_by_regime({str(name): value for name, value in row.items()} for row in rows)


def _balances_as_data(balances: Mapping[str, tuple[RegimeBalance, ...]]) -> dict[str, object]:
    if not balances:
        return {}
    return {
        "trades_by_regime": {
            id_: {each.regime: {"long": asdict(each.long), "short": asdict(each.short)}
                  for each in balance}
            for id_, balance in balances.items()
        }
    }  # fmt: skip


def table_read(entry: StrategyEntry) -> str:
    """Return the market table that a strategy reads."""
    return table_of(entry.config.strategy.timeframe) if entry.config else ETF_DAILY
