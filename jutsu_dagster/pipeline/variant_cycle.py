"""One parent's share of the variants' cycle: their accounts, then their files and attempts."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime
from pathlib import Path

from jutsu_dagster.core.account import AccountKey
from jutsu_dagster.core.errors import ConfigError, JutsuError
from jutsu_dagster.pipeline.candles import Direct
from jutsu_dagster.pipeline.variant_episodes import AllocationRider
from jutsu_dagster.pipeline.variant_files import (
    bring_summary,
    bring_trades,
    summary_path,
    trades_path,
)
from jutsu_dagster.pipeline.variant_lanes import DirectionalRider
from jutsu_dagster.pipeline.variant_report import Rider, VariantRun
from jutsu_dagster.pipeline.variant_run import run_family
from jutsu_dagster.registry.config import StrategyConfig
from jutsu_dagster.registry.load import StrategyEntry
from jutsu_dagster.registry.shadows import Shadow
from jutsu_dagster.reporting.exploration import recorded_rows, summary_text, trade_lines
from jutsu_dagster.storage import exploration_log as log
from jutsu_dagster.storage import journal
from jutsu_dagster.storage.journal import Attempt
from jutsu_dagster.storage.ledger import Ledger
from jutsu_dagster.storage.market import MarketStore
from jutsu_dagster.strategies.directional import DirectionalStrategy


@dataclass(frozen=True, slots=True)
class VariantDesk:
    """What variants need.

    Attributes
    ----------
    store : MarketStore
    ledger : Ledger
    home : Path
        The project, whose ``reports/variant/`` the files are in.
    direct_of : callable of StrategyConfig, optional
        Says who asks a directional class; this process unless given.
    """

    store: MarketStore
    ledger: Ledger
    home: Path
    direct_of: Callable[[StrategyConfig], Direct] | None = None


def run_variants(
    desk: VariantDesk,
    parent: StrategyEntry,
    shadows: Sequence[Shadow],
    first: date,
    last: date,
    *,
    run_id: str,
) -> list[VariantRun]:
    """Carry variants of one parent through a range of days, and bring their files up to it.

    Parameters
    ----------
    desk : VariantDesk
    parent : StrategyEntry
    shadows : sequence of Shadow
        Live variants of it.
    first, last : date
        UTC dates, both inclusive.
    run_id : str

    Returns
    -------
    list of VariantRun, in the order of ``shadows``
        What went wrong with one variant is in its ``error``.

    Raises
    ------
    DataError
        If bars are missing.
    LedgerError
        If the ledger cannot be read or written.
    """
    begun = datetime.now(UTC)
    rider = rider_of(parent, desk)
    runs = run_family(rider, desk.ledger, parent.id, shadows, first, last)
    _remember(rider, desk.ledger, runs)
    for run in runs:
        try:
            _write(run, rider, desk)
        except (OSError, JutsuError) as error:
            run.error = run.error or f"recorded, but its files are not written: {error}"
    _note(runs, desk.ledger, last, begun, run_id)
    return runs


def rider_of(parent: StrategyEntry, desk: VariantDesk) -> Rider:
    """Return what carries the variants of a parent."""
    if parent.config is None:
        raise ConfigError(parent.faults)
    if isinstance(parent.config.strategy, DirectionalStrategy):
        direct = desk.direct_of(parent.config) if desk.direct_of is not None else None
        return DirectionalRider(desk.store, parent.config, direct)
    return AllocationRider(desk.store, parent.config)


def _remember(rider: Rider, ledger: Ledger, runs: Sequence[VariantRun]) -> None:
    """Keep the parameters of accounts that were opened, so that they can be computed again."""
    opened = (
        (run.id, run.lane.parameter_hash, rider.document(run.lane))
        for run in runs
        if run.lane is not None and any(record.opens for record in run.added)
    )
    journal.remember_all(ledger.engine, opened)


def _write(run: VariantRun, rider: Rider, desk: VariantDesk) -> None:
    added = run.added
    if not added and run.stands is None:
        # It was made too late to have traded: there is nothing to show yet.
        return
    before = run.stands.trades_size if run.stands is not None else 0
    account = AccountKey(run.id, "shadow")

    def whole() -> bytes:
        days = recorded_rows(log.trades(desk.ledger.engine, account))
        return b"".join(trade_lines(rows, day) for day, rows in days)

    lines = b"".join(record.lines for record in added)
    bring_trades(trades_path(desk.home, run.id), before, lines, whole)
    state = added[-1].state if added else (run.stands.state if run.stands is not None else {})
    position, stats = rider.view(state)
    row = run.shadow.row
    text = summary_text(run.id, row.symbol or "", row.mutations, position, stats)
    bring_summary(summary_path(desk.home, run.id), text)


def _note(
    runs: Sequence[VariantRun], ledger: Ledger, last: date, begun: datetime, run_id: str
) -> None:
    journal.note_attempts(
        ledger.engine,
        [
            Attempt(
                account=AccountKey(run.id, "shadow"),
                partition=last.isoformat(),
                status="ok" if run.error is None else "failed",
                started_at=begun,
                error=run.error,
                run_id=run_id,
            )
            for run in runs
            # A range wholly before a variant's first day was not tried.
            if run.error is not None or any(day.status != "before" for day in run.days)
        ],
    )
