"""Backtest years of directional strategies: their UTC days from the market store to the ledger."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator, Sequence
from datetime import date, timedelta

import numpy as np

from jutsu_dagster.core.errors import DataError, LedgerError
from jutsu_dagster.core.stake_metrics import stake_metrics
from jutsu_dagster.core.trade_statistics import trade_statistics
from jutsu_dagster.pipeline.backtest_span import BacktestSpan, backtest_span
from jutsu_dagster.pipeline.backtest_trials import note_directional_backtest
from jutsu_dagster.pipeline.candles import Direct
from jutsu_dagster.pipeline.course import Course
from jutsu_dagster.pipeline.lanes import Lane
from jutsu_dagster.pipeline.year_report import (
    Curve,
    YearReport,
    backtest_account,
    last_year,
    nothing_report,
)
from jutsu_dagster.registry.config import StrategyConfig
from jutsu_dagster.reporting.balance import balance_by_regime
from jutsu_dagster.storage import exploration_log as log
from jutsu_dagster.storage.exploration_accounts import curve, span
from jutsu_dagster.storage.exploration_log import Head
from jutsu_dagster.storage.exploration_rows import DayRecord
from jutsu_dagster.storage.exploration_write import replace
from jutsu_dagster.storage.ledger import Ledger
from jutsu_dagster.storage.market import MarketStore

_DAY = timedelta(days=1)


def run_directional_years(
    config: StrategyConfig,
    store: MarketStore,
    ledger: Ledger,
    years: Sequence[int],
    direct: Direct | None = None,
) -> Iterator[YearReport]:
    """Compute consecutive years and record each in one transaction; as ``run_years``."""
    covered = backtest_span(config, store)
    first, final = covered.first.year, last_year(config)
    wanted = sorted(years)
    live = [year for year in wanted if first <= year <= final]
    if live != list(range(live[0], live[-1] + 1) if live else ()):
        raise LedgerError(f"{config.strategy_id}: years {live} must be consecutive")
    _forget_outside(config, ledger, first)
    for year in (year for year in wanted if year < first):
        before = f"before backtest.start ({config.backtest_start})"
        yield nothing_report(config, year, covered.note or before)
    if live:
        chain = _Chain(config, store, ledger, covered, live, direct)
        for year in live:
            yield chain.record(year)
        note_directional_backtest(config, ledger)
    for year in (year for year in wanted if year > final):
        yield nothing_report(config, year, f"after backtest.end ({config.backtest_end})")


def _forget_outside(config: StrategyConfig, ledger: Ledger, first_year: int) -> None:
    account = backtest_account(config)
    held = span(ledger.engine, account)
    if held is None:
        return
    if held[0].year < first_year:
        replace(ledger.engine, account, held[0], date(first_year, 1, 1) - _DAY, [])
    if held[1].year > last_year(config):
        replace(ledger.engine, account, date(last_year(config) + 1, 1, 1), held[1], [])


class _Chain:
    """Consecutive years of one account, each starting where the last one ended."""

    def __init__(
        self,
        config: StrategyConfig,
        store: MarketStore,
        ledger: Ledger,
        covered: BacktestSpan,
        years: Sequence[int],
        direct: Direct | None,
    ) -> None:
        self.config, self.ledger, self.covered = config, ledger, covered
        self.account = backtest_account(config)
        self.head = self._opening(years[0])
        days = [day for year in years for day in covered.of(year)]
        if not days:
            raise DataError(self._empty(years[0]))
        self.course = Course(config, store, days[0], days[-1], direct)
        self.lane: Lane = self.course.lane(self.account, self.head)
        self.equity = self.lane.capital if self.head is None else self.head.equity
        self.close = self._closes() if self.head is not None else None
        self.source = store.source(self.course.candles.table)
        ledger.remember_parameters(config)

    def _opening(self, year: int) -> Head | None:
        name, first = self.config.strategy_id, self.covered.first.year
        if year == first:
            return None
        engine = self.ledger.engine
        before = log.latest(engine, "backtest", [name], before=date(year, 1, 1)).get(name)
        if before is None or before.day != max(self.covered.of(year - 1), default=None):
            have = set(curve(engine, self.account)["day"].dt.year)
            missing = [y for y in range(first, year) if y not in have] or [year - 1]
            which = f"{missing[0]} to {missing[-1]}" if len(missing) > 1 else str(missing[0])
            raise LedgerError(
                f"backtests/{name}: {year} starts from the end of {year - 1}, which is not"
                f" recorded; materialize {which} first, from {first}"
            )
        if before.parameter_hash != self.config.settings_hash:
            raise LedgerError(
                f"backtests/{name}: {year - 1} was recorded with other settings"
                f" ({before.parameter_hash}, now {self.config.settings_hash});"
                f" materialize {first} to {year} anew, one account has one set of parameters"
            )
        return before

    def _closes(self) -> tuple[float, float]:
        """Return the closes of the account's first day and of the last one recorded."""
        assert self.head is not None  # noqa: S101
        rows = curve(self.ledger.engine, self.account, self.head.day)["last_close"]
        return float(rows.iloc[0]), float(rows.iloc[-1])

    def _empty(self, year: int) -> str:
        ends = f"it ends on {self.covered.last}"
        return f"{self.config.strategy_id}: the market has no day of {year}; {ends}. Ingest first"

    def record(self, year: int) -> YearReport:
        days = self.covered.of(year)
        if not days:
            raise DataError(self._empty(year))
        records = [self.course.carry(self.lane, day) for day in days]
        replace(self.ledger.engine, self.account, date(year, 1, 1), date(year, 12, 31), records)
        report = self._report(year, records)
        self.equity = records[-1].equity
        self.close = (self._base(records), records[-1].last_close)
        return report

    def _base(self, records: Sequence[DayRecord]) -> float:
        return self.close[0] if self.close is not None else records[0].last_close

    def _report(self, year: int, records: Sequence[DayRecord]) -> YearReport:
        stake, base = self.lane.capital, self._base(records)
        equity = np.array([record.equity for record in records])
        trades = [row for record in records for row in record.trades]
        realised = np.array([row.get("pct", np.nan) for row in trades], dtype=np.float64)
        days = np.array([record.day for record in records], "datetime64[D]")
        own = Curve(days, equity, self.equity, stake)
        metrics = stake_metrics(own.from_stake, stake)
        metrics |= {"final_equity": float(equity[-1])} | trade_statistics(realised * stake)
        digest = hashlib.sha256("".join(record.closing_hash for record in records).encode())
        digest.update(equity.tobytes())
        return YearReport(
            year=year,
            segment=own,
            baseline=stake * np.array([record.last_close for record in records]) / base,
            opening_equity=self.equity,
            opening_baseline=stake * (self.close[1] / base if self.close is not None else 1.0),
            metrics=metrics,
            content_hash=digest.hexdigest()[:16],
            data_version=records[-1].data_version,
            parameter_hash=records[-1].parameter_hash,
            code_version=records[-1].code_version,
            source=self.source,
            note=self.covered.note if year == self.covered.first.year else "",
            balance=balance_by_regime(trades),
        )
