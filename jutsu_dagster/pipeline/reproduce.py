"""One recorded period computed again from exactly what its record names."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date

from jutsu_dagster.core.account import AccountKey, AccountState, Mode
from jutsu_dagster.core.errors import DataError
from jutsu_dagster.pipeline.evaluate import Decide, evaluate, stored_bars
from jutsu_dagster.pipeline.replay import config_of
from jutsu_dagster.pipeline.session_report import differences
from jutsu_dagster.registry.config import StrategyConfig
from jutsu_dagster.storage.ledger import Ledger
from jutsu_dagster.storage.market import MarketStore
from jutsu_dagster.storage.records import Checkpoint
from jutsu_dagster.strategies.base import code_version


@dataclass(frozen=True, slots=True)
class Reproduction:
    """A record beside the same period computed again.

    Attributes
    ----------
    recorded : Checkpoint
    code_now : str
        Version of the code that computed it now.
    differences : tuple of str
        In the result, the bars or the state before; empty where all is identical to the bit.
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
    recorded, state = _found(config, ledger, account, day)
    made = recorded.provenance
    version = made.data_version.partition("@")[2]
    if not version.isdigit():
        raise DataError(f"{account}: {recorded.period} was moved in; nobody knows its data")
    then = config_of(config, ledger, made.parameter_hash)
    last = recorded.last_session
    evaluation = evaluate(then, stored_bars(then, store, last, int(version)), last, decide)
    begin = evaluation.bars.position(recorded.first_session)
    segment = evaluation.run(state, begin, len(evaluation.bars))
    found = list(differences(recorded, segment))
    data_hash = evaluation.data_hash(len(evaluation.bars))
    if data_hash != made.data_hash:
        found.append(f"bars: recorded hash {made.data_hash}, now {data_hash}")
    if state.session is not None and state.digest != recorded.opening_hash:
        found.append(f"opening state: recorded {recorded.opening_hash}, now {state.digest}")
    if len(segment.fills) != recorded.trades:
        found.append(f"trades: recorded {recorded.trades}, now {len(segment.fills)}")
    found += _rows_differ(ledger, account, recorded, segment.equity.tolist())
    code = code_version(type(then.strategy))
    return Reproduction(recorded, code, tuple(found))


def _found(
    config: StrategyConfig, ledger: Ledger, account: AccountKey, day: date
) -> tuple[Checkpoint, AccountState]:
    """Return the period that holds ``day``, and the state before it."""
    before = AccountState.open(config.initial_capital)
    checkpoints = ledger.checkpoints(account)
    for checkpoint in checkpoints:
        if checkpoint.sessions and checkpoint.first_session <= day <= checkpoint.last_session:
            if before.session is None:
                before = AccountState.open(checkpoint.closing.initial_capital)
            return checkpoint, before
        before = checkpoint.closing
    sessions = [c for c in checkpoints if c.sessions]
    span = f"it holds {sessions[0].first_session} to {sessions[-1].last_session}" if sessions else (
        "it holds nothing yet"
    )  # fmt: skip
    raise DataError(f"{account}: no session of {day} is recorded; {span}")


def _rows_differ(
    ledger: Ledger, account: AccountKey, recorded: Checkpoint, equity: list[float]
) -> list[str]:
    rows = ledger.snapshots(account, recorded.first_session, recorded.last_session)
    stored = rows["total_equity"].tolist()
    for session, old, new in zip(rows["session"], stored, equity, strict=False):
        if old != new:
            return [f"snapshot {session.date()} equity: recorded {old!r}, now {new!r}"]
    if len(stored) != len(equity):
        return [f"snapshots: recorded {len(stored)}, now {len(equity)}"]
    return []
