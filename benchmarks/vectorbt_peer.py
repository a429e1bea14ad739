"""vectorbt's ``Portfolio.from_order_func``, given finished signals on the same prices.

Everything that can be made ready beforehand is: target weights of each set from our allocator,
the sessions on which it rebalances, which symbols it then reduces and which it increases, tiled
prices and the right size of the order records. Only the call itself is timed.
"""

from __future__ import annotations

import warnings
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any, Literal

import numpy as np
import pandas as pd
from cases import Market
from numba import njit
from numpy.typing import NDArray

from jutsu_dagster.core.bars import FloatArray
from jutsu_dagster.core.engine import Terms, latest_closes
from jutsu_dagster.strategies.base import backtest
from jutsu_dagster.strategies.regime_allocator import HierarchicalAdaptiveV35b

with warnings.catch_warnings():
    warnings.simplefilter("ignore")  # of its own dependencies, when it is imported
    import vectorbt as vbt
    from vectorbt.portfolio import nb
    from vectorbt.portfolio.enums import Direction, SizeType

Mode = Literal["one call", "batches", "bare"]
MODES: tuple[Mode, ...] = ("one call", "batches", "bare")
# Groups in a call where the sets are divided: the fastest of 1, 25, 50, 100, 200 and 500.
BATCH = 50

_TERMS = Terms()
_CASH = _TERMS.initial_capital
_FEE, _SLIPPAGE = _TERMS.commission_per_share, _TERMS.slippage_rate
_N = 5
_WHOLE = 1.0 + 1e-12
_UNCHANGED, _REDUCE, _INCREASE = 0, 1, 2
_LONG, _PERCENT, _AMOUNT = Direction.LongOnly, SizeType.TargetPercent, SizeType.Amount


@dataclass(frozen=True, eq=False, slots=True)
class Signals:
    """Finished decisions of S sets over T sessions and 5 symbols, columns grouped by set.

    Attributes
    ----------
    close : DataFrame of shape (T, 5 S)
        The same prices for every set.
    weights : float64 of shape (T, 5 S)
        Targets.
    moves : int8 of shape (T, 5 S)
        Which symbols get an order to reduce or to increase.
    active : bool of shape (T, S)
        Sessions with orders.
    equity : float64 of shape (S,)
        Our engine's final equity.
    """

    close: pd.DataFrame
    weights: FloatArray
    moves: NDArray[np.int8]
    active: NDArray[np.bool_]
    equity: FloatArray


def signals(sets: Sequence[HierarchicalAdaptiveV35b], market: Market) -> Signals:
    """Run each set once by our allocator and keep what it decided."""
    n_bars, n_sets = market.traded, len(sets)
    # Column-major, because the simulation goes through one group after the other.
    weights = np.empty((n_bars, _N * n_sets), order="F")
    moves = np.empty((n_bars, _N * n_sets), dtype=np.int8, order="F")
    active = np.empty((n_bars, n_sets), dtype=np.bool_, order="F")
    equity = np.empty(n_sets)
    for at, one in enumerate(sets):
        own = market.bars.window(market.start - one.warmup_sessions, len(market.bars))
        segment = backtest(one, own, _TERMS, one.warmup_sessions)
        after = segment.weights[:, :_N]
        before = np.vstack((np.zeros(_N), after[:-1]))
        columns = slice(_N * at, _N * (at + 1))
        weights[:, columns] = after
        moves[:, columns] = np.where(after < before, _REDUCE, _UNCHANGED)
        moves[:, columns][after > before] = _INCREASE
        active[:, at] = (after != before).any(axis=1)
        equity[at] = segment.equity[-1]
    prices = latest_closes(market.bars)[market.start :, :_N]
    index = pd.DatetimeIndex(market.bars.sessions[market.start :])
    close = pd.DataFrame(np.asfortranarray(np.tile(prices, (1, n_sets))), index=index)
    return Signals(close, weights, moves, active, equity)


def part(whole: Signals, first: int, stop: int) -> Signals:
    """Return the signals of sets ``first`` to ``stop`` (exclusive)."""
    columns, sets = slice(_N * first, _N * stop), slice(first, stop)
    return Signals(
        whole.close.iloc[:, columns], whole.weights[:, columns], whole.moves[:, columns],
        whole.active[:, sets], whole.equity[sets],
    )  # fmt: skip


@njit
def _queue(c: Any, todo: Any, moves: Any) -> tuple[()]:
    """Before a segment: value at today's close, and line up reductions, then increases."""
    count = 0
    for wanted in (_REDUCE, _INCREASE):
        for col in range(c.from_col, c.to_col):
            c.last_val_price[col] = c.close[c.i, col]
            if moves[c.i, col] == wanted:
                todo[count] = col
                count += 1
    todo[_N] = count
    return ()


