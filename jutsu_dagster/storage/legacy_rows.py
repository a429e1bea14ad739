"""An earlier system's rows as rows of the ledger: fractions for percent, UTC, names of ours."""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Sequence
from typing import Any

from jutsu_dagster.core.account import AccountKey
from jutsu_dagster.core.errors import LedgerError
from jutsu_dagster.storage.legacy_read import SNAPSHOTS, LegacyRows, RawRow
from jutsu_dagster.storage.legacy_values import (
    cell_of,
    first_of,
    holdings,
    moment_of,
    number_of,
    refusal,
    shares_of,
    side_of,
    text_of,
)

# The period of rows that were moved in, and what stands for parameters, data and code of theirs.
LEGACY = "legacy"
EQUITY = ("total_equity", "equity", "portfolio_value", "total_value")
PRICE = ("fill_price", "price", "target_price")
_INDICATORS = ("t_norm", "z_score", "sma_fast", "sma_slow")
_PERCENT = 100.0
Row = dict[str, Any]


def snapshot_rows(legacy: LegacyRows, account: AccountKey) -> list[Row]:
    """Return the snapshots as rows of ``performance_snapshots``, in the same order.

    Percentages become fractions, drawdowns negative ones. A return or drawdown that no column
    tells is computed from the equities before it.

    Raises
    ------
    LedgerError
        Naming table, row, column, value and rule of the first one that cannot be read.
    """
    rows: list[Row] = []
    first = peak = previous = math.nan
    for raw in legacy.snapshots:
        equity = number_of(raw, SNAPSHOTS, *EQUITY)
        if equity is None or equity <= 0:
            raise refusal(raw, SNAPSHOTS, EQUITY[0], "must be a number above 0")
        if not rows:
            first = peak = previous = equity
        peak = max(peak, equity)
        moment = moment_of(raw, SNAPSHOTS)
        drawdown = _fraction(raw, "drawdown", 1.0 - equity / peak)
        held = holdings(raw, SNAPSHOTS)
        cash, value = _cash_and_value(raw, equity)
        rows.append(
            _common(account)
            | {
                "snapshot_date": moment.date(),
                "snapshot_source": LEGACY,
                "snapshot_time": moment,
                "total_equity": equity,
                "cash": cash,
                "positions_value": value,
                "daily_return": _fraction(raw, "daily_return", equity / previous - 1.0),
                "cumulative_return": _fraction(raw, "cumulative_return", equity / first - 1.0),
                "drawdown": -abs(drawdown) + 0.0,
                "baseline_value": number_of(raw, SNAPSHOTS, "baseline_value"),
                "strategy_cell": cell_of(raw),
                "trend_state": text_of(raw, 20, "trend_state"),
                "vol_state": text_of(raw, 20, "vol_state"),
                "rebalanced": False,
                "positions": {symbol: shares for symbol, (shares, _) in held.items()},
                "values": {s: money for s, (_, money) in held.items() if money is not None},
                "weights": {},
                "indicators": {
                    name: number
                    for name in _INDICATORS
                    if (number := number_of(raw, SNAPSHOTS, name)) is not None
                },
            }
        )
        previous = equity
    return rows


def trade_rows(legacy: LegacyRows, account: AccountKey, strategy_class: str) -> list[Row]:
    """Return the orders as rows of ``trades``, counted per day; raises as ``snapshot_rows``."""
    table = legacy.trades_table or "trades"
    counted: Counter[Any] = Counter()
    rows = []
    for raw in legacy.trades:
        day = moment_of(raw, table).date()
        price = number_of(raw, table, *PRICE)
        if price is None or price <= 0:
            raise refusal(raw, table, PRICE[0], "must be a price above 0")
        symbol = text_of(raw, 20, "symbol", "ticker")
        if not symbol:
            raise refusal(raw, table, "symbol", "must name a symbol")
        shares = shares_of(raw, table)
        rows.append(
            _common(account)
            | {
                "strategy_name": text_of(raw, 100, "strategy_name") or strategy_class,
                "trade_date": day,
                "sequence": counted[day],
                "symbol": symbol,
                "side": side_of(raw, table),
                "shares": shares,
                "fill_price": price,
                "commission": number_of(raw, table, "commission") or 0.0,
                "realised_pnl": number_of(raw, table, "realised_pnl", "realized_pnl"),
                "strategy_cell": cell_of(raw),
                "trend_state": text_of(raw, 20, "trend_state"),
                "vol_state": text_of(raw, 20, "vol_state"),
                "reason": text_of(raw, 200, "reason") or "of an earlier system",
            }
        )
        counted[day] += 1
    return rows


