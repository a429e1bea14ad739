"""What carries the variants of an allocation parent: their decisions, and a session's step."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import date
from typing import Any, cast

from jutsu_dagster.core.account import AccountKey
from jutsu_dagster.core.align import require_sessions, require_sound
from jutsu_dagster.core.bars import Bars
from jutsu_dagster.core.calendar import sessions_between
from jutsu_dagster.core.episodes import EpisodeState
from jutsu_dagster.core.errors import DataError, JutsuError, StrategyError
from jutsu_dagster.core.timeframe import ETF_DAILY
from jutsu_dagster.pipeline.allocation_lanes import (
    AllocationLane,
    Opened,
    carry_session,
    hash_of_row,
)
from jutsu_dagster.pipeline.evaluate import terms_of
from jutsu_dagster.pipeline.variant_report import said
from jutsu_dagster.registry.config import StrategyConfig
from jutsu_dagster.storage.exploration_rows import DayRecord
from jutsu_dagster.storage.market import MarketStore
from jutsu_dagster.strategies.base import AllocationStrategy, Strategy


class AllocationRider:
    """Carries many parameter sets of one allocation class over the same bars.

    Parameters
    ----------
    store : MarketStore
    config : StrategyConfig
        The parent's: its terms and the start of its history, for accounts that are opened now.
    """

    def __init__(self, store: MarketStore, config: StrategyConfig) -> None:
        self.store, self.config = store, config
        self._lanes: list[AllocationLane] = []
        self._bars: Bars | None = None
        self._version = 0

    def lane(
        self, account: AccountKey, parent_id: str, strategy: Strategy, track: str = ""
    ) -> AllocationLane:
        """Return an account before its first day; it decides once ``load`` was called."""
        if not isinstance(strategy, AllocationStrategy):
            raise StrategyError(f"{account}: {type(strategy).__name__} decides no weights")
        opened = Opened(terms_of(self.config), self.config.backtest_start)
        lane = AllocationLane(account, parent_id, strategy, opened, track)
        self._lanes.append(lane)
        return lane

    def open_days(self, first: date, last: date) -> list[date]:
        """Return the sessions of a range."""
        return [day.item() for day in sessions_between(first, last)]

    def load(self, first: date, last: date) -> dict[Any, str]:
        """Read the bars up to ``last`` and ask every parameter set what it decides.

        Raises
        ------
        DataError
            If bars are missing.
        """
        del first  # a decision's history begins at its anchor, whatever the range
        one = self._lanes[0].strategy
        anchor = min(lane.anchor for lane in self._lanes)
        self._version = self.store.version(ETF_DAILY)
        bars = self.store.read(ETF_DAILY, one.universe, anchor, last, self._version)
        if not len(bars):
            raise DataError(self._lacks(anchor))
        begins = bars.sessions[0].item()
        short = {lane for lane in self._lanes if _lacks_warmup(lane, begins)}
        ready = [lane for lane in self._lanes if lane not in short]
        if ready:
            anchor = min(lane.anchor for lane in ready)
            until, signal = bars.sessions[-1].item(), one.signal_of_record
            own = bars.window(bars.position(anchor), len(bars))
            self._bars = require_sessions(own, anchor, until, signal)
            require_sound(self._bars)
        refused = {lane: self._lacks(lane.anchor) for lane in short}
        return refused | (self._decide_all(ready, self._bars) if self._bars is not None else {})

    def _lacks(self, anchor: date) -> str:
        symbols = ", ".join(self._lanes[0].strategy.universe)
        return (
            f"{self.config.strategy_id}: there are no bars of {symbols} from {anchor} on, where"
            f" its warm-up begins; ingest them (`jutsu ingest --from {anchor}`)"
        )

    def _decide_all(self, lanes: Sequence[AllocationLane], bars: Bars) -> dict[Any, str]:
        strategies = [lane.strategy for lane in lanes]
        anchors = [bars.position(lane.anchor) for lane in lanes]
        refused: dict[Any, str] = {}
        try:
            made = type(strategies[0]).decide_many(strategies, bars, anchors)
        except Exception:  # noqa: BLE001  (whose fault it is shows one by one)
            for lane, anchor in zip(lanes, anchors, strict=True):
                try:
                    lane.decision = lane.strategy.decide(bars.window(anchor, len(bars)))
                # A user's class may raise anything; it is this one variant's fault.
                except Exception as error:  # noqa: BLE001
                    refused[lane] = said(error)
        else:
            for lane, decision in zip(lanes, made, strict=True):
                lane.decision = decision
        return refused

    def carry(self, lanes: Sequence[Any], day: date) -> tuple[dict[Any, DayRecord], dict[Any, str]]:
        """Carry accounts through a session; those that fail are named, the others go on.

        Raises
        ------
        DataError
            If there are no bars of that session.
        """
        if not lanes:
            return {}, {}
        assert self._bars is not None  # noqa: S101  (loaded before)
        bars = self._bars
        row = bars.position(day)
        if row >= len(bars) or bars.sessions[row].item() != day:
            raise DataError(
                f"{ETF_DAILY} has no bars of {day};"
                f" ingest that day first (`jutsu ingest --from {day} --to {day}`)"
            )
        provenance = (f"{ETF_DAILY}@{self._version}", hash_of_row(bars, row))
        records: dict[Any, DayRecord] = {}
        refused: dict[Any, str] = {}
        for lane in cast("Sequence[AllocationLane]", lanes):
            try:
                records[lane] = carry_session(lane, bars, row, day, *provenance)
            except JutsuError as error:
                refused[lane] = said(error)
        return records, refused

    def view(self, state: Mapping[str, Any]) -> tuple[dict[str, Any], dict[str, Any]]:
        """Return a checkpoint's position and its seven statistics; of an empty one, a new one's."""
        found = EpisodeState.from_dict(state["episodes"]) if state else EpisodeState()
        return found.position, found.stats

    def document(self, lane: Any) -> dict[str, Any]:
        """Return the parameters of an account, and what it was opened with."""
        parameters = lane.strategy.model_dump(mode="json")
        return {"parameters": parameters, "opened": lane.opened.to_dict()}


def _lacks_warmup(lane: AllocationLane, begins: date) -> bool:
    """Return whether the store's first session comes after the first that an account reads."""
    return len(sessions_between(lane.anchor, begins)) > 1
