"""An account computed again from its first session, beside its record."""

from __future__ import annotations

import itertools
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import date
from typing import Any

import numpy as np
import pandas as pd

from jutsu_dagster.core.account import AccountKey, AccountState
from jutsu_dagster.core.align import bars_from_rows
from jutsu_dagster.core.bars import Bars
from jutsu_dagster.core.errors import DataError
from jutsu_dagster.pipeline.book import Book, paper_account
from jutsu_dagster.pipeline.carry import config_of
from jutsu_dagster.pipeline.evaluate import Decide, Evaluation, anchor_of, evaluate, stored_bars
from jutsu_dagster.pipeline.ingest import ETF_DAILY
from jutsu_dagster.registry.config import StrategyConfig
from jutsu_dagster.registry.load import StrategyRegistry
from jutsu_dagster.storage.ledger import Ledger
from jutsu_dagster.storage.market import MarketStore
from jutsu_dagster.storage.records import Checkpoint
from jutsu_dagster.strategies.base import code_version


@dataclass(frozen=True, slots=True)
class ChangedBar:
    """One value of a stored bar that is not what it was; NaN where there was, or is, none.

    ``session`` of an intraday bar is the moment of its open, UTC.
    """

    session: date
    symbol: str
    field: str
    before: float
    after: float

    def __str__(self) -> str:
        return f"{self.symbol} {self.session} {self.field} {self.before:g} → {self.after:g}"


@dataclass(frozen=True, slots=True)
class Replay:
    """How an account's record compares with the same sessions computed again, to the bit.

    Attributes
    ----------
    account : AccountKey
    sessions : int
        Recorded, and computed again.
    differences : tuple of str
        Of the first session that differs: what is recorded and what comes out now.
    first_difference : date or None
    changed : tuple of ChangedBar
        Bars that this session or one before it read, and that changed since.
    touched : tuple of str
        Ids of the paper accounts that read any of them.
    code_changed : bool
        Whether other code decided this session or one before it.
    """

    account: AccountKey
    sessions: int
    differences: tuple[str, ...] = ()
    first_difference: date | None = None
    changed: tuple[ChangedBar, ...] = ()
    touched: tuple[str, ...] = ()
    code_changed: bool = False

    @property
    def identical(self) -> bool:
        """Whether positions, cash and equity of every session came out the same."""
        return not self.differences


@dataclass(frozen=True, eq=False, slots=True)
class _Step:
    """A recorded session, and the same one computed again."""

    recorded: Checkpoint
    evaluation: Evaluation
    state: AccountState

    def read(self, bars: Bars) -> bool:
        """Return whether these are the bars that the session read then; later ones may follow."""
        stop = bars.position(self.recorded.last_session) + 1
        found = replace(self.evaluation, bars=bars).data_hash(stop)
        return found == self.recorded.provenance.data_hash

    @property
    def other_code(self) -> bool:
        """Whether other code decided then."""
        now = code_version(type(self.evaluation.strategy))
        return now != self.recorded.provenance.code_version


def replay_account(
    config: StrategyConfig,
    registry: StrategyRegistry,
    store: MarketStore,
    ledger: Ledger,
    *,
    decide: Decide | None = None,
) -> Replay:
    """Compute a paper account again over today's bars and compare every session with its record.

    Each session with the parameters that its record names.

    Raises
    ------
    DataError
        If bars that the account once read are gone.
    """
    account = paper_account(config.strategy_id)
    book = Book.open(config, ledger)
    if not book.sessions:
        return Replay(account, 0)
    snapshots = ledger.snapshots(account).set_index("session")
    done: list[_Step] = []
    for step in _again(book, store, ledger, decide):
        done.append(step)
        recorded, state = step.recorded, step.state
        row: Any = snapshots.loc[pd.Timestamp(recorded.last_session)]
        found = [
            f"{recorded.period} {name}: recorded {old!r}, replayed {new!r}"
            for name, old, new in (
                ("equity", float(row["total_equity"]), state.equity),
                ("cash", float(row["cash"]), state.cash),
                ("positions", dict(row["positions"]), dict(state.shares)),
            )
            if old != new
        ]
        if found:
            try:
                changed = changed_bars(store, done)
            except DataError as error:
                changed = ()
                found.append(f"which bars changed since is not known: {error}")
            return Replay(
                account,
                len(book.sessions),
                tuple(found),
                recorded.last_session,
                changed,
                _touched(registry, ledger, changed),
                any(each.other_code for each in done),
            )
    return Replay(account, len(book.sessions))


