"""A backtest as a trial: the parameters of a registered strategy were tried on these bars too."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable
from datetime import date

import numpy as np

from jutsu_dagster.core.bars import FloatArray
from jutsu_dagster.pipeline.year_report import backtest_account
from jutsu_dagster.registry.config import StrategyConfig
from jutsu_dagster.research.statistics.sharpe import moments
from jutsu_dagster.storage.exploration_accounts import curve
from jutsu_dagster.storage.ledger import Ledger
from jutsu_dagster.storage.records import TrialRecord
from jutsu_dagster.storage.trial_log import session_equity
from jutsu_dagster.strategies.base import code_version

BACKTEST = "backtest"


def note_backtest(config: StrategyConfig, ledger: Ledger) -> int:
    """Record a strategy's backtest as a trial: once a parameter set, span and bars.

    It is the whole account, from its first day to its last; one whose years do not belong
    together (some are of other settings, or follow from what was replaced) is no result.

    Returns
    -------
    int
        Rows added.
    """
    account = backtest_account(config)
    if ledger.stale_periods(account):
        return 0
    periods = ledger.checkpoints(account)
    if any(one.provenance.parameter_hash != config.settings_hash for one in periods):
        return 0
    if not periods or periods[0].period != str(config.backtest_start.year):
        return 0
    days, equity = session_equity(ledger.engine, account)
    before = np.concatenate(([config.initial_capital], equity[:-1]))
    returns = equity / before - 1.0
    hashes = [one.provenance.data_hash for one in periods]
    return _record(config, ledger, (days[0], days[-1]), returns, equity, hashes)


def note_directional_backtest(config: StrategyConfig, ledger: Ledger) -> int:
    """As ``note_backtest``, for a strategy that decides directions."""
    days = curve(ledger.engine, backtest_account(config))
    chained = (days["opening_hash"].iloc[1:].to_numpy() == days["closing_hash"].iloc[:-1]).all()
    if days.empty or not chained or (days["parameter_hash"] != config.settings_hash).any():
        return 0
    equity, stake = days["equity"].to_numpy(), float(days["initial_capital"].iloc[0])
    returns = np.diff(np.concatenate(([stake], equity))) / stake
    span = days["day"].iloc[0].date(), days["day"].iloc[-1].date()
    return _record(config, ledger, span, returns, equity, days["data_hash"])


def _record(
    config: StrategyConfig,
    ledger: Ledger,
    span: tuple[date, date],
    returns: FloatArray,
    equity: FloatArray,
    hashes: Iterable[str],
) -> int:
    found = moments(returns)
    trial = TrialRecord(
        parent_id=config.strategy_id,
        source=BACKTEST,
        # The strategy's, by which a variant or a sweep's set of the same parameters is known.
        parameter_hash=config.strategy.parameter_hash,
        parameters={},
        first_session=span[0],
        last_session=span[1],
        daily_sharpe=found.sharpe if found else None,
        total_return=float(equity[-1] / config.initial_capital - 1.0),
        data_hash=hashlib.sha256("".join(hashes).encode()).hexdigest()[:16],
        code_version=code_version(type(config.strategy)),
        metrics={"days": len(equity)},
    )
    return ledger.record_trials([trial])
