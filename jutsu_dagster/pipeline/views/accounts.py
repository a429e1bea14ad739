"""One account of a strategy, whatever its kind: its curve, its metrics, and where it stands."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, timedelta
from typing import Any, Literal

from jutsu_dagster.core.account import AccountKey
from jutsu_dagster.core.bars import TimeArray
from jutsu_dagster.pipeline.compare import AccountResult, account_result
from jutsu_dagster.pipeline.direct import is_directional
from jutsu_dagster.pipeline.views.asked import NothingRecordedError, require_range
from jutsu_dagster.pipeline.views.desk import ReadDesk
from jutsu_dagster.registry.load import StrategyEntry
from jutsu_dagster.storage import exploration_log, view_rows
from jutsu_dagster.storage.ledger import Ledger

ShownMode = Literal["paper", "backtest"]
Json = dict[str, Any]

# What of the metrics is a fraction in the ledger and percent points in an answer.
_PERCENT = frozenset(
    {"total_return", "cagr", "volatility", "max_drawdown", "win_rate"}
)  # fmt: skip
_HOW = {"paper": "run `jutsu trade`", "backtest": "run `jutsu backtest`"}


@dataclass(frozen=True, eq=False, slots=True)
class Account:
    """An account as it is asked about.

    Attributes
    ----------
    entry : StrategyEntry
    mode : "paper" or "backtest"
    directional : bool
        Whether it stakes the same money on every trade, and counts UTC days.
    """

    entry: StrategyEntry
    mode: ShownMode
    directional: bool

    @property
    def key(self) -> AccountKey:
        """Its key in the ledger."""
        return AccountKey(self.entry.id, self.mode)

    @property
    def kind(self) -> str:
        """``allocation`` or ``directional``."""
        return view_rows.DIRECTIONAL if self.directional else view_rows.ALLOCATION

    @property
    def head(self) -> Json:
        """What every answer about it begins with."""
        return {"strategy_id": self.entry.id, "mode": self.mode, "kind": self.kind}

    def opened_with(self, ledger: Ledger) -> float | None:
        """Return the money that the account began with; None where nothing is recorded."""
        if self.directional:
            head = exploration_log.latest(ledger.engine, self.mode, [self.entry.id])
            return head[self.entry.id].initial_capital if head else None
        last = ledger.latest_checkpoint(self.key)
        return None if last is None else last.closing.initial_capital


def account_of(desk: ReadDesk, strategy_id: str | None, mode: ShownMode) -> Account:
    """Return a strategy's account, the primary's for None.

    A broken strategy's is shown too, of the kind that the ledger holds.

    Raises
    ------
    UnknownError
        If it is not registered.
    """
    entry = desk.entry(strategy_id)
    directional = is_directional(entry.config)
    if entry.config is None:
        known = exploration_log.latest(desk.ledger.engine, mode, [entry.id])
        directional = entry.id in known
    return Account(entry, mode, directional)


def nothing(account: Account, first: date | None = None, last: date | None = None) -> Exception:
    """Return the error that says an account has nothing recorded, and what to do."""
    if first is None and last is None:
        return NothingRecordedError(f"nothing is recorded of {account.key}; {_HOW[account.mode]}")
    said = f"from {first}" if last is None else f"up to {last}" if first is None else ""
    said = said or f"from {first} to {last}"
    return NothingRecordedError(
        f"nothing is recorded of {account.key} {said}; ask for other days, or {_HOW[account.mode]}"
    )


def result_of(
    desk: ReadDesk, account: Account, first: date | None = None, last: date | None = None
) -> AccountResult:
    """Return what an account did in a range, as every page and command shows it.

    Raises
    ------
    NothingRecordedError
        If there is no session of it in the range.
    """
    require_range(first, last)
    ledger = desk.ledger
    capital = account.opened_with(ledger)
    found = None
    if capital is not None:
        found = account_result(
            ledger, account.key, capital, first, last, directional=account.directional
        )
    if found is None:
        raise nothing(account, first, last)
    return found


def period_of(sessions: TimeArray) -> Json:
    """Return ``start_date``, ``end_date`` and ``trading_days``, the number of sessions."""
    return {
        "start_date": str(sessions[0].astype("datetime64[D]")),
        "end_date": str(sessions[-1].astype("datetime64[D]")),
        "trading_days": len(sessions),
    }


def in_points(metrics: Mapping[str, Any]) -> Json:
    """Return metrics with returns, volatility, drawdown and win rate in percent points."""
    return {name: points(value) if name in _PERCENT else value for name, value in metrics.items()}


def points(fraction: float | None) -> float | None:
    """Return a fraction in percent points; None stays None, zero stays zero."""
    return None if fraction is None or fraction != fraction else 100.0 * fraction  # noqa: PLR0124


def regime_at(desk: ReadDesk, account: Account, last: date | None = None) -> str | None:
    """Return the regime at an account's last close up to a day.

    Of an allocation account the cell, as ``Cell_3``; of a directional one the regime in which its
    open position was entered. None where there is none.
    """
    ledger = desk.ledger
    if account.directional:
        before = None if last is None else last + timedelta(days=1)
        found = exploration_log.latest(
            ledger.engine, account.mode, [account.entry.id], before=before
        )
        state = found[account.entry.id].state if found else {}
        return state.get("entry_regime") if state.get("dir") else None
    row = view_rows.last_close(ledger.engine, account.key, last)
    return f"Cell_{row['cell']}" if row and row["cell"] else None
