"""The exploration engine: decided bars in; entries, exits and each variant's checkpoint out."""

from __future__ import annotations

from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray

from jutsu_dagster.core import exploration_kernel as k
from jutsu_dagster.core.bars import FloatArray, IntArray
from jutsu_dagster.core.errors import DataError, StrategyError
from jutsu_dagster.core.exploration_rules import Decided, ExplorationRules
from jutsu_dagster.core.exploration_state import SECONDS_A_DAY, ExplorationState, iso_utc

CapScope = Literal["utc_day", "lifetime", "none"]

_SCOPES = {"utc_day": k.UTC_DAY, "lifetime": k.LIFETIME, "none": k.UNCAPPED}
# Variants that one thread takes at a time: enough to amortise the call, few enough to share.
_CHUNK = 256


@dataclass(frozen=True, eq=False, slots=True)
class Explored:
    """What T bars did to V variants.

    Attributes
    ----------
    closing : tuple of ExplorationState, length V
        Each variant's checkpoint after the last bar.
    events : EVENT of shape (E,)
        Opens and closes, variant by variant, each in order of time; see ``exploration_kernel``.
        Empty where they were not asked for.
    offsets : int64 of shape (V + 1,)
        Variant ``v`` has events ``offsets[v]`` to ``offsets[v + 1]``.
    """

    closing: tuple[ExplorationState, ...]
    events: NDArray[Any]
    offsets: IntArray

    def events_of(self, variant: int) -> NDArray[Any]:
        """Return the events of one variant."""
        return self.events[self.offsets[variant] : self.offsets[variant + 1]]


def explore(
    decided: Decided,
    rules: Sequence[ExplorationRules],
    states: Sequence[ExplorationState] | None = None,
    *,
    cap_scope: CapScope = "utc_day",
    events: bool = True,
    threads: int = 1,
) -> Explored:
    """Carry variants through the same decided bars, each on its own.

    All bars at once, day by day, or cut anywhere else give the same bits, and so does a variant
    alone or in any company.

    Parameters
    ----------
    decided : Decided
        Bars that no variant has seen yet.
    rules : sequence of ExplorationRules, length V
    states : sequence of ExplorationState, length V, optional
        Where each variant stands; fresh ones unless given.
    cap_scope : "utc_day", "lifetime" or "none"
        What ``exploration_cap`` limits: entries within the UTC day of a bar's open, closed
        trades since the variant began (as the earlier system did), or nothing.
    events : bool
        Whether to return opens and closes; without them a run takes half the time.
    threads : int
        Chunks of variants evaluated at once; the kernel holds no GIL.

    Raises
    ------
    DataError
        If a variant has seen the first bar already: running a bar twice is refused, since it
        would age positions twice.
    StrategyError
        If a regime that occurs has no entry threshold.
    """
    opening = tuple(states) if states is not None else (ExplorationState(),) * len(rules)
    if len(opening) != len(rules):
        raise StrategyError(f"{len(rules)} variants have {len(opening)} states")
    if not len(decided) or not rules:
        return Explored(opening, np.empty(0, k.EVENT), np.zeros(len(rules) + 1, np.int64))
    _refuse_seen(decided, opening)
    book = np.array([_book_row(state) for state in opening], dtype=np.float64)
    run = _Run(decided, rules, _SCOPES[cap_scope], threads)
    offsets = np.zeros(len(rules) + 1, np.int64)
    record = np.empty(0, k.EVENT)
    if events:
        # Counted first, so that memory is exactly what the events need.
        np.cumsum(run(book.copy(), offsets, record), out=offsets[1:])
        record = np.empty(int(offsets[-1]), k.EVENT)
    run(book, offsets, record)
    return Explored(_closing(decided, opening, book), record, offsets)


