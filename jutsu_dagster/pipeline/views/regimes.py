"""What each regime earned: cells while they were held, or trades by the regime of their entry."""

from __future__ import annotations

from datetime import date

from jutsu_dagster.core.metrics import regime_table, session_returns
from jutsu_dagster.pipeline.views.accounts import (
    Account,
    Json,
    ShownMode,
    account_of,
    nothing,
    points,
)
from jutsu_dagster.pipeline.views.curves import curve_of
from jutsu_dagster.pipeline.views.desk import ReadDesk
from jutsu_dagster.reporting.balance import balance_by_regime
from jutsu_dagster.storage import exploration_log, view_rows

# A row of either kind; what a kind does not have is None.
_ROW = (
    "cell", "regime", "trend", "vol", "days", "pct_of_time", "total_return", "mean_return",
    "annualized_return", "baseline_total_return", "baseline_mean_return", "baseline_annualized",
    "trades", "winning_trades", "win_rate", "long_trades", "short_trades", "gross_return",
)  # fmt: skip


def regime_breakdown(
    desk: ReadDesk,
    strategy_id: str | None = None,
    mode: ShownMode = "paper",
    first: date | None = None,
    last: date | None = None,
) -> Json:
    """Return what each regime earned.

    Of an allocation account a row a cell: a session's return belongs to the cell whose position
    was held over it. ``total_return`` is compounded, ``mean_return`` a session's mean,
    ``annualized_return`` (1 + mean)^252 - 1, all percent points; ``pct_of_time`` of those
    sessions. Of a directional account a row a regime of entry: closed trades, won ones, long and
    short ones, and ``total_return``, the sum of their results in percent points of the stake,
    before costs in ``gross_return``.

    Returns
    -------
    dict
        ``strategy_id``, ``mode``, ``kind``, ``start_date``, ``end_date``, ``regimes``.

    Raises
    ------
    UnknownError, QuestionError, NothingRecordedError
    """
    account = account_of(desk, strategy_id, mode)
    times = curve_of(desk, account, first, last).times
    rows = _trades(desk, account, first, last) if account.directional else None
    if rows is None:
        rows = _cells(desk, account, first, last)
    whole = {"start_date": times[0], "end_date": times[-1]}
    return account.head | whole | {"regimes": [dict.fromkeys(_ROW) | row for row in rows]}


def _cells(desk: ReadDesk, account: Account, first: date | None, last: date | None) -> list[Json]:
    frame = view_rows.sessions(desk.ledger.engine, account.key, last)
    before = 0 if first is None else int((frame["session"].dt.date < first).sum())
    # The first return of a range was earned by what was held at the close before it.
    config = account.entry.config
    held_lag = 1 if config is not None and config.execution_time == "next_close" else 0
    frame = frame.iloc[max(before - 1 - held_lag, 0) :]
    if frame.empty:
        raise nothing(account, first, last)
    equity, baseline = frame["total_equity"].to_numpy(), frame["baseline_value"].to_numpy()
    cells = frame["cell"].to_numpy()
    table = regime_table(
        cells, session_returns(equity, float(equity[0])),
        session_returns(baseline, float(baseline[0])), held_lag,
    )  # fmt: skip
    names = dict(zip(cells.tolist(), zip(frame["trend"], frame["vol"], strict=True), strict=True))
    total = sum(row["days"] for row in table)
    return [
        {
            "cell": row["cell"],
            "regime": f"Cell_{row['cell']}",
            "trend": names[int(row["cell"])][0],
            "vol": names[int(row["cell"])][1],
            "days": row["days"],
            "pct_of_time": points(row["days"] / total),
            "total_return": points(row["strategy_total"]),
            "mean_return": points(row["strategy_mean"]),
            "annualized_return": points(row["strategy_annualised"]),
            "baseline_total_return": points(row["baseline_total"]),
            "baseline_mean_return": points(row["baseline_mean"]),
            "baseline_annualized": points(row["baseline_annualised"]),
        }
        for row in table
    ]


def _trades(desk: ReadDesk, account: Account, first: date | None, last: date | None) -> list[Json]:
    frame = exploration_log.trades(desk.ledger.engine, account.key, first=first, last=last)
    rows = [{str(name): value for name, value in row.items()} for row in frame.to_dict("records")]
    found = []
    for each in balance_by_regime(rows):
        sides = (each.long, each.short)
        trades, wins = sum(side.trades for side in sides), sum(side.wins for side in sides)
        found.append(
            {
                "regime": each.regime,
                "trades": trades,
                "winning_trades": wins,
                "win_rate": points(wins / trades) if trades else None,
                "long_trades": each.long.trades,
                "short_trades": each.short.trades,
                "total_return": points(sum(side.net for side in sides)),
                "gross_return": points(sum(side.gross for side in sides)),
            }
        )
    return found
