"""What the exploration engine did, as rows for files: trades, and the path bar by bar."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from jutsu_dagster.core.exploration_kernel import CLOSE, OPEN, REASONS
from jutsu_dagster.core.exploration_rules import Decided, ExplorationRules
from jutsu_dagster.core.exploration_state import ExplorationState, iso_utc


def trade_rows(
    events: NDArray[Any], decided: Decided, *, symbol: str, variant_id: str, gross: bool = False
) -> list[dict[str, Any]]:
    """Return one variant's opens and closes as rows of its trades file, in order of time.

    Parameters
    ----------
    events : EVENT of shape (E,)
        From ``Explored.events_of``.
    decided : Decided
        The bars they are from.
    symbol, variant_id : str
    gross : bool
        Whether a close also has ``gross_pct``; worth it where trades cost something.

    Returns
    -------
    list of dict
        ``ts`` is the bar's time, ISO with Z; ``regime`` that bar's; ``pct`` a fraction of the
        entry price, net of costs.
    """
    times = iso_utc(decided.timestamps[events["row"]])
    rows = []
    for ts, event in zip(times, events.tolist(), strict=True):
        (_, kind, side, reason, regime, bars_open, entry, exit_, pct, before, conf, needed) = event
        head = {"ts": ts, "type": "close" if kind == CLOSE else "open"}
        head |= {"symbol": symbol, "variant_id": variant_id, "dir": side, "entry_px": entry}
        label = decided.regimes[regime]
        if kind == OPEN:
            rows.append(head | {"regime": label, "conf": conf, "mutated_threshold": needed})
            continue
        result = {"exit_px": exit_, "pct": pct} | ({"gross_pct": before} if gross else {})
        why = {"exit_reason": REASONS[reason], "regime": label, "bars_open": bars_open}
        rows.append(head | result | why)
    return rows


def bar_columns(
    events: NDArray[Any], decided: Decided, rules: ExplorationRules, opening: ExplorationState
) -> dict[str, Any]:
    """Return one variant's path, a value per bar after its entries and exits.

    Parameters
    ----------
    events, decided
        As in ``trade_rows``.
    rules : ExplorationRules
    opening : ExplorationState
        Where the variant stood before the first bar.

    Returns
    -------
    dict of name to array or list of length T
        ``mutated_threshold``; ``events``, such as ``open`` or ``close:reverse+open``;
        ``pos_dir``; ``pos_entry_px``, NaN when flat; ``pos_bars_open``; ``exp_trades``; ``pnl``,
        the sum of all net results with the open position valued at the close, a side's cost paid.
    """
    count = len(decided)
    needed = {
        index: rules.threshold(decided.regimes[index])
        for index in np.unique(decided.regime).tolist()
    }
    closes, opens = events[events["kind"] == CLOSE], events[events["kind"] == OPEN]
    said = np.full(count, "", dtype=object)
    said[closes["row"]] = [f"close:{REASONS[reason]}" for reason in closes["reason"].tolist()]
    for row in opens["row"].tolist():
        said[row] += "+open" if said[row] else "open"
    # Which entry is the latest at each bar; the first is the one carried in.
    latest = np.cumsum(np.bincount(opens["row"], minlength=count))
    closed = np.cumsum(np.bincount(closes["row"], minlength=count))
    carried = int(opening.dir != 0)
    held = latest + carried > closed
    sides = np.concatenate(([opening.dir], opens["dir"]))
    entries = np.concatenate(([opening.entry_px or np.nan], opens["entry_px"]))
    since = np.concatenate(([-1 - opening.bars_open], opens["row"]))
    entry = np.where(held, entries[latest], np.nan)
    side = np.where(held, sides[latest], 0)
    # In the order in which the engine adds, so that the bits are its own.
    sums = np.cumsum(np.concatenate(([opening.total_pnl], closes["pct"])))
    marked = (decided.close - entry) / entry * side - rules.round_trip_cost / 2
    return {
        "mutated_threshold": np.array([needed[index] for index in decided.regime.tolist()]),
        "events": said.tolist(),
        "pos_dir": side,
        "pos_entry_px": entry,
        "pos_bars_open": np.where(held, np.arange(count) - since[latest], 0),
        "exp_trades": opening.exp_trades + closed,
        "pnl": sums[closed] + np.where(held, marked, 0.0),
    }
