"""Launching a backtest: what Dagster is asked, and what is said of its answers.

A real one is launched to its end in the tests of the dashboard.
"""

from __future__ import annotations

import json
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, HTTPServer
from typing import Any

import pytest

from jutsu_dagster_tests.api.conftest import TOKEN, client_of
from jutsu_dagster_tests.homes import Home

RIGHT = {"Authorization": f"Bearer {TOKEN}"}
LAUNCH = "/api/strategies/v3_5b/backtest"


class Dagster:
    """A webserver that remembers what it was asked and answers what it is told to."""

    def __init__(self) -> None:
        self.asked: list[dict[str, Any]] = []
        self.answer: object = None
        outer = self

        class Handler(BaseHTTPRequestHandler):
            def do_POST(self) -> None:
                body = self.rfile.read(int(self.headers["Content-Length"]))
                outer.asked.append(json.loads(body))
                told = json.dumps(outer.answer).encode()
                self.send_response(200)
                self.send_header("Content-Length", str(len(told)))
                self.end_headers()
                self.wfile.write(told)

            def log_message(self, *_: object) -> None:
                pass

        self.server = HTTPServer(("127.0.0.1", 0), Handler)
        self.url = f"http://127.0.0.1:{self.server.server_port}"
        self._thread = threading.Thread(target=self.server.serve_forever, args=(0.01,))
        self._thread.start()

    def close(self) -> None:
        self.server.shutdown()
        self.server.server_close()
        self._thread.join()


@pytest.fixture
def dagster() -> Iterator[Dagster]:
    made = Dagster()
    yield made
    made.close()


def backfill(**fields: Any) -> dict[str, Any]:
    counts = {
        "numPartitionsMaterialized": 1, "numPartitionsFailed": 0, "numPartitionsInProgress": 1,
    }  # fmt: skip
    found = {
        "__typename": "PartitionBackfill", "status": "REQUESTED", "timestamp": 1737720000.0,
        "endTimestamp": None, "partitionNames": ["2025", "2024"],
        "assetSelection": [{"path": ["backtests", "v3_5b"]}], "error": None,
        "assetBackfillData": {"assetBackfillStatuses": [counts]},
    }  # fmt: skip
    return {"data": {"partitionBackfillOrError": found | fields}}


def test_a_launch_is_a_backfill_of_the_years_asked_for(shown: Home, dagster: Dagster) -> None:
    client = client_of(shown, api_token=TOKEN, webserver_url=dagster.url)
    made = {"__typename": "LaunchBackfillSuccess", "backfillId": "abcdefgh"}
    dagster.answer = {"data": {"launchPartitionBackfill": made}}
    answer = client.post(LAUNCH, json={"start_year": 2024, "end_year": 2024}, headers=RIGHT)
    assert answer.status_code == 202
    assert answer.headers["location"] == "/api/backtest/launches/abcdefgh"
    assert answer.json() == {
        "launch_id": "abcdefgh",
        "strategy_id": "v3_5b",
        "years": [2024],
        "dagster_url": f"{dagster.url}/runs/b/abcdefgh",
        "progress": "/api/backtest/launches/abcdefgh",
    }
    (asked,) = dagster.asked
    params = asked["variables"]["params"]
    assert params["assetSelection"] == [{"path": ["backtests", "v3_5b"]}]
    assert params["partitionNames"] == ["2024"]


def test_without_years_it_is_the_whole_backtest(shown: Home, dagster: Dagster) -> None:
    client = client_of(shown, api_token=TOKEN, webserver_url=dagster.url)
    made = {"__typename": "LaunchBackfillSuccess", "backfillId": "abcdefgh"}
    dagster.answer = {"data": {"launchPartitionBackfill": made}}
    answer = client.post(LAUNCH, json={}, headers=RIGHT)
    config = shown.config("v3_5b")
    last = config.backtest_end.year if config.backtest_end else 2025
    assert answer.json()["years"] == list(range(config.backtest_start.year, last + 1))


@pytest.mark.parametrize(
    ("body", "field"),
    [
        ({"start_year": 1999}, "start_year"),
        ({"end_year": 2999}, "end_year"),
        ({"start_year": "soon"}, "start_year"),
        ({"years": [2024]}, "years"),
        ([], "body"),
    ],
)
def test_years_that_a_backtest_does_not_have_are_422(
    shown: Home, dagster: Dagster, body: object, field: str
) -> None:
    client = client_of(shown, api_token=TOKEN, webserver_url=dagster.url)
    answer = client.post(LAUNCH, json=body, headers=RIGHT)
    assert answer.status_code == 422
    assert [each["field"] for each in answer.json()["errors"]] == [field]
    assert dagster.asked == []


