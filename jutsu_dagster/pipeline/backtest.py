"""Backtest years: a year of a strategy's account from the market store into the ledger."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import date

from jutsu_dagster.core.account import AccountState
from jutsu_dagster.core.errors import DataError, LedgerError
from jutsu_dagster.pipeline.backtest_trials import note_backtest
from jutsu_dagster.pipeline.candles import Direct
from jutsu_dagster.pipeline.carry import Carrier, load
from jutsu_dagster.pipeline.direct import is_directional
from jutsu_dagster.pipeline.directional_backtest import run_directional_years
from jutsu_dagster.pipeline.ingest import ETF_DAILY
from jutsu_dagster.pipeline.year_report import (
    YearReport,
    backtest_account,
    content_of,
    last_year,
    nothing_report,
    year_metrics,
)
from jutsu_dagster.registry.config import StrategyConfig
from jutsu_dagster.storage.ledger import Ledger
from jutsu_dagster.storage.market import MarketStore

__all__ = ["backtest_account", "last_year", "run_years"]


def run_years(
    config: StrategyConfig,
    store: MarketStore,
    ledger: Ledger,
    years: Sequence[int],
    direct: Direct | None = None,
) -> Iterator[YearReport]:
    """Compute consecutive years and record each in one transaction, yielding as they finish.

    A year starts from the recorded end of the year before, or from a fresh account at
    ``backtest.start``. Years already recorded are overwritten. If a year fails, those before it
    stay recorded. Recorded years that ``backtest.start`` and ``backtest.end`` no longer cover are
    removed: they are no part of the account. With the last year the account is noted as a trial.

    ``direct`` asks a directional strategy, whose market may begin later than ``backtest.start``:
    then its account does too. This process asks unless given.

    Raises
    ------
    DataError
        If bars are missing, by session and symbol.
    LedgerError
        If the year before the first one is not recorded, or with other settings.
    """
    if is_directional(config):
        yield from run_directional_years(config, store, ledger, years, direct)
        return
    first_year = config.backtest_start.year
    wanted = sorted(years)
    live = [year for year in wanted if first_year <= year <= last_year(config)]
    if live != list(range(live[0], live[-1] + 1) if live else ()):
        raise LedgerError(f"{config.strategy_id}: years {live} must be consecutive")
    _forget_outside(config, ledger)
    for year in (year for year in wanted if year < first_year):
        yield nothing_report(config, year, f"before backtest.start ({config.backtest_start})")
    if live:
        chain = _Chain(config, store, ledger, live)
        for year in live:
            yield chain.record(year)
        note_backtest(config, ledger)
    for year in (year for year in wanted if year > last_year(config)):
        yield nothing_report(config, year, f"after backtest.end ({config.backtest_end})")


def _forget_outside(config: StrategyConfig, ledger: Ledger) -> None:
    account = backtest_account(config)
    recorded = [checkpoint.period for checkpoint in ledger.checkpoints(account)]
    years = range(config.backtest_start.year, last_year(config) + 1)
    outside = [period for period in recorded if int(period) not in years]
    if outside:
        ledger.forget(account, outside)


class _Chain:
    """Consecutive years of one account, each starting where the last one ended."""

    def __init__(
        self, config: StrategyConfig, store: MarketStore, ledger: Ledger, years: Sequence[int]
    ) -> None:
        self.config, self.ledger = config, ledger
        self.account = backtest_account(config)
        self.state = self._opening(years[0])
        last = min(date(years[-1], 12, 31), config.backtest_end or date.max)
        evaluation, version = load(config, store, last)
        capital = config.initial_capital
        self.carrier = Carrier(evaluation, self.account, evaluation.start, capital, version)
        self.source = store.source(ETF_DAILY)
        ledger.remember_parameters(config)

    def _opening(self, year: int) -> AccountState:
        if year == self.config.backtest_start.year:
            return AccountState.open(self.config.initial_capital)
        before = self.ledger.checkpoint(self.account, str(year - 1))
        first = self.config.backtest_start.year
        name = self.config.strategy_id
        if before is None:
            raise LedgerError(
                f"backtests/{name}: {year} starts from the end of {year - 1}, which is not"
                f" recorded; materialize {self._span(year)} first, from {first}"
            )
        if before.provenance.parameter_hash != self.config.settings_hash:
            raise LedgerError(
                f"backtests/{name}: {year - 1} was recorded with other settings"
                f" ({before.provenance.parameter_hash}, now {self.config.settings_hash});"
                f" materialize {first} to {year} anew, one account has one set of parameters"
            )
        return before.closing

    def _span(self, year: int) -> str:
        done = [row.period for row in self.ledger.checkpoints(self.account)]
        first = self.config.backtest_start.year
        missing = [y for y in range(first, year) if str(y) not in done]
        return f"{missing[0]} to {missing[-1]}" if len(missing) > 1 else str(missing[0])

    def record(self, year: int) -> YearReport:
        carrier = self.carrier
        bars, start = carrier.evaluation.bars, carrier.first
        begin = max(bars.position(date(year, 1, 1)), start)
        end = bars.position(date(year + 1, 1, 1))
        if begin >= end:
            raise DataError(
                f"{self.config.strategy_id}: {ETF_DAILY} has no session of {year}; it ends on"
                f" {bars.sessions[-1]}. Ingest {year} first"
            )
        state = self.state
        segment = carrier.run(state, begin, end)
        period = carrier.period(str(year), segment, begin, year_metrics(segment, state.equity))
        self.ledger.record(period)
        self.state = segment.closing
        return YearReport(
            year=year,
            segment=segment,
            baseline=period.baseline,
            opening_equity=state.equity,
            opening_baseline=(
                float(carrier.baseline[begin - start - 1])
                if begin > start
                else self.config.initial_capital
            ),
            metrics=dict(period.metrics),
            content_hash=content_of(segment),
            data_version=period.provenance.data_version,
            parameter_hash=period.provenance.parameter_hash,
            code_version=period.provenance.code_version,
            source=self.source,
        )
