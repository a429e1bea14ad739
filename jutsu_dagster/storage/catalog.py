"""Trials, which are only ever added to, and the registry's entries as the database shows them."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import asdict
from datetime import UTC, datetime
from typing import cast

import pandas as pd
from sqlalchemy import Engine, Table, or_, select, update
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.exc import OperationalError

from jutsu_dagster.core.errors import LedgerError
from jutsu_dagster.storage import models
from jutsu_dagster.storage.attempt import refusal
from jutsu_dagster.storage.database import plain
from jutsu_dagster.storage.frames import columns_of, frame_of
from jutsu_dagster.storage.records import StrategyRecord, TrialRecord

_TRIALS = cast("Table", models.Trial.__table__)
_STRATEGIES = cast("Table", models.StrategyConfig.__table__)
_SHOWN = ("display_name", "strategy_class", "is_primary", "is_active", "config_yaml")


def record_trials(engine: Engine, rows: Iterable[TrialRecord]) -> int:
    """Add evaluated parameter sets; return how many of them were new."""
    now = datetime.now(UTC)
    records = [plain(asdict(row)) | {"recorded_at": now} for row in rows]
    if not records:
        return 0
    statement = _insert(engine, _TRIALS).on_conflict_do_nothing().returning(_TRIALS.c.id)
    try:
        with engine.begin() as connection:
            return len(connection.execute(statement, records).all())
    except OperationalError as error:
        raise LedgerError(f"cannot record trials: {refusal(engine, error)}") from error


def trials(engine: Engine, parent_id: str) -> pd.DataFrame:
    """Return every parameter set ever evaluated for a strategy, in the order of recording."""
    query = select(*columns_of(_TRIALS)).where(_TRIALS.c.parent_id == parent_id)
    with engine.connect() as connection:
        return frame_of(_TRIALS, connection.execute(query.order_by(_TRIALS.c.id)).all())


def sync_strategies(engine: Engine, rows: Sequence[StrategyRecord]) -> None:
    """Make ``strategy_configs`` show the registry; entries it lost stay, as inactive."""
    now = datetime.now(UTC)
    new = _insert(engine, _STRATEGIES)
    upsert = new.on_conflict_do_update(
        index_elements=["strategy_id"],
        set_={name: new.excluded[name] for name in (*_SHOWN, "updated_at")},
        # An entry that did not change keeps the time of its last change.
        where=or_(*(_STRATEGIES.c[name].is_distinct_from(new.excluded[name]) for name in _SHOWN)),
    )
    lost = (
        update(_STRATEGIES)
        .where(
            _STRATEGIES.c.strategy_id.not_in([row.strategy_id for row in rows]),
            or_(_STRATEGIES.c.is_active, _STRATEGIES.c.is_primary),
        )
        .values(is_active=False, is_primary=False, updated_at=now)
    )
    try:
        with engine.begin() as connection:
            connection.execute(lost)
            for row in rows:
                connection.execute(upsert, asdict(row) | {"created_at": now, "updated_at": now})
    except OperationalError as error:
        reason = refusal(engine, error)
        raise LedgerError(f"cannot write the registry into the ledger: {reason}") from error


def strategies(engine: Engine) -> pd.DataFrame:
    """Return what ``strategy_configs`` shows, by id."""
    query = select(*columns_of(_STRATEGIES)).order_by(_STRATEGIES.c.strategy_id)
    with engine.connect() as connection:
        return frame_of(_STRATEGIES, connection.execute(query).all())


def _insert(engine: Engine, table: Table) -> sqlite.Insert | postgresql.Insert:
    return sqlite.insert(table) if engine.dialect.name == "sqlite" else postgresql.insert(table)