class _Run:
    """A pass of all variants over all bars, chunk by chunk."""

    def __init__(
        self, decided: Decided, rules: Sequence[ExplorationRules], scope: int, threads: int
    ) -> None:
        seconds = decided.timestamps.astype("datetime64[s]").astype(np.int64)
        self.bars = (
            np.ascontiguousarray(decided.direction, np.int8),
            np.ascontiguousarray(decided.confidence, np.float64),
            np.ascontiguousarray(decided.regime, np.int64),
            np.ascontiguousarray(decided.close, np.float64),
            seconds // SECONDS_A_DAY,
        )
        self.thresholds = _thresholds(decided, rules)
        self.limits = np.array([one.limits for one in rules], dtype=np.float64)
        self.scope, self.threads = scope, threads

    def __call__(self, book: FloatArray, offsets: IntArray, record: NDArray[Any]) -> IntArray:
        """Write ``book`` and ``record``; return how many events each variant has."""
        counts = np.zeros(len(book), np.int64)

        def part(rows: slice) -> None:
            k.explore_variants(
                *self.bars, self.thresholds[rows], self.limits[rows], self.scope, book[rows],
                counts[rows], offsets[:-1][rows], record,
            )  # fmt: skip

        parts = [slice(at, at + _CHUNK) for at in range(0, len(book), _CHUNK)]
        if self.threads <= 1:
            for rows in parts:
                part(rows)
        else:
            with ThreadPoolExecutor(self.threads) as pool:
                list(pool.map(part, parts))
        return counts


def _thresholds(decided: Decided, rules: Sequence[ExplorationRules]) -> FloatArray:
    """Return what an entry needs, of shape (V, R); infinite where a regime does not occur."""
    table = np.full((len(rules), len(decided.regimes)), np.inf)
    for index in np.unique(decided.regime).tolist():
        label = decided.regimes[index]
        table[:, index] = [one.threshold(label) for one in rules]
    return table


def _refuse_seen(decided: Decided, opening: Sequence[ExplorationState]) -> None:
    (first,) = iso_utc(decided.timestamps[:1])
    # Times of one fixed form compare as text.
    latest = max(state.last_bar or "" for state in opening)
    if latest >= first:
        raise DataError(
            f"bar {first} comes again: a variant has seen bars up to {latest};"
            " start from the checkpoint before it"
        )


def _book_row(state: ExplorationState) -> tuple[float, ...]:
    entry = np.nan if state.entry_px is None else state.entry_px
    return (
        state.dir, entry, state.bars_open, -1, state.exp_trades, state.wins, state.losses,
        state.total_pnl, state.won, state.lost, state.gross_pnl, state.gross_won,
        state.gross_lost, state.entries_today, state.day,
    )  # fmt: skip


def _closing(
    decided: Decided, opening: Sequence[ExplorationState], book: FloatArray
) -> tuple[ExplorationState, ...]:
    (last,) = iso_utc(decided.timestamps[-1:])
    rows = np.unique(book[:, k.ENTRY_ROW].astype(np.int64))
    times = dict(zip(rows.tolist(), iso_utc(decided.timestamps[rows]), strict=True))
    closing = []
    for state, row in zip(opening, book.tolist(), strict=True):
        at = int(row[k.ENTRY_ROW])
        held, entered = row[k.DIR] != 0, at >= 0
        label = decided.regimes[int(decided.regime[at])]
        closing.append(
            ExplorationState(
                dir=int(row[k.DIR]),
                entry_px=row[k.ENTRY_PX] if held else None,
                bars_open=int(row[k.BARS_OPEN]),
                entry_bar=(times[at] if entered else state.entry_bar) if held else None,
                entry_regime=(label if entered else state.entry_regime) if held else None,
                exp_trades=int(row[k.TRADES]),
                wins=int(row[k.WINS]),
                losses=int(row[k.LOSSES]),
                total_pnl=row[k.TOTAL],
                won=row[k.WON],
                lost=row[k.LOST],
                gross_pnl=row[k.GROSS],
                gross_won=row[k.GROSS_WON],
                gross_lost=row[k.GROSS_LOST],
                entries_today=int(row[k.ENTRIES]),
                last_bar=last,
            )
        )
    return tuple(closing)
