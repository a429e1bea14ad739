"""Drift: whether a strategy's latest trades differ from those before them."""

from __future__ import annotations

import math
import statistics
from collections.abc import Iterable, Sequence
from datetime import date
from typing import Literal

from jutsu_dagster.research.trades import (
    Json,
    Subject,
    Trade,
    finite,
    known_by,
    of_strategy,
    stamp,
    tally,
)

Status = Literal["improving", "degrading", "stable", "insufficient_data"]

# Trades a window: the mean of fewer says nothing.
WINDOW = 20
# How many standard errors the means must be apart.
ERRORS = 2.0

_RECORDED_WINDOW, _RECORDED_CHANGE, _RECORDED_INFINITE = 5, 0.2, 10.0


def drift_report(trades: Iterable[Trade], subjects: Sequence[Subject], day: date) -> Json:
    """Return the drift of each strategy's exploration trades, as known after ``day``.

    Returns
    -------
    dict
        generated_at, and strategies: by id symbol and the keys of ``drift``.
    """
    known = known_by(trades, day)
    strategies = {}
    for subject in subjects:
        mine = of_strategy(known, subject.strategy_id, "exploration")
        found = drift([trade.pct for trade in mine])
        strategies[subject.strategy_id] = {"symbol": subject.symbol, **found}
    return {"generated_at": stamp(day), "strategies": strategies}


def drift(pcts: Sequence[float], window: int = WINDOW, errors: float = ERRORS) -> Json:
    """Compare the mean of the last ``window`` results with that of the ``window`` before.

    The recorded rule compares profit factors of the last five trades and of the first five ever:
    noise against a window that is frozen for life.

    Parameters
    ----------
    pcts : sequence of float
        Results as fractions, the oldest first.
    window : int
        Trades on either side; with fewer there is no verdict.
    errors : float
        Standard errors of the difference (Welch's) that make it a change.

    Returns
    -------
    dict
        early_avg_pct, recent_avg_pct, delta_avg_pct, standard_error, early_pf, recent_pf,
        delta_pf, status, total_trades, early_window_size, recent_window_size; null where
        undefined.
    """
    if len(pcts) < 2 * window:
        return _row((), (), len(pcts), "insufficient_data")
    early, recent = pcts[-2 * window : -window], pcts[-window:]
    delta = statistics.fmean(recent) - statistics.fmean(early)
    error = _standard_error(early, recent)
    change = delta if abs(delta) > errors * error else 0.0
    return _row(early, recent, len(pcts), _status(change))


def recorded_drift(pcts: Sequence[float]) -> Json:
    """Return the drift by the recorded rule, to check tables against; see ``drift``."""
    if len(pcts) < 2 * _RECORDED_WINDOW:
        return _row((), (), len(pcts), "insufficient_data")
    early, recent = pcts[:_RECORDED_WINDOW], pcts[-_RECORDED_WINDOW:]
    before, after = (_capped(window) for window in (early, recent))
    if before is None or after is None:
        return _row(early, recent, len(pcts), "stable")
    delta = after - before
    status = _status(delta if abs(delta) > _RECORDED_CHANGE else 0.0)
    pfs = {"early_pf": before, "recent_pf": after, "delta_pf": delta}
    return _row(early, recent, len(pcts), status) | pfs


def _row(early: Sequence[float], recent: Sequence[float], total: int, status: Status) -> Json:
    means = [statistics.fmean(window) if window else None for window in (early, recent)]
    pfs = [finite(tally(window).pf) for window in (early, recent)]
    error = _standard_error(early, recent) if early else None
    return {
        "early_avg_pct": means[0],
        "recent_avg_pct": means[1],
        "delta_avg_pct": _difference(*means),
        "standard_error": error,
        "early_pf": pfs[0],
        "recent_pf": pfs[1],
        "delta_pf": _difference(*pfs),
        "status": status,
        "total_trades": total,
        "early_window_size": len(early),
        "recent_window_size": len(recent),
    }


def _difference(before: float | None, after: float | None) -> float | None:
    return None if before is None or after is None else after - before


def _standard_error(early: Sequence[float], recent: Sequence[float]) -> float:
    return math.sqrt(sum(statistics.variance(each) / len(each) for each in (early, recent)))


def _status(change: float) -> Status:
    if change:
        return "improving" if change > 0 else "degrading"
    return "stable"


def _capped(window: Sequence[float]) -> float | None:
    pf = tally(window).pf
    return _RECORDED_INFINITE if pf == math.inf else pf
