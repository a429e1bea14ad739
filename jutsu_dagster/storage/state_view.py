"""A paper account's last session or day in the ledger, seen as a state file."""

from __future__ import annotations

import math
from collections.abc import Mapping
from datetime import datetime
from typing import TYPE_CHECKING, Any

from jutsu_dagster.core.account import AccountKey
from jutsu_dagster.storage.exploration_accounts import span
from jutsu_dagster.storage.exploration_log import Head, latest, recorded
from jutsu_dagster.storage.records import Checkpoint
from jutsu_dagster.storage.state import StateMetadata, TradingState, vol_number

if TYPE_CHECKING:
    from jutsu_dagster.storage.ledger import Ledger

_DIGITS = 10


def state_of_checkpoint(
    checkpoint: Checkpoint,
    snapshot_row: Mapping[str, Any] | None,
    *,
    created_at: datetime | None,
) -> TradingState:
    """Return the state that a checkpoint stands for.

    Parameters
    ----------
    checkpoint : Checkpoint
    snapshot_row : mapping or None
        The last session's row of ``Ledger.snapshots``, for its regime.
    created_at : datetime or None
        When the account's state began; UTC.

    Returns
    -------
    TradingState
        ``last_allocation`` holds the accepted weights, and the rest under ``CASH``.
    """
    closing, row = checkpoint.closing, snapshot_row or {}
    cash = max(0.0, round(1.0 - math.fsum(closing.accepted.values()), _DIGITS))
    trend, price = row.get("trend_state"), checkpoint.metrics.get("initial_signal_price")
    return TradingState(
        last_run=checkpoint.recorded_at,
        vol_state=vol_number(row.get("vol_state")),
        trend_state=trend if isinstance(trend, str) else None,
        current_positions=dict(closing.shares),
        account_equity=closing.equity,
        last_allocation={**closing.accepted, "CASH": cash},
        metadata=StateMetadata(created_at=created_at, strategy_id=checkpoint.account.strategy_id),
        initial_qqq_price=price,
    )


def state_of_day(head: Head, *, strategy_id: str, created_at: datetime | None) -> TradingState:
    """Return the state that a directional account's last day stands for.

    ``current_positions`` holds the direction of the open position, ``last_allocation`` the stake
    over equity: a directional account counts no shares.
    """
    side = int(head.state.get("dir", 0))
    stake = side * head.initial_capital / head.equity if head.equity > 0 else 0.0
    return TradingState(
        last_run=head.recorded_at,
        vol_state=None,
        trend_state=head.state.get("entry_regime") if side else None,
        current_positions={head.symbol: side} if side else {},
        account_equity=head.equity,
        last_allocation={
            **({head.symbol: round(stake, _DIGITS)} if side else {}),
            "CASH": round(1.0 - abs(stake), _DIGITS),
        },
        metadata=StateMetadata(created_at=created_at, strategy_id=strategy_id),
    )


def state_in_ledger(
    ledger: Ledger, strategy_id: str, current: TradingState | None = None
) -> TradingState | None:
    """Return the state of a strategy's paper account, or None where nothing is recorded.

    ``current``, the valid state so far, gives the time of creation and the keys that we do not
    know; without it the account was created when its first period was recorded.
    """
    account = AccountKey(strategy_id, "paper")
    created_at = current.metadata.created_at if current is not None else None
    checkpoint = ledger.latest_checkpoint(account)
    if checkpoint is None:
        state = _state_of_days(ledger, account, created_at)
    else:
        if created_at is None:
            created_at = ledger.checkpoints(account)[0].recorded_at
        last = checkpoint.last_session
        rows = ledger.snapshots(account, last, last)
        row = {str(name): value for name, value in rows.iloc[-1].items()} if len(rows) else None
        state = state_of_checkpoint(checkpoint, row, created_at=created_at)
    if current is None or state is None:
        return state
    metadata = state.metadata.model_copy(update=current.metadata.model_extra)
    return state.model_copy(update={**(current.model_extra or {}), "metadata": metadata})


def periods_recorded(ledger: Ledger, strategy_id: str) -> int:
    """Return how many sessions or days a strategy's paper account has, of whatever kind it is."""
    account = AccountKey(strategy_id, "paper")
    if ledger.latest_checkpoint(account) is not None:
        return len(ledger.checkpoints(account))
    days = span(ledger.engine, account)
    return 0 if days is None else (days[1] - days[0]).days + 1


def _state_of_days(
    ledger: Ledger, account: AccountKey, created_at: datetime | None
) -> TradingState | None:
    id_ = account.strategy_id
    head = latest(ledger.engine, "paper", [id_]).get(id_)
    days = span(ledger.engine, account)
    if head is None or days is None:
        return None
    if created_at is None:
        first = recorded(ledger.engine, "paper", [id_], days[0], days[0])[id_, days[0]]
        created_at = first.recorded_at
    return state_of_day(head, strategy_id=id_, created_at=created_at)
