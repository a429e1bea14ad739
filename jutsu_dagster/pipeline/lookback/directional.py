"""Runs of strategies that decide directions: all sets along the same bars, day by day."""

from __future__ import annotations

import hashlib
import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import partial

import numpy as np

from jutsu_dagster.core.account import AccountKey
from jutsu_dagster.core.bars import FloatArray, IntArray, TimeArray
from jutsu_dagster.core.errors import StrategyError
from jutsu_dagster.core.metrics import session_returns
from jutsu_dagster.core.stake_metrics import DAYS_PER_YEAR
from jutsu_dagster.core.timeframe import timeframe_of
from jutsu_dagster.pipeline.backtest_span import backtest_span
from jutsu_dagster.pipeline.candles import table_of
from jutsu_dagster.pipeline.direct import directional_strategy
from jutsu_dagster.pipeline.lanes import Lane
from jutsu_dagster.pipeline.lookback.candidates import Candidate, Candidates
from jutsu_dagster.pipeline.lookback.run import Advance, Run, Span, Switched
from jutsu_dagster.pipeline.variant_lanes import DirectionalRider
from jutsu_dagster.registry.config import StrategyConfig
from jutsu_dagster.research.lookback.measures import Basis, known, sharpe
from jutsu_dagster.storage.market import MarketStore
from jutsu_dagster.storage.records import TrialRecord
from jutsu_dagster.strategies.base import code_version
from jutsu_dagster.strategies.directional import DirectionalStrategy

SWITCHING = (
    "each day's result is that of the chosen set's own account over its stake. At a switch the"
    " position of the set before, as it stood at the end of the day, is taken to be closed and the"
    " chosen set's to be opened, at half the round trip's cost a side each; where both stand alike"
    " nothing is traded. The opening is paid likewise. Nothing is compounded"
)


def run_directional(
    config: StrategyConfig,
    store: MarketStore,
    candidates: Candidates,
    *,
    threads: int = 1,
    advance: Advance = lambda _done: None,
) -> Run:
    """Carry an account of each candidate through all days from ``backtest.start`` on.

    Parameters
    ----------
    config : StrategyConfig
    store : MarketStore
    candidates : Candidates
    threads : int
        Not used: one kernel carries all sets.
    advance : callable of int
        Told how many sets' worth of days are done.

    Raises
    ------
    StrategyError
        If the parent itself cannot be carried.
    """
    del threads
    strategy = directional_strategy(config)
    found = _carried(config, store, candidates, advance)
    kept = found.kept
    stake = config.initial_capital
    equity = np.vstack((np.full(len(kept), stake), found.equity[:, kept]))
    returns = np.diff(equity, axis=0) / stake
    timeframe = timeframe_of(table_of(strategy))
    half = np.array([one.rules.round_trip_cost / 2 for one in found.strategies(kept)])
    sets = [candidates.sets[at] for at in kept]
    return Run(
        sets=sets,
        refused=candidates.refused + found.refused,
        days=found.days,
        returns=returns,
        baseline=session_returns(found.close, found.close[0]),
        baseline_symbol=strategy.symbol,
        basis=Basis(DAYS_PER_YEAR if timeframe.is_intraday else 252, compound=False),
        data_version=found.data_version,
        data_hash=found.data_hash,
        code_version=code_version(type(strategy)),
        trials=_trials(config, sets, found.days, returns, found.data_hash),
        follow=partial(follow, returns, found.stands[:, kept], half),
        switching=SWITCHING,
    )


@dataclass(frozen=True, eq=False, slots=True)
class _Carried:
    """What became of the candidates' accounts: of those that could be carried to the end."""

    candidates: Candidates
    days: TimeArray
    equity: FloatArray
    stands: IntArray
    close: FloatArray
    failed: dict[int, str]
    data_version: str
    data_hash: str

    @property
    def kept(self) -> list[int]:
        return [at for at in range(len(self.candidates.sets)) if at not in self.failed]

    @property
    def refused(self) -> list[tuple[dict[str, object], str]]:
        sets = self.candidates.sets
        return [(dict(sets[at].changed), reason) for at, reason in self.failed.items()]

    def strategies(self, columns: Sequence[int]) -> list[DirectionalStrategy]:
        found = [self.candidates.sets[at].strategy for at in columns]
        return [one for one in found if isinstance(one, DirectionalStrategy)]


