"""Strategies side by side over the sessions that all of them have."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from datetime import date

from jutsu_dagster.core.bars import TimeArray
from jutsu_dagster.pipeline.compare import AccountResult
from jutsu_dagster.pipeline.views.accounts import (
    Account,
    Json,
    ShownMode,
    account_of,
    in_points,
    regime_at,
    result_of,
)
from jutsu_dagster.pipeline.views.asked import NothingRecordedError, QuestionError, require_range
from jutsu_dagster.pipeline.views.curves import curve_of
from jutsu_dagster.pipeline.views.desk import ReadDesk

METRICS = ("total_return", "cagr", "sharpe_ratio", "max_drawdown")
"""What the origin compares: percent points, the Sharpe ratio a ratio."""

WINNER_RULE = "the higher sharpe_ratio; of equal ones, the one named first"
MOST = 20


def compare(
    desk: ReadDesk,
    strategy_ids: Sequence[str],
    mode: ShownMode = "paper",
    first: date | None = None,
    last: date | None = None,
) -> Json:
    """Return strategies side by side over the days that all of them have recorded.

    Returns
    -------
    dict
        ``comparison``, as the origin has it: ``period`` (start_date, end_date, trading_days: the
        sessions that all of them have), ``strategies`` by id (total_return, cagr, sharpe_ratio,
        max_drawdown, current_regime), ``differences`` (second minus first; of more than two, by
        id and against the first), ``winner``. Beside it ``mode``, ``winner_rule``, ``details``
        by id (initial_capital, metrics, trades, stale) and ``baseline`` (the first one's).

    Raises
    ------
    UnknownError, NothingRecordedError
    QuestionError
        For fewer than two ids, or one twice.
    """
    accounts = _accounts(desk, strategy_ids, mode)
    begin, end = _shared(desk, accounts, first, last)
    results = {each.entry.id: result_of(desk, each, begin, end) for each in accounts}
    sessions = _sessions([each.sessions for each in results.values()])
    strategies = {
        each.entry.id: {
            **_chosen(results[each.entry.id]),
            "current_regime": regime_at(desk, each, end),
        }
        for each in accounts
    }
    leading = results[accounts[0].entry.id]
    return {
        "comparison": {
            "period": {
                "start_date": begin.isoformat(),
                "end_date": end.isoformat(),
                "trading_days": sessions,
            },
            "strategies": strategies,
            "differences": differences(strategies),
            "winner": winner(strategies),
        },
        "mode": mode,
        "winner_rule": WINNER_RULE,
        "details": {id_: _detail(each) for id_, each in results.items()},
        "baseline": in_points(leading.baseline_metrics),
    }


def differences(rows: Mapping[str, Mapping[str, object]]) -> Json:
    """Return METRICS of each row minus the first one's: of two rows flat, of more by id."""
    first, *others = rows
    found = {id_: _minus(rows[id_], rows[first]) for id_ in others}
    return found[others[0]] if len(others) == 1 else found


def winner(rows: Mapping[str, Mapping[str, object]]) -> str | None:
    """Return whose Sharpe ratio is the highest; None where none is defined."""
    ratios = {id_: row["sharpe_ratio"] for id_, row in rows.items()}
    known = {id_: value for id_, value in ratios.items() if isinstance(value, float | int)}
    return max(known, key=lambda id_: known[id_], default=None)


def _accounts(desk: ReadDesk, ids: Sequence[str], mode: ShownMode) -> list[Account]:
    if not 2 <= len(ids) <= MOST:  # noqa: PLR2004  (one cannot be compared)
        raise QuestionError("strategy_ids", f"must name 2 to {MOST} strategies, not {len(ids)}")
    twice = [id_ for id_, count in Counter(ids).items() if count > 1]
    if twice:
        raise QuestionError("strategy_ids", f"names {twice[0]} more than once")
    return [account_of(desk, id_, mode) for id_ in ids]


def _shared(
    desk: ReadDesk, accounts: Sequence[Account], first: date | None, last: date | None
) -> tuple[date, date]:
    """Return the first and the last day of the range that every account has."""
    require_range(first, last)
    spans = []
    for account in accounts:
        days = curve_of(desk, account, first, last).rows["session"]
        spans.append((days.iloc[0].date(), days.iloc[-1].date()))
    begin, end = max(span[0] for span in spans), min(span[1] for span in spans)
    if begin > end:
        said = "; ".join(
            f"{account.key} has {span[0]} to {span[1]}"
            for account, span in zip(accounts, spans, strict=True)
        )
        raise NothingRecordedError(f"no day is recorded of all of them: {said}")
    return begin, end


def _sessions(found: Sequence[TimeArray]) -> int:
    common = set(found[0].tolist())
    for sessions in found[1:]:
        common &= set(sessions.tolist())
    return len(common)


def _chosen(result: AccountResult) -> Json:
    metrics = in_points(result.metrics)
    return {name: metrics[name] for name in METRICS}


def _detail(result: AccountResult) -> Json:
    return {
        "initial_capital": result.initial_capital,
        "metrics": in_points(result.metrics),
        "baseline": in_points(result.baseline_metrics),
        "trades": in_points(result.trades),
        "stale": list(result.stale),
    }


def _minus(row: Mapping[str, object], other: Mapping[str, object]) -> Json:
    found: Json = {}
    for name in METRICS:
        value, against = row[name], other[name]
        both = isinstance(value, float | int) and isinstance(against, float | int)
        found[name] = value - against if both else None  # type: ignore[operator]
    return found
