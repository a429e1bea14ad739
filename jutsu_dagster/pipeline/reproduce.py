"""One recorded period computed again from exactly what its record names."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any

import pandas as pd

from jutsu_dagster.core.account import AccountKey, AccountState, Mode
from jutsu_dagster.core.errors import DataError
from jutsu_dagster.pipeline.book import Book
from jutsu_dagster.pipeline.carry import Carrier, config_of
from jutsu_dagster.pipeline.evaluate import Decide, evaluate, stored_bars
from jutsu_dagster.pipeline.session_report import differences
from jutsu_dagster.registry.config import StrategyConfig
from jutsu_dagster.storage.append import OPENING
from jutsu_dagster.storage.ledger import Ledger
from jutsu_dagster.storage.market import MarketStore
from jutsu_dagster.storage.period_rows import Row, snapshot_rows, trade_rows
from jutsu_dagster.storage.records import Checkpoint

# What a row was made from; what it holds may be the same all the same.
_NAMED = {"parameter_hash", "data_version", "code_version"}


@dataclass(frozen=True, slots=True)
class Reproduction:
    """A record beside the same period computed again.

    Attributes
    ----------
    recorded : Checkpoint
    code_now : str
        Version of the code that computed it now.
    differences : tuple of str
        In the result, any column of its rows, the bars or the state before; empty where all is
        identical to the bit.
    """

    recorded: Checkpoint
    code_now: str
    differences: tuple[str, ...]

    @property
    def identical(self) -> bool:
        """Whether the result came out the same, to the bit."""
        return not self.differences

    @property
    def code_changed(self) -> bool:
        """Whether other code decided then; the result may be the same all the same."""
        return self.code_now != self.recorded.provenance.code_version


def reproduce(
    config: StrategyConfig,
    store: MarketStore,
    ledger: Ledger,
    day: date,
    *,
    mode: Mode = "paper",
    decide: Decide | None = None,
) -> Reproduction:
    """Compute the period that holds ``day`` again, from its data version and its parameters.

    Raises
    ------
    DataError
        If the day is not recorded, or what it was made from is not kept.
    """
    account = AccountKey(config.strategy_id, mode)
    checkpoints = ledger.checkpoints(account)
    recorded, state = _found(account, checkpoints, day)
    made = recorded.provenance
    version = int(made.data_version.partition("@")[2])
    then = config_of(config, ledger, made.parameter_hash)
    last = recorded.last_session
    evaluation = evaluate(then, stored_bars(then, store, last, version), last, decide)
    bars = evaluation.bars
    begin = bars.position(recorded.first_session)
    segment = evaluation.run(state, begin, len(bars))
    found = list(differences(recorded, segment))
    data_hash = evaluation.data_hash(len(bars))
    if data_hash != made.data_hash:
        found.append(f"bars: recorded hash {made.data_hash}, now {data_hash}")
    if state.digest != recorded.opening_hash:
        found.append(f"opening state: recorded {recorded.opening_hash}, now {state.digest}")
    if mode == "paper":
        carrier = Book(config, checkpoints).carrier(evaluation, version)
    else:
        carrier = Carrier(evaluation, account, evaluation.start, then.initial_capital, version)
    period = carrier.period(recorded.period, segment, begin)
    span = (account, recorded.first_session, last)
    found += _rows_differ("snapshot", ledger.snapshots(*span), snapshot_rows(period))
    found += _rows_differ("trade", ledger.trades(*span), trade_rows(period))
    return Reproduction(recorded, carrier.code, tuple(found))


def _found(
    account: AccountKey, checkpoints: Sequence[Checkpoint], day: date
) -> tuple[Checkpoint, AccountState]:
    """Return the period that holds ``day``, and the state before it."""
    before: AccountState | None = None
    for checkpoint in checkpoints:
        if checkpoint.first_session <= day <= checkpoint.last_session and not _opens(checkpoint):
            capital = checkpoint.closing.initial_capital
            return checkpoint, before or AccountState.open(capital)
        before = checkpoint.closing
    own = [checkpoint for checkpoint in checkpoints if not _opens(checkpoint)]
    span = "it holds nothing yet"
    if own:
        span = f"it holds {own[0].first_session} to {own[-1].last_session}"
    raise DataError(f"{account}: no session of {day} is recorded; {span}")


def _opens(checkpoint: Checkpoint) -> bool:
    return checkpoint.period == OPENING


def _rows_differ(what: str, stored: pd.DataFrame, rows: Sequence[Row]) -> list[str]:
    """Return the first value in which the ledger's rows are not these."""
    if len(stored) != len(rows):
        return [f"{what}s: recorded {len(stored)}, now {len(rows)}"]
    held: Any = stored.astype(object).where(stored.notna(), None).to_dict("records")
    for old, new in zip(held, rows, strict=True):
        for name in sorted(old.keys() & new.keys() - _NAMED):
            if old[name] != new[name]:
                where = f"{what} of {old['session'].date()}, {name}"
                return [f"{where}: recorded {old[name]!r}, now {new[name]!r}"]
    return []
