"""A paper account as the ledger holds it: where it began, where it stands, what comes next."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import date, timedelta
from functools import cached_property

from jutsu_dagster.core.account import AccountKey, AccountState
from jutsu_dagster.core.calendar import sessions_between
from jutsu_dagster.pipeline.carry import Carrier
from jutsu_dagster.pipeline.evaluate import Evaluation
from jutsu_dagster.registry.config import StrategyConfig
from jutsu_dagster.storage.append import OPENING
from jutsu_dagster.storage.ledger import Ledger
from jutsu_dagster.storage.records import Checkpoint

SIGNAL_PRICE = "initial_signal_price"
"""The metric that keeps the price at which an account's buy-and-hold began."""

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
    def moved_in(self) -> Checkpoint | None:
        """Where an account stood that came from elsewhere; None for one that began here."""
        first = self.checkpoints[0] if self.checkpoints else None
        return first if first is not None and first.period == OPENING else None

    @cached_property
    def opening(self) -> AccountState:
        """The account before its first session."""
        if self.moved_in is not None:
            return self.moved_in.closing
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
        if self.last is not None:
            return next_session(self.last + timedelta(days=1))
        return self.first

    @property
    def last(self) -> date | None:
        """The last recorded session."""
        return max(self.sessions, default=None)

    @staticmethod
    def due(first: date, last: date) -> list[date]:
        """Return the days of a range on which the account trades, both inclusive."""
        return [day.item() for day in sessions_between(first, last)] if first <= last else []

    def carrier(self, evaluation: Evaluation, version: int) -> Carrier:
        """Return what carries the account with a strategy's decisions.

        Parameters
        ----------
        evaluation : Evaluation
            With bars of the account's first session.
        version : int
            Of the market table that was read.
        """
        bars = evaluation.bars
        first = bars.position(self.first) if self.first is not None else len(bars)
        close = float(bars.close[first, bars.column(evaluation.strategy.signal_of_record)])
        price, capital = close, self.opening.equity
        known = self.moved_in.metrics.get(SIGNAL_PRICE) if self.moved_in is not None else None
        if known is not None:
            # Its buy-and-hold goes on from where it once began, as its returns do.
            price, capital = float(known), self.opening.initial_capital / known * close
        account = paper_account(self.config.strategy_id)
        return Carrier(evaluation, account, first, capital, version, {SIGNAL_PRICE: price})

    def before(self, session: date) -> AccountState:
        """Return the state that the given session starts from."""
        earlier = [c for day, c in self.sessions.items() if day < session]
        return max(earlier, key=lambda c: c.last_session).closing if earlier else self.opening


def next_session(day: date) -> date:
    """Return ``day`` if it is a session, else the first one after it."""
    first: date = sessions_between(day, day + _REACH)[0].item()
    return first
