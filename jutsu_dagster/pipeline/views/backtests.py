"""Recorded backtests: who has one, its curve with regimes, its years, and two side by side."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from datetime import date
from typing import Any

from jutsu_dagster.core.account import AccountKey
from jutsu_dagster.pipeline.compare import AccountResult
from jutsu_dagster.pipeline.views.accounts import (
    Account,
    Json,
    account_of,
    in_points,
    period_of,
    points,
    result_of,
)
from jutsu_dagster.pipeline.views.asked import UnknownError
from jutsu_dagster.pipeline.views.comparing import compare
from jutsu_dagster.pipeline.views.curves import curve_of, thinned
from jutsu_dagster.pipeline.views.desk import ReadDesk
from jutsu_dagster.storage import exploration_accounts

_ROW = ("date", "portfolio", "baseline", "buyhold", "drawdown", "regime", "trend", "vol")


def backtest_strategies(desk: ReadDesk) -> list[str]:
    """Return who has a recorded backtest, by class name as the origin has it, in order.

    Strategies that share a class are named by their ids. Every name here is taken by
    ``backtest_data``, and so is every id.
    """
    names = _names(desk)
    return [names[id_] for id_ in recorded_ids(desk)]


def recorded_ids(desk: ReadDesk) -> list[str]:
    """Return the ids of registered strategies with a recorded backtest, in execution order."""
    registry = desk.registry
    order = [*registry.execution_order, *registry.entries]
    return [id_ for id_ in dict.fromkeys(order) if _is_recorded(desk, id_)]


def backtest_data(
    desk: ReadDesk,
    strategy_id: str | None = None,
    first: date | None = None,
    last: date | None = None,
    count: int | None = None,
) -> Json:
    """Return a recorded backtest: the whole in ``summary``, a range of it in the rest.

    Parameters
    ----------
    desk : ReadDesk
    strategy_id : str, optional
        An id, or a name of ``backtest_strategies``; default the primary.
    first, last : date, optional
        Of the range, both inclusive.
    count : int, optional
        At most so many rows, first, last and extremes among them.

    Returns
    -------
    dict
        ``strategy_id``, ``strategy_name``, ``mode``, ``kind``; ``summary`` of all that is
        recorded (start_date, end_date, trading_days, initial_capital, the metrics, those of the
        baseline as ``baseline_…``, and ``alpha``, the difference of the CAGRs);
        ``period_metrics`` of the range (start_date, end_date, days, period_return,
        annualized_return, baseline_return, baseline_annualized, alpha, sharpe_ratio,
        max_drawdown); ``timeseries``: rows of date, portfolio, baseline, buyhold, drawdown,
        regime, trend, vol; ``total_data_points``, ``filtered_data_points``; ``years`` (rows of
        year, first, last, sessions, stale).

    Raises
    ------
    UnknownError, QuestionError, NothingRecordedError
    """
    account = account_of(desk, _id_of(desk, strategy_id), "backtest")
    whole = result_of(desk, account)
    part = whole if first is None and last is None else result_of(desk, account, first, last)
    curve = curve_of(desk, account, first, last)
    kept = curve.rows.iloc[thinned(curve.rows["equity"].to_numpy(), count)]
    columns = (
        kept["session"].dt.strftime("%Y-%m-%d").tolist(), kept["equity"].tolist(),
        kept["baseline"].tolist(), kept["baseline"].tolist(), kept["drawdown"].tolist(),
        kept["regime"].tolist(), kept["trend"].tolist(), kept["vol"].tolist(),
    )  # fmt: skip
    return account.head | {
        "strategy_name": account.entry.strategy_class,
        "summary": _summary(whole),
        "period_metrics": _period(part),
        "timeseries": [dict(zip(_ROW, row, strict=True)) for row in zip(*columns, strict=True)],
        "total_data_points": len(whole.sessions),
        "filtered_data_points": len(curve.rows),
        "years": _years(desk, account, whole.stale),
    }


def backtest_compare(
    desk: ReadDesk, strategy_ids: Sequence[str], first: date | None = None, last: date | None = None
) -> Json:
    """Return recorded backtests side by side, as ``comparing.compare`` does.

    Names of ``backtest_strategies`` are taken for ids.
    """
    return compare(desk, [_id_of(desk, each) or each for each in strategy_ids], "backtest",
                   first, last)  # fmt: skip


def _names(desk: ReadDesk) -> dict[str, str]:
    """Return each strategy's class, or its id where others have the same class."""
    entries = desk.registry.entries.values()
    count = Counter(entry.strategy_class for entry in entries)
    return {
        entry.id: entry.strategy_class if count[entry.strategy_class] == 1 else entry.id
        for entry in entries
    }


