"""A recorded period as rows of the ledger's tables."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

import numpy as np

from jutsu_dagster.core.bars import FloatArray, IntArray
from jutsu_dagster.core.errors import LedgerError
from jutsu_dagster.storage.database import plain
from jutsu_dagster.storage.records import RecordedPeriod

Row = dict[str, Any]


def snapshot_rows(period: RecordedPeriod) -> list[Row]:
    """Return one row per session of the period.

    Raises
    ------
    LedgerError
        If arrays disagree in length, the period has no session, or money is not finite.
    """
    _check(period)
    segment = period.segment
    equity = segment.equity
    before = np.concatenate(([period.previous_equity], equity[:-1]))
    peak = np.maximum(np.maximum.accumulate(equity), segment.opening.peak)
    values = np.where(segment.shares == 0, 0.0, segment.shares * segment.marks)
    columns = {
        "snapshot_date": segment.sessions.astype("datetime64[D]").tolist(),
        "total_equity": _floats(equity),
        "cash": _floats(segment.cash),
        "positions_value": _floats(values.sum(axis=1)),
        "daily_return": _floats(equity / before - 1.0),
        "cumulative_return": _floats(equity / segment.opening.initial_capital - 1.0),
        "drawdown": _floats(equity / peak - 1.0),
        "baseline_value": _floats(period.baseline),
        "rebalanced": segment.rebalanced.tolist(),
        "positions": _held(segment.symbols, segment.shares),
        "values": _held(segment.symbols, values),
        "weights": _held(segment.symbols, segment.weights),
        "indicators": _indicators(period),
    }
    common = _common(period)
    regimes = [_regime(period, cell) for cell in period.cells.tolist()]
    return [
        common | regime | dict(zip(columns, row, strict=True))
        for regime, row in zip(regimes, zip(*columns.values(), strict=True), strict=True)
    ]


def trade_rows(period: RecordedPeriod) -> list[Row]:
    """Return one row per fill, numbered within its session from 0."""
    segment, fills = period.segment, period.segment.fills
    if len(fills) == 0:
        return []
    common = _common(period) | {"strategy_name": period.strategy_class}
    earlier = [period.opening_cell] * period.decision_lag
    cells = [*earlier, *period.cells.tolist()][: len(segment)]
    regimes = [_regime(period, cell) for cell in cells]
    accepted = _accepted(period)
    # A session's first fill is where its row number first appears: fills are in order.
    first = np.searchsorted(fills.row, fills.row, side="left")
    columns = {
        "trade_date": segment.sessions.astype("datetime64[D]")[fills.row].tolist(),
        "sequence": (np.arange(len(fills)) - first).tolist(),
        "symbol": [segment.symbols[column] for column in fills.column.tolist()],
        "side": np.where(fills.shares > 0, "BUY", "SELL").tolist(),
        "shares": np.abs(fills.shares).tolist(),
        "fill_price": _floats(fills.price),
        "commission": _floats(fills.commission),
        "portfolio_value_before": _floats(fills.value_before),
        "portfolio_value_after": _floats(fills.value_after),
        "cash_before": _floats(fills.cash_before),
        "cash_after": _floats(fills.cash_after),
        "realised_pnl": _floats(fills.realised),
    }
    rows = []
    for at, column, row in zip(
        fills.row.tolist(), fills.column.tolist(), zip(*columns.values(), strict=True), strict=True
    ):
        named = dict(zip(columns, row, strict=True))
        reason = _reason(regimes[at], named["symbol"], float(accepted[at, column]))
        rows.append(common | regimes[at] | named | {"reason": reason})
    return rows


def checkpoint_row(period: RecordedPeriod) -> Row:
    """Return the period's one checkpoint."""
    segment = period.segment
    return _common(period) | {
        "first_session": period.first_session,
        "last_session": period.last_session,
        "opening_hash": segment.opening.digest,
        "closing_hash": segment.closing.digest,
        "closing_state": segment.closing.to_dict(),
        "sessions": len(segment),
        "trades": len(segment.fills),
        "metrics": plain(period.metrics),
        "data_hash": period.provenance.data_hash,
        "recorded_at": datetime.now(UTC),
    }


def _common(period: RecordedPeriod) -> Row:
    return {
        "strategy_id": period.account.strategy_id,
        "mode": period.account.mode,
        "period": period.period,
        "parameter_hash": period.provenance.parameter_hash,
        "data_version": period.provenance.data_version,
        "code_version": period.provenance.code_version,
    }


def _check(period: RecordedPeriod) -> None:
    segment = period.segment
    where = f"period {period.period} of {period.account}"
    if len(segment) == 0:
        raise LedgerError(f"{where} has no session; there is nothing to record")
    lengths = {"cells": len(period.cells), "baseline": len(period.baseline)}
    lengths |= {name: len(values) for name, values in period.indicators.items()}
    for name, length in lengths.items():
        if length != len(segment):
            raise LedgerError(f"{where}: {name} has {length} values; must be {len(segment)}")
    for name, money in (("equity", segment.equity), ("cash", segment.cash)):
        broken = np.flatnonzero(~np.isfinite(money))
        if broken.size:
            session = segment.sessions[broken[0]]
            raise LedgerError(f"{where}: {name} of {session} is {money[broken[0]]}; must be finite")


def _regime(period: RecordedPeriod, cell: int) -> Row:
    trend, vol = period.regimes.get(cell, (None, None))
    return {"strategy_cell": cell or None, "trend_state": trend, "vol_state": vol}


def _accepted(period: RecordedPeriod) -> FloatArray:
    """Return the weights that each session's fills served, of shape (T, N)."""
    segment = period.segment
    if not period.decision_lag:
        return segment.weights
    opening = [segment.opening.accepted.get(symbol, 0.0) for symbol in segment.symbols]
    return np.vstack((opening, segment.weights[:-1]))


def _reason(regime: Row, symbol: str, weight: float) -> str:
    target = f"{symbol} to {weight:.1%} of equity" if weight > 0 else f"close {symbol}"
    if regime["strategy_cell"] is None:
        return target
    states = "/".join(state for state in (regime["trend_state"], regime["vol_state"]) if state)
    return f"cell {regime['strategy_cell']}{f' ({states})' if states else ''}: {target}"


def _held(symbols: tuple[str, ...], table: FloatArray | IntArray) -> list[Row]:
    """Return each row's non-zero entries by symbol."""
    rows: list[Row] = [{} for _ in range(len(table))]
    for at, column in zip(*(axis.tolist() for axis in np.nonzero(table)), strict=True):
        rows[at][symbols[column]] = table[at, column].item()
    return rows


def _indicators(period: RecordedPeriod) -> list[Row]:
    columns = [
        _floats(values) if values.dtype.kind == "f" else plain(values.tolist())
        for values in map(np.asarray, period.indicators.values())
    ]
    if not columns:
        return [{} for _ in range(len(period.segment))]
    names = tuple(period.indicators)
    return [dict(zip(names, row, strict=True)) for row in zip(*columns, strict=True)]


def _floats(values: FloatArray) -> list[float | None]:
    """Return Python floats with None for NaN and infinity, and no negative zero.

    SQLite drops the sign of zero when it writes, so it is dropped before, everywhere alike.
    """
    cleaned = (np.asarray(values, dtype=np.float64) + 0.0).tolist()
    if np.isfinite(values).all():
        return cleaned  # type: ignore[no-any-return]
    return [plain(value) for value in cleaned]
