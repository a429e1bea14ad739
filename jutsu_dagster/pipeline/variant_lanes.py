"""What carries the variants of a directional parent: their decisions, and a day's step."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import date, timedelta
from functools import partial
from typing import Any

from jutsu_dagster.core.account import AccountKey
from jutsu_dagster.core.bars import Bars
from jutsu_dagster.core.errors import JutsuError, StrategyError
from jutsu_dagster.core.exploration_rules import Decided
from jutsu_dagster.core.exploration_state import ExplorationState
from jutsu_dagster.core.timeframe import timeframe_of
from jutsu_dagster.pipeline.candles import Candles, Direct, read_candles, table_of
from jutsu_dagster.pipeline.direct import directions
from jutsu_dagster.pipeline.lanes import Lane, carry
from jutsu_dagster.pipeline.variant_report import said
from jutsu_dagster.registry.config import StrategyConfig
from jutsu_dagster.storage.exploration_rows import DayRecord
from jutsu_dagster.storage.market import MarketStore
from jutsu_dagster.strategies.base import Strategy, code_version
from jutsu_dagster.strategies.directional import Directional, DirectionalStrategy

Refused = dict[Lane, str]
"""The accounts that could not go on, and why."""


class DirectionalRider:
    """Carries many parameter sets of one directional class over the same bars.

    Parameters
    ----------
    store : MarketStore
    config : StrategyConfig
        The parent's: its capital and the start of its history.
    direct : Direct, optional
        Who asks its class; this process unless given.
    """

    def __init__(
        self, store: MarketStore, config: StrategyConfig, direct: Direct | None = None
    ) -> None:
        self.store, self.config = store, config
        self._direct = direct or partial(directions, config)
        self._strategies: dict[Lane, DirectionalStrategy] = {}
        self._decided: dict[Lane, Decided] = {}
        self._candles: Candles | None = None

    def lane(
        self, account: AccountKey, parent_id: str, strategy: Strategy, track: str = ""
    ) -> Lane:
        """Return an account before its first day; it decides once ``load`` was called."""
        if not isinstance(strategy, DirectionalStrategy):
            raise StrategyError(f"{account}: {type(strategy).__name__} decides no directions")
        lane = Lane(
            account=account,
            parent_id=parent_id,
            symbol=strategy.symbol,
            rules=strategy.rules,
            parameter_hash=strategy.parameter_hash,
            code_version=code_version(type(strategy)),
            capital=self.config.initial_capital,
            track=track,
        )
        self._strategies[lane] = strategy
        return lane

    def open_days(self, first: date, last: date) -> list[date]:
        """Return the days of a range on which the market is open."""
        one = next(iter(self._strategies.values()))
        days = timeframe_of(table_of(one)).open_days(first, last)
        return [day.item() for day in days]

    def load(self, first: date, last: date) -> Refused:
        """Read the bars of ``first`` to ``last`` and ask every parameter set what it decides.

        Raises
        ------
        DataError
            If bars are missing.
        """
        strategies = list(self._strategies.values())
        # The parent's, so that a set decides the same alone and in any company.
        warmup = timedelta(days=self.config.strategy.warmup_sessions)
        anchor = self.config.backtest_start - warmup
        self._candles = read_candles(self.store, strategies, first, last, anchor)
        refused: Refused = {}
        # Sets that decide alike share one object.
        known: dict[int, Decided] = {}
        for lane, made in zip(self._strategies, self._directions(), strict=True):
            if isinstance(made, JutsuError):
                refused[lane] = said(made)
                continue
            try:
                if id(made) not in known:
                    known[id(made)] = self._candles.decided(made)
                self._decided[lane] = known[id(made)]
            except JutsuError as error:
                refused[lane] = said(error)
        return refused

    def _directions(self) -> Sequence[Directional | JutsuError]:
        assert self._candles is not None  # noqa: S101  (set before)
        strategies, bars = list(self._strategies.values()), self._candles.bars
        try:
            return self._direct(strategies, bars)
        except JutsuError:
            return [self._alone(strategy, bars) for strategy in strategies]

    def _alone(self, strategy: DirectionalStrategy, bars: Bars) -> Directional | JutsuError:
        """Ask one set: whose fault it is shows one by one."""
        try:
            return self._direct([strategy], bars)[0]
        except JutsuError as error:
            return error

    def carry(self, lanes: Sequence[Lane], day: date) -> tuple[dict[Lane, DayRecord], Refused]:
        """Carry accounts through a day; those that fail are named, the others go on.

        Raises
        ------
        DataError
            If the day does not have all its bars.
        """
        assert self._candles is not None  # noqa: S101  (loaded before)
        rows = self._candles.rows_of(day)
        provenance = (self._candles.data_version, self._candles.data_hash(day))
        alike: dict[int, list[Lane]] = {}
        for lane in lanes:
            alike.setdefault(id(self._decided[lane]), []).append(lane)
        records: dict[Lane, DayRecord] = {}
        refused: Refused = {}
        for group in alike.values():
            decided = self._decided[group[0]].window(rows.start, rows.stop)
            try:
                done = carry(group, decided, day, *provenance)
                records |= zip(group, done, strict=True)
            except JutsuError:
                for lane in group:
                    try:
                        (records[lane],) = carry([lane], decided, day, *provenance)
                    except JutsuError as error:
                        refused[lane] = said(error)
        return records, refused

    def view(self, state: Mapping[str, Any]) -> tuple[dict[str, Any], dict[str, Any]]:
        """Return a checkpoint's position and its seven statistics; of an empty one, a new one's."""
        found = ExplorationState.from_dict(state)
        return found.position, found.stats

    def document(self, lane: Lane) -> dict[str, Any]:
        """Return the parameters of an account."""
        return self._strategies[lane].model_dump(mode="json")
