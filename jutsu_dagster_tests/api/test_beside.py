"""One process, two applications: what is not the API's goes to the other, behind the same door."""

from __future__ import annotations

import pytest
from fastapi.testclient import TestClient
from starlette.responses import PlainTextResponse
from starlette.types import Receive, Scope, Send

from jutsu_dagster.api.app import create_app
from jutsu_dagster_tests.homes import Home
from jutsu_dagster_tests.shown import read_desk


async def other(scope: Scope, receive: Receive, send: Send) -> None:
    await PlainTextResponse(f"other {scope['method']}")(scope, receive, send)


@pytest.fixture
def client(shown: Home) -> TestClient:
    desk = read_desk(shown)
    app = create_app(desk.settings, desk, beside=other)
    return TestClient(app, base_url="http://localhost", raise_server_exceptions=False)


@pytest.mark.parametrize("path", ["/", "/performance", "/assets/x.js", "/apis", "/API/strategies"])
def test_other_paths_are_the_others(client: TestClient, path: str) -> None:
    answer = client.get(path)
    assert answer.text == "other GET"
    assert answer.headers["x-content-type-options"] == "nosniff"
    assert client.post(path).text == "other POST"
    refused = client.get(path, headers={"Host": "evil.example"})
    assert refused.status_code == 421


def test_the_apis_unknown_paths_and_methods_stay_its_own(client: TestClient) -> None:
    assert client.get("/api/strategies").json()["strategies"]
    for path in ("/api", "/api/", "/api/none"):
        answer = client.get(path)
        assert (answer.status_code, answer.json()["type"]) == (404, "not-found")
    assert client.delete("/api/strategies").status_code == 405
    assert client.post("/api/strategies").status_code == 403
