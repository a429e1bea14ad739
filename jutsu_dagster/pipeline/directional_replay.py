"""A directional account computed again from its first day, and a day from what its record names."""

from __future__ import annotations

import itertools
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any

import numpy as np

from jutsu_dagster.core.account import AccountKey, Mode
from jutsu_dagster.core.bars import PRICE_FIELDS, Bars, FloatArray, TimeArray
from jutsu_dagster.core.errors import DataError
from jutsu_dagster.pipeline.book import paper_account
from jutsu_dagster.pipeline.candles import Candles, Direct, read_candles
from jutsu_dagster.pipeline.carry import config_of
from jutsu_dagster.pipeline.course import Course
from jutsu_dagster.pipeline.day_report import day_differences
from jutsu_dagster.pipeline.direct import directional_strategy, is_directional
from jutsu_dagster.pipeline.replay import ChangedBar, Replay
from jutsu_dagster.registry.config import StrategyConfig
from jutsu_dagster.registry.load import StrategyRegistry
from jutsu_dagster.registry.universe import history_start
from jutsu_dagster.storage import exploration_log as log
from jutsu_dagster.storage.exploration_accounts import span
from jutsu_dagster.storage.exploration_log import Head
from jutsu_dagster.storage.exploration_rows import DayRecord
from jutsu_dagster.storage.ledger import Ledger
from jutsu_dagster.storage.market import MarketStore
from jutsu_dagster.strategies.base import code_version


@dataclass(frozen=True, eq=False, slots=True)
class _Step:
    """A recorded day, and the same one computed again over ``candles``."""

    recorded: Head
    made: DayRecord
    config: StrategyConfig
    candles: Candles


def replay_days(
    config: StrategyConfig,
    registry: StrategyRegistry,
    store: MarketStore,
    ledger: Ledger,
    *,
    direct: Direct | None = None,
) -> Replay:
    """Compute a paper account again over today's bars and compare every day with its record.

    Each day with the parameters that its record names; as ``replay_account``.

    Raises
    ------
    DataError
        If bars that the account once read are gone.
    """
    account = paper_account(config.strategy_id)
    heads = _heads(ledger, account)
    other_code = False
    for step in _again(config, heads, account, store, ledger, direct):
        recorded, made = step.recorded, step.made
        other_code = other_code or recorded.code_version != code_version(type(config.strategy))
        found = list(day_differences(recorded, made))
        if found:
            try:
                changed = _changed(store, step)
            except DataError as error:
                changed = ()
                found.append(f"which bars changed since is not known: {error}")
            touched = _touched(registry, ledger, recorded.symbol, changed)
            return Replay(
                account, len(heads), tuple(found), recorded.day, changed, touched, other_code
            )
    return Replay(account, len(heads))


def reproduce_day(
    config: StrategyConfig,
    store: MarketStore,
    ledger: Ledger,
    day: date,
    mode: Mode,
    direct: Direct | None = None,
) -> tuple[Head, tuple[str, ...]]:
    """Compute a recorded day again from its data version and its parameters.

    Returns
    -------
    Head, tuple of str
        The record, and what differs: in the result, the bars or the trades.

    Raises
    ------
    DataError
        If the day is not recorded, or what it was made from is not kept.
    """
    account = AccountKey(config.strategy_id, mode)
    name, engine = account.strategy_id, ledger.engine
    recorded = log.recorded(engine, mode, [name], day, day).get((name, day))
    if recorded is None:
        held = span(engine, account)
        what = f"it holds {held[0]} to {held[1]}" if held else "it holds nothing yet"
        raise DataError(f"{account}: no day {day} is recorded; {what}")
    before = log.latest(engine, mode, [name], before=day).get(name)
    then = config_of(config, ledger, recorded.parameter_hash)
    version = int(recorded.data_version.partition("@")[2])
    course = Course(then, store, day, day, direct, version)
    made = course.carry(course.lane(account, before), day)
    found = list(day_differences(recorded, made))
    for what, old, new in (
        ("bars", recorded.data_hash, made.data_hash),
        ("opening state", recorded.opening_hash, made.opening_hash),
    ):
        if old != new:
            found.append(f"{what}: recorded hash {old}, now {new}")
    return recorded, (*found, *_trades_differ(ledger, account, made))


def _trades_differ(ledger: Ledger, account: AccountKey, made: DayRecord) -> Iterator[str]:
    stored = log.trades(ledger.engine, account, first=made.day, last=made.day)
    held: Any = stored.astype(object).where(stored.notna(), None).to_dict("records")
    if len(held) != len(made.trades):
        yield f"trades: recorded {len(held)}, now {len(made.trades)}"
        return
    for old, new in zip(held, made.trades, strict=True):
        for name in sorted(set(old) & set(new)):
            if old[name] != new[name]:
                yield f"trade at {new['ts']}, {name}: recorded {old[name]!r}, now {new[name]!r}"
                return


def _heads(ledger: Ledger, account: AccountKey) -> list[Head]:
    held = span(ledger.engine, account)
    if held is None:
        return []
    return list(log.recorded(ledger.engine, "paper", [account.strategy_id], *held).values())


def _again(
    config: StrategyConfig,
    heads: Sequence[Head],
    account: AccountKey,
    store: MarketStore,
    ledger: Ledger,
    direct: Direct | None,
) -> Iterator[_Step]:
    before: Head | None = None
    for parameter_hash, group in itertools.groupby(heads, key=lambda head: head.parameter_hash):
        days = list(group)
        then = config_of(config, ledger, parameter_hash)
        course = Course(then, store, days[0].day, days[-1].day, direct)
        for recorded in days:
            made = course.carry(course.lane(account, before), recorded.day)
            yield _Step(recorded, made, then, course.candles)
            before = recorded


def _changed(store: MarketStore, step: _Step) -> tuple[ChangedBar, ...]:
    """Return what changed in the bars that a day may read, since it was recorded."""
    day, strategy = step.recorded.day, directional_strategy(step.config)
    version = int(step.recorded.data_version.partition("@")[2])
    then = read_candles(store, [strategy], day, day, history_start(step.config), version).bars
    bars = step.candles.bars
    first = int(np.searchsorted(bars.timestamps, then.timestamps[0]))
    now = bars.window(first, step.candles.rows_of(day).stop)
    times = np.union1d(then.timestamps, now.timestamps)
    found = []
    for name in (*PRICE_FIELDS, "volume"):
        old, new = _on(then, name, times), _on(now, name, times)
        for at in np.flatnonzero(~((old == new) | (np.isnan(old) & np.isnan(new)))).tolist():
            values = float(old[at]), float(new[at])
            found.append(ChangedBar(times[at].item(), step.recorded.symbol, name, *values))
    return tuple(sorted(found, key=lambda bar: bar.session))


def _on(bars: Bars, name: str, times: TimeArray) -> FloatArray:
    values = np.full(len(times), np.nan)
    values[np.searchsorted(times, bars.timestamps)] = getattr(bars, name)[:, 0]
    return values


def _touched(
    registry: StrategyRegistry, ledger: Ledger, symbol: str, changed: Sequence[ChangedBar]
) -> tuple[str, ...]:
    """Return the directional paper accounts that read a changed bar."""
    days = [np.datetime64(bar.session, "D").item() for bar in changed]
    touched = []
    for entry in registry.get_active_strategies():
        config = entry.config
        if config is None or not is_directional(config) or symbol not in config.strategy.universe:
            continue
        held = span(ledger.engine, paper_account(entry.id))
        if held is not None and any(history_start(config) <= day <= held[1] for day in days):
            touched.append(entry.id)
    return tuple(touched)
