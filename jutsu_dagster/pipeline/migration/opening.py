"""Where a moved-in account stands: the state that its first paper session starts from."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from typing import Any

from jutsu_dagster.core.account import AccountState
from jutsu_dagster.core.calendar import sessions_between
from jutsu_dagster.core.errors import ConfigError, Fault
from jutsu_dagster.pipeline.ingest import ETF_DAILY
from jutsu_dagster.registry.config import StrategyConfig
from jutsu_dagster.storage.legacy_read import LegacyRows
from jutsu_dagster.storage.legacy_values import first_of, number_of, shares_of
from jutsu_dagster.storage.market import MarketStore
from jutsu_dagster.storage.state import TradingState

_REACH = timedelta(days=30)
# Money that rounding in state.json may cost: its equity has cents.
_CENTS = 0.01
_ROUNDING = 1e-6
Rows = Sequence[Mapping[str, Any]]


@dataclass(frozen=True, slots=True)
class Books:
    """What the old system says of its account.

    Attributes
    ----------
    state : TradingState
    legacy : LegacyRows
    snapshots, trades : sequence of rows
        As they go into the ledger.
    """

    state: TradingState
    legacy: LegacyRows
    snapshots: Rows
    trades: Rows


def last_session(state: TradingState, snapshots: Rows) -> date | None:
    """Return the last session that the old account saw, None for one that never ran."""
    days = [row["snapshot_date"] for row in snapshots[-1:]]
    if state.last_run is not None:
        days.append(state.last_run.date())
    if not days:
        return None
    # A run on a closed day looked at the session before it.
    found: date = sessions_between(max(days) - _REACH, max(days))[-1].item()
    return found


def next_session(day: date) -> date:
    """Return the first session after ``day``."""
    found: date = sessions_between(day + timedelta(days=1), day + _REACH)[0].item()
    return found


def opening_state(
    books: Books, session: date, config: StrategyConfig, store: MarketStore, file: str
) -> AccountState:
    """Return the account as the old system left it.

    Cash is what ``account_equity`` leaves beside the positions at their marks. A mark is the
    value that the ``positions`` table or the last snapshot of that day gives, else the stored
    close, else a fill, of that very day. Cost is the average cost on record, else what the
    recorded orders cost, else the mark.

    Parameters
    ----------
    books : Books
    session : date
        The last one that the old account saw.
    config : StrategyConfig
        The new file's.
    store : MarketStore
    file : str
        How faults call ``state.json``.

    Raises
    ------
    ConfigError
        Naming symbols the strategy does not know, weights beyond 0 to 1, positions without a
        mark or other than in the table ``positions``, or worth more than the equity.
    """
    state = books.state
    shares = {symbol: count for symbol, count in state.current_positions.items() if count}
    accepted = {s: w for s, w in state.last_allocation.items() if s != "CASH" and w}
    faults = _faults(shares, accepted, config, file) + _disagreements(books, shares, file)
    marks = _marks(shares, session, books, store)
    faults += [
        Fault(
            file, f"current_positions.{symbol}", count,
            f"has no price of {session}; ingest the bars up to that day first (jutsu ingest)",
        )
        for symbol, count in shares.items() if symbol not in marks
    ]  # fmt: skip
    if faults:
        raise ConfigError(faults)
    equity = float(state.account_equity)
    value = sum(count * marks[symbol] for symbol, count in shares.items())
    if equity <= 0 or value > equity + _CENTS:
        rule = f"must cover the positions, which are worth {value:.2f} at the close of {session}"
        raise ConfigError([Fault(file, "account_equity", equity, rule)])
    equities = [row["total_equity"] for row in books.snapshots]
    costs = _costs(books)
    return AccountState(
        session=session,
        initial_capital=equities[0] if equities else config.initial_capital,
        cash=max(equity - value, 0.0),
        equity=equity,
        peak=max([*equities, equity]),
        shares=shares,
        basis={
            symbol: costs[symbol][1]
            if costs.get(symbol, (0, 0.0))[0] == count
            else count * marks[symbol]
            for symbol, count in shares.items()
        },
        marks=marks,
        accepted=accepted,
    )


def _faults(
    shares: Mapping[str, int], accepted: Mapping[str, float], config: StrategyConfig, file: str
) -> list[Fault]:
    universe = config.strategy.universe
    rule = f"is no symbol of {config.class_name}, which trades {', '.join(universe)}"
    keys = {f"current_positions.{s}": s for s in shares} | {
        f"last_allocation.{s}": s for s in accepted
    }
    faults = [Fault(file, key, None, rule) for key, s in keys.items() if s not in universe]
    faults += [
        Fault(file, f"current_positions.{symbol}", count, "must be >= 0")
        for symbol, count in shares.items()
        if count < 0
    ]
    faults += [
        Fault(file, f"last_allocation.{symbol}", weight, "must lie between 0 and 1")
        for symbol, weight in accepted.items()
        if not 0 <= weight <= 1
    ]
    total = sum(accepted.values())
    if not faults and total > 1 + _ROUNDING:
        faults.append(Fault(file, "last_allocation", total, "must sum to at most 1"))
    return faults


def _disagreements(books: Books, shares: Mapping[str, int], file: str) -> list[Fault]:
    """Return where the ``positions`` table, which the old system believed first, says other."""
    if not books.legacy.positions:
        return []
    table = {
        str(first_of(row, "symbol")): shares_of(row, "positions") for row in books.legacy.positions
    }
    return [
        Fault(
            file, f"current_positions.{symbol}", shares.get(symbol, 0),
            f"must be {table.get(symbol, 0)}, as in the table positions; correct the wrong one",
        )
        for symbol in sorted({*table, *shares}) if table.get(symbol, 0) != shares.get(symbol, 0)
    ]  # fmt: skip


def _marks(
    shares: Mapping[str, int], session: date, books: Books, store: MarketStore
) -> dict[str, float]:
    """Return a price of that session for each symbol that has one, from the best place down."""
    told: dict[str, float] = {}
    for trade in books.trades:
        if trade["trade_date"] == session:
            told[trade["symbol"]] = trade["fill_price"]
    if shares and store.exists(ETF_DAILY):
        rows = store.rows(ETF_DAILY, sorted(shares), session, session)
        told |= {
            str(s): float(c) for s, c in zip(rows["symbol"], rows["close"], strict=True) if c > 0
        }
    last = books.snapshots[-1] if books.snapshots else None
    if last is not None and last["snapshot_date"] == session:
        held, values = last["positions"], last["values"]
        told |= {s: values[s] / held[s] for s in held if values.get(s, 0) > 0}
    for row in books.legacy.positions:
        count, value = shares_of(row, "positions"), number_of(row, "positions", "market_value")
        symbol = str(first_of(row, "symbol"))
        if value and count and count == shares.get(symbol):
            told[symbol] = value / count
    return {symbol: told[symbol] for symbol in shares if symbol in told}


def _costs(books: Books) -> dict[str, tuple[int, float]]:
    """Return shares and their cost by symbol, as recorded."""
    costs: dict[str, tuple[int, float]] = {}
    for trade in books.trades:
        held, cost = costs.get(trade["symbol"], (0, 0.0))
        if trade["side"] == "BUY":
            paid = trade["shares"] * trade["fill_price"] + trade["commission"]
            costs[trade["symbol"]] = (held + trade["shares"], cost + paid)
        elif held:
            left = max(held - trade["shares"], 0)
            costs[trade["symbol"]] = (left, cost * left / held)
    for row in books.legacy.positions:
        average = number_of(row, "positions", "avg_cost", "average_cost")
        if average is not None:
            count = shares_of(row, "positions")
            costs[str(first_of(row, "symbol"))] = (count, count * average)
    return costs
