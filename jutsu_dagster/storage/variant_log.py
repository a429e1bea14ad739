"""Variants as research judges them: one row an account, summed by the database; cut at a day."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any

from sqlalchemy import Engine, Select, and_, func, select

from jutsu_dagster.core.account import Mode
from jutsu_dagster.storage.attempt import attempted
from jutsu_dagster.storage.exploration_log import DAYS

_CHUNK = 500


@dataclass(frozen=True, slots=True)
class Record:
    """A variant's account after its last recorded day up to the day asked about.

    Attributes
    ----------
    first, last : date
    closed : int
        Trades since the account began.
    equity, initial_capital : float
        Money.
    """

    first: date
    last: date
    closed: int
    equity: float
    initial_capital: float


@dataclass(frozen=True, slots=True)
class Fall:
    """The deepest an account fell below its highest equity, initial capital included.

    Attributes
    ----------
    share : float
        Of that highest equity, >= 0.
    stakes : float
        Of the initial capital, >= 0: for accounts whose stake is fixed.
    """

    share: float
    stakes: float


@dataclass(frozen=True, slots=True)
class CurveDay:
    """One day of an account: equity at its end, and the initial capital, money."""

    day: date
    equity: float
    initial_capital: float


def records(engine: Engine, ids: Sequence[str], until: date) -> dict[str, Record]:
    """Return where variants stand after a day; one without a recorded day is left out.

    Raises
    ------
    LedgerError
        If the ledger cannot be read; so do all functions here.
    """
    found: dict[str, Record] = {}
    for chunk in _chunks(ids):
        mine = (DAYS.c.mode == "shadow", DAYS.c.track == "", DAYS.c.strategy_id.in_(chunk))
        span = (
            select(
                DAYS.c.strategy_id,
                func.min(DAYS.c.day).label("first"),
                func.max(DAYS.c.day).label("last"),
            )
            .where(*mine, DAYS.c.day <= until)
            .group_by(DAYS.c.strategy_id)
            .subquery()
        )
        same = and_(DAYS.c.strategy_id == span.c.strategy_id, DAYS.c.day == span.c.last)
        query = (
            select(
                DAYS.c.strategy_id, span.c.first, DAYS.c.day, DAYS.c.exp_trades, DAYS.c.equity,
                DAYS.c.initial_capital,
            )
            .join(span, same)
            .where(*mine)
        )  # fmt: skip
        found |= {row[0]: Record(*row[1:]) for row in _rows(engine, query)}
    return found


def falls(engine: Engine, ids: Sequence[str], until: date) -> dict[str, Fall]:
    """Return how deep variants fell up to a day."""
    found: dict[str, Fall] = {}
    for chunk in _chunks(ids):
        query = (
            select(
                DAYS.c.strategy_id,
                func.max(1.0 - DAYS.c.equity / DAYS.c.peak),
                func.max((DAYS.c.peak - DAYS.c.equity) / DAYS.c.initial_capital),
            )
            .where(DAYS.c.mode == "shadow", DAYS.c.track == "", DAYS.c.strategy_id.in_(chunk))
            .where(DAYS.c.day <= until)
            .group_by(DAYS.c.strategy_id)
        )
        found |= {row[0]: Fall(*row[1:]) for row in _rows(engine, query)}
    return found


def curve(engine: Engine, strategy_id: str, mode: Mode, track: str, until: date) -> list[CurveDay]:
    """Return an account's days up to a day, in order."""
    query = (
        select(DAYS.c.day, DAYS.c.equity, DAYS.c.initial_capital)
        .where(DAYS.c.strategy_id == strategy_id, DAYS.c.mode == mode, DAYS.c.track == track)
        .where(DAYS.c.day <= until)
        .order_by(DAYS.c.day)
    )
    return [CurveDay(row[0], row[1], row[2]) for row in _rows(engine, query)]


def _chunks(ids: Sequence[str]) -> Iterator[Sequence[str]]:
    for at in range(0, len(ids), _CHUNK):
        yield ids[at : at + _CHUNK]


def _rows(engine: Engine, query: Select[Any]) -> Any:
    def read() -> Any:
        with engine.connect() as connection:
            return connection.execute(query).all()

    return attempted(engine, "read the ledger", read)