def compare(legacy: LegacyRows, snapshots: Sequence[Row], trades: Sequence[Row]) -> dict[str, Any]:
    """Return counts and sums of both sides, once every row was found equal after units.

    Parameters
    ----------
    legacy : LegacyRows
        As the earlier system's database has them now.
    snapshots, trades : sequence of rows
        As the ledger gives them back, in the order in which they were moved in.

    Raises
    ------
    LedgerError
        Naming the first row that differs, or the counts.
    """
    table = legacy.trades_table or "trades"
    _same(SNAPSHOTS, "rows", len(legacy.snapshots), len(snapshots))
    _same(table, "rows", len(legacy.trades), len(trades))
    for raw, row in zip(legacy.snapshots, snapshots, strict=True):
        _same(SNAPSHOTS, "moment", moment_of(raw, SNAPSHOTS), row["snapshot_time"])
        _same(SNAPSHOTS, "equity", number_of(raw, SNAPSHOTS, *EQUITY), row["total_equity"])
        for name in ("cash", "positions_value", "baseline_value"):
            if raw.get(name) is not None:
                _same(SNAPSHOTS, name, number_of(raw, SNAPSHOTS, name), row[name])
        for name in ("daily_return", "cumulative_return", "drawdown"):
            percent = number_of(raw, SNAPSHOTS, name)
            if percent is not None:
                told = abs(percent) if name == "drawdown" else percent
                kept = row[name] * (-_PERCENT if name == "drawdown" else _PERCENT)
                if not math.isclose(told, kept, rel_tol=1e-12, abs_tol=1e-12):
                    _same(SNAPSHOTS, name, told, kept)
    for raw, row in zip(legacy.trades, trades, strict=True):
        _same(table, "day", moment_of(raw, table).date(), row["trade_date"])
        _same(table, "symbol", str(first_of(raw, "symbol", "ticker")), row["symbol"])
        _same(table, "side", side_of(raw, table), row["side"])
        _same(table, "shares", shares_of(raw, table), row["shares"])
        _same(table, "price", number_of(raw, table, *PRICE), row["fill_price"])
    equities = [number_of(raw, SNAPSHOTS, *EQUITY) or 0.0 for raw in legacy.snapshots]
    traded = [shares_of(raw, table) * (number_of(raw, table, *PRICE) or 0) for raw in legacy.trades]
    moved = [row["shares"] * row["fill_price"] for row in trades]
    sums = {
        "sum_of_equity": (math.fsum(equities), math.fsum(row["total_equity"] for row in snapshots)),
        "sum_of_shares_times_price": (math.fsum(traded), math.fsum(moved)),
    }
    for name, (theirs, ours) in sums.items():
        _same("all rows", name, theirs, ours)
    return {
        "snapshots": {"legacy": len(legacy.snapshots), "ledger": len(snapshots)},
        "trades": {"legacy": len(legacy.trades), "ledger": len(trades)},
    } | {name: {"legacy": theirs, "ledger": ours} for name, (theirs, ours) in sums.items()}


def _same(table: str, what: str, theirs: object, ours: object) -> None:
    if theirs != ours:
        raise LedgerError(f"{table}: {what} was {theirs!r} and is {ours!r}; must be equal")


def _fraction(raw: RawRow, name: str, otherwise: float) -> float:
    percent = number_of(raw, SNAPSHOTS, name)
    return otherwise if percent is None else percent / _PERCENT


def _cash_and_value(raw: RawRow, equity: float) -> tuple[float, float]:
    cash = number_of(raw, SNAPSHOTS, "cash")
    value = number_of(raw, SNAPSHOTS, "positions_value", "holdings_value")
    if cash is None:
        cash = equity - (value or 0.0)
    return cash, equity - cash if value is None else value


def _common(account: AccountKey) -> Row:
    return {
        "strategy_id": account.strategy_id,
        "mode": account.mode,
        "period": LEGACY,
        "parameter_hash": LEGACY,
        "data_version": LEGACY,
        "code_version": LEGACY,
    }
