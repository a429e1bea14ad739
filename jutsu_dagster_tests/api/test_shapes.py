"""What answers look like: the origin's examples, the models, and the views' own numbers."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

import pytest
from fastapi.routing import APIRoute
from fastapi.testclient import TestClient
from pydantic import TypeAdapter

from jutsu_dagster.api.app import ROUTERS
from jutsu_dagster.pipeline.views import (
    backtests,
    comparing,
    nightly,
    performance,
    promotions,
    regimes,
    status,
    strategies,
    trades,
    variant_pages,
    variants,
)
from jutsu_dagster.pipeline.views.desk import ReadDesk
from jutsu_dagster_tests.shown import IDS

PROPOSED = "v3_5b_mut_0001_20250122"
VARIANTS = ("ETH_main_mut_0001", "v3_5b_mut_0001")
MODELS = {
    route.path: route.response_model
    for router in ROUTERS
    for route in router.routes
    if isinstance(route, APIRoute) and "GET" in (route.methods or ())
}
Ask = tuple[str, str, Callable[[ReadDesk], Any]]


def _asked(view: Callable[..., Any], *of: str) -> Callable[..., Any]:
    return lambda desk: view(desk, *of)


def each(path: str, view: Callable[..., Any], *modes: str) -> list[Ask]:
    """Return a question of every account."""
    return [
        (path, f"{path}?strategy_id={id_}&mode={mode}", _asked(view, id_, mode))
        for id_ in IDS
        for mode in modes
    ]  # fmt: skip


ASKS: list[Ask] = [
    ("/strategies", "/strategies", strategies.strategy_list),
    *[("/strategies/{strategy_id}", f"/strategies/{id_}",
       _asked(strategies.strategy_detail, id_)) for id_ in IDS],
    *[("/strategies/{strategy_id}/state", f"/strategies/{id_}/state",
       _asked(strategies.strategy_state, id_)) for id_ in IDS],
    *each("/performance", performance.performance, "paper", "backtest"),
    *each("/performance/equity-curve", performance.equity_curve, "paper", "backtest"),
    *each("/performance/drawdown", performance.drawdown, "paper", "backtest"),
    *each("/performance/regime-breakdown", regimes.regime_breakdown, "paper", "backtest"),
    ("/performance/compare", "/performance/compare?strategy_ids=v3_5b&strategy_ids=v3_5d",
     lambda desk: comparing.compare(desk, ["v3_5b", "v3_5d"])),
    ("/backtest/compare",
     "/backtest/compare?strategy_ids=v3_5b&strategy_ids=v3_5d&strategy_ids=ETH_main",
     lambda desk: comparing.compare(desk, list(IDS), "backtest")),
    ("/backtest/strategies", "/backtest/strategies", backtests.backtest_strategies),
    *[("/backtest/data", f"/backtest/data?strategy_id={id_}",
       _asked(backtests.backtest_data, id_)) for id_ in IDS],
    ("/status/strategies", "/status/strategies", status.strategy_status),
    ("/status", "/status", status.status),
    ("/health", "/health", status.health),
    ("/health/ready", "/health/ready", status.ready),
    ("/trades", "/trades?page_size=500", lambda desk: trades.trades(desk, page_size=500)),
    ("/trades", "/trades?mode=backtest&side=SELL&strategy_id=v3_5b&order=oldest&page=2&page_size=5",
     lambda desk: trades.trades(
         desk, trades.TradeFilter("backtest", ("v3_5b",), side="SELL"), 2, 5, newest=False)),
    ("/variants", "/variants", variants.variant_list),
    ("/variants", "/variants?parent_id=ETH_main&sort=total_return&order=descending",
     lambda desk: variants.variant_list(desk, "ETH_main", None, "total_return", descending=True)),
    *[("/variants/{variant_id}", f"/variants/{id_}",
       _asked(variant_pages.variant_detail, id_)) for id_ in VARIANTS],
    ("/variants/compare",
     "/variants/compare?variant_ids=ETH_main_mut_0001&variant_ids=ETH_main_mut_0002",
     lambda desk: variant_pages.variant_compare(
         desk, ["ETH_main_mut_0001", "ETH_main_mut_0002"])),
    ("/nightly/latest", "/nightly/latest", nightly.nightly),
    ("/promotions", "/promotions?parent_id=v3_5b",
     lambda desk: promotions.promotion_list(desk, "v3_5b")),
    ("/promotions/{promotion_id}", f"/promotions/{PROPOSED}",
     lambda desk: promotions.promotion_detail(desk, PROPOSED)),
]  # fmt: skip


@pytest.mark.parametrize(("route", "path", "view"), ASKS, ids=[ask[1] for ask in ASKS])
def test_an_answer_is_the_views_and_has_its_models_fields(
    client: TestClient, desk: ReadDesk, route: str, path: str, view: Callable[[ReadDesk], Any]
) -> None:
    answer = client.get(f"/api{path}")
    assert answer.status_code == 200, answer.text
    assert answer.json() == json.loads(json.dumps(view(desk)))
    # Strict: a number that comes as text, or a field that no model names, is a fault.
    TypeAdapter(MODELS[route]).validate_json(answer.content, strict=True)


def test_the_list_of_strategies_is_the_origins(client: TestClient) -> None:
    answer = client.get("/api/strategies").json()
    assert set(answer) == {"strategies"}
    assert [row["id"] for row in answer["strategies"]] == list(IDS)
    for row in answer["strategies"]:
        assert list(row) == [
            "id", "display_name", "is_primary", "is_active", "status", "last_run",
            "current_equity",
        ]  # fmt: skip
        assert row["status"] == "running"
        assert row["last_run"].endswith("Z")
        assert isinstance(row["current_equity"], float)
    assert [row["is_primary"] for row in answer["strategies"]] == [True, False, False]


def test_a_comparison_of_two_is_the_origins(client: TestClient) -> None:
    path = "/api/performance/compare?strategy_ids=v3_5b&strategy_ids=v3_5d"
    found = client.get(path).json()["comparison"]
    assert list(found) == ["period", "strategies", "differences", "winner"]
    assert list(found["period"]) == ["start_date", "end_date", "trading_days"]
    assert list(found["strategies"]) == ["v3_5b", "v3_5d"]
    for column in found["strategies"].values():
        assert list(column) == [
            "total_return", "cagr", "sharpe_ratio", "max_drawdown", "current_regime",
        ]  # fmt: skip
        assert column["current_regime"].startswith("Cell_")
    assert list(found["differences"]) == ["total_return", "cagr", "sharpe_ratio", "max_drawdown"]
    assert found["winner"] in {"v3_5b", "v3_5d"}


def test_a_comparison_of_three_is_keyed_by_id_against_the_first(client: TestClient) -> None:
    ids = "&".join(f"strategy_ids={id_}" for id_ in ("v3_5d", "v3_5b", "ETH_main"))
    answer = client.get(f"/api/performance/compare?{ids}").json()
    found = answer["comparison"]
    assert list(found["differences"]) == ["v3_5b", "ETH_main"]
    columns = found["strategies"]
    for id_, row in found["differences"].items():
        for name, value in row.items():
            expected = columns[id_][name] - columns["v3_5d"][name]
            assert value == expected, (id_, name)
    ratios = {id_: column["sharpe_ratio"] for id_, column in columns.items()}
    assert found["winner"] == max(ratios, key=lambda id_: ratios[id_])
    assert "sharpe_ratio" in answer["winner_rule"]


def test_trading_days_are_sessions_not_days(client: TestClient) -> None:
    path = "/api/performance/compare?strategy_ids=v3_5b&strategy_ids=ETH_main"
    period = client.get(path).json()["comparison"]["period"]
    # Coins have every day, the exchange does not: only what both have counts.
    sessions = client.get("/api/performance/equity-curve?strategy_id=v3_5b").json()["total_points"]
    days = client.get("/api/performance/equity-curve?strategy_id=ETH_main").json()["total_points"]
    assert period["trading_days"] == sessions < days


def test_backtests_are_named_by_class_or_by_id_and_taken_by_either(client: TestClient) -> None:
    names = client.get("/api/backtest/strategies").json()
    assert names == ["Hierarchical_Adaptive_v3_5b", "Hierarchical_Adaptive_v3_5d", "council"]
    for name, id_ in zip(names, IDS, strict=True):
        by_name = client.get(f"/api/backtest/data?strategy_id={name}").json()
        assert by_name == client.get(f"/api/backtest/data?strategy_id={id_}").json()


def test_the_export_is_what_the_pages_show(client: TestClient) -> None:
    answer = client.get("/api/trades/export?mode=backtest&strategy_id=v3_5b")
    assert answer.headers["content-type"] == "text/csv; charset=utf-8"
    assert 'filename="trades_backtest.csv"' in answer.headers["content-disposition"]
    header, *lines = answer.text.splitlines()
    pages = client.get("/api/trades?mode=backtest&strategy_id=v3_5b&order=oldest&page_size=500")
    rows = pages.json()["trades"]
    assert len(rows) == len(lines) > 0
    column = header.split(",").index("fill_price")
    assert [float(line.split(",")[column]) for line in lines] == [row["fill_price"] for row in rows]


def test_every_way_to_read_is_walked() -> None:
    # The export is text, a night of a date is the newest's shape, a launch needs Dagster.
    beside = {"/trades/export", "/nightly/{day}", "/backtest/launches/{launch_id}"}
    assert {route for route, _, _ in ASKS} == MODELS.keys() - beside
