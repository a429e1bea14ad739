"""One account among those that count results as fractions: how far it reaches, and its curve."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date
from typing import Any

import numpy as np
import pandas as pd
from sqlalchemy import Engine, Row, Select, func, select

from jutsu_dagster.core.account import AccountKey, Mode
from jutsu_dagster.storage.attempt import attempted
from jutsu_dagster.storage.exploration_log import DAYS


def span(engine: Engine, account: AccountKey) -> tuple[date, date] | None:
    """Return the first and the last recorded day of an account; None where there is none."""
    query = select(func.min(DAYS.c.day), func.max(DAYS.c.day)).where(*_mine(account))
    found: Any = _rows(engine, query)[0]
    return None if found[0] is None else (found[0], found[1])


def curve(engine: Engine, account: AccountKey, last: date | None = None) -> pd.DataFrame:
    """Return an account's days, earliest first, up to ``last``, without their checkpoints.

    Columns ``day`` (datetime64), ``equity``, ``initial_capital``, ``last_close``, and the texts
    ``opening_hash``, ``closing_hash``, ``parameter_hash``, ``data_hash`` and ``code_version``.
    """
    table = DAYS.c
    numbers = (table.equity, table.initial_capital, table.last_close)
    texts = (
        table.opening_hash, table.closing_hash, table.parameter_hash, table.data_hash,
        table.code_version,
    )  # fmt: skip
    columns = (table.day, *numbers, *texts)
    query = select(*columns).where(*_mine(account)).order_by(table.day)
    if last is not None:
        query = query.where(table.day <= last)
    frame = pd.DataFrame(_rows(engine, query), columns=[column.name for column in columns])
    dtypes = {"day": "datetime64[s]"} | dict.fromkeys((c.name for c in numbers), "float64")
    return frame.astype(dtypes)


def curves(
    engine: Engine, mode: Mode, ids: Sequence[str], *, track: str = ""
) -> dict[str, pd.DataFrame]:
    """Return the days of a few accounts by id, earliest first; one without any is left out.

    Columns ``day`` (datetime64), ``equity``, ``initial_capital``, ``last_close``, ``total_pnl``.
    """
    table = DAYS.c
    shown = (table.day, table.equity, table.initial_capital, table.last_close, table.total_pnl)
    query = (
        select(table.strategy_id, *shown)
        .where(table.strategy_id.in_(ids), table.mode == mode, table.track == track)
        .order_by(table.strategy_id, table.day)
    )
    names = ["strategy_id", *(column.name for column in shown)]
    frame = pd.DataFrame(_rows(engine, query), columns=names)
    # Through NumPy: pandas reads dates one by one.
    frame["day"] = np.array(frame["day"], dtype="datetime64[D]").astype("datetime64[s]")
    return {
        str(id_): days.drop(columns="strategy_id").reset_index(drop=True)
        for id_, days in frame.groupby("strategy_id")
    }


def _mine(account: AccountKey) -> tuple[Any, ...]:
    return (
        DAYS.c.strategy_id == account.strategy_id, DAYS.c.mode == account.mode, DAYS.c.track == "",
    )  # fmt: skip


def _rows(engine: Engine, query: Select[Any]) -> Sequence[Row[Any]]:
    def read() -> Sequence[Row[Any]]:
        with engine.connect() as connection:
            return connection.execute(query).all()

    return attempted(engine, "read the ledger", read)
