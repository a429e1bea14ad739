"""Recording of accounts that count results as fractions: many accounts' days in one transaction.

Days are added once; of the modes, only backtest is ever rewritten.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, date, datetime

from sqlalchemy import Connection, Engine, delete, insert

from jutsu_dagster.core.account import AccountKey
from jutsu_dagster.core.errors import LedgerError
from jutsu_dagster.storage.append import in_account
from jutsu_dagster.storage.exploration_log import DAYS, TRADES, Head, latest_in
from jutsu_dagster.storage.exploration_rows import DayRecord, day_row, trade_rows


def append(engine: Engine, family: AccountKey, records: Sequence[DayRecord]) -> dict[str, str]:
    """Add days to the ends of many accounts' chains, in one transaction.

    An account whose first day here does not start where it stands is left out, whole; the others
    are recorded.

    Parameters
    ----------
    engine : Engine
    family : AccountKey
        Whose lock is held: no two writers of one family write at once.
    records : sequence of DayRecord
        Of one mode and track, each account's days in order.

    Returns
    -------
    dict of strategy_id to str
        The accounts left out, and why.
    """
    if not records:
        return {}
    mode, track = records[0].account.mode, records[0].track
    chains: dict[str, list[DayRecord]] = {}
    for record in records:
        chains.setdefault(record.account.strategy_id, []).append(record)

    def work(connection: Connection) -> dict[str, str]:
        stands = latest_in(connection, mode, list(chains), track)
        refused: dict[str, str] = {}
        accepted: list[DayRecord] = []
        for id_, chain in chains.items():
            reason = _refusal(stands.get(id_), chain)
            if reason is None:
                accepted += chain
            elif reason:
                refused[id_] = reason
        _insert(connection, accepted)
        return refused

    return in_account(engine, family, work, f"record {len(records)} days")


def _refusal(stands: Head | None, chain: Sequence[DayRecord]) -> str | None:
    """Return why a chain cannot follow; None if it does, and nothing said if it is there already.

    The last happens after a connection that was lost at the very commit, and where another run
    was faster with the same.
    """
    first, last = chain[0], chain[-1]
    if stands is None:
        return None if first.opens else "its account is not opened yet; run it again"
    if stands.day == last.day and stands.closing_hash == last.closing_hash:
        return ""
    if stands.day >= first.day:
        return f"is recorded up to {stands.day} by another run; run it again"
    if stands.closing_hash != first.opening_hash:
        return f"{first.day} does not start where {stands.day} closed; run it again"
    return None


def replace(
    engine: Engine, account: AccountKey, first: date, last: date, records: Sequence[DayRecord]
) -> None:
    """Put days in the place of all that an account has from ``first`` to ``last``: a backtest."""
    if account.mode != "backtest":
        raise LedgerError(f"{account} is only ever added to")

    def work(connection: Connection) -> None:
        for table in (DAYS, TRADES):
            mine = (table.c.strategy_id == account.strategy_id, table.c.mode == account.mode)
            connection.execute(delete(table).where(*mine, table.c.day.between(first, last)))
        _insert(connection, records)

    in_account(engine, account, work, f"record {first} to {last}")


def _insert(connection: Connection, records: Sequence[DayRecord]) -> None:
    at = datetime.now(UTC)
    if records:
        connection.execute(insert(DAYS), [day_row(record, at) for record in records])
    trades = [row for record in records for row in trade_rows(record)]
    if trades:
        connection.execute(insert(TRADES), trades)
