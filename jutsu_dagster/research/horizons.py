"""Trade horizons (ARE): a strategy's recent results over so many trades, and so many days."""

from __future__ import annotations

import statistics
from collections import Counter
from collections.abc import Iterable, Sequence
from datetime import date

from jutsu_dagster.research.trades import (
    Json,
    Subject,
    Trade,
    known_by,
    of_strategy,
    since,
    stamp,
    tally,
)

# Trades, the newest; None is all of them.
COUNTS: dict[str, int | None] = {"short": 5, "medium": 10, "long": None}
DAYS = {"days_7": 7, "days_30": 30, "days_90": 90}
BIG = 0.01
_REASONS = ("tp", "sl", "reverse", "decay", "drop")


def trade_horizons(trades: Iterable[Trade], subjects: Sequence[Subject], day: date) -> Json:
    """Return each strategy's exploration trades over every horizon, as known after ``day``.

    Parameters
    ----------
    trades : iterable of Trade
        In any order; what closed after ``day`` is not looked at.
    subjects : sequence of Subject
    day : date
        The partition.

    Returns
    -------
    dict
        generated_at, and strategies: by id symbol, short, medium and long (5, 10 and all trades,
        the newest), days_7, days_30 and days_90; each as ``horizon``.
    """
    known, strategies = known_by(trades, day), {}
    for subject in subjects:
        mine = of_strategy(known, subject.strategy_id, "exploration")
        counted = {name: horizon(mine[-many:] if many else mine) for name, many in COUNTS.items()}
        timed = {name: horizon(since(mine, day, days)) for name, days in DAYS.items()}
        strategies[subject.strategy_id] = {"symbol": subject.symbol, **counted, **timed}
    return {"generated_at": stamp(day), "strategies": strategies}


def horizon(trades: Sequence[Trade]) -> Json:
    """Return the statistics of some trades, and why they were closed."""
    counts = Counter(
        trade.exit_reason if trade.exit_reason in _REASONS else "other" for trade in trades
    )
    reasons = {reason: counts[reason] for reason in (*_REASONS, "other")}
    return {**result_statistics([trade.pct for trade in trades]), "exit_reason_counts": reasons}


def result_statistics(pcts: Sequence[float]) -> Json:
    """Return the statistics of results, fractions.

    Returns
    -------
    dict
        exp_trades_count, exp_pf (null without losers; then exp_sum_pos says whether there were
        winners), exp_wins, exp_sum_pos, exp_sum_neg, avg_pct, med_pct, win_rate, big_win_count
        (>= 1 %), big_loss_count (<= -1 %), and unless there are none volatility_std_pct (ddof 1,
        null for one).
    """
    sums = tally(pcts)
    row = sums.row()
    many = row.pop("exp_trades")
    found: Json = {
        "exp_trades_count": many,
        **row,
        "avg_pct": statistics.fmean(pcts) if many else None,
        "med_pct": statistics.median(pcts) if many else None,
        "win_rate": sums.wins / many if many else None,
        "big_win_count": sum(pct >= BIG for pct in pcts),
        "big_loss_count": sum(pct <= -BIG for pct in pcts),
    }
    if many:
        found["volatility_std_pct"] = statistics.stdev(pcts) if many > 1 else None
    return found