def test_an_unknown_strategy_is_not_launched(shown: Home, dagster: Dagster) -> None:
    client = client_of(shown, api_token=TOKEN, webserver_url=dagster.url)
    answer = client.post("/api/strategies/v3_5/backtest", json={}, headers=RIGHT)
    assert (answer.status_code, dagster.asked) == (404, [])


@pytest.mark.parametrize(
    "told",
    [
        {"data": {"launchPartitionBackfill": {"__typename": "PythonError", "message": "no key"}}},
        {"errors": [{"message": "no such field"}]},
        {"data": {"launchPartitionBackfill": None}},
        [],
    ],
)
def test_what_dagster_refuses_is_said(shown: Home, dagster: Dagster, told: object) -> None:
    client = client_of(shown, api_token=TOKEN, webserver_url=dagster.url)
    dagster.answer = told
    answer = client.post(LAUNCH, json={}, headers=RIGHT)
    assert (answer.status_code, answer.json()["type"]) == (503, "dagster-refused")


def test_a_dagster_that_is_gone_is_said(shown: Home) -> None:
    client = client_of(shown, api_token=TOKEN, webserver_url="http://127.0.0.1:9")
    for answer in (
        client.post(LAUNCH, json={}, headers=RIGHT),
        client.get("/api/backtest/launches/abcdefgh"),
        client.post("/api/reload", headers=RIGHT),
    ):
        assert answer.status_code == 503
        assert "does not answer" in answer.text
    alone = client_of(shown, api_token=TOKEN).post(LAUNCH, json={}, headers=RIGHT)
    assert (alone.status_code, alone.json()["type"]) == (503, "no-dagster")
    assert "jutsu up" in alone.json()["detail"]


@pytest.mark.parametrize(
    ("fields", "status", "done"),
    [
        ({}, "running", 1),
        ({"assetBackfillData": None}, "requested", 0),
        ({"status": "COMPLETED_SUCCESS", "endTimestamp": 1737720060.5}, "completed", 1),
        ({"status": "COMPLETED_FAILED", "error": {"message": "a year failed"}}, "failed", 1),
        ({"status": "CANCELED"}, "canceled", 1),
    ],
)
def test_progress(
    shown: Home, dagster: Dagster, fields: dict[str, Any], status: str, done: int
) -> None:
    client = client_of(shown, webserver_url=dagster.url)
    dagster.answer = backfill(**fields)
    found = client.get("/api/backtest/launches/abcdefgh").json()
    assert (found["status"], found["years_done"], found["years"]) == (status, done, [2024, 2025])
    assert found["strategy_id"] == "v3_5b"
    assert found["started_at"] == "2025-01-24T12:00:00Z"
    assert (found["ended_at"] is not None) == ("endTimestamp" in fields)
    assert found["error"] == (fields.get("error") or {}).get("message")


@pytest.mark.parametrize(
    "told",
    [
        {"data": {"partitionBackfillOrError": {"__typename": "BackfillNotFoundError"}}},
        backfill(assetSelection=[{"path": ["strategies", "v3_5b"]}]),
        backfill(assetSelection=None),
    ],
)
def test_what_is_no_launched_backtest_is_404(shown: Home, dagster: Dagster, told: object) -> None:
    client = client_of(shown, webserver_url=dagster.url)
    dagster.answer = told
    answer = client.get("/api/backtest/launches/abcdefgh")
    assert (answer.status_code, answer.json()["type"]) == (404, "unknown-launch")


@pytest.mark.parametrize("id_", ["a%2Fb", "a b", "a" * 41, '"}'])
def test_an_id_that_cannot_be_one_does_not_reach_dagster(
    shown: Home, dagster: Dagster, id_: str
) -> None:
    client = client_of(shown, webserver_url=dagster.url)
    assert client.get(f"/api/backtest/launches/{id_}").status_code in {404, 422}
    assert dagster.asked == []


def test_a_reload_is_asked_of_dagster(shown: Home, dagster: Dagster) -> None:
    client = client_of(shown, api_token=TOKEN, webserver_url=dagster.url)
    entry: dict[str, Any] = {"__typename": "WorkspaceLocationEntry", "locationOrLoadError": {}}
    dagster.answer = {"data": {"reloadRepositoryLocation": entry}}
    assert client.post("/api/reload", headers=RIGHT).json()["reloaded"] is True
    entry["locationOrLoadError"] = {"message": "the registry is broken"}
    answer = client.post("/api/reload", headers=RIGHT)
    assert (answer.status_code, answer.json()["detail"]) == (503, "the registry is broken")
