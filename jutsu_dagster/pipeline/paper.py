"""Paper sessions: a strategy's forward account, one session at a time, only ever added to."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import date, timedelta
from functools import cached_property

import numpy as np

from jutsu_dagster.core.account import AccountKey, AccountState, Segment
from jutsu_dagster.core.calendar import sessions_between
from jutsu_dagster.core.errors import DataError, LedgerError, StrategyError
from jutsu_dagster.pipeline.carry import Carrier, load
from jutsu_dagster.pipeline.evaluate import Decide
from jutsu_dagster.pipeline.ingest import ETF_DAILY
from jutsu_dagster.pipeline.session_report import SessionReport, differences, signals_of
from jutsu_dagster.registry.config import StrategyConfig
from jutsu_dagster.storage.append import OPENING
from jutsu_dagster.storage.ledger import Ledger
from jutsu_dagster.storage.market import MarketStore
from jutsu_dagster.storage.records import Checkpoint

# Sessions are never further apart than this, holidays and closures included.
_REACH = timedelta(days=30)


def paper_account(strategy_id: str) -> AccountKey:
    """Return the key of a strategy's paper account."""
    return AccountKey(strategy_id, "paper")


@dataclass(frozen=True)
class Book:
    """A paper account as the ledger holds it.

    Attributes
    ----------
    config : StrategyConfig
    checkpoints : list of Checkpoint
        Earliest first; an account that was moved in begins with its opening.
    """

    config: StrategyConfig
    checkpoints: list[Checkpoint] = field(repr=False)

    @classmethod
    def open(cls, config: StrategyConfig, ledger: Ledger) -> Book:
        """Read the account from the ledger."""
        return cls(config, ledger.checkpoints(paper_account(config.strategy_id)))

    @cached_property
    def sessions(self) -> dict[date, Checkpoint]:
        """The recorded sessions."""
        return {c.last_session: c for c in self.checkpoints if c.period != OPENING}

    @cached_property
    def opening(self) -> AccountState:
        """The account before its first session."""
        if self.checkpoints and self.checkpoints[0].period == OPENING:
            return self.checkpoints[0].closing
        capital = self.config.initial_capital
        if self.checkpoints:
            capital = self.checkpoints[0].closing.initial_capital
        return AccountState.open(capital)

    @cached_property
    def first(self) -> date | None:
        """The account's first session, recorded or to come; None without ``paper.start``."""
        if self.sessions:
            return min(self.sessions)
        start = self.config.paper_start
        if start is None:
            return None
        if self.opening.session is not None:
            start = max(start, self.opening.session + timedelta(days=1))
        return next_session(start)

    @cached_property
    def expected(self) -> date | None:
        """The session that comes next."""
        if self.sessions:
            return next_session(max(self.sessions) + timedelta(days=1))
        return self.first

    def before(self, session: date) -> AccountState:
        """Return the state that the given session starts from."""
        earlier = [c for day, c in self.sessions.items() if day < session]
        return max(earlier, key=lambda c: c.last_session).closing if earlier else self.opening


def next_session(day: date) -> date:
    """Return ``day`` if it is a session, else the first one after it."""
    first: date = sessions_between(day, day + _REACH)[0].item()
    return first


def trade_sessions(
    config: StrategyConfig,
    store: MarketStore,
    ledger: Ledger,
    first: date,
    last: date,
    *,
    decide: Decide | None = None,
) -> Iterator[SessionReport]:
    """Trade the sessions of a range of days, each recorded in one transaction as it is done.

    A session that is recorded already is computed again and compared, never rewritten. A closed
    day, or one before the account's start, is reported as such.

    Parameters
    ----------
    config : StrategyConfig
    store : MarketStore
    ledger : Ledger
    first, last : date
        UTC dates, both inclusive.
    decide : Decide, optional
        Who asks the strategy; this process unless given.

    Raises
    ------
    DataError
        If bars are missing, by session and symbol.
    LedgerError
        If an earlier session is missing, with the range to trade first.
    StrategyError
        If the strategy fails or gives no opinion on a session.
    """
    book = Book.open(config, ledger)
    begins = book.first
    live: set[date] = set()
    if begins is not None:
        live = {day.item() for day in sessions_between(max(first, begins), last)}
        _require_chain(book, live)
    desk = _Desk(book, store, ledger, max(live), decide) if live else None
    for offset in range((last - first).days + 1):
        day = first + timedelta(days=offset)
        if desk is not None and day in live:
            yield desk.trade(day)
        elif len(sessions_between(day, day)):
            yield SessionReport(day, "before", note=_too_early(book))
        else:
            yield SessionReport(day, "closed", note="the exchange is closed")


