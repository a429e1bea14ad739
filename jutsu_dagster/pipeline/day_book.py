"""A directional strategy's paper account as the ledger holds it, and any strategy's the same way.

Its sessions are the days on which its market is open: of coins every UTC day.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, timedelta

from jutsu_dagster.core.timeframe import DAILY, QUARTER_HOURS
from jutsu_dagster.pipeline.book import Book, paper_account
from jutsu_dagster.pipeline.direct import is_directional
from jutsu_dagster.registry.config import StrategyConfig
from jutsu_dagster.storage.exploration_accounts import span
from jutsu_dagster.storage.ledger import Ledger

_DAY = timedelta(days=1)
# Sessions are never further apart than this, holidays and closures included.
_REACH = timedelta(days=30)


@dataclass(frozen=True, slots=True)
class DayBook:
    """A directional strategy's paper account as the ledger holds it.

    Attributes
    ----------
    config : StrategyConfig
    span : (date, date) or None
        Its first and its last recorded day.
    """

    config: StrategyConfig
    span: tuple[date, date] | None

    @classmethod
    def open(cls, config: StrategyConfig, ledger: Ledger) -> DayBook:
        """Look the account up in the ledger."""
        return cls(config, span(ledger.engine, paper_account(config.strategy_id)))

    @property
    def first(self) -> date | None:
        """The account's first day, recorded or to come; None without ``paper.start``."""
        if self.span is not None:
            return self.span[0]
        start = self.config.paper_start
        return None if start is None else self._next(start)

    @property
    def last(self) -> date | None:
        """The last recorded day."""
        return None if self.span is None else self.span[1]

    @property
    def expected(self) -> date | None:
        """The day that comes next."""
        return self.first if self.span is None else self._next(self.span[1] + _DAY)

    def due(self, first: date, last: date) -> list[date]:
        """Return the days of a range on which the account trades, both inclusive."""
        if first > last:
            return []
        is_daily = self.config.strategy.timeframe == DAILY.name
        market = DAILY if is_daily else QUARTER_HOURS
        return [day.item() for day in market.open_days(first, last)]

    def _next(self, day: date) -> date:
        return self.due(day, day + _REACH)[0]


def open_book(config: StrategyConfig, ledger: Ledger) -> Book | DayBook:
    """Return a strategy's paper account as the ledger holds it, of whatever kind it is."""
    return DayBook.open(config, ledger) if is_directional(config) else Book.open(config, ledger)