def _carried(
    config: StrategyConfig, store: MarketStore, candidates: Candidates, advance: Advance
) -> _Carried:
    span = backtest_span(config, store)
    rider = DirectionalRider(store, config)
    lanes = {_lane(rider, config, one): at for at, one in enumerate(candidates.sets)}
    failed = {lanes[lane]: reason for lane, reason in rider.load(span.first, span.last).items()}
    days = span.days
    equity = np.full((len(days), len(lanes)), np.nan)
    stands = np.zeros((len(days), len(lanes)), dtype=np.int64)
    close = np.empty(len(days))
    digest, version = hashlib.sha256(), ""
    for row, day in enumerate(days):
        _require_parent(config, failed)
        done, refused = rider.carry([lane for lane, at in lanes.items() if at not in failed], day)
        failed |= {lanes[lane]: reason for lane, reason in refused.items()}
        for lane, record in done.items():
            equity[row, lanes[lane]] = record.equity
            stands[row, lanes[lane]] = record.position_dir
            close[row], version = record.last_close, record.data_version
        if done:
            digest.update(next(iter(done.values())).data_hash.encode())
        advance(len(lanes) * (row + 1) // len(days))
    _require_parent(config, failed)
    return _Carried(
        candidates, np.array(days, dtype="datetime64[D]"), equity, stands, close, failed, version,
        digest.hexdigest()[:16],
    )  # fmt: skip


def _require_parent(config: StrategyConfig, failed: Mapping[int, str]) -> None:
    if 0 in failed:
        raise StrategyError(f"{config.strategy_id}: {failed[0]}")


def _lane(rider: DirectionalRider, config: StrategyConfig, one: Candidate) -> Lane:
    lane = rider.lane(AccountKey(config.strategy_id, "backtest"), config.strategy_id, one.strategy)
    lane.stand(None)
    return lane


def follow(
    returns: FloatArray, stands: IntArray, half: FloatArray, spans: Sequence[Span]
) -> Switched:
    """Follow one set after another, paying for what the change of position trades.

    Parameters
    ----------
    returns : float64 of shape (T, K)
        Daily results over the stake.
    stands : int64 of shape (T, K)
        Direction held at each day's end: 1, -1 or 0.
    half : float64 of shape (K,)
        Cost of a side, a fraction of the stake.
    spans : sequence of Span
        Following each other without a gap; the first begins after the first day.
    """
    pieces, turnover = [], []
    lost, before = 0.0, None
    for span in spans:
        own = returns[span.first : span.stop, span.chosen].copy()
        held = int(stands[span.first - 1, before.chosen]) if before is not None else 0
        wanted = int(stands[span.first - 1, span.chosen])
        paid = abs(held) * half[before.chosen] if before is not None and held != wanted else 0.0
        paid += abs(wanted) * half[span.chosen] if held != wanted else 0.0
        own[0] -= paid
        lost += paid
        turnover.append(float(abs(wanted) + abs(held)) if held != wanted else 0.0)
        pieces.append(own)
        before = span
    return Switched(np.concatenate(pieces), np.array(turnover), float(lost))


def _trials(
    config: StrategyConfig,
    sets: Sequence[Candidate],
    days: TimeArray,
    returns: FloatArray,
    data_hash: str,
) -> list[TrialRecord]:
    """Return the sets as trials: what was tried must be counted."""
    per_day = sharpe(returns, Basis(1))
    totals = returns.sum(axis=0)
    rows = []
    for at, one in enumerate(sets):
        assert isinstance(one.strategy, DirectionalStrategy)  # noqa: S101  (as the parent)
        rows.append(
            TrialRecord(
                parent_id=config.strategy_id,
                source="sweep",
                parameter_hash=one.strategy.parameter_hash,
                parameters=dict(one.changed),
                first_session=days[0].item(),
                last_session=days[-1].item(),
                daily_sharpe=known(per_day[at]),
                total_return=float(totals[at]) if math.isfinite(totals[at]) else None,
                data_hash=data_hash,
                code_version=code_version(type(one.strategy)),
                metrics={"total_return": known(totals[at]), "daily_sharpe": known(per_day[at])},
            )
        )
    return rows