def _again(
    book: Book, store: MarketStore, ledger: Ledger, decide: Decide | None
) -> Iterator[_Step]:
    state = book.opening
    version = store.version(ETF_DAILY)
    sessions = book.sessions.values()
    groups = itertools.groupby(sessions, key=lambda each: each.provenance.parameter_hash)
    for parameter_hash, group in groups:
        days = list(group)
        then = config_of(book.config, ledger, parameter_hash)
        last = days[-1].last_session
        evaluation = evaluate(then, stored_bars(then, store, last, version), last, decide)
        for recorded in days:
            row = _row(evaluation.bars, recorded)
            state = evaluation.run(state, row, row + 1).closing
            yield _Step(recorded, evaluation, state)


def _row(bars: Bars, recorded: Checkpoint) -> int:
    row = bars.position(recorded.last_session)
    if row >= len(bars) or bars.sessions[row] != np.datetime64(recorded.last_session, "D"):
        raise DataError(
            f"{recorded.account}: {recorded.last_session} is recorded, but {ETF_DAILY} no"
            " longer has bars of it; ingest it again"
        )
    return row


def changed_bars(store: MarketStore, steps: Sequence[_Step]) -> tuple[ChangedBar, ...]:
    """Return what changed in the bars that sessions read, each since it was recorded.

    Raises
    ------
    DataError
        If a version that they read is not in the store.
    """
    # All of them, because a change may show only in a later session, which read the new bar.
    # Backwards, because what one night read holds what the nights before it read, but for bars
    # that changed in between: so few versions are opened, however many nights there are.
    found: dict[tuple[date, str, str], ChangedBar] = {}
    known: Bars | None = None
    for step in reversed(steps):
        bars, recorded = step.evaluation.bars, step.recorded
        if step.read(bars if known is None else known):
            continue
        table, _, version = recorded.provenance.data_version.partition("@")
        span = (bars.symbols, bars.sessions[0].item(), recorded.last_session)
        then, now = store.rows(table, *span, int(version)), store.rows(table, *span)
        known = bars_from_rows(then, bars.symbols)
        for bar in _unequal(then, now):
            found.setdefault((bar.session, bar.symbol, bar.field), bar)
    return tuple(found[key] for key in sorted(found, key=lambda key: key[:2]))


def _unequal(then: pd.DataFrame, now: pd.DataFrame) -> Iterator[ChangedBar]:
    key = ["date", "symbol"]
    both: Any = then.merge(now, on=key, how="outer", suffixes=("_then", "_now"))
    for name in then.columns.drop(key):
        old, new = (both[f"{name}_{when}"].to_numpy(np.float64) for when in ("then", "now"))
        for at in np.flatnonzero(~((old == new) | (np.isnan(old) & np.isnan(new)))):
            day, symbol = (both[each].iloc[at] for each in key)
            yield ChangedBar(day.date(), symbol, name, float(old[at]), float(new[at]))


def _touched(
    registry: StrategyRegistry, ledger: Ledger, changed: Sequence[ChangedBar]
) -> tuple[str, ...]:
    """Return the paper accounts that read a changed bar."""
    touched = []
    for entry in registry.get_active_strategies():
        if entry.config is None:
            continue
        last = ledger.latest_checkpoint(paper_account(entry.id))
        universe, anchor = entry.config.strategy.universe, anchor_of(entry.config)
        if last is not None and any(
            bar.symbol in universe and anchor <= bar.session <= last.last_session for bar in changed
        ):
            touched.append(entry.id)
    return tuple(touched)