def _too_early(book: Book) -> str:
    if book.first is None:
        return "paper.start is not set, so there is no paper account"
    return f"before the account's first session, {book.first}"


def _require_chain(book: Book, live: set[date]) -> None:
    new = sorted(live - set(book.sessions))
    if new and book.expected is not None and new[0] > book.expected:
        name = book.config.strategy_id
        until = new[0] - timedelta(days=1)
        raise LedgerError(
            f"strategies/{name}: {new[0]} starts from the session before it, which is not"
            f" recorded; materialize {book.expected} to {until} first"
            f" (`jutsu trade --strategy {name}` trades all that is missing)"
        )


class _Desk:
    """One account's sessions, each starting where the last one closed."""

    def __init__(
        self, book: Book, store: MarketStore, ledger: Ledger, last: date, decide: Decide | None
    ) -> None:
        self.book, self.ledger = book, ledger
        self.config = config = book.config
        self.account = paper_account(config.strategy_id)
        evaluation, version = load(config, store, last, decide)
        bars = evaluation.bars
        ends = bars.sessions[-1].item()
        if ends < last:
            raise DataError(
                f"{config.strategy_id}: {ETF_DAILY} has no bars of {last}; it ends on {ends}."
                " Ingest that day first"
            )
        assert book.first is not None  # noqa: S101  (there are live sessions, so it starts)
        start = bars.position(book.first)
        if start < evaluation.start:
            raise DataError(
                f"{config.strategy_id}: paper.start ({book.first}) must not be before"
                f" backtest.start ({config.backtest_start}), where its warm-up ends"
            )
        capital = book.opening.equity
        self.carrier = Carrier(evaluation, self.account, start, capital, version)
        self.state: AccountState | None = None
        ledger.remember_parameters(config)

    def trade(self, day: date) -> SessionReport:
        bars = self.carrier.evaluation.bars
        row = bars.position(day)
        recorded = self.book.sessions.get(day)
        state = self.state
        if recorded is not None or state is None:
            state = self.book.before(day)
        segment = self._segment(state, row)
        baseline = float(self.carrier.baseline[row - self.carrier.first])
        if recorded is None:
            period = self.carrier.period(
                day.isoformat(), segment, row, {"initial_signal_price": self._initial_price()}
            )
            if self.ledger.append(period):
                self.state = segment.closing
                return SessionReport(
                    day, "recorded", segment.closing, segment, baseline, period.provenance,
                    signals_of(self.carrier.evaluation, row),
                )  # fmt: skip
            # Another run recorded it between our reading and our writing.
            recorded = self.ledger.checkpoint(self.account, day.isoformat())
            assert recorded is not None  # noqa: S101  (append said so)
        self.state = recorded.closing
        found = self._compared(recorded, segment)
        return SessionReport(
            day, "differs" if found else "verified", recorded.closing, segment, baseline,
            recorded.provenance, signals_of(self.carrier.evaluation, row),
            note="; ".join(found) or "recorded already, and computed the same again",
            differences=found,
        )  # fmt: skip

    def _segment(self, state: AccountState, row: int) -> Segment:
        evaluation = self.carrier.evaluation
        if evaluation.decision.codes[row] < 0:
            raise StrategyError(
                f"{self.config.strategy_id}: {self.config.class_name} has no opinion on"
                f" {evaluation.bars.sessions[row]} (a row of NaN), although its"
                f" {evaluation.strategy.warmup_sessions} sessions of warm-up are over"
            )
        return self.carrier.run(state, row, row + 1)

    def _compared(self, recorded: Checkpoint, segment: Segment) -> tuple[str, ...]:
        made = recorded.provenance.parameter_hash
        if made != self.config.settings_hash:
            # Not comparable by today's settings; the account's replay uses those of the record.
            return ()
        return differences(recorded, segment)

    def _initial_price(self) -> float:
        evaluation = self.carrier.evaluation
        column = evaluation.bars.column(evaluation.strategy.signal_of_record)
        price = evaluation.bars.close[self.carrier.first, column]
        return float(np.float64(price))
