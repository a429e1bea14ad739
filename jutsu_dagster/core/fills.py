"""One order of the allocation engine: sizing, fill, cash, average cost."""

from __future__ import annotations

import numpy as np

from jutsu_dagster.core.bars import BoolArray, FloatArray, IntArray
from jutsu_dagster.core.jit import inlined
from jutsu_dagster.core.trade_statistics import FEE, PROFIT, TRADED

# A share count within this of a whole number is that number: exact decimal arithmetic, which
# defines the counts, meets whole numbers exactly where doubles miss them by rounding.
WHOLE = 1.0 + 1e-12

# Columns of an account's book, one row a symbol.
SHARES, BASIS, ACCEPTED, BEFORE = range(4)
BOOK_FIELDS = 4

# Columns of a recorded fill.
FILL_FIELDS = 10
(F_ROW, F_COLUMN, F_SHARES, F_PRICE, F_COMMISSION, F_VALUE_BEFORE, F_VALUE_AFTER, F_CASH_BEFORE,
 F_CASH_AFTER, F_REALISED) = range(FILL_FIELDS)  # fmt: skip


@inlined
def portfolio_value(cash: float, book: FloatArray, price: FloatArray, t: int) -> float:
    """Cash plus shares at the prices of row ``t``, summed in column order."""
    value = cash
    for n in range(len(book)):
        value += book[n, SHARES] * price[t, n]
    return value


@inlined
def execute(
    t: int, n: int, price: FloatArray, tradable: bool, commission: float, slippage: float,
    cash: float, value: float, book: FloatArray, tape: FloatArray, done: int,
) -> tuple[float, float, float, float]:  # fmt: skip
    """Bring symbol ``n`` to its accepted weight of the portfolio's value; weight 0 closes it.

    Sizes follow spec section 7: whole shares, rounded toward zero, bought from cash only. The
    direction follows the drifted holding, so that an order to reduce may buy.

    Parameters
    ----------
    t, n : int
        Session and symbol.
    price : float64 of shape (T, N)
        The fill basis; no NaN.
    tradable : bool
        False where the symbol has no bar: nothing can be bought.
    commission, slippage : float
        Money a share; fraction of the price.
    cash, value : float
        Before the order; value at the fill basis.
    book : float64 of shape (N, 4)
        SHARES and BASIS are changed.
    tape : float64 of shape (F, 3)
        Row ``done`` is written if the order fills.
    done : int
        Fills so far.

    Returns
    -------
    quantity : float
        Shares bought, negative for shares sold; 0 if nothing could be done.
    fill : float
        Price a share, slippage included.
    after : float
        Cash after the order.
    profit : float
        Realised by a sale; NaN for a buy.
    """
    # Which way an order goes cannot be predicted, and a mispredicted branch costs more than the
    # arithmetic: so values are selected, not code.
    p, held, weight = price[t, n], book[n, SHARES], book[n, ACCEPTED]
    wanted = value * weight - held * p
    more = wanted > 0.0
    money = min(wanted, cash) if more else -wanted
    unit = p * (1.0 + slippage) + commission if more else p * (1.0 - slippage)
    size = np.floor(money / unit * WHOLE)
    quantity = size if more else -size
    quantity = -held if weight == 0.0 else quantity
    buys = quantity > 0.0
    fill = p * (1.0 + slippage) if buys else p * (1.0 - slippage)
    fee = commission * abs(quantity)
    cost = fill * quantity + fee
    refused = buys and (cost > cash * WHOLE or not tradable)
    if abs(quantity) < 1.0 or -quantity > held or refused:
        return 0.0, fill, cash, np.nan
    average = book[n, BASIS] / max(held, 1.0)
    profit = np.nan if buys else (fill - average) * -quantity - fee
    basis = book[n, BASIS] + (cost if buys else average * quantity)
    book[n, SHARES] = held + quantity
    book[n, BASIS] = basis if held + quantity > 0.0 else 0.0
    tape[done, PROFIT] = profit
    tape[done, FEE] = fee
    tape[done, TRADED] = abs(quantity) * fill
    return quantity, fill, max(cash - cost, 0.0), profit


@inlined
def rebalance(
    t: int, price: FloatArray, present: BoolArray, commission: float, slippage: float,
    cash: float, book: FloatArray, tape: FloatArray, done: int, record: bool, fills: FloatArray,
    orders: IntArray,
) -> tuple[float, int]:  # fmt: skip
    """Trade from the weights in BEFORE to those in ACCEPTED: reductions first, then increases.

    A symbol whose target did not change gets no order, however far its holding has drifted.
    Returns cash and fills afterwards; shapes as in ``execute``; ``orders`` is scratch of shape
    (N + 1,).
    """
    n_orders = 0
    for n in range(len(book)):
        orders[n_orders] = n
        n_orders += 1 if book[n, ACCEPTED] < book[n, BEFORE] else 0
    for n in range(len(book)):
        orders[n_orders] = n
        n_orders += 1 if book[n, ACCEPTED] > book[n, BEFORE] else 0
    value = portfolio_value(cash, book, price, t)
    for k in range(n_orders):
        n = orders[k]
        quantity, fill, after, profit = execute(
            t, n, price, present[t, n], commission, slippage, cash, value, book, tape, done
        )
        # The portfolio changes by what the order cost beyond what it brought.
        now = value + (quantity * price[t, n] + (after - cash))
        if record and quantity != 0.0:
            line = fills[done]
            line[F_ROW], line[F_COLUMN], line[F_SHARES], line[F_PRICE] = t, n, quantity, fill
            line[F_COMMISSION], line[F_REALISED] = commission * abs(quantity), profit
            line[F_VALUE_BEFORE], line[F_VALUE_AFTER] = value, now
            line[F_CASH_BEFORE], line[F_CASH_AFTER] = cash, after
        done += 1 if quantity != 0.0 else 0
        cash, value = after, now
    return cash, done
