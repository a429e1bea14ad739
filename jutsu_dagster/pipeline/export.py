"""Ledger → files: an account's exports in the formats people already read."""

from __future__ import annotations

from datetime import date, datetime
from pathlib import Path

from jutsu_dagster.core.engine import latest_closes
from jutsu_dagster.core.errors import LedgerError, StrategyError
from jutsu_dagster.pipeline.backtest import backtest_account
from jutsu_dagster.pipeline.direct import is_directional
from jutsu_dagster.pipeline.evaluate import stored_bars
from jutsu_dagster.registry.config import StrategyConfig
from jutsu_dagster.reporting.account import AccountReport
from jutsu_dagster.reporting.exports import ExportKind, dashboard_files, report_files, write_files
from jutsu_dagster.storage.ledger import Ledger
from jutsu_dagster.storage.market import MarketStore

EXPORT_KINDS: tuple[ExportKind, ...] = ("dashboard", "daily", "trades", "regimes", "summary")


def export(
    config: StrategyConfig,
    kind: ExportKind,
    store: MarketStore,
    ledger: Ledger,
    folder: Path,
    written: datetime,
    *,
    compat: bool = False,
) -> list[Path]:
    """Write one kind of export of the strategy's backtest account; return the paths.

    Parameters
    ----------
    config : StrategyConfig
    kind : one of EXPORT_KINDS
    store : MarketStore
    ledger : Ledger
    folder : Path
    written : datetime
        Stamps the names of the files.
    compat : bool
        The dashboard's older Sharpe ratio and "alpha" (a ratio).

    Raises
    ------
    LedgerError
        If nothing is recorded, or years are stale.
    StrategyError
        If the strategy decides directions.
    """
    if is_directional(config):
        raise StrategyError(
            f"{config.strategy_id}: {config.class_name} holds no shares, which these files are"
            " about; `jutsu backtest` shows its account, the tables exploration_days and"
            " exploration_trades of the ledger hold it"
        )
    account = backtest_account(config)
    stale = ledger.stale_periods(account)
    if stale:
        raise LedgerError(
            f"{account}: {', '.join(stale)} rest on an earlier version of the year before;"
            " run `jutsu backtest`, then export again"
        )
    report = AccountReport(
        strategy_id=config.strategy_id,
        strategy_class=config.class_name,
        initial_capital=config.initial_capital,
        signal_symbol=config.strategy.signal_of_record,
        snapshots=ledger.snapshots(account),
        trades=ledger.trades(account),
        parameters=config.strategy.model_dump(mode="json"),
        decision_lag=0 if config.execution_time == "close" else 1,
        held_lag=1 if config.execution_time == "next_close" else 0,
    )
    last: date = report.sessions[-1].item()
    if kind == "dashboard":
        checkpoint = ledger.latest_checkpoint(account)
        files = dashboard_files(
            report,
            {
                "timeframe": config.strategy.timeframe,
                "execution_time": config.execution_time,
                "commission_per_share": config.commission_per_share,
                "slippage_rate": config.slippage_rate,
            },
            warmup_sessions=config.strategy.warmup_sessions,
            data_version=checkpoint.provenance.data_version if checkpoint else None,
            compat=compat,
        )
    else:
        bars = stored_bars(config, store, last)
        start = bars.position(report.sessions[0].item())
        column = bars.column(report.signal_symbol)
        files = report_files(report, kind, written, latest_closes(bars)[start:, column])
    return write_files(files, folder)
