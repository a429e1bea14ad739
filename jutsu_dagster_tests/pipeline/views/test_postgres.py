"""The same project in PostgreSQL shows the same numbers."""

from __future__ import annotations

import shutil
from pathlib import Path
from typing import Any

import pytest

from jutsu_dagster.pipeline.views import (
    backtests,
    comparing,
    performance,
    promotions,
    regimes,
    status,
    trades,
    variant_pages,
    variants,
)
from jutsu_dagster.pipeline.views.desk import ReadDesk
from jutsu_dagster_tests.homes import Home
from jutsu_dagster_tests.shown import IDS, fill, read_desk

# What says when something was recorded.
_MOMENTS = {"last_run", "last_attempt", "opened_at", "at"}


@pytest.mark.postgres
def test_both_databases_show_the_same(
    desk: ReadDesk,
    filled_coins: Path,
    postgres_url: str,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setenv("JUTSU_DATABASE_URL", postgres_url)
    home = Home(tmp_path / "home")
    shutil.copytree(filled_coins, home.path)
    home.ledger.migrate()
    fill(home)
    other = read_desk(home)
    for one, two in zip(_all(desk), _all(other), strict=True):
        assert _timeless(one) == _timeless(two)
    other.close()


def _all(desk: ReadDesk) -> list[Any]:
    wanted = trades.TradeFilter("backtest", side="BUY")
    return [
        status.strategy_status(desk),
        *(performance.performance(desk, id_, "backtest") for id_ in IDS),
        *(performance.equity_curve(desk, id_, "paper") for id_ in IDS),
        *(regimes.regime_breakdown(desk, id_, "backtest") for id_ in IDS),
        *(backtests.backtest_data(desk, id_) for id_ in IDS),
        comparing.compare(desk, IDS),
        trades.trades(desk, wanted, page_size=500),
        list(trades.trades_csv(desk, wanted)),
        variants.variant_list(desk),
        variant_pages.variant_detail(desk, "ETH_main_mut_0001"),
        variant_pages.variant_compare(desk, ["v3_5b_mut_0001", "v3_5b_mut_0002"]),
        promotions.promotion_detail(desk, "v3_5b_mut_0001_20250122"),
    ]


def _timeless(found: Any) -> Any:
    if isinstance(found, dict):
        return {name: _timeless(each) for name, each in found.items() if name not in _MOMENTS}
    return [_timeless(each) for each in found] if isinstance(found, list) else found
