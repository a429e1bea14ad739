"""Paper sessions: a strategy's forward account, one session at a time, only ever added to."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date, timedelta

from jutsu_dagster.core.account import AccountState, Segment
from jutsu_dagster.core.calendar import sessions_between
from jutsu_dagster.core.errors import DataError, LedgerError, StrategyError
from jutsu_dagster.pipeline.book import Book, paper_account
from jutsu_dagster.pipeline.carry import Carrier, config_of, load
from jutsu_dagster.pipeline.evaluate import Decide
from jutsu_dagster.pipeline.ingest import ETF_DAILY
from jutsu_dagster.pipeline.session_report import SessionReport, differences, signals_of
from jutsu_dagster.registry.config import StrategyConfig
from jutsu_dagster.storage.ledger import Ledger
from jutsu_dagster.storage.market import MarketStore

__all__ = ["Book", "paper_account", "trade_sessions"]


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
        self.book, self.store, self.ledger = book, store, ledger
        self.last, self.decide = last, decide
        self.config = book.config
        self.account = paper_account(book.config.strategy_id)
        self.state: AccountState | None = None
        self.carriers: dict[str, Carrier] = {}

    def trade(self, day: date) -> SessionReport:
        state = self.book.before(day) if self.state is None else self.state
        recorded = self.book.sessions.get(day)
        if recorded is None:
            carrier = self._carrier(self.config.settings_hash)
            row, segment = self._segment(carrier, state, day)
            period = carrier.period(day.isoformat(), segment, row)
            if self.ledger.append(period):
                self.state = segment.closing
                return SessionReport(
                    day, "recorded", segment.closing, segment, float(period.baseline[0]),
                    period.provenance, signals_of(carrier.evaluation, row),
                )  # fmt: skip
            # Another run recorded it between our reading and our writing.
            recorded = self.ledger.checkpoint(self.account, day.isoformat())
            assert recorded is not None  # noqa: S101  (append said so)
        self.state = recorded.closing
        # With the settings of the record: those of today may be others.
        carrier = self._carrier(recorded.provenance.parameter_hash)
        row, segment = self._segment(carrier, state, day)
        found = differences(recorded, segment)
        return SessionReport(
            day, "differs" if found else "verified", recorded.closing, segment,
            float(carrier.baseline[row - carrier.first]), recorded.provenance,
            signals_of(carrier.evaluation, row),
            note="; ".join(found) or "recorded already, and computed the same again",
            differences=found,
        )  # fmt: skip

    def _carrier(self, parameter_hash: str) -> Carrier:
        """Return what carries the account with these settings; of each there is one."""
        if parameter_hash not in self.carriers:
            config = config_of(self.config, self.ledger, parameter_hash)
            if config is self.config:
                # Before anything is recorded with them.
                self.ledger.remember_parameters(config)
            self.carriers[parameter_hash] = self._load(config)
        return self.carriers[parameter_hash]

    def _load(self, config: StrategyConfig) -> Carrier:
        begins = self.book.first
        if begins is not None and begins < config.backtest_start:
            raise DataError(
                f"{config.strategy_id}: the paper account begins on {begins}, which must not be"
                f" before backtest.start ({config.backtest_start}), where the warm-up ends"
            )
        evaluation, version = load(config, self.store, self.last, self.decide)
        ends = evaluation.bars.sessions[-1].item()
        if ends < self.last:
            raise DataError(
                f"{config.strategy_id}: {ETF_DAILY} has no bars of {self.last}; it ends on {ends}."
                " Ingest that day first"
            )
        return self.book.carrier(evaluation, version)

    def _segment(self, carrier: Carrier, state: AccountState, day: date) -> tuple[int, Segment]:
        """Return the row of the session, and what it does to the account."""
        evaluation = carrier.evaluation
        name, row = self.config.strategy_id, evaluation.bars.position(day)
        if evaluation.decision.codes[row] < 0:
            raise StrategyError(
                f"{name}: {evaluation.config.class_name} has no opinion on {day} (a row of NaN),"
                f" although its {evaluation.strategy.warmup_sessions} sessions of warm-up are over"
            )
        unknown = [symbol for symbol in state.shares if symbol not in evaluation.bars.symbols]
        if unknown:
            raise StrategyError(
                f"{name}: the account holds {', '.join(unknown)}, which its settings no longer"
                f" name (symbols: {', '.join(evaluation.bars.symbols)}); name it again, or add the"
                " changed strategy under an id of its own"
            )
        return row, carrier.run(state, row, row + 1)
