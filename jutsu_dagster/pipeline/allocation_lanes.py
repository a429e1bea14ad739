"""Accounts of allocation variants, session by session: holding episodes are their trades."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from datetime import date
from typing import Any

from jutsu_dagster.core.account import AccountKey, AccountState
from jutsu_dagster.core.bars import PRICE_FIELDS, Bars
from jutsu_dagster.core.calendar import sessions_before
from jutsu_dagster.core.engine import Terms, run_segment
from jutsu_dagster.core.episodes import EpisodeState, trade_episodes
from jutsu_dagster.core.errors import StrategyError
from jutsu_dagster.reporting.exploration import trade_lines
from jutsu_dagster.storage.exploration_log import Head
from jutsu_dagster.storage.exploration_rows import DayRecord
from jutsu_dagster.strategies.allocation import Allocation, regime_labels
from jutsu_dagster.strategies.base import AllocationStrategy, code_version


@dataclass(frozen=True, slots=True)
class Opened:
    """What an account was opened with, whatever its parent's file has become.

    Attributes
    ----------
    terms : Terms
    history_from : date
        The strategy's warm-up ends here: its ``backtest.start``.
    """

    terms: Terms
    history_from: date

    def to_dict(self) -> dict[str, Any]:
        """Return it as JSON-ready data."""
        return {**asdict(self.terms), "history_from": self.history_from.isoformat()}

    @classmethod
    def from_dict(cls, data: Mapping[str, Any]) -> Opened:
        """Return what ``to_dict`` wrote."""
        stated = dict(data)
        since = date.fromisoformat(stated.pop("history_from"))
        return cls(Terms(**stated), since)


@dataclass(eq=False, slots=True)
class AllocationLane:
    """One account on its way; as ``lanes.Lane``."""

    account: AccountKey
    parent_id: str
    strategy: AllocationStrategy
    opened: Opened
    track: str = ""
    state: AccountState = field(init=False)
    episodes: EpisodeState = field(default_factory=EpisodeState)
    trades_size: int = 0
    opens: bool = True
    decision: Allocation | None = None

    def stand(self, head: Head | None) -> None:
        """Go to where a recorded day ended; to the beginning where there is none."""
        self.opens = head is None
        if head is None:
            self.state = AccountState.open(self.opened.terms.initial_capital)
            self.episodes, self.trades_size = EpisodeState(), 0
        else:
            self.opened = Opened.from_dict(head.state["opened"])
            self.state = AccountState.from_dict(head.state["account"])
            self.episodes = EpisodeState.from_dict(head.state["episodes"])
            self.trades_size = head.trades_size

    @property
    def checkpoint(self) -> dict[str, Any]:
        """What the next day starts from, JSON-ready."""
        return {
            "account": self.state.to_dict(),
            "episodes": self.episodes.to_dict(),
            "opened": self.opened.to_dict(),
        }

    @property
    def digest(self) -> str:
        """A short content hash of the checkpoint."""
        return _digest(self.checkpoint)

    @property
    def parameter_hash(self) -> str:
        """A short hash of all that decides the account's numbers."""
        return _digest({"strategy": self.strategy.parameter_hash, **self.opened.to_dict()})

    @property
    def anchor(self) -> date:
        """The first session that the strategy reads."""
        warmup = self.strategy.warmup_sessions
        since = self.opened.history_from
        return sessions_before(since, warmup)[0].item() if warmup else since


def carry_session(
    lane: AllocationLane, bars: Bars, row: int, day: date, data_version: str, data_hash: str
) -> DayRecord:
    """Carry one account through the session at ``row``; it must have decided.

    Raises
    ------
    StrategyError
        If the strategy has no opinion on it.
    """
    decision, strategy, terms = lane.decision, lane.strategy, lane.opened.terms
    assert decision is not None  # noqa: S101  (or it was refused)
    anchor = bars.position(lane.anchor)
    own = bars.window(anchor, row + 1)
    at = row - anchor
    if decision.codes[at] < 0:
        raise StrategyError(f"{lane.account.strategy_id}: has no opinion on {day} (a row of NaN)")
    opening = lane.digest
    segment = run_segment(
        own, decision.codes, decision.table, terms, lane.state,
        min_weight_change=strategy.min_weight_change, start=at, stop=at + 1,
    )  # fmt: skip
    signal = strategy.signal_of_record
    episodes, trades = trade_episodes(
        segment, lane.episodes, strategy.exposures,
        regime_labels(decision, strategy.regimes, at, at + 1, terms.timing),
        symbol=signal, variant_id=lane.account.strategy_id, gross=True,
    )  # fmt: skip
    lane.state, lane.episodes = segment.closing, episodes
    lines = trade_lines(trades, day)
    lane.trades_size += len(lines)
    opens, lane.opens = lane.opens, False
    return DayRecord(
        account=lane.account,
        track=lane.track,
        parent_id=lane.parent_id,
        day=day,
        opens=opens,
        opening_hash=opening,
        closing_hash=lane.digest,
        state=lane.checkpoint,
        stats=episodes.stats,
        gross_pnl=episodes.gross_pnl,
        position_dir=episodes.dir,
        symbol=signal,
        bars=1,
        trades=trades,
        lines=lines,
        initial_capital=terms.initial_capital,
        equity=segment.closing.equity,
        peak=segment.closing.peak,
        last_close=float(bars.close[row, bars.column(signal)]),
        trades_size=lane.trades_size,
        parameter_hash=lane.parameter_hash,
        data_version=data_version,
        data_hash=data_hash,
        code_version=code_version(type(strategy)),
    )


def hash_of_row(bars: Bars, row: int) -> str:
    """Return a content hash of one session's bars."""
    digest = hashlib.sha256(repr(bars.symbols).encode())
    digest.update(bars.timestamps[row : row + 1].tobytes())
    for name in (*PRICE_FIELDS, "volume", "splits"):
        digest.update(getattr(bars, name)[row].tobytes())
    return digest.hexdigest()[:16]


def _digest(data: Mapping[str, Any]) -> str:
    return hashlib.sha256(json.dumps(data, sort_keys=True).encode()).hexdigest()[:16]
