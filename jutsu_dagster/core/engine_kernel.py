"""The inner loop of the allocation engine: decisions and prices in, an account's path out."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from jutsu_dagster.core.bars import BoolArray, FloatArray, IntArray
from jutsu_dagster.core.fills import (
    ACCEPTED,
    BASIS,
    BEFORE,
    SHARES,
    WHOLE,
    portfolio_value,
    rebalance,
)
from jutsu_dagster.core.jit import inlined, kernel

# Summed weight changes within this of the threshold are equal to it, as in decimal arithmetic.
_EQUAL = 1e-12
# Less of a share than this is rounding, not a fraction to be paid out.
_FRACTION = 1e-9


@kernel
def carry_forward(marks: FloatArray, splits: FloatArray) -> None:
    """Fill NaN in ``marks`` (T, N) in place with the last mark, divided by the day's split."""
    for t in range(1, marks.shape[0]):
        for n in range(marks.shape[1]):
            if np.isnan(marks[t, n]):
                marks[t, n] = marks[t - 1, n] / splits[t, n]


@kernel
def apply_splits(cash: float, book: FloatArray, ratio: FloatArray, last: FloatArray) -> float:
    """Multiply shares by their split ratio; a fraction of a share is paid in cash.

    Parameters
    ----------
    cash : float
    book : float64 of shape (N, 4)
        SHARES and BASIS are changed.
    ratio, last : float64 of shape (N,)
        New shares per old share; marks of the session before, on the old basis.

    Returns
    -------
    float
        Cash, with the fractions paid at the last mark on the new basis.
    """
    for n in range(len(book)):
        if ratio[n] != 1.0 and book[n, SHARES] != 0.0:
            exact = book[n, SHARES] * ratio[n]
            whole = np.floor(exact * WHOLE)
            if exact - whole > _FRACTION:
                cash += (exact - whole) * (last[n] / ratio[n])
                book[n, BASIS] *= whole / exact
            book[n, SHARES] = whole
    return cash


@inlined
def accept_target(
    t: int, target: FloatArray, marks: FloatArray, present: BoolArray, threshold: float,
    cash: float, book: FloatArray,
) -> int:  # fmt: skip
    """Accept a new target if it differs enough from the accepted one (spec 4.4, 4.5 step 1).

    Parameters
    ----------
    t : int
        Session.
    target : float64 of shape (N,)
        Fractions of equity.
    marks, present : arrays of shape (T, N)
        Latest closes; whether there is a bar.
    threshold : float
        The summed change must exceed it.
    cash : float
    book : float64 of shape (N, 4)
        ACCEPTED moves to BEFORE, the target to ACCEPTED; what has no bar or is worth less than
        one share is left out.

    Returns
    -------
    int
        0 not accepted, 1 accepted, 2 accepted with something left out.
    """
    change = 0.0
    for n in range(len(book)):
        change += abs(book[n, ACCEPTED] - target[n])
    if change <= threshold + _EQUAL:
        return 0
    worth = portfolio_value(cash, book, marks, t)
    result = 1
    for n in range(len(book)):
        book[n, BEFORE] = book[n, ACCEPTED]
        weight = target[n]
        possible = present[t, n] & (worth * weight >= marks[t, n])
        result = result if possible | (weight == 0.0) else 2
        book[n, ACCEPTED] = weight if possible else 0.0
    return result


