"""A directional strategy's decisions over a range of days, and an account carried along them."""

from __future__ import annotations

import hashlib
from datetime import date

from jutsu_dagster.core.account import AccountKey
from jutsu_dagster.core.bars import PRICE_FIELDS
from jutsu_dagster.core.errors import DataError, StrategyError
from jutsu_dagster.core.exploration_rules import Decided
from jutsu_dagster.pipeline.candles import Candles, Direct, read_candles
from jutsu_dagster.pipeline.direct import directional_strategy, directions
from jutsu_dagster.pipeline.lanes import Lane, carry
from jutsu_dagster.registry.config import StrategyConfig
from jutsu_dagster.registry.universe import history_start
from jutsu_dagster.storage.exploration_log import Head
from jutsu_dagster.storage.exploration_rows import DayRecord
from jutsu_dagster.storage.market import MarketStore
from jutsu_dagster.strategies.base import code_version


class Course:
    """What one configuration decides on a range of days.

    Parameters
    ----------
    config : StrategyConfig
        Of a directional strategy.
    store : MarketStore
    first, last : date
        The days that are to be traded, both inclusive.
    direct : Direct, optional
        Who asks the strategy; this process unless given.
    version : int, optional
        Of the market table; the newest unless given.

    Attributes
    ----------
    config : StrategyConfig
    candles : Candles
        Of those days and the warm-up before them.
    decided : Decided
        Every bar of them with its decision.

    Raises
    ------
    DataError
        If bars are missing, those of the warm-up included.
    StrategyError
        If the strategy fails.
    """

    def __init__(
        self,
        config: StrategyConfig,
        store: MarketStore,
        first: date,
        last: date,
        direct: Direct | None = None,
        version: int | None = None,
    ) -> None:
        strategy = directional_strategy(config)
        self.config, self.strategy = config, strategy
        self.candles: Candles = candles_of(config, store, first, last, version)
        self._require_warm(first)
        bars = self.candles.bars
        (made,) = direct([strategy], bars) if direct else directions(config, [strategy], bars)
        self.decided: Decided = self.candles.decided(made)

    def lane(self, account: AccountKey, head: Head | None) -> Lane:
        """Return the account at the end of its last recorded day, or before its first.

        Raises
        ------
        StrategyError
            If the account trades another symbol.
        """
        if head is not None and head.symbol != self.strategy.symbol:
            raise StrategyError(
                f"{account}: the account trades {head.symbol}, and its settings now name"
                f" {self.strategy.symbol}; name it again, or add the changed strategy under an id"
                " of its own"
            )
        lane = Lane(
            account=account,
            parent_id=account.strategy_id,
            symbol=self.strategy.symbol,
            rules=self.strategy.rules,
            parameter_hash=self.config.settings_hash,
            code_version=code_version(type(self.strategy)),
            capital=self.config.initial_capital,
        )
        lane.stand(head)
        return lane

    def carry(self, lane: Lane, day: date) -> DayRecord:
        """Move the account on by a day; raise DataError if the day lacks bars."""
        version, hash_ = self.candles.data_version, day_hash(self.candles, day, opens=lane.opens)
        (record,) = carry([lane], self.decided_on(day), day, version, hash_)
        return record

    def decided_on(self, day: date) -> Decided:
        """Return the bars of one day with their decisions."""
        rows = self.candles.rows_of(day)
        return self.decided.window(rows.start, rows.stop)

    def _require_warm(self, first: date) -> None:
        rows = self.candles.rows_of(first)
        if rows.start < self.strategy.warmup_bars:
            begins = self.candles.bars.timestamps[0]
            raise DataError(
                f"{self.config.strategy_id}: {self.candles.table} has bars of"
                f" {self.strategy.symbol} from {begins}Z on, {rows.start} before {first}; the"
                f" strategy needs {self.strategy.warmup_bars} before the first day that it"
                " trades: ingest them, or start it later"
            )


def candles_of(
    config: StrategyConfig, store: MarketStore, first: date, last: date, version: int | None = None
) -> Candles:
    """Return the bars of a range of days and of the warm-up before them; as ``read_candles``."""
    strategy = directional_strategy(config)
    return read_candles(store, [strategy], first, last, history_start(config), version)


def day_hash(candles: Candles, day: date, *, opens: bool) -> str:
    """Return a content hash of a day's bars; of an account's first day with its warm-up's."""
    own = candles.data_hash(day)
    if not opens:
        return own
    bars = candles.bars.window(0, candles.rows_of(day).start)
    digest = hashlib.sha256(own.encode())
    digest.update(bars.timestamps.tobytes())
    for name in (*PRICE_FIELDS, "volume"):
        digest.update(getattr(bars, name).tobytes())
    return digest.hexdigest()[:16]
