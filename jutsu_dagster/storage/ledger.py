"""The ledger: every account's sessions, trades and checkpoints; one transaction per period."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import date
from typing import Any, cast

import pandas as pd
from sqlalchemy import Connection, Engine, Row, Select, Table, delete, func, insert, select
from sqlalchemy.exc import DatabaseError, IntegrityError

from jutsu_dagster.core.account import AccountKey, AccountState, Mode
from jutsu_dagster.core.errors import LedgerError
from jutsu_dagster.registry.config import StrategyConfig
from jutsu_dagster.storage import catalog, journal, models, schema
from jutsu_dagster.storage.append import append
from jutsu_dagster.storage.attempt import attempted, refusal
from jutsu_dagster.storage.database import open_engine, parse_url, reading_engine
from jutsu_dagster.storage.frames import columns_of, frame_of
from jutsu_dagster.storage.period_rows import checkpoint_row, snapshot_rows, trade_rows
from jutsu_dagster.storage.records import (
    Checkpoint,
    Provenance,
    RecordedPeriod,
    StrategyRecord,
    TrialRecord,
)

__all__ = [
    "Checkpoint",
    "Ledger",
    "Provenance",
    "RecordedPeriod",
    "StrategyRecord",
    "TrialRecord",
]

_SNAPSHOTS = cast("Table", models.PerformanceSnapshot.__table__)
_TRADES = cast("Table", models.Trade.__table__)
_CHECKPOINTS = cast("Table", models.Checkpoint.__table__)
_TABLES = (_SNAPSHOTS, _TRADES, _CHECKPOINTS)


class Ledger:
    """The ledger at a database URL. Opening is cheap; nothing is created but SQLite's folder.

    Parameters
    ----------
    url : str
        ``sqlite:///path`` or ``postgresql://…``.
    for_reading : bool
        Whether somebody waits for the answer: then a ledger that is locked or away is said soon.
    """

    def __init__(self, url: str, *, for_reading: bool = False) -> None:
        self._engine = (reading_engine if for_reading else open_engine)(parse_url(url))

    @property
    def engine(self) -> Engine:
        """The database, for storage's other modules."""
        return self._engine

    def close(self) -> None:
        """Close all connections; the ledger opens new ones when it is used again."""
        self._engine.dispose()

    def migrate(self) -> None:
        """Create the tables, or raise them to this version's schema; a repeat changes nothing."""
        schema.migrate(self._engine)

    def require_current(self) -> None:
        """Raise LedgerError, which says ``run jutsu init``, unless the schema is this version's."""
        schema.require_current(self._engine)

    def record(self, period: RecordedPeriod) -> None:
        """Replace the account's period by this one, whole, in one transaction.

        A repeat changes nothing but the time of recording. Later periods are left alone, also
        where they no longer follow from this one: ``stale_periods`` names them.

        Raises
        ------
        LedgerError
            If a session already belongs to another period of the account, values are not
            finite, or the database is locked for 30 s.
        """
        # Everything is computed before the transaction, so that the lock is held briefly.
        content = (
            (_SNAPSHOTS, snapshot_rows(period)),
            (_TRADES, trade_rows(period)),
            (_CHECKPOINTS, [checkpoint_row(period)]),
        )
        key = period.account
        try:
            with self._engine.begin() as connection:
                _replace(connection, key, [period.period], content)
        except IntegrityError as error:
            raise LedgerError(
                f"period {period.period} of {key} ({period.first_session} to"
                f" {period.last_session}) overlaps a session of another recorded period:"
                f" {error.orig}"
            ) from error
        except DatabaseError as error:
            reason = refusal(self._engine, error)
            raise LedgerError(f"cannot record {period.period} of {key}: {reason}") from error

    def append(self, period: RecordedPeriod) -> bool:
        """Add a period to the end of an append-only account; False if it is recorded already.

        Raises
        ------
        LedgerError
            If the account's last period does not close where this one opens.
        """
        return append(self._engine, period)

    def forget(self, account: AccountKey, periods: Sequence[str]) -> None:
        """Remove periods of an account, whole, in one transaction; unknown ones are no fault."""

        def remove() -> None:
            with self._engine.begin() as connection:
                _replace(connection, account, periods, [(table, []) for table in _TABLES])

        attempted(self._engine, f"remove {periods} of {account}", remove)

    def checkpoint(self, account: AccountKey, period: str) -> Checkpoint | None:
        """Return the checkpoint of one period, or None if it is not recorded."""
        found = self._read(_of(_CHECKPOINTS, account).where(_CHECKPOINTS.c.period == period))
        return _checkpoint(found[0]) if found else None

    def checkpoints(self, account: AccountKey) -> list[Checkpoint]:
        """Return the account's recorded periods, earliest first."""
        query = _of(_CHECKPOINTS, account).order_by(_CHECKPOINTS.c.first_session)
        return [_checkpoint(row) for row in self._read(query)]

    def latest_checkpoint(
        self, account: AccountKey, before: date | None = None
    ) -> Checkpoint | None:
        """Return the last checkpoint, or the last that ends before a date, if any."""
        query = _of(_CHECKPOINTS, account).order_by(_CHECKPOINTS.c.last_session.desc()).limit(1)
        if before is not None:
            query = query.where(_CHECKPOINTS.c.last_session < before)
        found = self._read(query)
        return _checkpoint(found[0]) if found else None

    def stale_periods(self, account: AccountKey) -> list[str]:
        """Return the periods that follow from an earlier version of the one before them.

        A period is stale when it did not open where its predecessor now closes, and so is every
        later one.
        """
        recorded = self.checkpoints(account)
        for at in range(1, len(recorded)):
            if recorded[at].opening_hash != recorded[at - 1].closing_hash:
                return [checkpoint.period for checkpoint in recorded[at:]]
        return []

    def snapshots(
        self, account: AccountKey, first: date | None = None, last: date | None = None
    ) -> pd.DataFrame:
        """Return the account's sessions from ``first`` to ``last``, both inclusive, ascending.

        Columns as the table's, with ``session`` (datetime64[s]) for its date; positions, values,
        weights and indicators are dicts by symbol or name.
        """
        date_of = _SNAPSHOTS.c.snapshot_date
        query = _between(_of(_SNAPSHOTS, account), date_of, first, last).order_by(date_of)
        closes = query.where(_SNAPSHOTS.c.snapshot_source == "session")
        return frame_of(_SNAPSHOTS, self._read(closes))

    def trades(
        self, account: AccountKey, first: date | None = None, last: date | None = None
    ) -> pd.DataFrame:
        """Return the account's executed orders, in order, as ``snapshots`` does."""
        date_of = _TRADES.c.trade_date
        query = _between(_of(_TRADES, account), date_of, first, last)
        return frame_of(_TRADES, self._read(query.order_by(date_of, _TRADES.c.sequence)))

    def record_trials(self, rows: Iterable[TrialRecord]) -> int:
        """Add evaluated parameter sets; return how many of them were new."""
        return catalog.record_trials(self._engine, rows)

    def trials(self, parent_id: str) -> pd.DataFrame:
        """Return every parameter set ever evaluated for a strategy, in the order of recording."""
        return catalog.trials(self._engine, parent_id)

    def sync_strategies(self, rows: Sequence[StrategyRecord]) -> None:
        """Make ``strategy_configs`` show the registry; entries it lost stay, as inactive."""
        catalog.sync_strategies(self._engine, rows)

    def strategies(self) -> pd.DataFrame:
        """Return what ``strategy_configs`` shows, by id."""
        return catalog.strategies(self._engine)

    def remember_parameters(self, config: StrategyConfig) -> None:
        """Keep the configuration behind its parameter hash, once, to compute it again."""
        journal.remember_parameters(
            self._engine, config.strategy_id, config.settings_hash, config.document
        )

    def _read(self, query: Select[Any]) -> Sequence[Row[Any]]:
        def read() -> Sequence[Row[Any]]:
            with self._engine.connect() as connection:
                return connection.execute(query).all()

        return attempted(self._engine, "read the ledger", read)


