"""Accounts of directional strategies, carried through a day: one function for every mode."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import date

from jutsu_dagster.core.account import AccountKey
from jutsu_dagster.core.exploration import explore
from jutsu_dagster.core.exploration_rows import trade_rows
from jutsu_dagster.core.exploration_rules import Decided, ExplorationRules
from jutsu_dagster.core.exploration_state import ExplorationState
from jutsu_dagster.reporting.exploration import trade_lines
from jutsu_dagster.storage.exploration_log import Head
from jutsu_dagster.storage.exploration_rows import DayRecord


@dataclass(eq=False, slots=True)
class Lane:
    """One account on its way; ``carry`` moves it on.

    Attributes
    ----------
    account : AccountKey
    parent_id : str
        Whose variant it is; a strategy's own id else.
    symbol : str
    rules : ExplorationRules
    parameter_hash, code_version : str
    capital : float
        What every entry stakes, money; results are not compounded.
    state : ExplorationState
    peak : float
        The highest equity so far.
    trades_size : int
        Bytes of the trades file so far.
    opens : bool
        Whether no day is recorded yet.
    track : str
    """

    account: AccountKey
    parent_id: str
    symbol: str
    rules: ExplorationRules
    parameter_hash: str
    code_version: str
    capital: float
    state: ExplorationState = field(default_factory=ExplorationState)
    peak: float = 0.0
    trades_size: int = 0
    opens: bool = True
    track: str = ""

    def stand(self, head: Head | None) -> None:
        """Go to where a recorded day ended; to the beginning where there is none."""
        if head is None:
            self.state, self.peak, self.trades_size = ExplorationState(), self.capital, 0
        else:
            # What it was opened with, whatever the configuration has become.
            self.capital = head.initial_capital
            self.state = ExplorationState.from_dict(head.state)
            self.peak, self.trades_size = head.peak, head.trades_size
        self.opens = head is None

    def equity(self, close: float) -> float:
        """Return the money there would be, an open position valued at ``close``, a side paid."""
        return self.capital * (1.0 + self.state.total_pnl + self._open_result(close))

    def _open_result(self, close: float) -> float:
        state = self.state
        if state.entry_px is None:
            return 0.0
        moved = (close - state.entry_px) / state.entry_px * state.dir
        return moved - self.rules.round_trip_cost / 2


def carry(
    lanes: Sequence[Lane], decided: Decided, day: date, data_version: str, data_hash: str
) -> list[DayRecord]:
    """Carry accounts through the bars of one day that all of them decide alike.

    Parameters
    ----------
    lanes : sequence of Lane
        Moved on.
    decided : Decided
        The day's bars.
    day : date
    data_version, data_hash : str

    Returns
    -------
    list of DayRecord, in the order of ``lanes``
    """
    explored = explore(decided, [lane.rules for lane in lanes], [lane.state for lane in lanes])
    close = float(decided.close[-1])
    records = []
    for at, (lane, closing) in enumerate(zip(lanes, explored.closing, strict=True)):
        opening, lane.state = lane.state, closing
        id_ = lane.account.strategy_id
        trades = trade_rows(
            explored.events_of(at), decided, symbol=lane.symbol, variant_id=id_, gross=True
        )
        lines = trade_lines(trades, day)
        equity = lane.equity(close)
        lane.peak = max(lane.peak, equity)
        lane.trades_size += len(lines)
        records.append(
            DayRecord(
                account=lane.account,
                track=lane.track,
                parent_id=lane.parent_id,
                day=day,
                opens=lane.opens,
                opening_hash=opening.digest,
                closing_hash=closing.digest,
                state=closing.to_dict(),
                stats=closing.stats,
                gross_pnl=closing.gross_pnl,
                position_dir=closing.dir,
                symbol=lane.symbol,
                bars=len(decided),
                trades=trades,
                lines=lines,
                initial_capital=lane.capital,
                equity=equity,
                peak=lane.peak,
                last_close=close,
                trades_size=lane.trades_size,
                parameter_hash=lane.parameter_hash,
                data_version=data_version,
                data_hash=data_hash,
                code_version=lane.code_version,
            )
        )
        lane.opens = False
    return records
