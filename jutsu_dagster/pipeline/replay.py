"""An account computed again from its first session, beside its record."""

from __future__ import annotations

import itertools
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import date
from pathlib import Path

import numpy as np
import pandas as pd

from jutsu_dagster.core.account import AccountKey, AccountState
from jutsu_dagster.core.bars import Bars
from jutsu_dagster.core.errors import DataError
from jutsu_dagster.pipeline.evaluate import Decide, anchor_of, evaluate, stored_bars
from jutsu_dagster.pipeline.ingest import ETF_DAILY
from jutsu_dagster.pipeline.paper import Book, paper_account
from jutsu_dagster.registry.config import StrategyConfig, build_config
from jutsu_dagster.registry.load import StrategyRegistry
from jutsu_dagster.storage import journal
from jutsu_dagster.storage.ledger import Ledger
from jutsu_dagster.storage.market import MarketStore
from jutsu_dagster.storage.records import Checkpoint
from jutsu_dagster.strategies.base import code_version


@dataclass(frozen=True, slots=True)
class ChangedBar:
    """One value of a stored bar that is not what it was; NaN where there was, or is, none."""

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
        Bars before that session that changed since it was recorded.
    touched : tuple of str
        Ids of the paper accounts that read any of them.
    code_changed : bool
        Whether other code decided then.
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
    recorded = list(book.sessions.values())
    if not recorded:
        return Replay(account, 0)
    snapshots = ledger.snapshots(account).set_index("session")
    for checkpoint, state in _again(config, recorded, book.opening, store, ledger, decide):
        row = snapshots.loc[pd.Timestamp(checkpoint.last_session)]
        found = [
            f"{checkpoint.period} {name}: recorded {old!r}, replayed {new!r}"
            for name, old, new in (
                ("equity", float(row["total_equity"]), state.equity),
                ("cash", float(row["cash"]), state.cash),
                ("positions", dict(row["positions"]), dict(state.shares)),
            )
            if old != new
        ]
        if found:
            changed = changed_bars(config, store, checkpoint)
            return Replay(
                account,
                len(recorded),
                tuple(found),
                checkpoint.last_session,
                changed,
                _touched(registry, ledger, changed),
                checkpoint.provenance.code_version != code_version(type(config.strategy)),
            )
    return Replay(account, len(recorded))


def config_of(config: StrategyConfig, ledger: Ledger, parameter_hash: str) -> StrategyConfig:
    """Return the strategy's configuration as it was under a parameter hash.

    Raises
    ------
    DataError
        If nobody kept it.
    """
    if parameter_hash == config.settings_hash:
        return config
    document = journal.parameters(ledger.engine, config.strategy_id, parameter_hash)
    if document is None:
        raise DataError(
            f"{config.strategy_id}: the settings {parameter_hash} that a session was recorded"
            " with are not kept in this ledger, so it cannot be computed again"
        )
    path = Path(f"{config.strategy_id}@{parameter_hash}")
    return build_config(document, path, config.home, f"recorded settings {parameter_hash}")


def _again(
    config: StrategyConfig,
    recorded: Sequence[Checkpoint],
    opening: AccountState,
    store: MarketStore,
    ledger: Ledger,
    decide: Decide | None,
) -> Iterator[tuple[Checkpoint, AccountState]]:
    state = opening
    groups = itertools.groupby(recorded, key=lambda each: each.provenance.parameter_hash)
    for parameter_hash, group in groups:
        days = list(group)
        then = config_of(config, ledger, parameter_hash)
        last = days[-1].last_session
        evaluation = evaluate(then, stored_bars(then, store, last), last, decide)
        for checkpoint in days:
            row = _row(evaluation.bars, checkpoint)
            state = evaluation.run(state, row, row + 1).closing
            yield checkpoint, state


def _row(bars: Bars, checkpoint: Checkpoint) -> int:
    row = bars.position(checkpoint.last_session)
    if row >= len(bars) or bars.sessions[row] != np.datetime64(checkpoint.last_session, "D"):
        raise DataError(
            f"{checkpoint.account}: {checkpoint.last_session} is recorded, but {ETF_DAILY} no"
            " longer has bars of it; ingest it again"
        )
    return row


def changed_bars(
    config: StrategyConfig, store: MarketStore, checkpoint: Checkpoint
) -> tuple[ChangedBar, ...]:
    """Return what changed in the bars that a session read, since it was recorded."""
    table, _, version = checkpoint.provenance.data_version.partition("@")
    if not version.isdigit():
        return ()
    symbols, first = config.strategy.universe, anchor_of(config)
    span = (symbols, first, checkpoint.last_session)
    then, now = store.rows(table, *span, int(version)), store.rows(table, *span)
    fields = [name for name in then.columns if name not in ("date", "symbol")]
    both = then.merge(now, on=["date", "symbol"], how="outer", suffixes=("_then", "_now"))
    found = []
    for name in fields:
        old, new = both[f"{name}_then"], both[f"{name}_now"]
        for at in np.flatnonzero(~((old == new) | (old.isna() & new.isna()))):
            line = both.iloc[at]
            found.append(
                ChangedBar(line["date"].date(), line["symbol"], name, old.iloc[at], new.iloc[at])
            )
    return tuple(sorted(found, key=lambda bar: (bar.session, bar.symbol)))


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
