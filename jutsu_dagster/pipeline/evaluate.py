"""Bars → decisions → an account's sessions: the one path that every mode takes."""

from __future__ import annotations

import hashlib
import inspect
import traceback
from collections.abc import Callable
from dataclasses import dataclass
from datetime import date
from functools import cached_property

import numpy as np

from jutsu_dagster.core.account import AccountState, Segment
from jutsu_dagster.core.align import require_sessions, require_sound
from jutsu_dagster.core.bars import PRICE_FIELDS, Bars, FloatArray
from jutsu_dagster.core.calendar import sessions_before, sessions_between
from jutsu_dagster.core.engine import Terms, buy_and_hold, run_segment
from jutsu_dagster.core.errors import DataError, JutsuError, StrategyError
from jutsu_dagster.pipeline.ingest import ETF_DAILY
from jutsu_dagster.registry.config import StrategyConfig
from jutsu_dagster.storage.market import MarketStore
from jutsu_dagster.strategies.allocation import Allocation
from jutsu_dagster.strategies.base import AllocationStrategy

Decide = Callable[[StrategyConfig, AllocationStrategy, Bars], Allocation]
"""Asks a strategy for its decisions; raises StrategyError if it fails to give any."""


@dataclass(frozen=True, eq=False)
class Evaluation:
    """A strategy's decisions over its whole history, ready to be traded by an account.

    Attributes
    ----------
    config : StrategyConfig
    strategy : AllocationStrategy
    bars : Bars
        From the strategy's anchor to the last session known.
    start : int
        Row of the first session on which the account may trade.
    decision : Allocation
        Of every row, warm-up included.
    """

    config: StrategyConfig
    strategy: AllocationStrategy
    bars: Bars
    start: int
    decision: Allocation

    @property
    def terms(self) -> Terms:
        """The terms the account trades on."""
        return terms_of(self.config)

    @cached_property
    def baseline(self) -> FloatArray:
        """Buy-and-hold of the signal symbol from ``start`` on, money, of shape (T - start,)."""
        return buy_and_hold(
            self.bars, self.strategy.signal_of_record, self.start, self.config.initial_capital
        )

    def run(self, state: AccountState, start: int, stop: int, *, warmup: bool = False) -> Segment:
        """Carry an account through rows ``start`` to ``stop``; ``warmup`` runs them all from 0."""
        return run_segment(
            self.bars,
            self.decision.codes,
            self.decision.table,
            self.terms,
            state,
            min_weight_change=self.strategy.min_weight_change,
            start=0 if warmup else start,
            stop=stop,
            first_trade=start,
        )

    def data_hash(self, stop: int) -> str:
        """Return a content hash of the bars that the sessions before row ``stop`` may read."""
        digest = hashlib.sha256(repr(self.bars.symbols).encode())
        digest.update(self.bars.timestamps[:stop].tobytes())
        for name in (*PRICE_FIELDS, "volume", "splits"):
            digest.update(getattr(self.bars, name)[:stop].tobytes())
        return digest.hexdigest()[:16]


def terms_of(config: StrategyConfig) -> Terms:
    """Return the terms that a configuration states."""
    return Terms(
        initial_capital=config.initial_capital,
        commission_per_share=config.commission_per_share,
        slippage_rate=config.slippage_rate,
        timing=config.execution_time,
    )


def allocation_strategy(config: StrategyConfig) -> AllocationStrategy:
    """Return the configured strategy; raise StrategyError if it does not decide weights."""
    if not isinstance(config.strategy, AllocationStrategy):
        raise StrategyError(
            f"{config.strategy_id}: {config.class_name} does not decide target weights,"
            " so it has no account of this kind"
        )
    return config.strategy


def anchor_of(config: StrategyConfig) -> date:
    """Return the first session that the strategy reads: its warm-up before ``backtest.start``."""
    warmup = config.strategy.warmup_sessions
    if not warmup:
        return config.backtest_start
    anchor: date = sessions_before(config.backtest_start, warmup)[0].item()
    return anchor


def evaluate(
    config: StrategyConfig, bars: Bars, last: date, decide: Decide | None = None
) -> Evaluation:
    """Decide every session from the strategy's anchor to ``last``.

    Parameters
    ----------
    config : StrategyConfig
    bars : Bars
        With every session from the anchor on; more is cut away.
    last : date
        The last day to look at, inclusive.
    decide : Decide, optional
        Who asks the strategy; this process unless given.

    Raises
    ------
    DataError
        If a session that the strategy needs is missing, by name.
    StrategyError
        If the strategy's weights break the contract.
    """
    strategy = allocation_strategy(config)
    signal = strategy.signal_of_record
    anchor = anchor_of(config)
    own = bars.select(strategy.universe)
    stop = int(np.searchsorted(own.sessions, np.datetime64(last, "D"), side="right"))
    own = own.window(own.position(anchor), stop)
    if not len(own):
        raise DataError(f"{config.strategy_id}: there are no bars from {anchor} to {last}")
    begins = own.sessions[0].item()
    if len(sessions_between(anchor, begins)) > 1:
        raise DataError(
            f"{config.strategy_id}: the data start on {begins}; to trade from backtest.start"
            f" ({config.backtest_start}) on, with its warm-up before, it needs bars of"
            f" {', '.join(own.symbols)} from {anchor} on: ingest them, or start it later"
        )
    ends = own.sessions[-1].item()
    try:
        own = require_sessions(own, anchor, ends, signal)
        require_sound(own)
    except DataError as error:
        raise DataError(f"{config.strategy_id} (warm-up from {anchor}): {error}") from error
    start = own.position(config.backtest_start)
    if start >= len(own):
        raise DataError(
            f"{config.strategy_id}: the data end on {ends}, before backtest.start"
            f" ({config.backtest_start})"
        )
    return Evaluation(config, strategy, own, start, (decide or decided)(config, strategy, own))


def decided(config: StrategyConfig, strategy: AllocationStrategy, bars: Bars) -> Allocation:
    """Return the strategy's decisions; raise StrategyError for whatever its code raises."""
    try:
        return strategy.decide(bars)
    except JutsuError:
        raise
    # A user's class may raise anything, and may call sys.exit; the traceback stays in the chain
    # for the UI.
    except (Exception, SystemExit) as error:
        raise strategy_fault(config, error) from error


def strategy_fault(config: StrategyConfig, error: BaseException) -> StrategyError:
    """Return what to say of a strategy whose code raised ``error``: where, and what."""
    frames = traceback.extract_tb(error.__traceback__)
    own = inspect.getfile(type(config.strategy))
    place = next((each for each in reversed(frames) if each.filename == own), frames[-1])
    return StrategyError(
        f"{config.strategy_id}: {config.class_name} failed at {place.filename}, line"
        f" {place.lineno}: {type(error).__name__}: {error}"
    )


def stored_bars(
    config: StrategyConfig, store: MarketStore, last: date, version: int | None = None
) -> Bars:
    """Return the strategy's bars from the store, from its anchor to ``last``."""
    return store.read(ETF_DAILY, config.strategy.universe, anchor_of(config), last, version)
