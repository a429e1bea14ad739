"""The kernel of a sweep: many parameter sets of the regime allocator over the same bars."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from jutsu_dagster.core.bars import BoolArray, FloatArray, IntArray
from jutsu_dagster.core.engine_kernel import run_account
from jutsu_dagster.core.fills import BOOK_FIELDS
from jutsu_dagster.core.jit import kernel
from jutsu_dagster.core.metrics import EQUITY_METRICS, equity_row
from jutsu_dagster.core.regime import CODES, regime_path, weight_table
from jutsu_dagster.core.trade_statistics import TAPE_FIELDS, trade_row

# Columns of `numbers`, one row a parameter set.
(BULL_T, BEAR_T, UPPER, LOWER, CRUSH, CONFIRM, LEVERAGE, HEDGE, HEDGE_MAX, TREASURY, BOND_MAX,
 MIN_CHANGE, FIRST) = range(13)  # fmt: skip
NUMBERS = 13
# Columns of `picks`: which row of each stack of inputs a set reads.
TREND_AT, UP_AT, Z_AT, CHANGE_AT, BOND_AT = range(5)
PICKS = 5

_SPLIT_AT = len(EQUITY_METRICS)


@kernel
def sweep_sets(
    numbers: FloatArray, picks: IntArray, trend: FloatArray, up: NDArray[np.bool_],
    z_score: FloatArray, change: FloatArray, bond: NDArray[np.int8], marks: FloatArray,
    price: FloatArray, present: BoolArray, start: int, delay: bool, days: int, capital: float,
    commission: float, slippage: float, risk_free: float, out: FloatArray, curves: FloatArray,
) -> None:  # fmt: skip
    """Run S parameter sets, one pass each, and write their metrics.

    The machine, the engine and the metrics are the very functions that a single run uses, so a
    set gives the same bits alone and in a sweep.

    Parameters
    ----------
    numbers : float64 of shape (S, 13)
        Thresholds and switches; columns as named in this module.
    picks : int64 of shape (S, 5)
        Rows of the stacks that follow.
    trend, z_score, change : float64 of shapes (A, T), (C, T), (D, T)
    up : bool of shape (B, T)
    bond : int8 of shape (E, T)
        Distinct inputs of the state machine.
    marks, price : float64 of shape (T, N)
    present : bool of shape (T, N)
        As in ``run_account``.
    start : int
        First session that trades; earlier ones only feed the state machine.
    delay : bool
    days : int
        Calendar days between the first and the last traded session.
    capital, commission, slippage, risk_free : float
    out : float64 of shape (S, 21)
        Written: EQUITY_METRICS, then TRADE_METRICS.
    curves : float64 of shape (S, T - start) or (0, 0)
        Written if not empty: equity of each set.
    """
    n_bars, n_symbols = marks.shape
    codes = np.empty(n_bars, dtype=np.int8)
    pending = np.empty(n_bars, dtype=np.int8)
    table = np.zeros((CODES, n_symbols))
    equity = np.empty(n_bars - start)
    tape = np.empty((n_bars * n_symbols, TAPE_FIELDS))
    book = np.empty((n_symbols, BOOK_FIELDS))
    no_split = np.array([n_bars - start])
    columns = marks[start:].T.copy()
    nothing = np.empty((0, 0))
    no_flags = np.empty(0, dtype=np.bool_)
    for s in range(len(numbers)):
        row = numbers[s]
        pick = picks[s]
        regime_path(
            trend[pick[TREND_AT]], up[pick[UP_AT]], z_score[pick[Z_AT]], change[pick[CHANGE_AT]],
            bond[pick[BOND_AT]], int(row[FIRST]), row[BULL_T], row[BEAR_T], row[UPPER],
            row[LOWER], row[CRUSH], int(row[CONFIRM]), codes, pending,
        )  # fmt: skip
        weight_table(
            row[LEVERAGE], row[HEDGE] != 0.0, row[HEDGE_MAX], row[TREASURY] != 0.0,
            row[BOND_MAX], table,
        )  # fmt: skip
        book[:] = 0.0
        done = run_account(
            codes[start:], table, marks[start:], price[start:], present[start:], nothing,
            no_split, 0, delay, row[MIN_CHANGE], commission, slippage, capital, book, False,
            marks[start], columns, tape, equity, False, nothing, nothing, no_flags, nothing,
        )[2]  # fmt: skip
        equity_row(equity, days, capital, risk_free, 252.0, out[s, :_SPLIT_AT])
        trade_row(tape[:done], capital, out[s, _SPLIT_AT:])
        if len(curves) > 0:
            curves[s] = equity