def _of(table: Table, account: AccountKey) -> Select[Any]:
    return select(*columns_of(table)).where(
        table.c.strategy_id == account.strategy_id, table.c.mode == account.mode
    )


def _between(query: Select[Any], column: Any, first: date | None, last: date | None) -> Select[Any]:
    if first is not None:
        query = query.where(column >= first)
    return query if last is None else query.where(column <= last)


def _replace(
    connection: Connection,
    key: AccountKey,
    periods: Sequence[str],
    content: Iterable[tuple[Table, list[dict[str, Any]]]],
) -> None:
    """Put rows in the place of these periods; nobody else writes the account until the commit."""
    # SQLite has but one writer.
    if connection.dialect.name == "postgresql":
        connection.execute(select(func.pg_advisory_xact_lock(func.hashtextextended(str(key), 0))))
    for table, rows in content:
        of_account = (table.c.strategy_id == key.strategy_id, table.c.mode == key.mode)
        connection.execute(delete(table).where(*of_account, table.c.period.in_(periods)))
        if rows:
            connection.execute(insert(table), rows)


def _checkpoint(row: Row[Any]) -> Checkpoint:
    data = dict(row._mapping)  # noqa: SLF001  (SQLAlchemy's public name for it)
    mode: Mode = data.pop("mode")
    provenance = {name: data.pop(name) for name in Provenance.__slots__}
    return Checkpoint(
        account=AccountKey(data.pop("strategy_id"), mode),
        closing=AccountState.from_dict(data.pop("closing_state")),
        provenance=Provenance(**provenance),
        **data,
    )