@njit
def _to_percent(c: Any, todo: Any, weights: Any) -> tuple[int, Any]:
    """Order the next symbol to its target percent, in whole shares, by vectorbt's own sizing."""
    if c.call_idx >= todo[_N]:
        return -1, nb.order_nothing_nb()
    col = todo[c.call_idx]
    price = c.close[c.i, col]
    return col, nb.order_nb(
        size=weights[c.i, col], price=price, size_type=_PERCENT, direction=_LONG,
        fees=_FEE / price, slippage=_SLIPPAGE, size_granularity=1.0,
    )  # fmt: skip


@njit
def _to_shares(c: Any, todo: Any, weights: Any) -> tuple[int, Any]:
    """Order the number of shares that our engine's rules give: only to compare results."""
    if c.call_idx >= todo[_N]:
        return -1, nb.order_nothing_nb()
    col = todo[c.call_idx]
    price, held, weight = c.close[c.i, col], c.last_position[col], weights[c.i, col]
    wanted = nb.get_group_value_ctx_nb(c) * weight - held * price
    if weight == 0.0:
        size = -held
    elif wanted > 0.0:
        money = min(wanted, c.last_cash[c.group])
        size = np.floor(money / (price * (1.0 + _SLIPPAGE) + _FEE) * _WHOLE)
    else:
        size = -np.floor(-wanted / (price * (1.0 - _SLIPPAGE)) * _WHOLE)
    fill = price * (1.0 + _SLIPPAGE) if size > 0.0 else price * (1.0 - _SLIPPAGE)
    return col, nb.order_nb(
        size=size, price=price, size_type=_AMOUNT, direction=_LONG,
        fees=_FEE / fill, slippage=_SLIPPAGE,
    )  # fmt: skip


@njit
def _note_value(c: Any, values: Any) -> None:
    values[c.i, c.group] = c.last_value[c.group]


def _call(given: Signals, order: Any, **more: Any) -> Any:
    n_sets = len(given.equity)
    todo = np.empty(_N + 1, dtype=np.int64)
    return vbt.Portfolio.from_order_func(
        given.close, order, todo, given.weights, flexible=True, segment_mask=given.active,
        pre_segment_func_nb=_queue, pre_segment_args=(todo, given.moves), init_cash=_CASH,
        cash_sharing=True, group_by=np.repeat(np.arange(n_sets), _N), fill_pos_record=False,
        max_orders=int(np.count_nonzero(given.moves)), freq="1D", **more,
    )  # fmt: skip


def _by_methods(given: Signals, order: Any) -> tuple[FloatArray, FloatArray]:
    """Return final equity and Sharpe ratio by the portfolio's own methods."""
    portfolio = _call(given, order)
    # Through the returns, because portfolio.sharpe_ratio() also computes a benchmark's.
    ratios = portfolio.returns().vbt.returns(freq="1D", year_freq="252D")
    return np.atleast_1d(portfolio.final_value()), np.atleast_1d(ratios.sharpe_ratio())


def _by_callback(given: Signals, order: Any) -> tuple[FloatArray, FloatArray]:
    """Return final equity and Sharpe ratio of the values noted while it simulates."""
    values = np.empty(given.active.shape, order="F")
    _call(
        given, order, call_post_segment=True, post_segment_func_nb=_note_value,
        post_segment_args=(values,),
    )  # fmt: skip
    returns = values[1:] / values[:-1] - 1.0
    return values[-1], returns.mean(axis=0) / returns.std(axis=0, ddof=1) * np.sqrt(252.0)


def runner(whole: Signals, mode: Mode) -> Callable[[], tuple[FloatArray, FloatArray]]:
    """Return a call without arguments that gives final equity and Sharpe ratio of every set."""
    count = len(whole.equity)
    size = count if mode == "one call" else min(BATCH, count)
    parts = [part(whole, at, min(at + size, count)) for at in range(0, count, size)]
    run = _by_callback if mode == "bare" else _by_methods

    def work() -> tuple[FloatArray, FloatArray]:
        done = [run(given, _to_percent) for given in parts]
        return np.concatenate([one[0] for one in done]), np.concatenate([one[1] for one in done])

    return work


def exact_equity(whole: Signals) -> FloatArray:
    """Return vectorbt's final equity where it orders exactly the shares that our rules give."""
    return _by_callback(whole, _to_shares)[0]
