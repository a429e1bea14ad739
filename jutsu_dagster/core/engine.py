"""The allocation engine: an account carried through sessions by target weights."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

import numpy as np

from jutsu_dagster.core import fills as f
from jutsu_dagster.core.account import AccountState, Fills, Segment
from jutsu_dagster.core.bars import Bars, FloatArray, IntArray
from jutsu_dagster.core.engine_kernel import carry_forward, run_account
from jutsu_dagster.core.trade_statistics import TAPE_FIELDS

Timing = Literal["close", "next_open", "next_close"]


@dataclass(frozen=True, slots=True)
class Terms:
    """The terms an account trades on.

    Attributes
    ----------
    initial_capital : float
        Money.
    commission_per_share : float
        Money a share, bought or sold.
    slippage_rate : float
        Fraction of the price, against the trader.
    timing : "close", "next_open" or "next_close"
        When a close's decision is filled: at that very close (a market-on-close order that
        assumes the close is known), or at the next session's open or close.
    """

    initial_capital: float = 10_000.0
    commission_per_share: float = 0.01
    slippage_rate: float = 0.001
    timing: Timing = "close"


def latest_closes(bars: Bars) -> FloatArray:
    """Return closes of shape (T, N) with gaps filled by the last one, on the day's split basis."""
    if not np.isnan(bars.close).any():
        return bars.close
    marks = bars.close.copy()
    carry_forward(marks, bars.splits)
    return marks


def kernel_prices(bars: Bars, timing: Timing) -> tuple[FloatArray, FloatArray]:
    """Return marks and fill prices, each of shape (T, N), with 0 before a symbol's first bar.

    The kernel values a portfolio by plain sums, in which a NaN times no shares would be NaN.
    """
    marks = np.nan_to_num(latest_closes(bars), copy=True)
    if timing != "next_open":
        return marks, marks
    before = np.vstack((marks[:1], marks[:-1])) / bars.splits
    return marks, np.where(np.isnan(bars.open), before, bars.open)


def _settled(bars: Bars, start: int) -> int:
    """Return the row from which prices at ``start`` and later can be filled.

    A row on which every symbol has a close owes nothing to the rows before it, so that a single
    session need not read years of them.
    """
    return start - 1 if start and not np.isnan(bars.close[start - 1]).any() else 0


def run_segment(
    bars: Bars,
    codes: IntArray,
    table: FloatArray,
    terms: Terms,
    state: AccountState,
    *,
    min_weight_change: float,
    start: int,
    stop: int,
    first_trade: int | None = None,
) -> Segment:
    """Carry an account through bars ``start`` to ``stop`` (exclusive).

    Running a range at once or session by session gives the same bits, because the state
    carries everything over.

    Parameters
    ----------
    bars : Bars of T sessions and N symbols
        From the strategy's anchor on, each bar on its own session's basis.
    codes : int64 of shape (T,)
        Decisions: rows of ``table``, -1 for none.
    table : float64 of shape (K, N)
        Target weights.
    terms : Terms
    state : AccountState
        Where the account stands before ``start``; a fresh one opens at ``first_trade``.
    min_weight_change : float
        Rebalance when the summed change of target weights exceeds this.
    start, stop : int
        Rows to run.
    first_trade : int, optional
        The row at which a fresh account may first trade; rows before it are warm-up, in which
        targets are accepted but nothing is bought. Default ``start``.
    """
    first = _settled(bars, start)
    marks, price = kernel_prices(bars.window(first, stop), terms.timing)
    rows, priced = slice(start, stop), slice(start - first, stop - first)
    n_rows, n_symbols = stop - start, len(bars.symbols)
    columns = (state.shares, state.basis, state.accepted, state.pending_from or {})
    book = np.array([[float(c.get(s, 0.0)) for c in columns] for s in bars.symbols])
    opens = (start if first_trade is None else first_trade) - start
    splits = bars.splits[rows]
    split_rows = np.append(np.flatnonzero((splits != 1.0).any(axis=1)), n_rows)
    equity = np.empty(n_rows)
    path = np.empty((n_rows, 1 + n_symbols))
    weights = np.empty((n_rows, n_symbols))
    rebalanced = np.zeros(n_rows, dtype=np.bool_)
    tape = np.empty((n_rows * n_symbols, TAPE_FIELDS))
    recorded = np.empty((n_rows * n_symbols, f.FILL_FIELDS))
    cash, pending, count = run_account(
        np.ascontiguousarray(codes[rows]), table, marks[priced], price[priced],
        ~np.isnan(bars.close[rows]), splits, split_rows,
        opens if state.session is None else -1, terms.timing != "close",
        min_weight_change, terms.commission_per_share, terms.slippage_rate, state.cash,
        book, state.pending_from is not None,
        marks[start - first - 1] if start else marks[0],
        np.ascontiguousarray(marks[priced].T), tape, equity, True, path, weights,
        rebalanced, recorded,
    )  # fmt: skip

    def named(values: FloatArray) -> dict[str, float]:
        return {
            symbol: value
            for symbol, value in zip(bars.symbols, values.tolist(), strict=True)
            if value != 0.0
        }

    closing = AccountState(
        initial_capital=state.initial_capital,
        cash=cash,
        equity=float(equity[-1]),
        peak=max(state.peak, float(equity.max())),
        session=bars.sessions[stop - 1].item(),
        shares={symbol: int(count) for symbol, count in named(book[:, f.SHARES]).items()},
        basis=named(book[:, f.BASIS]),
        marks={
            symbol: value
            for symbol, value in zip(bars.symbols, marks[-1].tolist(), strict=True)
            if value > 0.0
        },
        accepted=named(book[:, f.ACCEPTED]),
        pending_from=named(book[:, f.BEFORE]) if pending else None,
    )
    done = recorded[:count]
    return Segment(
        symbols=bars.symbols,
        sessions=bars.sessions[rows],
        equity=equity,
        cash=path[:, 0].copy(),
        shares=path[:, 1:].astype(np.int64),
        marks=np.where(marks[priced] > 0.0, marks[priced], np.nan),
        weights=weights,
        rebalanced=rebalanced,
        fills=Fills(
            row=done[:, f.F_ROW].astype(np.int64),
            column=done[:, f.F_COLUMN].astype(np.int64),
            shares=done[:, f.F_SHARES].astype(np.int64),
            price=done[:, f.F_PRICE].copy(),
            commission=done[:, f.F_COMMISSION].copy(),
            value_before=done[:, f.F_VALUE_BEFORE].copy(),
            value_after=done[:, f.F_VALUE_AFTER].copy(),
            cash_before=done[:, f.F_CASH_BEFORE].copy(),
            cash_after=done[:, f.F_CASH_AFTER].copy(),
            realised=done[:, f.F_REALISED].copy(),
        ),
        opening=state,
        closing=closing,
    )


def buy_and_hold(bars: Bars, symbol: str, start: int, capital: float) -> FloatArray:
    """Return the value of fractional shares of ``symbol`` bought at the close of bar ``start``.

    Returns
    -------
    float64 of shape (T - start,)
        Money at each close; shares are multiplied by later splits. No costs.
    """
    column = bars.column(symbol)
    close = latest_closes(bars)[start:, column]
    shares = np.cumprod(np.concatenate(([1.0], bars.splits[start + 1 :, column])))
    value: FloatArray = capital / close[0] * close * shares
    return value
