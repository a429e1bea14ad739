"""How an account did: metrics, equity, drawdown, regimes, and strategies side by side."""

from __future__ import annotations

from dataclasses import replace
from datetime import date

import numpy as np

from jutsu_dagster.pipeline.views.accounts import (
    Account,
    Json,
    ShownMode,
    account_of,
    in_points,
    period_of,
    regime_at,
    result_of,
)
from jutsu_dagster.pipeline.views.curves import curve_of, thinned
from jutsu_dagster.pipeline.views.desk import ReadDesk

_ROW = ("time", "value", "return", "cumulative_return", "regime", "baseline_value",
        "baseline_return")  # fmt: skip
_SHOWN = ("equity", "return", "cumulative", "regime", "baseline", "baseline_cumulative")


def performance(
    desk: ReadDesk,
    strategy_id: str | None = None,
    mode: ShownMode = "paper",
    first: date | None = None,
    last: date | None = None,
) -> Json:
    """Return what an account did in a range, and where it stands at the range's end.

    Returns
    -------
    dict
        ``strategy_id``, ``mode``, ``kind`` (``allocation`` or ``directional``), ``period``,
        ``initial_capital``; ``metrics`` and ``baseline`` (final_equity, total_return, cagr,
        volatility, sharpe_ratio, sortino_ratio, max_drawdown, calmar_ratio,
        geometric_sharpe_ratio, geometric_sortino_ratio, sessions); ``trades`` (total_fills,
        closed_trades, winning_trades, losing_trades, win_rate, avg_win, avg_loss, profit_factor,
        realised_net, beta); ``current`` (session, equity, daily_return, cumulative_return,
        drawdown, regime, trend, vol; those of the last session); ``stale`` (years of a backtest
        that rest on an earlier version of the year before).

    Raises
    ------
    UnknownError, QuestionError, NothingRecordedError
    """
    account = account_of(desk, strategy_id, mode)
    found = result_of(desk, account, first, last)
    return account.head | {
        "period": period_of(found.sessions),
        "initial_capital": found.initial_capital,
        "metrics": in_points(found.metrics),
        "baseline": in_points(found.baseline_metrics),
        "trades": in_points(found.trades),
        "current": _current(desk, account, first, last),
        "stale": list(found.stale),
    }


def equity_curve(
    desk: ReadDesk,
    strategy_id: str | None = None,
    mode: ShownMode = "paper",
    first: date | None = None,
    last: date | None = None,
    count: int | None = None,
) -> Json:
    """Return an account's equity, a row a session, with its baseline.

    Parameters
    ----------
    desk : ReadDesk
    strategy_id : str, optional
        Default: the primary.
    mode : "paper" or "backtest"
    first, last : date, optional
        Both inclusive; all that is recorded unless given.
    count : int, optional
        At most so many rows, first, last and extremes among them.

    Returns
    -------
    dict
        ``strategy_id``, ``mode``, ``kind``, ``start_date``, ``end_date``, ``initial_capital``,
        ``total_points``, ``data_points``, and ``data``: rows of ``time`` (the session), ``value``
        (equity, money), ``return`` (of the session), ``cumulative_return``, ``regime``
        (``Cell_3`` or None), ``baseline_value`` and ``baseline_return`` (cumulative).

    Raises
    ------
    UnknownError, QuestionError, NothingRecordedError
    """
    account = account_of(desk, strategy_id, mode)
    curve = curve_of(desk, account, first, last)
    whole = curve.times
    kept = replace(curve, rows=curve.rows.iloc[thinned(curve.rows["equity"].to_numpy(), count)])
    columns = (kept.times, *(kept.rows[name].tolist() for name in _SHOWN))
    return account.head | {
        "start_date": whole[0],
        "end_date": whole[-1],
        "initial_capital": curve.capital,
        "total_points": len(whole),
        "data_points": len(kept.rows),
        "data": [dict(zip(_ROW, row, strict=True)) for row in zip(*columns, strict=True)],
    }


def drawdown(
    desk: ReadDesk,
    strategy_id: str | None = None,
    mode: ShownMode = "paper",
    first: date | None = None,
    last: date | None = None,
    count: int | None = None,
) -> Json:
    """Return how far an account was below its highest equity, a row a session.

    Parameters as ``equity_curve``. The money that the range began with counts as equity, as it
    does in the ledger; the metric ``max_drawdown`` of an allocation account counts closes only.

    Returns
    -------
    dict
        ``strategy_id``, ``mode``, ``kind``, ``start_date``, ``end_date``, ``total_points``,
        ``data_points``; ``deepest`` and ``current`` (time, drawdown); ``data``: rows of ``time``,
        ``drawdown``, ``baseline_drawdown``, <= 0.

    Raises
    ------
    UnknownError, QuestionError, NothingRecordedError
    """
    account = account_of(desk, strategy_id, mode)
    curve = curve_of(desk, account, first, last)
    falls, times = curve.rows["drawdown"].to_numpy(), curve.times
    kept = thinned(falls, count).tolist()
    baseline = curve.rows["baseline_drawdown"].tolist()
    worst = int(np.argmin(falls))
    return account.head | {
        "start_date": times[0],
        "end_date": times[-1],
        "total_points": len(times),
        "data_points": len(kept),
        "deepest": {"time": times[worst], "drawdown": float(falls[worst])},
        "current": {"time": times[-1], "drawdown": float(falls[-1])},
        "data": [
            {
                "time": times[at],
                "drawdown": float(falls[at]),
                "baseline_drawdown": baseline[at],
            }
            for at in kept
        ],
    }


def _current(desk: ReadDesk, account: Account, first: date | None, last: date | None) -> Json:
    row = curve_of(desk, account, first, last).rows.iloc[-1]
    return {
        "session": f"{row['session']:%Y-%m-%d}",
        "equity": float(row["equity"]),
        "daily_return": float(row["return"]),
        "cumulative_return": float(row["cumulative"]),
        "drawdown": float(row["drawdown"]),
        "regime": regime_at(desk, account, last),
        "trend": row["trend"],
        "vol": row["vol"],
    }