def _id_of(desk: ReadDesk, name: str | None) -> str | None:
    if name is None or name in desk.registry.entries:
        return name
    names = _names(desk)
    for id_, known in names.items():
        if known == name:
            return id_
    raise UnknownError("strategy", name, [*names, *names.values()])


def _is_recorded(desk: ReadDesk, strategy_id: str) -> bool:
    engine, key = desk.ledger.engine, AccountKey(strategy_id, "backtest")
    if desk.ledger.latest_checkpoint(key) is not None:
        return True
    return exploration_accounts.span(engine, key) is not None


def _summary(result: AccountResult) -> Json:
    own, base = in_points(result.metrics), in_points(result.baseline_metrics)
    return {
        **period_of(result.sessions),
        "initial_capital": result.initial_capital,
        **own,
        **{f"baseline_{name}": value for name, value in base.items()},
        "alpha": _minus(own["cagr"], base["cagr"]),
        "trades": in_points(result.trades),
    }


def _period(result: AccountResult) -> Json:
    own, base = in_points(result.metrics), in_points(result.baseline_metrics)
    period = period_of(result.sessions)
    return {
        "start_date": period["start_date"],
        "end_date": period["end_date"],
        "days": period["trading_days"],
        "initial_capital": result.initial_capital,
        "period_return": own["total_return"],
        "annualized_return": own["cagr"],
        "baseline_return": base["total_return"],
        "baseline_annualized": base["cagr"],
        "alpha": _minus(own["cagr"], base["cagr"]),
        "sharpe_ratio": own["sharpe_ratio"],
        "baseline_sharpe_ratio": base["sharpe_ratio"],
        "max_drawdown": own["max_drawdown"],
        "baseline_max_drawdown": base["max_drawdown"],
        "volatility": own["volatility"],
    }


def _years(desk: ReadDesk, account: Account, stale: Sequence[str]) -> list[Json]:
    ledger = desk.ledger
    if not account.directional:
        return [
            {
                "year": int(each.period),
                "first": each.first_session.isoformat(),
                "last": each.last_session.isoformat(),
                "sessions": each.sessions,
                "return": points(each.metrics.get("total_return")),
                "stale": each.period in stale,
            }
            for each in ledger.checkpoints(account.key)
        ]
    rows = exploration_accounts.curve(ledger.engine, account.key)
    found: list[Json] = []
    opened = float(rows["initial_capital"].iloc[0])
    for year, days in rows.groupby(rows["day"].dt.year):
        closed = float(days["equity"].iloc[-1])
        stake = float(days["initial_capital"].iloc[0])
        found.append(
            {
                "year": _int(year),
                "first": f"{days['day'].iloc[0]:%Y-%m-%d}",
                "last": f"{days['day'].iloc[-1]:%Y-%m-%d}",
                "sessions": len(days),
                "return": points((closed - opened) / stake),
                "stale": str(year) in stale,
            }
        )
        opened = closed
    return found


def _int(value: Any) -> int:
    return int(value)


def _minus(value: float | None, other: float | None) -> float | None:
    return None if value is None or other is None else value - other
