"""One strategy's share of a trading session, guarded: status kept, alerts sent, state written."""

from __future__ import annotations

import logging
import time
import traceback
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from datetime import UTC, date, datetime
from typing import Any

from jutsu_dagster.core.errors import ConfigError, JutsuError, LedgerError, StrategyError
from jutsu_dagster.pipeline import alerts
from jutsu_dagster.pipeline.candles import Direct
from jutsu_dagster.pipeline.day_book import open_book
from jutsu_dagster.pipeline.day_report import DayReport
from jutsu_dagster.pipeline.direct import is_directional
from jutsu_dagster.pipeline.directional_paper import trade_days
from jutsu_dagster.pipeline.evaluate import Decide
from jutsu_dagster.pipeline.paper import paper_account, trade_sessions
from jutsu_dagster.pipeline.session_report import SessionReport
from jutsu_dagster.registry.config import StrategyConfig
from jutsu_dagster.registry.load import StrategyEntry, StrategyRegistry
from jutsu_dagster.storage import journal
from jutsu_dagster.storage.journal import Attempt, RunStatus
from jutsu_dagster.storage.ledger import Ledger
from jutsu_dagster.storage.market import MarketStore
from jutsu_dagster.storage.state_manager import MultiStrategyStateManager

PaperReport = SessionReport | DayReport
"""What one day of a paper account did, of either kind."""

_log = logging.getLogger(__name__)


class SkippedStrategyError(JutsuError):
    """A strategy was not run because one before it failed and failures are not isolated."""


@dataclass(frozen=True)
class Desk:
    """What a trading session needs, opened once for all strategies.

    Attributes
    ----------
    registry : StrategyRegistry
    store : MarketStore
    ledger : Ledger
    states : MultiStrategyStateManager
    alerts : Alerts
    decide : Decide or None
        Who asks the strategies; this process if None.
    direct_of : callable or None
        Returns who asks directional strategies of a configuration's class; as ``decide``.
    """

    registry: StrategyRegistry
    store: MarketStore
    ledger: Ledger
    states: MultiStrategyStateManager
    alerts: alerts.Alerts
    decide: Decide | None = None
    direct_of: Callable[[StrategyConfig], Direct] | None = None

    def direct(self, config: StrategyConfig) -> Direct | None:
        """Return who asks a directional strategy; None for this process."""
        return self.direct_of(config) if self.direct_of is not None else None


@dataclass(frozen=True)
class StrategyResult:
    """How one strategy's share of a trading session went.

    Attributes
    ----------
    strategy_id : str
    success : bool
    status : "ok", "failed" or "skipped"
    error : str or None
    duration_seconds : float
    sessions : tuple of PaperReport
        One a day, closed days among them.
    """

    strategy_id: str
    success: bool
    status: RunStatus
    error: str | None = None
    duration_seconds: float = 0.0
    sessions: tuple[PaperReport, ...] = ()
    cause: BaseException | None = field(default=None, repr=False, compare=False)

    @property
    def signals(self) -> dict[str, Any]:
        """Regime and indicators behind the last session's decision."""
        traded = [report for report in self.sessions if report.state is not None]
        return dict(traded[-1].signals) if traded else {}


def paper_entries(registry: StrategyRegistry) -> list[StrategyEntry]:
    """Return the strategies that trade on paper, in execution order, broken ones included."""
    entries = [registry.entries[id_] for id_ in registry.execution_order]
    return [entry for entry in entries if entry.is_active and entry.paper_trading]


