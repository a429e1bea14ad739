"""The inner loop of the exploration engine: many variants over the same decided bars."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from jutsu_dagster.core.bars import FloatArray, IntArray
from jutsu_dagster.core.jit import kernel

# How entries are counted against the cap.
UTC_DAY, LIFETIME, UNCAPPED = range(3)
# Columns of `limits`, one row a variant; `COST` is a round trip's, a fraction of the entry price.
CAP, EXIT_MIN, REVERSE_MIN, MAX_BARS, COST = range(5)
LIMITS = 5
# Columns of `book`, one row a variant: what it carries from bar to bar. `ENTRY_ROW` is the bar of
# the open position's entry, -1 if it was opened before these bars; `DAY` that of `ENTRIES`.
(DIR, ENTRY_PX, BARS_OPEN, ENTRY_ROW, TRADES, WINS, LOSSES, TOTAL, WON, LOST, GROSS, GROSS_WON,
 GROSS_LOST, ENTRIES, DAY) = range(15)  # fmt: skip
BOOK = 15

OPEN, CLOSE = range(2)
REASONS = ("", "low_conf", "reverse", "timeout")
LOW_CONF, REVERSE, TIMEOUT = range(1, 4)
# One open or close. `row` is its bar; `pct` is net of costs. An open has no exit, a close neither
# confidence nor threshold: NaN there.
EVENT = np.dtype(
    [
        ("row", np.int64), ("kind", np.int8), ("dir", np.int8), ("reason", np.int8),
        ("regime", np.int16), ("bars_open", np.int64), ("entry_px", np.float64),
        ("exit_px", np.float64), ("pct", np.float64), ("gross_pct", np.float64),
        ("conf", np.float64), ("threshold", np.float64),
    ]
)  # fmt: skip


@kernel
def explore_variants(  # noqa: C901, PLR0912, PLR0915  (one loop holds all state in registers)
    direction: NDArray[np.int8], confidence: FloatArray, regime: IntArray, close: FloatArray,
    day: IntArray, thresholds: FloatArray, limits: FloatArray, scope: int, book: FloatArray,
    counts: IntArray, offsets: IntArray, events: NDArray[Any],
) -> None:  # fmt: skip
    """Carry V variants through T bars: exits, then entries, each in the recorded order of rules.

    Parameters
    ----------
    direction : int8 of shape (T,)
        -1, 0 or 1.
    confidence, close : float64 of shape (T,)
    regime : int64 of shape (T,)
        Column of ``thresholds``.
    day : int64 of shape (T,)
        UTC days since 1970.
    thresholds : float64 of shape (V, R)
        Confidence that an entry needs in each regime.
    limits : float64 of shape (V, 5)
        Columns as named in this module.
    scope : int
        UTC_DAY, LIFETIME or UNCAPPED.
    book : float64 of shape (V, 15)
        Read and written: the state before and after these bars.
    counts : int64 of shape (V,)
        Written: events of each variant.
    offsets : int64 of shape (V,)
        Row of ``events`` at which each variant's begin.
    events : EVENT of shape (E,)
        Written, unless it is empty: every open and close.
    """
    recording = len(events) > 0
    for v in range(len(book)):
        cap, exit_min, reverse_min = limits[v, CAP], limits[v, EXIT_MIN], limits[v, REVERSE_MIN]
        max_bars, cost = limits[v, MAX_BARS], limits[v, COST]
        position, entry, bars_open = book[v, DIR], book[v, ENTRY_PX], book[v, BARS_OPEN]
        entry_row = -1
        trades, wins, losses = book[v, TRADES], book[v, WINS], book[v, LOSSES]
        total, won, lost = book[v, TOTAL], book[v, WON], book[v, LOST]
        gross_total, gross_won = book[v, GROSS], book[v, GROSS_WON]
        gross_lost, entries, today = book[v, GROSS_LOST], book[v, ENTRIES], book[v, DAY]
        count = 0
        for t in range(len(close)):
            price, conf, wanted = close[t], confidence[t], direction[t]
            if day[t] != today:
                today = day[t]
                entries = 0.0
            if position != 0:
                bars_open += 1
                # Later rules override earlier ones.
                reason = 0
                if conf < exit_min:
                    reason = LOW_CONF
                opposite = wanted != 0 and wanted != position  # noqa: PLR1714  (numba: a compare)
                if opposite and conf >= reverse_min:
                    reason = REVERSE
                if bars_open >= max_bars:
                    reason = TIMEOUT
                if reason != 0:
                    gross = (price - entry) / entry * position
                    pct = gross - cost
                    if recording:
                        k = offsets[v] + count
                        events[k]["row"] = t
                        events[k]["kind"] = CLOSE
                        events[k]["dir"] = position
                        events[k]["reason"] = reason
                        events[k]["regime"] = regime[t]
                        events[k]["bars_open"] = bars_open
                        events[k]["entry_px"] = entry
                        events[k]["exit_px"] = price
                        events[k]["pct"] = pct
                        events[k]["gross_pct"] = gross
                        events[k]["conf"] = np.nan
                        events[k]["threshold"] = np.nan
                    count += 1
                    trades += 1
                    total += pct
                    gross_total += gross
                    if pct > 0:
                        wins += 1
                        won += pct
                    elif pct < 0:
                        losses += 1
                        lost += pct
                    if gross > 0:
                        gross_won += gross
                    else:
                        gross_lost += gross
                    position = 0.0
                    entry = np.nan
                    bars_open = 0.0
            if position == 0:
                used = entries if scope == UTC_DAY else trades
                if scope != UNCAPPED and used >= cap:
                    continue
                threshold = thresholds[v, regime[t]]
                if wanted != 0 and conf >= threshold:
                    position, entry, bars_open, entry_row = float(wanted), price, 0.0, t
                    entries += 1
                    if recording:
                        k = offsets[v] + count
                        events[k]["row"] = t
                        events[k]["kind"] = OPEN
                        events[k]["dir"] = wanted
                        events[k]["reason"] = 0
                        events[k]["regime"] = regime[t]
                        events[k]["bars_open"] = 0
                        events[k]["entry_px"] = price
                        events[k]["exit_px"] = np.nan
                        events[k]["pct"] = np.nan
                        events[k]["gross_pct"] = np.nan
                        events[k]["conf"] = conf
                        events[k]["threshold"] = threshold
                    count += 1
        counts[v] = count
        book[v, DIR], book[v, ENTRY_PX], book[v, BARS_OPEN] = position, entry, bars_open
        book[v, ENTRY_ROW] = entry_row
        book[v, TRADES], book[v, WINS], book[v, LOSSES] = trades, wins, losses
        book[v, TOTAL], book[v, WON], book[v, LOST] = total, won, lost
        book[v, GROSS], book[v, GROSS_WON], book[v, GROSS_LOST] = gross_total, gross_won, gross_lost
        book[v, ENTRIES], book[v, DAY] = entries, today