@kernel
def run_account(
    codes: NDArray[np.integer], table: FloatArray, marks: FloatArray, price: FloatArray,
    present: BoolArray, splits: FloatArray, split_rows: IntArray, first_trade: int, delay: bool,
    threshold: float, commission: float, slippage: float, cash: float, book: FloatArray,
    pending: bool, last_marks: FloatArray, columns: FloatArray, tape: FloatArray,
    equity: FloatArray, record: bool, path: FloatArray, weights: FloatArray,
    rebalanced: BoolArray, fills: FloatArray,
) -> tuple[float, bool, int]:  # fmt: skip
    """Carry one account through T sessions (spec sections 4.4, 4.5 and 7).

    Parameters
    ----------
    codes : int of shape (T,)
        Row of ``table`` decided at each close; negative where there is no decision.
    table : float64 of shape (K, N)
        Target weights.
    marks, price : float64 of shape (T, N)
        Latest closes, and the prices that a session's fills are made at.
    present : bool of shape (T, N)
        Whether the symbol has a bar that session.
    splits : float64 of shape (T, N)
        New shares per old share at that session's open.
    split_rows : int64 of shape (K + 1,)
        Rows of ``splits`` with any, ascending, and T behind them; splits may be empty without.
    first_trade : int
        Sessions before it are warm-up: targets are accepted but nothing is bought, and at
        ``first_trade`` the accepted weights start from zero. -1 to continue an open account.
    delay : bool
        False: fill at the deciding session's close. True: at the next session's ``price``.
    threshold : float
        Rebalance when the summed change of target weights exceeds it.
    commission, slippage : float
        Money a share; fraction of the price.
    cash : float
    book : float64 of shape (N, 4)
        The account's state, changed in place: SHARES, BASIS, ACCEPTED weights, and BEFORE, the
        weights that a waiting rebalance starts from.
    pending : bool
        Whether a rebalance waits for its fill.
    last_marks : float64 of shape (N,)
        Marks of the session before the first, for cash in lieu of a split fraction.
    columns : float64 of shape (N, T)
        ``marks`` transposed, contiguous by symbol.
    tape : float64 of shape (F, 3), F >= T * N
        Written: what ``trade_row`` sums up, one row a fill.
    equity : float64 of shape (T,)
        Written: value at each close after fills.
    record : bool
        Whether to write ``path`` (T, 1 + N: cash and shares), ``weights`` (T, N), ``rebalanced``
        (T,) and ``fills`` (F, 10); pass empty arrays otherwise.

    Returns
    -------
    cash : float
    pending : bool
    done : int
        Fills, hence rows written to ``tape`` and ``fills``.
    """
    n_bars, n_symbols = len(codes), len(book)
    orders = np.zeros(n_symbols + 1, dtype=np.int64)
    done = 0
    seen = -1
    t = 0
    next_split = 0
    while t < n_bars:
        if t == split_rows[next_split]:
            cash = apply_splits(cash, book, splits[t], marks[t - 1] if t > 0 else last_marks)
            next_split += 1
        if t == first_trade:
            book[:, ACCEPTED] = 0.0
            seen = -1
        accepted = 0
        for step in range(2):
            # A delayed fill comes before the session's own decision, an immediate one after it.
            if (step == 0) == delay:
                if pending:
                    cash, done = rebalance(
                        t, price, present, commission, slippage, cash, book, tape, done, record,
                        fills, orders,
                    )  # fmt: skip
                    pending = False
            elif codes[t] != seen and codes[t] >= 0:
                accepted = accept_target(t, table[codes[t]], marks, present, threshold, cash, book)
                # What was left out is asked for again at every session.
                seen = codes[t] if accepted < 2 else -1
                pending = pending or (accepted > 0 and t >= first_trade)
        if record:
            rebalanced[t] = accepted > 0
        # Until something happens the account only rides: value that stretch column by column.
        begin = t
        t += 1
        until = t if pending else split_rows[next_split]
        if begin < first_trade < until:
            until = first_trade
        while t < until and codes[t] == seen:
            t += 1
        for i in range(begin, t):
            equity[i] = cash
        for n in range(n_symbols):
            held = book[n, SHARES]
            if held != 0.0:
                for i in range(begin, t):
                    equity[i] += held * columns[n, i]
        if record:
            for i in range(begin, t):
                path[i, 0] = cash
                path[i, 1:] = book[:, SHARES]
                weights[i] = book[:, ACCEPTED]
    return cash, pending, done
