"""What is refused, with which status, and what the refusal says."""

from __future__ import annotations

from typing import Any

import pytest
from fastapi.testclient import TestClient


def refused(client: TestClient, path: str, status: int) -> dict[str, Any]:
    answer = client.get(f"/api{path}")
    assert answer.status_code == status, answer.text
    assert answer.headers["content-type"] == "application/problem+json"
    found: dict[str, Any] = answer.json()
    assert found["status"] == status
    return found


@pytest.mark.parametrize(
    ("path", "near"),
    [
        ("/strategies/v3_5x", "v3_5b"),
        ("/strategies/V3_5D/state", "v3_5d"),
        ("/performance?strategy_id=v3.5d", "v3_5d"),
        ("/performance/equity-curve?strategy_id=eth_main", "ETH_main"),
        ("/performance/compare?strategy_ids=v3_5b&strategy_ids=v35d", "v3_5d"),
        ("/backtest/data?strategy_id=Hierarchical_Adaptive_v3_5", "Hierarchical_Adaptive_v3_5b"),
        ("/trades?strategy_id=v3_5b&strategy_id=ETH_mian", "ETH_main"),
        ("/trades/export?strategy_id=v3", "v3_5b"),
        ("/variants/ETH_main_mut_0009", "ETH_main_mut_0001"),
        ("/variants?parent_id=ETHmain", "ETH_main"),
        ("/variants/compare?variant_ids=v3_5b_mut_01", "v3_5b_mut_0001"),
        ("/nightly/2025-01-20", "2025-01-22"),
    ],
)
def test_an_unknown_id_is_404_with_those_near_it(client: TestClient, path: str, near: str) -> None:
    found = refused(client, path, 404)
    assert near in found["nearest"]
    assert found["type"].startswith("unknown-")
    assert near in found["detail"]


@pytest.mark.parametrize("id_", ["v3", "v3_5", "3_5b", "b", "v3_5b ", "v3_5b%00", "..", "%2e%2e"])
def test_nothing_is_guessed_from_a_part_of_an_id(client: TestClient, id_: str) -> None:
    answer = client.get("/api/performance", params={"strategy_id": id_})
    assert answer.status_code == 404


@pytest.mark.parametrize(
    ("path", "field", "rule"),
    [
        ("/performance?mode=live", "mode", "paper"),
        ("/performance?start_date=2025-13-01", "start_date", "date"),
        ("/performance?start_date=1737720000", "start_date", "ISO date"),
        ("/nightly/0", "day", "ISO date"),
        ("/performance?start_date=2025-01-20&end_date=2025-01-10", "start_date", "end_date"),
        ("/performance?strategyid=v3_5b", "strategyid", "strategy_id"),
        ("/performance/equity-curve?points=3", "points", "4"),
        ("/performance/compare?strategy_ids=v3_5b", "strategy_ids", "2"),
        ("/performance/compare", "strategy_ids", "required"),
        ("/performance/compare?strategy_ids=v3_5b&strategy_ids=v3_5b", "strategy_ids", "once"),
        ("/trades?page=0", "page", "1"),
        ("/trades?page_size=501", "page_size", "500"),
        ("/trades?side=HOLD", "side", "SELL"),
        ("/trades?symbol=a%27b", "symbol", "pattern"),
        ("/trades?start_date=2025-02-01&end_date=2025-01-01", "start_date", "end_date"),
        ("/variants?status=living", "status", "shadow"),
        ("/variants?sort=luck", "sort", "total_return"),
        (
            "/variants/compare?variant_ids=v3_5b_mut_0001&variant_ids=ETH_main_mut_0001",
            "variant_ids", "one parent",
        ),
        ("/nightly/today", "day", "date"),
        ("/health?verbose=1", "verbose", "none"),
    ],
)  # fmt: skip
def test_a_bad_parameter_is_422_with_the_rule(
    client: TestClient, path: str, field: str, rule: str
) -> None:
    found = refused(client, path, 422)
    (broken,) = found["errors"]
    assert broken["field"] == field
    assert rule in broken["rule"]


@pytest.mark.parametrize(
    "path",
    [
        "/performance?start_date=2026-01-01",
        "/performance/equity-curve?end_date=2001-01-01",
        "/performance/drawdown?start_date=2026-01-01",
        "/performance/regime-breakdown?strategy_id=ETH_main&start_date=2026-01-01",
        "/performance/compare?strategy_ids=v3_5b&strategy_ids=v3_5d&start_date=2026-01-01",
        "/backtest/data?start_date=2026-01-01",
        "/variants/compare?variant_ids=v3_5b_mut_0001&start_date=2026-01-01",
    ],
)
def test_a_range_without_sessions_says_what_to_do(client: TestClient, path: str) -> None:
    found = refused(client, path, 404)
    assert found["type"] == "nothing-recorded"
    assert "jutsu" in found["detail"] or "other days" in found["detail"]


@pytest.mark.parametrize(
    "path", ["", "/nothing", "/strategies/", "/strategies/v3_5b/../v3_5d/none", "/strategies/a/b"]
)
def test_an_unknown_path_is_a_problem_too(client: TestClient, path: str) -> None:
    found = refused(client, path, 404)
    assert found["type"] == "not-found"


@pytest.mark.parametrize("method", ["PUT", "DELETE", "PATCH"])
def test_another_method_is_405(client: TestClient, method: str) -> None:
    answer = client.request(method, "/api/strategies")
    assert answer.status_code == 405
    assert answer.headers["content-type"] == "application/problem+json"
