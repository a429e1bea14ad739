"""Runs of strategies that decide weights: the sweep, and one account that changes its rules."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from datetime import date

import numpy as np

from jutsu_dagster.core.account import AccountState, Segment
from jutsu_dagster.core.calendar import sessions_before
from jutsu_dagster.core.engine import buy_and_hold, run_segment
from jutsu_dagster.core.errors import DataError
from jutsu_dagster.core.metrics import session_returns
from jutsu_dagster.pipeline.evaluate import allocation_strategy, terms_of
from jutsu_dagster.pipeline.ingest import ETF_DAILY
from jutsu_dagster.pipeline.lookback.candidates import Candidates
from jutsu_dagster.pipeline.lookback.run import Advance, Run, Span, Switched
from jutsu_dagster.pipeline.sweeps import Sweep, run_sweep, trials_of
from jutsu_dagster.registry.config import StrategyConfig
from jutsu_dagster.research.lookback.measures import Basis, LookbackError
from jutsu_dagster.storage.market import MarketStore, content_hash
from jutsu_dagster.storage.records import TrialRecord
from jutsu_dagster.strategies.base import code_version

SWITCHING = (
    "one account follows the chosen sets: from the close of the last in-sample session on it is"
    " held to the newly chosen set's target weights, by the same orders, prices, whole shares and"
    " costs as any other rebalance, and where these weights differ from those last accepted by"
    " less than the set's rebalance threshold nothing is traded. The choice uses that close's own"
    " return, as the strategy's signals use the close that they are filled at. The cost of a"
    " switch falls on the session of its fill, the opening's on the first out-of-sample session"
)


def run_allocation(
    config: StrategyConfig,
    store: MarketStore,
    candidates: Candidates,
    *,
    threads: int = 1,
    advance: Advance = lambda _done: None,
) -> Run:
    """Backtest all candidates in one sweep from ``backtest.start`` to ``backtest.end``.

    Every set runs once over all sessions, with its own warm-up before the first; no window
    starts an indicator or an account again.

    A set whose warm-up begins before the stored bars do is left out, with that as the reason.

    Raises
    ------
    DataError
        If bars are missing, those of the strategy's own warm-up included.
    LookbackError
        If no set but the strategy itself has the bars that it needs.
    """
    candidates = _warm(config, store, candidates)
    last = config.backtest_end or date.max
    version = store.version(ETF_DAILY)
    sweep = run_sweep(
        config,
        candidates.grid(),
        lambda symbols, anchor: store.read(ETF_DAILY, symbols, anchor, last, version),
        threads=threads,
        curves=True,
        progress=advance,
    )
    curves = sweep.result.curves
    assert curves is not None  # noqa: S101  (asked for)
    capital = config.initial_capital
    returns = np.column_stack([session_returns(curve, capital) for curve in curves])
    symbol = sweep.strategies[0].signal_of_record
    held = buy_and_hold(sweep.bars, symbol, sweep.start, capital)
    return Run(
        sets=candidates.sets,
        refused=candidates.refused,
        days=sweep.result.sessions,
        returns=returns,
        baseline=session_returns(held, capital),
        baseline_symbol=symbol,
        basis=Basis(252, compound=True),
        data_version=f"{ETF_DAILY}@{version}",
        data_hash=content_hash(sweep.bars),
        code_version=code_version(type(sweep.strategies[0])),
        trials=_trials(config, sweep),
        follow=lambda spans: follow(config, sweep, spans),
        switching=SWITCHING,
    )


def _warm(config: StrategyConfig, store: MarketStore, candidates: Candidates) -> Candidates:
    """Return the candidates whose warm-up the store has bars for; DataError without the parent."""
    signal = allocation_strategy(config).signal_of_record
    held = store.coverage(ETF_DAILY).set_index("symbol")
    if signal not in held.index:
        return candidates
    begins: date = held["first"][signal]
    kept, refused = [], list(candidates.refused)
    for one in candidates.sets:
        anchor = _anchor(config, one.strategy.warmup_sessions)
        if anchor is None or anchor >= begins:
            kept.append(one)
        elif one is candidates.sets[0]:
            raise DataError(
                f"{config.strategy_id}: to trade from {config.backtest_start} on, with its warm-up"
                f" before, it needs bars of {signal} from {anchor} on, and there are from {begins}:"
                " ingest them, or --start later"
            )
        else:
            reason = f"its warm-up needs bars of {signal} from {anchor} on; there are from {begins}"
            refused.append((dict(one.changed), reason))
    if len(kept) == 1 < len(candidates.sets):
        raise LookbackError(
            f"{config.strategy_id}: no set but the strategy itself can be run from"
            f" {config.backtest_start} on: {refused[-1][1]}. Ingest them, or --start later"
        )
    return replace(candidates, sets=kept, refused=refused)


def _anchor(config: StrategyConfig, warmup: int) -> date | None:
    """Return the first session that so long a warm-up reads; None without one."""
    if not warmup:
        return None
    anchor: date = sessions_before(config.backtest_start, warmup)[0].item()
    return anchor


def _trials(config: StrategyConfig, sweep: Sweep) -> list[TrialRecord]:
    """Return the sets as trials, each with the hash of the bars that it reads itself.

    So a set is one trial in whatever company it is run, and not one more for each.
    """
    hashes: dict[int, str] = {}
    rows = trials_of(config, sweep, "")
    for one in sweep.strategies:
        warmup = one.warmup_sessions
        if warmup not in hashes:
            hashes[warmup] = content_hash(sweep.bars.window(sweep.start - warmup, len(sweep.bars)))
    return [
        replace(row, data_hash=hashes[one.warmup_sessions])
        for row, one in zip(rows, sweep.strategies, strict=True)
    ]


def follow(config: StrategyConfig, sweep: Sweep, spans: Sequence[Span]) -> Switched:
    """Carry one fresh account along the decisions of one set after another.

    A span's set decides from the close before its first day to the close before its last; the
    last span's also at its last close. So each day's return is earned by what the set chosen for
    that day decided.

    Parameters
    ----------
    config : StrategyConfig
    sweep : Sweep
    spans : sequence of Span
        Following each other without a gap; the first begins after the first traded session.
    """
    terms, bars = terms_of(config), sweep.bars
    used = sorted({span.chosen for span in spans})
    strategies = [sweep.strategies[at] for at in used]
    anchors = [sweep.start - one.warmup_sessions for one in strategies]
    made = type(strategies[0]).decide_many(strategies, bars, anchors)
    decided = {
        at: (np.concatenate((np.full(anchor, -1, dtype=np.int64), one.codes)), one.table)
        for at, anchor, one in zip(used, anchors, made, strict=True)
    }
    state = AccountState.open(terms.initial_capital)
    pieces, turnover, costs = [], [], 0.0
    for number, span in enumerate(spans):
        codes, table = decided[span.chosen]
        begin = sweep.start + span.first - 1
        stop = sweep.start + span.stop - (number < len(spans) - 1)
        segment = run_segment(
            bars, codes, table, terms, state, start=begin, stop=stop,
            min_weight_change=sweep.strategies[span.chosen].min_weight_change,
        )  # fmt: skip
        # Delayed orders of the switch are filled a session later.
        switch = segment.fills.row <= (0 if terms.timing == "close" else 1)
        traded = np.abs(segment.fills.shares) * segment.fills.price
        worth = segment.fills.value_before[:1]
        turnover.append(float(traded[switch].sum() / worth[0]) if switch.any() else 0.0)
        costs += _costs(segment, terms.slippage_rate)
        pieces.append(segment.equity)
        state = segment.closing
    equity = np.concatenate(pieces)
    # The first close is the opening's, before any day of a span: its cost stays in the first day.
    returns = session_returns(equity[1:], terms.initial_capital)
    return Switched(returns, np.array(turnover), costs / terms.initial_capital)


def _costs(segment: Segment, slippage: float) -> float:
    """Return commission and slippage of a segment's fills, money."""
    fills = segment.fills
    away = np.where(fills.shares > 0, slippage / (1 + slippage), slippage / (1 - slippage))
    lost = np.abs(fills.shares) * fills.price * away + fills.commission
    return float(lost.sum())
