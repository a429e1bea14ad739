"""An allocation account's holding episodes as trades: each one between changes of its holdings."""

from __future__ import annotations

import itertools
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any, NamedTuple

import numpy as np

from jutsu_dagster.core.account import Fills, Segment
from jutsu_dagster.core.errors import DataError, StrategyError
from jutsu_dagster.core.exploration_state import TradeState, iso_utc

EXIT_REASON = "rebalance"


@dataclass(frozen=True, slots=True)
class EpisodeState(TradeState):
    """The open episode of an account and its closed ones; the default is a fresh account's.

    ``entry_px`` is the portfolio's value at the boundary at which the open episode began, money;
    ``bars_open`` counts sessions. In cash there is no episode: dir 0, ``entry_px`` None.

    Attributes
    ----------
    held_px : float or None
        The portfolio's value after the purchases at that boundary: where the gross result
        begins.
    """

    held_px: float | None = None


class Boundary(NamedTuple):
    """A session with fills, which ends one episode and begins another.

    Attributes
    ----------
    row : int
        Of the segment.
    before : float
        Portfolio value before any fill, money, at the prices that fills are made at.
    value : float
        After the sales, before the purchases: the exit of one, the entry of the other.
    after : float
        After the purchases.
    """

    row: int
    before: float
    value: float
    after: float


def boundaries(fills: Fills) -> Iterator[Boundary]:
    """Yield the sessions with fills, in order of time.

    The value between the episodes is the one after the last sale, or before the first fill where
    nothing is sold: what a sale costs belongs to the episode that ends, what a purchase costs to
    the one that begins, and the values of consecutive boundaries chain to the account's growth.
    """
    edges = np.flatnonzero(np.diff(fills.row, prepend=-1)).tolist()
    for first, end in itertools.pairwise([*edges, len(fills)]):
        sales = np.flatnonzero(fills.shares[first:end] < 0)
        before, after = float(fills.value_before[first]), float(fills.value_after[end - 1])
        value = float(fills.value_after[first + int(sales[-1])]) if len(sales) else before
        yield Boundary(int(fills.row[first]), before, value, after)


def direction(segment: Segment, row: int, exposures: Mapping[str, float]) -> int:
    """Return the sign of what is held at the close of ``row``, towards the signal.

    Holdings count at that close, times their exposure. What is held without any exposure, such
    as bonds alone, is long; only pure cash is 0.
    """
    net, holds = 0.0, False
    held = zip(segment.symbols, segment.shares[row].tolist(), segment.marks[row], strict=True)
    for symbol, shares, mark in held:
        if shares:
            holds = True
            net += shares * float(mark) * exposures.get(symbol, 1.0)
    return 0 if not holds else -1 if net < 0 else 1


def trade_episodes(
    segment: Segment,
    state: EpisodeState,
    exposures: Mapping[str, float],
    labels: Sequence[str],
    *,
    symbol: str,
    variant_id: str,
    gross: bool = False,
) -> tuple[EpisodeState, list[dict[str, Any]]]:
    """Count what a run of sessions did to an account as trades.

    An episode lasts from one session with fills to the next, also where only a part of the
    holdings changes; one in cash is no trade. All sessions at once, day by day, or cut anywhere
    else give the same bits.

    Parameters
    ----------
    segment : Segment of T sessions
        From ``core.engine.run_segment``; sessions that ``state`` has not seen yet.
    state : EpisodeState
        Where the episodes stand before it.
    exposures : mapping of symbol to float
        Leverage towards the signal: 3, -1, 0; a symbol not named counts 1.
    labels : sequence of str, length T
        The regime behind each session's fills; see ``strategies.allocation.regime_labels``.
    symbol, variant_id : str
        For the rows: the signal of record, and the account's name.
    gross : bool
        Whether a close also has ``gross_pct``: before commissions and slippage.

    Returns
    -------
    state : EpisodeState
        After the last session.
    rows : list of dict
        Opens and closes in order of time, with the keys of ``core.exploration_rows.trade_rows``.
        Prices are portfolio values at the boundary, money; ``conf`` and ``mutated_threshold``
        are None.

    Raises
    ------
    DataError
        If the first session was counted before, or the account already holds what no open
        episode explains.
    StrategyError
        If there is not one label a session.
    """
    if len(labels) != len(segment):
        raise StrategyError(f"{len(labels)} regime labels for {len(segment)} sessions")
    if not len(segment):
        return state, []
    times = iso_utc(segment.sessions)
    _refuse(segment, state, times[0])
    rows: list[dict[str, Any]] = []
    # The row at which the open episode began, before the segment's first for one carried in.
    began = -1 - state.bars_open
    for edge in boundaries(segment.fills):
        regime = labels[edge.row]
        base = {"ts": times[edge.row], "symbol": symbol, "variant_id": variant_id}
        if state.dir:
            state, row = _closed(state, edge, base, regime, edge.row - began, gross=gross)
            rows.append(row)
        side, began = direction(segment, edge.row, exposures), edge.row
        state = replace(
            state,
            dir=side,
            entry_px=edge.value if side else None,
            held_px=edge.after if side else None,
            entry_bar=times[edge.row] if side else None,
            entry_regime=regime if side else None,
        )
        if side:
            rows.append(
                _head(base, "open", state)
                | {"regime": regime, "conf": None, "mutated_threshold": None}
            )
    open_for = len(segment) - 1 - began if state.dir else 0
    return replace(state, bars_open=open_for, last_bar=times[-1]), rows


def _closed(
    state: EpisodeState, edge: Boundary, base: Mapping[str, Any], regime: str, bars: int, *,
    gross: bool,
) -> tuple[EpisodeState, dict[str, Any]]:  # fmt: skip
    """Return the state with its open episode closed at ``edge``, and the row that says so."""
    pct = edge.value / (state.entry_px or np.nan) - 1.0
    before = edge.before / (state.held_px or np.nan) - 1.0
    result = {"exit_px": edge.value, "pct": pct} | ({"gross_pct": before} if gross else {})
    why = {"exit_reason": EXIT_REASON, "regime": regime, "bars_open": bars}
    closed = replace(
        state,
        exp_trades=state.exp_trades + 1,
        wins=state.wins + (pct > 0.0),
        losses=state.losses + (pct < 0.0),
        total_pnl=state.total_pnl + pct,
        won=state.won + max(pct, 0.0),
        lost=state.lost + min(pct, 0.0),
        gross_pnl=state.gross_pnl + before,
        gross_won=state.gross_won + max(before, 0.0),
        gross_lost=state.gross_lost + min(before, 0.0),
    )
    return closed, _head(base, "close", state) | result | why


def _head(base: Mapping[str, Any], kind: str, state: EpisodeState) -> dict[str, Any]:
    return {
        "ts": base["ts"],
        "type": kind,
        "symbol": base["symbol"],
        "variant_id": base["variant_id"],
        "dir": state.dir,
        "entry_px": state.entry_px,
    }


def _refuse(segment: Segment, state: EpisodeState, first: str) -> None:
    # Times of one fixed form compare as text.
    if (state.last_bar or "") >= first:
        raise DataError(
            f"session {first} comes again: its episodes are counted up to {state.last_bar};"
            " start from the checkpoint before it"
        )
    if segment.opening.shares and not state.dir:
        held = ", ".join(segment.opening.shares)
        raise DataError(
            f"before session {first} the account holds {held}, but no episode is open:"
            " count its episodes from its first session on"
        )
