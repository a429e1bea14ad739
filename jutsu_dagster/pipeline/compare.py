"""The ledger's accounts as results: curves, metrics, trades, and what has gone stale."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from typing import Any

import numpy as np
import pandas as pd

from jutsu_dagster.core.account import AccountKey
from jutsu_dagster.core.bars import FloatArray, TimeArray
from jutsu_dagster.core.metrics import beta, equity_metrics, session_returns
from jutsu_dagster.core.stake_metrics import DAYS_PER_YEAR, stake_metrics
from jutsu_dagster.core.trade_statistics import trade_statistics
from jutsu_dagster.reporting.compare import Compared
from jutsu_dagster.storage import exploration_log as log
from jutsu_dagster.storage.exploration_accounts import curve
from jutsu_dagster.storage.ledger import Ledger

STALE_RULE = "computed from an earlier version of the year before; backtest them again"


@dataclass(frozen=True, eq=False, slots=True)
class AccountResult:
    """What an account did, as recorded.

    Attributes
    ----------
    account : AccountKey
    initial_capital : float
        Money at the start of the sessions shown.
    sessions : datetime64[D] of shape (T,)
    equity, baseline : float64 of shape (T,)
        Money; the baseline is scaled to start from the same capital.
    metrics, baseline_metrics : mapping
        ``equity_metrics`` of both.
    trades : mapping
        ``trade_statistics``, and ``beta`` against the baseline.
    stale : tuple of str
        Periods computed from an earlier version of the one before.
    """

    account: AccountKey
    initial_capital: float
    sessions: TimeArray
    equity: FloatArray
    baseline: FloatArray
    metrics: dict[str, Any]
    baseline_metrics: dict[str, Any]
    trades: dict[str, Any]
    stale: tuple[str, ...]

    @property
    def compared(self) -> Compared:
        """The result as a column of the comparison table."""
        return Compared(
            name=self.account.strategy_id,
            initial_capital=self.initial_capital,
            metrics=self.metrics,
            baseline_metrics=self.baseline_metrics,
            trades=self.trades,
        )


def curve_of(
    ledger: Ledger, account: AccountKey, last: date | None = None, *, directional: bool = False
) -> pd.DataFrame:
    """Return an account's recorded sessions: session, total_equity and baseline_value.

    A directional account's are UTC days, and its baseline begins at the close of the first.
    """
    if not directional:
        return ledger.snapshots(account, None, last)
    rows = curve(ledger.engine, account, last)
    grown = rows["last_close"] / rows["last_close"].iloc[0] if len(rows) else rows["last_close"]
    return pd.DataFrame(
        {
            "session": rows["day"],
            "total_equity": rows["equity"],
            "baseline_value": rows["initial_capital"] * grown,
        }
    )


def account_result(
    ledger: Ledger,
    account: AccountKey,
    initial_capital: float,
    first: date | None = None,
    last: date | None = None,
    *,
    directional: bool = False,
) -> AccountResult | None:
    """Return an account's result over its recorded sessions; None if there are none.

    With ``first`` the metrics start from the equity at the close before it.
    """
    if directional:
        return directional_result(ledger, account, first, last)
    recorded = ledger.snapshots(account, None, last)
    before = 0
    if first is not None:
        before = int((recorded["session"] < pd.Timestamp(first)).sum())
    snapshots = recorded.iloc[before:]
    if not len(snapshots):
        return None
    trades = ledger.trades(account, first, last)
    sessions = snapshots["session"].to_numpy().astype("datetime64[D]")
    equity = snapshots["total_equity"].to_numpy(np.float64)
    baseline = snapshots["baseline_value"].to_numpy(np.float64)
    capital = initial_capital
    if before:
        # Both start from the account's equity then, so that their money can be compared.
        capital = float(recorded["total_equity"].iloc[before - 1])
        baseline = baseline * (capital / float(recorded["baseline_value"].iloc[before - 1]))
    realised = trades["realised_pnl"].to_numpy(np.float64, na_value=np.nan)
    statistics = trade_statistics(realised)
    statistics["beta"] = beta(session_returns(equity), session_returns(baseline))
    return AccountResult(
        account=account,
        initial_capital=capital,
        sessions=sessions,
        equity=equity,
        baseline=baseline,
        metrics=equity_metrics(equity, sessions, capital),
        baseline_metrics=equity_metrics(baseline, sessions, capital),
        trades=statistics,
        stale=tuple(ledger.stale_periods(account)),
    )


def directional_result(
    ledger: Ledger, account: AccountKey, first: date | None = None, last: date | None = None
) -> AccountResult | None:
    """Return a directional account's result over its recorded days; None if there are none.

    Every trade stakes the initial capital, so a part of the account's life is shown as one that
    began with it: what was won or lost before ``first`` is left out.
    """
    recorded = curve_of(ledger, account, last, directional=True)
    before = 0
    if first is not None:
        before = int((recorded["session"] < pd.Timestamp(first)).sum())
    rows = recorded.iloc[before:]
    if not len(rows):
        return None
    trades = log.trades(ledger.engine, account, first=first, last=last)
    equity = rows["total_equity"].to_numpy(np.float64)
    baseline = rows["baseline_value"].to_numpy(np.float64)
    stake = float(recorded["baseline_value"].iloc[0])
    if before:
        equity = stake + (equity - float(recorded["total_equity"].iloc[before - 1]))
        baseline = stake * (baseline / float(recorded["baseline_value"].iloc[before - 1]))
    sessions = rows["session"].to_numpy().astype("datetime64[D]")
    statistics = trade_statistics(trades["pct"].to_numpy(np.float64) * stake)
    statistics["beta"] = beta(np.diff(equity) / stake, session_returns(baseline))
    year = {"periods_per_year": DAYS_PER_YEAR}
    return AccountResult(
        account=account,
        initial_capital=stake,
        sessions=sessions,
        equity=equity,
        baseline=baseline,
        metrics=stake_metrics(equity, stake, **year),
        baseline_metrics=equity_metrics(baseline, sessions, stake, **year),
        trades=statistics,
        stale=tuple(stale_years(ledger, account)),
    )


def stale_years(ledger: Ledger, account: AccountKey) -> list[str]:
    """Return the years of a directional account that do not start where the day before closed."""
    rows = curve(ledger.engine, account)
    opens, closes = rows["opening_hash"].to_numpy(), rows["closing_hash"].to_numpy()
    broken = rows["day"].dt.year.to_numpy()[1:][opens[1:] != closes[:-1]]
    first = min(broken.tolist(), default=None)
    if first is None:
        return []
    # What follows from a year that does not stand, does not either.
    return [str(year) for year in sorted(set(rows["day"].dt.year.tolist())) if year >= first]