def trade_strategy(
    desk: Desk,
    entry: StrategyEntry,
    first: date,
    last: date,
    *,
    run_id: str,
    failed_before: Sequence[str] = (),
) -> StrategyResult:
    """Trade a range of days of one strategy, and let nothing that it does reach another.

    Whatever it raises is kept in the ledger's ``strategy_runs``, sent as an alert and returned
    as a failed result; sessions before the failure stay recorded. The state file is brought to
    what the ledger holds in either case.

    Parameters
    ----------
    desk : Desk
    entry : StrategyEntry
    first, last : date
        UTC dates, both inclusive.
    run_id : str
    failed_before : sequence of str
        Strategies that failed earlier in this run: where ``isolate_failures`` is false, any of
        them keeps this one from running.
    """
    begun, started = datetime.now(UTC), time.monotonic()
    reports: list[PaperReport] = []
    error: BaseException | None = None
    try:
        # One by one: what was done before a failure counts.
        for report in _traded(desk, entry, first, last, failed_before):
            reports.append(report)  # noqa: PERF402
    except JutsuError as caught:
        error = caught
    # A fault of ours in one strategy's share is no reason to stop the others.
    except Exception as caught:  # noqa: BLE001
        error = StrategyError(f"{entry.id}: {type(caught).__name__}: {caught}")
        error.__cause__ = caught
        _log.error("%s: %s", entry.id, "".join(traceback.format_exception(caught)))
    if entry.config is not None:
        error = _refreshed(desk, entry.id, error)
    took = time.monotonic() - started
    status: RunStatus = "ok"
    if error is not None:
        status = "skipped" if isinstance(error, SkippedStrategyError) else "failed"
    result = StrategyResult(
        entry.id, error is None, status, None if error is None else str(error), took,
        tuple(reports), error,
    )  # fmt: skip
    _keep(desk, entry, result, first, last, begun, run_id)
    return result


def _traded(
    desk: Desk, entry: StrategyEntry, first: date, last: date, failed_before: Sequence[str]
) -> Iterator[PaperReport]:
    if failed_before and not desk.registry.settings.isolate_failures:
        raise SkippedStrategyError(
            f"{entry.id}: not run, because {', '.join(failed_before)} failed and"
            " settings.isolate_failures is false"
        )
    if entry.config is None:
        raise ConfigError(entry.faults)
    config, span = entry.config, (first, last)
    if is_directional(config):
        yield from trade_days(config, desk.store, desk.ledger, *span, desk.direct(config))
    else:
        yield from trade_sessions(config, desk.store, desk.ledger, *span, decide=desk.decide)


def _refreshed(desk: Desk, strategy_id: str, error: BaseException | None) -> BaseException | None:
    """Write the state file from the ledger; return the error that counts."""
    try:
        desk.states.refresh_from_ledger(strategy_id)
    except (JutsuError, OSError) as caught:
        # The ledger has the session; the file follows with the next run that can write it.
        return error or caught
    return error


def _keep(
    desk: Desk,
    entry: StrategyEntry,
    result: StrategyResult,
    first: date,
    last: date,
    begun: datetime,
    run_id: str,
) -> None:
    done = sorted(report.day for report in result.sessions if report.state is not None)
    try:
        stuck = None if result.success else _stuck(desk, entry, first, last)
        days = done if stuck is None or stuck in done else [*done, stuck]
        attempts = [
            Attempt(
                account=paper_account(entry.id),
                partition=day.isoformat(),
                status=result.status if day == stuck else "ok",
                started_at=begun,
                duration_seconds=result.duration_seconds / len(days),
                error=result.error if day == stuck else None,
                run_id=run_id,
            )
            for day in days
        ]
        journal.note_attempts(desk.ledger.engine, attempts)
    except LedgerError as error:
        _log.warning("how %s went could not be kept: %s", entry.id, error)
    if result.status == "failed":
        desk.alerts.send(
            alerts.strategy_failed(
                entry.id,
                primary=entry.is_primary,
                # The night's, not the stuck session's: each night that fails is told once.
                partition=last.isoformat(),
                error=result.error or "",
                run_id=run_id,
            )
        )


def _stuck(desk: Desk, entry: StrategyEntry, first: date, last: date) -> date:
    """Return the first session of the range that is not recorded; else the range's last day."""
    if entry.config is None:
        return last
    book = open_book(entry.config, desk.ledger)
    left = book.due(max(first, book.expected or first), last)
    return left[0] if left else last
