"""Beside the accounts: how attempts went, parameters to remember, marks between sessions."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass
from datetime import UTC, date, datetime
from typing import Any, Literal, cast

import pandas as pd
from sqlalchemy import Engine, Table, select, text
from sqlalchemy.dialects import postgresql, sqlite

from jutsu_dagster.core.account import AccountKey, Mode
from jutsu_dagster.storage import journal_models, models
from jutsu_dagster.storage.attempt import attempted
from jutsu_dagster.storage.database import plain, plain_document
from jutsu_dagster.storage.frames import columns_of, frame_of

RunStatus = Literal["ok", "failed", "skipped"]
MarkSource = Literal["refresh", "eod"]

_RUNS = cast("Table", journal_models.StrategyRun.__table__)
_SETS = cast("Table", journal_models.ParameterSet.__table__)
_SNAPSHOTS = cast("Table", models.PerformanceSnapshot.__table__)
_EOD = cast("Table", journal_models.EodStatus.__table__)


@dataclass(frozen=True, slots=True, kw_only=True)
class Attempt:
    """How the last attempt at one partition of one strategy went.

    Attributes
    ----------
    account : AccountKey
    partition : str
    status : "ok", "failed" or "skipped"
    started_at : datetime
    run_id : str
    duration_seconds : float, optional
    error : str, optional
    """

    account: AccountKey
    partition: str
    status: RunStatus
    started_at: datetime
    run_id: str
    duration_seconds: float | None = None
    error: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Mark:
    """An account valued at quotes between two sessions; it trades nothing.

    Money and fractions as in the snapshots of sessions.
    """

    account: AccountKey
    source: MarkSource
    at: datetime
    session: date
    total_equity: float
    cash: float
    positions_value: float
    daily_return: float
    cumulative_return: float
    drawdown: float
    positions: Mapping[str, int]
    values: Mapping[str, float]
    parameter_hash: str
    data_version: str
    code_version: str


def note_attempts(engine: Engine, attempts: Sequence[Attempt]) -> None:
    """Keep these attempts, each in place of an earlier one at the same partition."""
    rows = []
    for each in attempts:
        row = {name: getattr(each, name) for name in each.__dataclass_fields__}
        rows.append(row | asdict(row.pop("account")))
    _upsert(engine, _RUNS, rows, ("strategy_id", "mode", "partition"))


def attempts(
    engine: Engine,
    run_id: str | None = None,
    limit: int = 200,
    strategy_id: str | None = None,
    mode: Mode = "paper",
) -> pd.DataFrame:
    """Return the last attempts, newest first; of one run or one strategy if its id is given."""
    asked = {"run_id": run_id, "strategy_id": strategy_id, "mode": mode}
    query = (
        select(*columns_of(_RUNS))
        .where(*(_RUNS.c[name] == value for name, value in asked.items() if value is not None))
        .order_by(_RUNS.c.started_at.desc(), _RUNS.c.partition.desc())
        .limit(limit)
    )
    return _read(engine, _RUNS, query)


def remember_parameters(
    engine: Engine, strategy_id: str, parameter_hash: str, document: Mapping[str, Any]
) -> None:
    """Keep the configuration behind a parameter hash, once."""
    remember_all(engine, [(strategy_id, parameter_hash, document)])


def remember_all(engine: Engine, sets: Iterable[tuple[str, str, Mapping[str, Any]]]) -> None:
    """As ``remember_parameters``, for many: strategy_id, parameter_hash and document of each."""
    at = datetime.now(UTC)
    rows = [
        {
            "strategy_id": strategy_id,
            "parameter_hash": parameter_hash,
            "document": plain_document(document),
            "recorded_at": at,
        }
        for strategy_id, parameter_hash, document in sets
    ]
    _upsert(engine, _SETS, rows, ("strategy_id", "parameter_hash"), replace=False)


def parameters(engine: Engine, strategy_id: str, parameter_hash: str) -> dict[str, Any] | None:
    """Return the configuration behind a parameter hash, None if it was never kept."""
    query = select(*columns_of(_SETS)).where(
        _SETS.c.strategy_id == strategy_id, _SETS.c.parameter_hash == parameter_hash
    )
    found = _read(engine, _SETS, query)
    return None if found.empty else dict(found["document"].iloc[0])


def record_marks(engine: Engine, marks: Sequence[Mark]) -> None:
    """Keep marks; one of the same account, source and moment is replaced."""
    rows = []
    for mark in marks:
        row = plain(asdict(mark))
        account, source = row.pop("account"), row.pop("source")
        del row["at"], row["session"]
        rows.append(
            row
            | account
            | {
                "snapshot_source": source,
                "snapshot_time": mark.at,
                "snapshot_date": mark.session,
                "period": source,
                "rebalanced": False,
                "weights": {},
                "indicators": {},
            }
        )
    _upsert(
        engine,
        _SNAPSHOTS,
        rows,
        ("strategy_id", "mode", "snapshot_source", "snapshot_time"),
        where="snapshot_source in ('refresh', 'eod')",
    )


def marks(engine: Engine, account: AccountKey, source: str | None = None) -> pd.DataFrame:
    """Return an account's snapshots that are no session's close, in order of time.

    ``source`` is ``refresh``, ``eod`` or ``legacy``; all of them unless given.
    """
    table = _SNAPSHOTS.c
    query = select(*columns_of(_SNAPSHOTS)).where(
        table.strategy_id == account.strategy_id,
        table.mode == account.mode,
        table.snapshot_source == source if source else table.snapshot_source != "session",
    )
    return _read(engine, _SNAPSHOTS, query.order_by(table.snapshot_time, table.id))


def note_eod(
    engine: Engine,
    job_date: date,
    status: Literal["running", "completed", "failed", "partial"],
    detail: Mapping[str, Any],
    error: str | None = None,
) -> None:
    """Keep how the end-of-day work of a session went; attempts after the first are counted."""
    since = eod_status(engine, job_date)
    earlier = since.loc[since["job_date"] == pd.Timestamp(job_date), "retry_count"]
    retries = int(earlier.iloc[0]) if len(earlier) else -1
    row = {
        "job_date": job_date,
        "status": status,
        "detail": plain(detail),
        "error": error,
        "retry_count": retries + 1 if status == "running" else max(retries, 0),
        "updated_at": datetime.now(UTC),
    }
    _upsert(engine, _EOD, [row], ("job_date",))


def eod_status(engine: Engine, first: date) -> pd.DataFrame:
    """Return the end-of-day work from a date on, earliest first."""
    query = select(*columns_of(_EOD)).where(_EOD.c.job_date >= first).order_by(_EOD.c.job_date)
    return _read(engine, _EOD, query)


def _upsert(
    engine: Engine,
    table: Table,
    rows: Sequence[Mapping[str, Any]],
    keys: Sequence[str],
    *,
    replace: bool = True,
    where: str | None = None,
) -> None:
    if not rows:
        return
    kind = sqlite.insert if engine.dialect.name == "sqlite" else postgresql.insert
    statement = kind(table)
    condition = text(where) if where else None
    if replace:
        changed = {name: statement.excluded[name] for name in rows[0] if name not in keys}
        statement = statement.on_conflict_do_update(
            index_elements=list(keys), index_where=condition, set_=changed
        )
    else:
        statement = statement.on_conflict_do_nothing()

    def write() -> None:
        with engine.begin() as connection:
            connection.execute(statement, [dict(row) for row in rows])

    attempted(engine, f"write {table.name}", write)


def _read(engine: Engine, table: Table, query: Any) -> pd.DataFrame:
    def read() -> pd.DataFrame:
        with engine.connect() as connection:
            return frame_of(table, connection.execute(query).all())

    return attempted(engine, f"read {table.name}", read)
