"""Which recorded years of a directional backtest still stand, and why the others do not."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import date

import pandas as pd

from jutsu_dagster.pipeline.backtest_span import BacktestSpan, backtest_span
from jutsu_dagster.pipeline.course import candles_of, day_hash
from jutsu_dagster.pipeline.year_report import backtest_account, last_year
from jutsu_dagster.registry.config import StrategyConfig
from jutsu_dagster.storage.exploration_accounts import curve
from jutsu_dagster.storage.ledger import Ledger
from jutsu_dagster.storage.market import MarketStore
from jutsu_dagster.strategies.base import code_version


def outdated_directional_years(
    config: StrategyConfig, store: MarketStore, ledger: Ledger, years: Sequence[int]
) -> dict[int, str]:
    """Return which years need computing, each with the reason; as ``outdated_years``."""
    covered = backtest_span(config, store)
    rows = curve(ledger.engine, backtest_account(config))
    recorded = {int(year): own for year, own in rows.groupby(rows["day"].dt.year)}
    final = last_year(config)
    wanted = [year for year in sorted(years) if covered.first.year <= year <= final]
    reasons = {
        year: f"after backtest.end ({config.backtest_end})" for year in recorded if year > final
    }
    for year in wanted:
        found = _reason(config, store, covered, recorded, year)
        if found is None and year - 1 in reasons:
            found = f"{year - 1} is computed anew"
        if found:
            reasons[year] = found
    return reasons


def _reason(
    config: StrategyConfig,
    store: MarketStore,
    covered: BacktestSpan,
    recorded: Mapping[int, pd.DataFrame],
    year: int,
) -> str | None:
    rows, before = recorded.get(year), recorded.get(year - 1)
    if rows is None:
        return "not recorded yet"
    reason = None
    if (rows["parameter_hash"] != config.settings_hash).any():
        reason = "its settings changed"
    elif (rows["code_version"] != code_version(type(config.strategy))).any():
        reason = "the code changed"
    elif not _same_bars(config, store, covered, rows, covered.of(year)):
        reason = "its bars changed"
    elif before is not None and rows["opening_hash"].iloc[0] != before["closing_hash"].iloc[-1]:
        reason = f"{year - 1} was computed anew"
    return reason


def _same_bars(
    config: StrategyConfig,
    store: MarketStore,
    covered: BacktestSpan,
    rows: pd.DataFrame,
    days: Sequence[date],
) -> bool:
    if [day.date() for day in rows["day"]] != list(days):
        return False
    candles = candles_of(config, store, days[0], days[-1])
    now = [day_hash(candles, day, opens=day == covered.first) for day in days]
    return bool(rows["data_hash"].tolist() == now)
