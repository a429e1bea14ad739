"""Paper days of directional strategies: one UTC day at a time, only ever added to."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import date, timedelta

from jutsu_dagster.core.errors import DataError, LedgerError
from jutsu_dagster.core.exploration_state import ExplorationState
from jutsu_dagster.pipeline.book import paper_account
from jutsu_dagster.pipeline.candles import Direct
from jutsu_dagster.pipeline.carry import config_of
from jutsu_dagster.pipeline.course import Course
from jutsu_dagster.pipeline.day_book import DayBook
from jutsu_dagster.pipeline.day_report import (
    DayReport,
    day_differences,
    day_signals,
    provenance_of,
)
from jutsu_dagster.pipeline.lanes import Lane
from jutsu_dagster.registry.config import StrategyConfig
from jutsu_dagster.storage import exploration_log as log
from jutsu_dagster.storage.exploration_accounts import curve
from jutsu_dagster.storage.exploration_log import Head
from jutsu_dagster.storage.exploration_rows import DayRecord
from jutsu_dagster.storage.exploration_write import append
from jutsu_dagster.storage.ledger import Ledger
from jutsu_dagster.storage.market import MarketStore

# Days of a range that are recorded in one transaction.
_BATCH = 32
# Another run may record the same days between our reading and our writing.
_TRIES = 2


def trade_days(
    config: StrategyConfig,
    store: MarketStore,
    ledger: Ledger,
    first: date,
    last: date,
    direct: Direct | None = None,
) -> Iterator[DayReport]:
    """Trade a range of days; those that are new are recorded together, up to 32 at a time.

    A day that is recorded already is computed again and compared, never rewritten. One on which
    the market is closed, or before the account's start, is reported as such.

    Parameters
    ----------
    config : StrategyConfig
        Of a directional strategy.
    store : MarketStore
    ledger : Ledger
    first, last : date
        UTC dates, both inclusive.
    direct : Direct, optional
        Who asks the strategy; this process unless given.

    Raises
    ------
    DataError
        If bars are missing.
    LedgerError
        If an earlier day is missing, with the range to trade first.
    StrategyError
        If the strategy fails.
    """
    book = DayBook.open(config, ledger)
    begins = book.first
    live = book.due(max(first, begins), last) if begins is not None else []
    _require_chain(book, live)
    traded = _Desk(book, store, ledger, direct).trade(live)
    days = set(live)
    for offset in range((last - first).days + 1):
        day = first + timedelta(days=offset)
        if day in days:
            yield next(traded)
        elif book.due(day, day):
            yield DayReport(day, "before", note=_too_early(book))
        else:
            yield DayReport(day, "closed", note="the exchange is closed")


def _too_early(book: DayBook) -> str:
    if book.first is None:
        return "paper.start is not set, so there is no paper account"
    return f"before the account's first day, {book.first}"


def _require_chain(book: DayBook, live: Sequence[date]) -> None:
    new = [day for day in live if book.last is None or day > book.last]
    if new and book.expected is not None and new[0] > book.expected:
        name, until = book.config.strategy_id, new[0] - timedelta(days=1)
        raise LedgerError(
            f"strategies/{name}: {new[0]} starts from the day before it, which is not"
            f" recorded; materialize {book.expected} to {until} first"
            f" (`jutsu trade --strategy {name}` trades all that is missing)"
        )


class _Desk:
    """One account's days, each starting where the last one closed."""

    def __init__(
        self, book: DayBook, store: MarketStore, ledger: Ledger, direct: Direct | None
    ) -> None:
        self.book, self.config = book, book.config
        self.store, self.ledger, self.direct = store, ledger, direct
        self.account = paper_account(book.config.strategy_id)
        self.span = (date.max, date.min)
        self.courses: dict[str, Course] = {}
        self.base: tuple[float, float] | None = None

    def trade(self, live: Sequence[date]) -> Iterator[DayReport]:
        if not live:
            return
        if live[0] < self.config.backtest_start:
            raise DataError(
                f"{self.config.strategy_id}: the paper account begins on {self.book.first}, which"
                f" must not be before backtest.start ({self.config.backtest_start}), where the"
                " warm-up ends"
            )
        self.span = (live[0], live[-1])
        for at in range(0, len(live), _BATCH):
            yield from self._batch(live[at : at + _BATCH])

    def _batch(self, days: Sequence[date]) -> list[DayReport]:
        name, engine = self.account.strategy_id, self.ledger.engine
        refused: dict[str, str] = {}
        for _ in range(_TRIES):
            found = log.recorded(engine, "paper", [name], days[0], days[-1])
            head = log.latest(engine, "paper", [name], before=days[0]).get(name)
            reports = []
            for recorded in found.values():
                reports.append(self._again(head, recorded))
                head = recorded
            new, made = self._go_on(head, days[len(reports) :])
            refused = append(engine, self.account, made)
            if not refused:
                return [*reports, *new]
        raise LedgerError(f"{self.account}: {refused[name]}")

    def _again(self, before: Head | None, recorded: Head) -> DayReport:
        """Compute a recorded day again, with the settings of the record."""
        course = self._course(recorded.parameter_hash)
        record = course.carry(course.lane(self.account, before), recorded.day)
        found = day_differences(recorded, record)
        return DayReport(
            recorded.day,
            "differs" if found else "verified",
            ExplorationState.from_dict(recorded.state),
            record,
            recorded.equity,
            before.equity if before is not None else recorded.initial_capital,
            recorded.peak,
            self._baseline(record),
            provenance_of(recorded),
            day_signals(course.decided_on(recorded.day)),
            note="; ".join(found) or "recorded already, and computed the same again",
            differences=found,
        )

    def _go_on(
        self, head: Head | None, days: Sequence[date]
    ) -> tuple[list[DayReport], list[DayRecord]]:
        """Carry the account through new days, from where it stands."""
        reports: list[DayReport] = []
        made: list[DayRecord] = []
        if not days:
            return reports, made
        course = self._course(self.config.settings_hash)
        lane: Lane = course.lane(self.account, head)
        before = head.equity if head is not None else lane.capital
        for day in days:
            record = course.carry(lane, day)
            made.append(record)
            reports.append(
                DayReport(
                    day,
                    "recorded",
                    lane.state,
                    record,
                    record.equity,
                    before,
                    record.peak,
                    self._baseline(record),
                    provenance_of(record),
                    day_signals(course.decided_on(day)),
                )
            )
            before = record.equity
        return reports, made

    def _baseline(self, record: DayRecord) -> float:
        if self.base is None:
            # Of the account's first day, which this is unless one is recorded.
            self.base = (record.initial_capital, record.last_close)
            if self.book.span is not None:
                first = curve(self.ledger.engine, self.account, self.book.span[0])
                self.base = (float(first["initial_capital"][0]), float(first["last_close"][0]))
        capital, close = self.base
        return capital * record.last_close / close

    def _course(self, parameter_hash: str) -> Course:
        """Return what these settings decide; of each there is one."""
        if parameter_hash not in self.courses:
            config = config_of(self.config, self.ledger, parameter_hash)
            if config is self.config:
                # Before anything is recorded with them.
                self.ledger.remember_parameters(config)
            self.courses[parameter_hash] = Course(config, self.store, *self.span, self.direct)
        return self.courses[parameter_hash]
