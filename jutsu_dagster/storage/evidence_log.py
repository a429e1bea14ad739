"""Variants and controls as promotion evidence reads them: a few queries a parent, cut at a day."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from sqlalchemy import Engine, Select, String, and_, case, func, select, type_coerce

from jutsu_dagster.core.bars import FloatArray, IntArray
from jutsu_dagster.storage.attempt import attempted
from jutsu_dagster.storage.exploration_log import DAYS, TRADES

_SHADOW = (DAYS.c.mode == "shadow", DAYS.c.track == "")


@dataclass(frozen=True, slots=True)
class Standing:
    """One variant's account after its last recorded day up to the day asked about.

    Attributes
    ----------
    first, last : date
        Its recorded days, up to the day asked about.
    trades, wins, losses : int
        Closed since the account began; a result of exactly zero is neither win nor loss.
    pf : float or None
        Net winners over net losers; None without a loser.
    net, gross : float
        Sums of results of closed trades, fractions.
    capital : float
        Money that it began with.
    parameter_hash : str
        The account's, which for an allocation is more than the strategy's.
    code_version : str
    """

    first: date
    last: date
    trades: int
    wins: int
    losses: int
    pf: float | None
    net: float
    gross: float
    capital: float
    parameter_hash: str
    code_version: str


@dataclass(frozen=True, eq=False, slots=True)
class Equities:
    """Days of many accounts, by account and day.

    Attributes
    ----------
    ids : tuple of str
    codes : int64 of shape (R,)
        Of each row, which of ``ids``.
    days : datetime64[D] of shape (R,)
    equity : float64 of shape (R,)
        Money.
    """

    ids: tuple[str, ...]
    codes: IntArray
    days: NDArray[np.datetime64]
    equity: FloatArray


@dataclass(frozen=True, eq=False, slots=True)
class ControlDays:
    """A control's recorded days, earliest first; results are of its closed trades, fractions.

    Attributes
    ----------
    days : datetime64[D] of shape (T,)
    equity : float64 of shape (T,)
        Money; ``capital`` is what it began with.
    trades, net, gross : float64 of shape (T,)
        Closed since the account began.
    won, lost : float64 of shape (T,)
        Net winners and losers (<= 0) of the day.
    """

    days: NDArray[np.datetime64]
    equity: FloatArray
    capital: float
    trades: FloatArray
    net: FloatArray
    gross: FloatArray
    won: FloatArray
    lost: FloatArray


def standings(engine: Engine, parent_id: str, until: date) -> dict[str, Standing]:
    """Return where every variant that ever was stands after a day, by id.

    Raises
    ------
    LedgerError
        If the ledger cannot be read; so do all functions here.
    """
    span = (
        select(
            DAYS.c.strategy_id,
            func.min(DAYS.c.day).label("first"),
            func.max(DAYS.c.day).label("last"),
        )
        .where(DAYS.c.parent_id == parent_id, DAYS.c.mode == "shadow", DAYS.c.day <= until)
        .group_by(DAYS.c.strategy_id)
        .subquery()
    )
    same = and_(DAYS.c.strategy_id == span.c.strategy_id, DAYS.c.day == span.c.last)
    # By the whole key, a row of each account; by the parent, SQLite would go through all days.
    query = (
        select(
            DAYS.c.strategy_id, span.c.first, DAYS.c.day, DAYS.c.exp_trades, DAYS.c.wins,
            DAYS.c.losses, DAYS.c.exp_pf, DAYS.c.total_pnl, DAYS.c.gross_pnl,
            DAYS.c.initial_capital, DAYS.c.parameter_hash, DAYS.c.code_version,
        )
        .join(span, same)
        .where(*_SHADOW)
        .order_by(DAYS.c.strategy_id)
    )  # fmt: skip
    return {row[0]: Standing(*row[1:]) for row in _rows(engine, query)}


def equities(engine: Engine, parent_id: str, since: date, until: date) -> Equities:
    """Return the equity of all variants of a parent on the days of a range, both inclusive."""
    query = (
        # As the database has it: hundreds of thousands of rows name a few hundred days.
        select(DAYS.c.strategy_id, type_coerce(DAYS.c.day, String), DAYS.c.equity)
        .where(DAYS.c.parent_id == parent_id, DAYS.c.mode == "shadow")
        .where(DAYS.c.day.between(since, until))
        .order_by(DAYS.c.strategy_id, DAYS.c.day)
    )
    rows = _rows(engine, query)
    ids, days, equity = zip(*rows, strict=True) if rows else ((), (), ())
    codes, names = pd.factorize(np.array(ids, dtype=object))
    day_codes, known = pd.factorize(np.array(days, dtype=object))
    dates = np.array([str(day) for day in known], "datetime64[D]")
    return Equities(
        tuple(names), codes, dates[day_codes] if len(rows) else dates, np.array(equity, dtype="f8")
    )


def control_days(engine: Engine, parent_id: str, track: str, until: date) -> ControlDays:
    """Return the days of a parent's control, with a track's parameters, up to a day."""
    mine = (DAYS.c.strategy_id == parent_id, DAYS.c.mode == "control", DAYS.c.track == track)
    query = (
        select(
            DAYS.c.day, DAYS.c.equity, DAYS.c.exp_trades, DAYS.c.total_pnl, DAYS.c.gross_pnl,
            DAYS.c.initial_capital,
        )
        .where(*mine, DAYS.c.day <= until)
        .order_by(DAYS.c.day)
    )  # fmt: skip
    rows = _rows(engine, query)
    closes = TRADES.c
    results = (
        select(
            closes.day,
            func.sum(case((closes.pct > 0, closes.pct), else_=0.0)),
            func.sum(case((closes.pct < 0, closes.pct), else_=0.0)),
        )
        .where(closes.strategy_id == parent_id, closes.mode == "control", closes.track == track)
        .where(closes.type == "close", closes.day <= until)
        .group_by(closes.day)
    )
    by_day = {row[0]: (row[1], row[2]) for row in _rows(engine, results)}
    sums = np.array([by_day.get(row[0], (0.0, 0.0)) for row in rows]).reshape(len(rows), 2)
    numbers = np.array([row[1:5] for row in rows], dtype=np.float64).reshape(len(rows), 4)
    return ControlDays(
        np.array([row[0] for row in rows], "datetime64[D]"), numbers[:, 0],
        float(rows[0][5]) if rows else 0.0, numbers[:, 1], numbers[:, 2], numbers[:, 3],
        sums[:, 0], sums[:, 1],
    )  # fmt: skip


def versions(engine: Engine, variant_id: str, until: date) -> list[str]:
    """Return every version of the market that a variant's days were computed from, in order."""
    query = (
        select(DAYS.c.data_version, func.min(DAYS.c.day).label("first"))
        .where(DAYS.c.strategy_id == variant_id, *_SHADOW, DAYS.c.day <= until)
        .group_by(DAYS.c.data_version)
        .order_by("first", DAYS.c.data_version)
    )
    return [row[0] for row in _rows(engine, query)]


def _rows(engine: Engine, query: Select[Any]) -> Sequence[Any]:
    def read() -> Sequence[Any]:
        with engine.connect() as connection:
            return connection.execute(query).all()

    return attempted(engine, "read the ledger", read)
