"""Accounts valued at the latest quotes between two sessions; nothing here can trade."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta

import numpy as np

from jutsu_dagster.core.account import AccountState
from jutsu_dagster.core.engine_kernel import apply_splits
from jutsu_dagster.core.errors import DataError
from jutsu_dagster.core.fills import SHARES
from jutsu_dagster.core.hours import NEW_YORK
from jutsu_dagster.pipeline.direct import is_directional
from jutsu_dagster.pipeline.night import paper_entries
from jutsu_dagster.pipeline.paper import paper_account
from jutsu_dagster.registry.load import StrategyRegistry
from jutsu_dagster.sources.base import MarketSource
from jutsu_dagster.storage import journal
from jutsu_dagster.storage.journal import Mark, MarkSource
from jutsu_dagster.storage.ledger import Ledger
from jutsu_dagster.storage.records import Checkpoint


@dataclass(frozen=True, slots=True)
class MarkReport:
    """What one strategy's mark came to: a mark, or why there is none."""

    strategy_id: str
    mark: Mark | None
    note: str


@dataclass(frozen=True, slots=True)
class _Quotes:
    """The latest price of each symbol, the day it is of, and the splits that lead up to it."""

    prices: Mapping[str, float]
    days: Mapping[str, date]

    @classmethod
    def fetch(cls, source: MarketSource, symbols: Sequence[str]) -> _Quotes:
        rows = source.latest(symbols)
        return cls(
            dict(zip(rows["symbol"], rows["price"].astype(float), strict=True)),
            dict(zip(rows["symbol"], (moment.date() for moment in rows["timestamp"]), strict=True)),
        )


def mark_accounts(
    registry: StrategyRegistry,
    source: MarketSource,
    ledger: Ledger,
    at: datetime,
    kind: MarkSource = "refresh",
) -> list[MarkReport]:
    """Value every paper account at the latest quotes, fetched once, and keep the snapshots.

    Directional accounts are left to the night, which values them at each day's last close.

    Parameters
    ----------
    registry : StrategyRegistry
    source : MarketSource
    ledger : Ledger
    at : datetime
        The moment of the mark, with its zone; the same moment again replaces the mark.
    kind : "refresh" or "eod"
    """
    entries = paper_entries(registry)
    accounts: dict[str, Checkpoint | None] = {
        entry.id: ledger.latest_checkpoint(paper_account(entry.id))
        for entry in entries
        if not is_directional(entry.config)
    }
    held = sorted({symbol for c in accounts.values() if c for symbol in c.closing.shares})
    quotes = _Quotes.fetch(source, held) if held else _Quotes({}, {})
    reports = [
        MarkReport(entry.id, None, "is valued at the last close of each UTC day, by the night")
        for entry in entries
        if is_directional(entry.config)
    ]
    for strategy_id, checkpoint in accounts.items():
        if checkpoint is None:
            reports.append(MarkReport(strategy_id, None, "no session is recorded yet"))
            continue
        try:
            mark, note = _mark(checkpoint, source, quotes, at, kind)
        except DataError as error:
            mark, note = None, str(error)
        reports.append(MarkReport(strategy_id, mark, note))
    journal.record_marks(ledger.engine, [report.mark for report in reports if report.mark])
    return reports


def _mark(
    checkpoint: Checkpoint,
    source: MarketSource,
    quotes: _Quotes,
    at: datetime,
    kind: MarkSource,
) -> tuple[Mark | None, str]:
    state = checkpoint.closing
    session = checkpoint.last_session
    missing = [symbol for symbol in state.shares if symbol not in quotes.prices]
    if missing:
        raise DataError(f"{source.name} has no quote of {', '.join(missing)}")
    old = [symbol for symbol in state.shares if quotes.days[symbol] <= session]
    if old:
        return None, f"no quote of {', '.join(old)} is newer than the close of {session}"
    newest = max((quotes.days[symbol] for symbol in state.shares), default=session)
    cash, shares = _on_quotes(state, source, session, newest)
    values = {symbol: count * quotes.prices[symbol] for symbol, count in shares.items()}
    total = cash + sum(values.values())
    mark = Mark(
        account=checkpoint.account,
        source=kind,
        at=at,
        session=at.astimezone(NEW_YORK).date(),
        total_equity=total,
        cash=cash,
        positions_value=total - cash,
        daily_return=total / state.equity - 1.0,
        cumulative_return=total / state.initial_capital - 1.0,
        drawdown=min(total / state.peak - 1.0, 0.0),
        positions=shares,
        values=values,
        parameter_hash=checkpoint.provenance.parameter_hash,
        data_version=f"quotes:{source.name}"[:100],
        code_version=checkpoint.provenance.code_version,
    )
    return mark, f"{total:,.2f}, {mark.daily_return:+.2%} since the close of {session}"


def _on_quotes(
    state: AccountState, source: MarketSource, session: date, newest: date
) -> tuple[float, dict[str, int]]:
    """Return cash and shares on the quotes' basis: after the splits since the last session."""
    cash, shares, last = state.cash, dict(state.shares), dict(state.marks)
    if not shares:
        return cash, shares
    rows = source.bars(list(shares), session + timedelta(days=1), newest)
    for symbol, split, close in zip(rows["symbol"], rows["split"], rows["close"], strict=True):
        if split != 1.0:
            book = np.zeros((1, 4))
            book[0, SHARES] = shares[symbol]
            # As the session to come will do it, fractions paid in cash.
            cash = apply_splits(cash, book, np.array([split]), np.array([last[symbol]]))
            shares[symbol] = int(book[0, SHARES])
        last[symbol] = close
    return cash, shares
