"""Paper accounts as tests trade them, and everything that the ledger then holds of them."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from datetime import UTC, date, datetime, timedelta
from typing import Any

import pandas as pd

from jutsu_dagster.core.account import AccountKey, AccountState
from jutsu_dagster.pipeline.book import SIGNAL_PRICE
from jutsu_dagster.pipeline.paper import paper_account, trade_sessions
from jutsu_dagster.pipeline.session_report import SessionReport
from jutsu_dagster.registry.config import StrategyConfig
from jutsu_dagster.storage.ledger import Ledger
from jutsu_dagster.storage.legacy_import import import_account
from jutsu_dagster.storage.market import MarketStore
from jutsu_dagster_tests.homes import Home

START = date(2013, 1, 2)
Span = tuple[date, date]


def paper(home: Home, strategy_id: str = "v3_5b", /, **overrides: object) -> StrategyConfig:
    """Return a configuration whose paper account starts on ``START``."""
    return home.config(strategy_id, **{"paper.start": START, **overrides})


def trade(
    home: Home, config: StrategyConfig, first: date, last: date | None = None
) -> list[SessionReport]:
    """Trade a range of days, or a single one, in the home's own ledger."""
    return list(trade_sessions(config, home.store, home.ledger, first, last or first))


def by_status(reports: Sequence[SessionReport]) -> dict[str, int]:
    found = [report.status for report in reports]
    return {status: found.count(status) for status in dict.fromkeys(found)}


def nights(first: date, last: date) -> list[Span]:
    """Return every UTC date of a range as a range of its own, closed days among them."""
    days = [first + timedelta(days=offset) for offset in range((last - first).days + 1)]
    return [(day, day) for day in days]


@contextmanager
def reopened(url: str) -> Iterator[Ledger]:
    """Give a ledger of nobody else's, its tables made if they are not there."""
    ledger = Ledger(url)
    ledger.migrate()
    try:
        yield ledger
    finally:
        ledger.close()


def traded(home: Home, config: StrategyConfig, url: str, spans: Sequence[Span]) -> Any:
    """Trade ranges with everything opened anew for each; return what the ledger then holds."""
    for first, last in spans:
        with reopened(url) as ledger:
            store = MarketStore(home.settings.market_url)
            for report in trade_sessions(config, store, ledger, first, last):
                assert report.status in {"recorded", "closed", "before"}, report
    with reopened(url) as ledger:
        return record(ledger, config)


def move_in(ledger: Ledger, day: date, signal_price: float | None = 200.0) -> AccountState:
    """Let an account of an earlier system, with a day's history, stand where it stood on a day."""
    state = AccountState(
        10_000.0, 900.5, 12_000.25, 12_500.0, day, {"QQQ": 50}, {"QQQ": 5000.0}, {"QQQ": 221.995},
        {"QQQ": 0.9},
    )  # fmt: skip
    mark = {
        "strategy_id": "v3_5b", "mode": "paper", "period": "legacy", "snapshot_source": "legacy",
        "snapshot_date": day, "snapshot_time": datetime(day.year, day.month, day.day, tzinfo=UTC),
        "total_equity": state.equity, "cash": state.cash, "positions_value": 11_099.75,
        "daily_return": 0.0, "cumulative_return": 0.2, "drawdown": 0.0, "rebalanced": False,
        "positions": {"QQQ": 50}, "values": {}, "weights": {}, "indicators": {},
        "parameter_hash": "legacy", "data_version": "legacy", "code_version": "legacy",
    }  # fmt: skip
    metrics = {} if signal_price is None else {SIGNAL_PRICE: signal_price}
    import_account(ledger.engine, paper_account("v3_5b"), [mark], [], state, metrics)
    return state


def record(ledger: Ledger, config: StrategyConfig, account: AccountKey | None = None) -> Any:
    """Return snapshots, trades and checkpoints of an account, without the time of recording."""
    account = account or paper_account(config.strategy_id)
    points = [
        {
            "period": point.period,
            "span": (point.first_session, point.last_session),
            "hashes": (point.opening_hash, point.closing_hash),
            "closing": repr(point.closing),
            "counts": (point.sessions, point.trades),
            "metrics": dict(point.metrics),
            "provenance": point.provenance,
        }
        for point in ledger.checkpoints(account)
    ]
    return ledger.snapshots(account), ledger.trades(account), points


def assert_same_record(one: Any, other: Any) -> None:
    """Assert that two records are equal in every column, to the last bit."""
    for ours, theirs in zip(one[:2], other[:2], strict=True):
        pd.testing.assert_frame_equal(ours, theirs, check_exact=True)
    assert one[2] == other[2]


def everything(ledger: Ledger) -> dict[str, list[tuple[Any, ...]]]:
    """Return every row of every table of accounts, surrogate keys and times included."""
    tables = ("performance_snapshots", "trades", "checkpoints", "parameter_sets")
    with ledger.engine.connect() as connection:
        return {
            name: sorted(
                map(tuple, connection.exec_driver_sql(f"SELECT * FROM {name}").all()), key=repr
            )
            for name in tables
        }
