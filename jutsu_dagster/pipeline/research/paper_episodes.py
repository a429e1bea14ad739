"""The trades of a paper account that decides weights: its holding episodes, from the ledger.

The ledger keeps every fill with the portfolio's value around it, and every session's holdings:
all that an episode is made of. So the account's own record is counted, by the very function that
counts a variant's, and not its ``control``: that account is there only while a variant is, begins
with the oldest one, and carries the parameters that were frozen then.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import date
from typing import Any

import numpy as np

from jutsu_dagster.core.account import AccountState, Fills, Segment
from jutsu_dagster.core.episodes import EpisodeState, trade_episodes
from jutsu_dagster.core.errors import DataError
from jutsu_dagster.storage import research_log as log
from jutsu_dagster.storage.ledger import Ledger
from jutsu_dagster.storage.research_log import Fill, Holding
from jutsu_dagster.strategies.base import AllocationStrategy


def paper_episodes(
    ledger: Ledger, strategy_id: str, strategy: AllocationStrategy, until: date
) -> tuple[EpisodeState, list[dict[str, Any]]]:
    """Return the open episode of a paper account after a day, and its opens and closes so far.

    What an account that was moved in held before its first session here has no known beginning:
    its episodes are counted from its first fills on.

    Parameters
    ----------
    ledger : Ledger
    strategy_id : str
    strategy : AllocationStrategy
        Says how its symbols move with the signal.
    until : date
        What the ledger holds of later days is not looked at.

    Returns
    -------
    state : EpisodeState
    rows : list of dict
        As ``core.episodes.trade_episodes`` gives them.

    Raises
    ------
    DataError
        If fills lack what they are to be counted by.
    LedgerError
        If the ledger cannot be read.
    """
    sessions = log.sessions(ledger.engine, strategy_id, until)
    rows = {day: row for row, day in enumerate(sessions)}
    fills = [
        fill for fill in log.fills(ledger.engine, strategy_id, until) if fill.trade_date in rows
    ]
    if not fills:
        return EpisodeState(), []
    held = log.holdings(ledger.engine, strategy_id, until)
    segment = _segment(strategy_id, sessions, rows, fills, held)
    labels = ["none"] * len(sessions)
    for fill in fills:
        labels[rows[fill.trade_date]] = _label(fill)
    return trade_episodes(
        segment, EpisodeState(), strategy.exposures, labels,
        symbol=strategy.signal_of_record, variant_id=strategy_id, gross=True,
    )  # fmt: skip


def _segment(
    strategy_id: str,
    sessions: Sequence[date],
    rows: Mapping[date, int],
    fills: Sequence[Fill],
    held: Mapping[date, Holding],
) -> Segment:
    """Return the account's course as far as episodes need it: fills, and holdings after them."""
    symbols = sorted({symbol for one in held.values() for symbol in one.shares}
                     | {fill.symbol for fill in fills})  # fmt: skip
    columns = {symbol: column for column, symbol in enumerate(symbols)}
    shape = (len(sessions), len(symbols))
    shares, marks = np.zeros(shape, dtype=np.int64), np.full(shape, np.nan)
    for day, one in held.items():
        for symbol, count in one.shares.items():
            at = rows[day], columns[symbol]
            shares[at], marks[at] = count, one.values[symbol] / count
    nothing = np.full(len(sessions), np.nan)
    fresh = AccountState.open(0.0)
    return Segment(
        symbols=tuple(symbols),
        sessions=np.array(sessions, dtype="datetime64[D]"),
        equity=nothing,
        cash=nothing,
        shares=shares,
        marks=marks,
        weights=np.full(shape, np.nan),
        rebalanced=np.zeros(len(sessions), dtype=np.bool_),
        fills=_fills(strategy_id, rows, columns, fills),
        opening=fresh,
        closing=fresh,
    )


def _fills(
    strategy_id: str,
    rows: Mapping[date, int],
    columns: Mapping[str, int],
    fills: Sequence[Fill],
) -> Fills:
    def money(name: str) -> Any:
        return np.array([getattr(fill, name) for fill in fills], dtype=np.float64)

    before, after = money("portfolio_value_before"), money("portfolio_value_after")
    unknown = np.flatnonzero(np.isnan(before) | np.isnan(after))
    if unknown.size:
        day = fills[int(unknown[0])].trade_date
        raise DataError(
            f"{strategy_id}: the ledger lacks the portfolio's value around a fill of {day}"
            " (portfolio_value_before, portfolio_value_after), which its trades are counted by"
        )
    return Fills(
        row=np.array([rows[fill.trade_date] for fill in fills]),
        column=np.array([columns[fill.symbol] for fill in fills]),
        shares=np.array([fill.shares if fill.side == "BUY" else -fill.shares for fill in fills]),
        price=money("fill_price"),
        commission=money("commission"),
        value_before=before,
        value_after=after,
        cash_before=money("cash_before"),
        cash_after=money("cash_after"),
        realised=money("realised_pnl"),
    )


def _label(fill: Fill) -> str:
    """Return the regime behind a fill, as ``strategies.allocation.regime_labels`` writes it."""
    if fill.strategy_cell is None:
        return "none"
    names = [name for name in (fill.trend_state, fill.vol_state) if name]
    return f"cell {fill.strategy_cell}" + (f" ({', '.join(names)})" if names else "")
