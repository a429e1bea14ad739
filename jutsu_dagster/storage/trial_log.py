"""Trials as the statistics read them: what was tried for a parent, and how it did."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any, cast

import numpy as np
from sqlalchemy import Engine, Select, Table, select

from jutsu_dagster.core.account import AccountKey
from jutsu_dagster.core.bars import FloatArray
from jutsu_dagster.storage import models
from jutsu_dagster.storage.attempt import attempted

_TRIALS = cast("Table", models.Trial.__table__)
_SNAPSHOTS = cast("Table", models.PerformanceSnapshot.__table__)


@dataclass(frozen=True, slots=True)
class Tried:
    """One trial; as ``TrialRecord``.

    ``about`` is its ``parameters``, read of variants only: variant_id, mutations, and status once
    it has ended.
    """

    source: str
    parameter_hash: str
    first: date
    last: date
    daily_sharpe: float | None
    about: Mapping[str, Any]


def tried(engine: Engine, parent_id: str) -> list[Tried]:
    """Return every trial of a parent, in the order of recording.

    Raises
    ------
    LedgerError
        If the ledger cannot be read.
    """
    shown = (
        _TRIALS.c.id, _TRIALS.c.source, _TRIALS.c.parameter_hash, _TRIALS.c.first_session,
        _TRIALS.c.last_session, _TRIALS.c.daily_sharpe,
    )  # fmt: skip
    mine = _TRIALS.c.parent_id == parent_id
    rows = _rows(engine, select(*shown).where(mine).order_by(_TRIALS.c.id))
    # Sweeps have thousands of sets, whose documents nobody reads here.
    told = select(_TRIALS.c.id, _TRIALS.c.parameters).where(mine, _TRIALS.c.source == "variant")
    about = {row[0]: row[1] for row in _rows(engine, told)}
    return [
        Tried(source, hash_, first, last, sharpe, about.get(id_, {}))
        for id_, source, hash_, first, last, sharpe in rows
    ]


def session_equity(engine: Engine, account: AccountKey) -> tuple[list[date], FloatArray]:
    """Return an account's sessions, earliest first, and its equity at their closes, money."""
    query = (
        select(_SNAPSHOTS.c.snapshot_date, _SNAPSHOTS.c.total_equity)
        .where(
            _SNAPSHOTS.c.strategy_id == account.strategy_id, _SNAPSHOTS.c.mode == account.mode,
            _SNAPSHOTS.c.snapshot_source == "session",
        )
        .order_by(_SNAPSHOTS.c.snapshot_date)
    )  # fmt: skip
    rows = _rows(engine, query)
    return [row[0] for row in rows], np.array([row[1] for row in rows], dtype=np.float64)


def _rows(engine: Engine, query: Select[Any]) -> Sequence[Any]:
    def read() -> Sequence[Any]:
        with engine.connect() as connection:
            return connection.execute(query).all()

    return attempted(engine, "read the ledger", read)
