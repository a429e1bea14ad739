"""Which recorded backtest years still stand, and why the others do not."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date

from jutsu_dagster.pipeline.backtest import backtest_account, last_year
from jutsu_dagster.pipeline.carry import load
from jutsu_dagster.pipeline.direct import is_directional
from jutsu_dagster.pipeline.directional_outdated import outdated_directional_years
from jutsu_dagster.pipeline.evaluate import Evaluation
from jutsu_dagster.registry.config import StrategyConfig
from jutsu_dagster.storage.ledger import Ledger
from jutsu_dagster.storage.market import MarketStore
from jutsu_dagster.storage.records import Checkpoint
from jutsu_dagster.strategies.base import code_version


def outdated_years(
    config: StrategyConfig, store: MarketStore, ledger: Ledger, years: Sequence[int]
) -> dict[int, str]:
    """Return which of the years need computing, each with the reason; none if all stand.

    A year stands while its settings, its bars, the code and the year before it are those that
    it was computed from. Recorded years after ``backtest.end`` are named too: they are to go.
    """
    if is_directional(config):
        return outdated_directional_years(config, store, ledger, years)
    account = backtest_account(config)
    recorded = {row.period: row for row in ledger.checkpoints(account)}
    wanted = [y for y in sorted(years) if config.backtest_start.year <= y <= last_year(config)]
    if not wanted:
        return {}
    last = min(date(wanted[-1], 12, 31), config.backtest_end or date.max)
    evaluation, _ = load(config, store, last)
    gone = [int(period) for period in recorded if int(period) > last_year(config)]
    reasons = dict.fromkeys(sorted(gone), f"after backtest.end ({config.backtest_end})")
    for year in wanted:
        reason = _reason(config, evaluation, recorded, year)
        if reason is None and year - 1 in reasons:
            reason = f"{year - 1} is computed anew"
        if reason:
            reasons[year] = reason
    return reasons


def _reason(
    config: StrategyConfig,
    evaluation: Evaluation,
    recorded: dict[str, Checkpoint],
    year: int,
) -> str | None:
    row = recorded.get(str(year))
    before = recorded.get(str(year - 1))
    if row is None:
        return "not recorded yet"
    made = row.provenance
    if made.parameter_hash != config.settings_hash:
        return "its settings changed"
    if made.code_version != code_version(type(evaluation.strategy)):
        return "the code changed"
    if made.data_hash != evaluation.data_hash(evaluation.bars.position(date(year + 1, 1, 1))):
        return "its bars changed"
    if before is not None and row.opening_hash != before.closing_hash:
        return f"{year - 1} was computed anew"
    return None
