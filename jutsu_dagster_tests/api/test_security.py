"""Who may ask what."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
from fastapi.testclient import TestClient

from jutsu_dagster.api.security import PostGuard, TokenBucket
from jutsu_dagster.settings import Settings
from jutsu_dagster_tests.api.conftest import TOKEN, client_of
from jutsu_dagster_tests.homes import Home

POSTS = ("/api/strategies/v3_5b/backtest", "/api/reload", "/api/none")
RIGHT = {"Authorization": f"Bearer {TOKEN}"}


@pytest.mark.parametrize("path", POSTS)
@pytest.mark.parametrize("token", [None, "", "   "])
def test_without_a_token_set_post_is_off_and_says_how_to_turn_it_on(
    shown: Home, path: str, token: str | None
) -> None:
    client = client_of(shown, api_token=token)
    for headers in ({}, {"Authorization": "Bearer "}, {"Authorization": "Bearer None"}):
        answer = client.post(path, json={}, headers=headers)
        assert answer.status_code == 403
        assert answer.json()["type"] == "post-is-off"
        assert "JUTSU_API_TOKEN" in answer.json()["detail"]


@pytest.mark.parametrize(
    "header",
    [None, "", "Bearer", f"Bearer {TOKEN}x", f"Bearer {TOKEN[:-1]}", f"Basic {TOKEN}", TOKEN,
     "Bearer \xff"],
)  # fmt: skip
def test_another_token_or_none_is_401(shown: Home, header: str | None) -> None:
    client = client_of(shown, api_token=TOKEN)
    headers = {} if header is None else {"Authorization": header.encode("latin-1")}
    for path in POSTS:
        answer = client.post(path, json={}, headers=headers)  # type: ignore[arg-type]
        assert answer.status_code == 401
        assert answer.headers["www-authenticate"].startswith("Bearer")
        assert TOKEN not in answer.text


def test_the_right_token_is_let_through(shown: Home) -> None:
    answer = client_of(shown, api_token=TOKEN).post(POSTS[0], json={}, headers=RIGHT)
    # Past the guard: what is missing now is a Dagster to launch it.
    assert (answer.status_code, answer.json()["type"]) == (503, "no-dagster")


def test_guessing_is_slowed_down_before_it_is_compared(shown: Home) -> None:
    client = client_of(shown, api_token=TOKEN)
    statuses = [client.post(POSTS[1]).status_code for _ in range(12)]
    assert statuses == [401] * 10 + [429] * 2
    late = client.post(POSTS[1], headers=RIGHT)
    assert late.status_code == 429
    assert 1 <= int(late.headers["retry-after"]) <= 4


def test_a_bucket_refills_with_time() -> None:
    now = [0.0]
    bucket = TokenBucket(2, 3.0, lambda: now[0])
    assert [bucket.take(), bucket.take(), bucket.take()] == [0.0, 0.0, 3.0]
    now[0] = 1.5
    assert bucket.take() == pytest.approx(1.5)
    now[0] = 3.0
    assert bucket.take() == 0.0
    now[0] = 1e6
    assert [bucket.take(), bucket.take(), bucket.take() > 0] == [0.0, 0.0, True]


def test_reading_needs_no_token(shown: Home) -> None:
    assert client_of(shown).get("/api/strategies").status_code == 200


@pytest.mark.parametrize(
    "host",
    ["evil.example", "evil.example:8000", "localhost.evil.example", "127.0.0.1.nip.io", "",
     "0.0.0.1", "[::2]:8000", "user@localhost"],
)  # fmt: skip
def test_a_name_that_is_not_ours_is_refused(client: TestClient, host: str) -> None:
    for path in ("/api/strategies", "/api/docs", "/"):
        answer = client.get(path, headers={"Host": host})
        assert (answer.status_code, answer.json()["type"]) == (421, "unknown-host")


@pytest.mark.parametrize("host", ["localhost", "LOCALHOST:1", "127.0.0.1:8000", "[::1]:8000"])
def test_the_loopbacks_names_are_ours(client: TestClient, host: str) -> None:
    assert client.get("/api/health", headers={"Host": host}).status_code == 200


def test_a_proxys_name_can_be_added(shown: Home) -> None:
    client = client_of(shown, api_hosts="desk.example, other.example")
    assert client.get("/api/health", headers={"Host": "desk.example"}).status_code == 200
    assert client.get("/api/health", headers={"Host": "third.example"}).status_code == 421


def test_cors_is_closed(client: TestClient) -> None:
    headers = {"Origin": "http://evil.example", "Access-Control-Request-Method": "POST"}
    for answer in (
        client.options("/api/reload", headers=headers),
        client.get("/api/strategies", headers=headers),
    ):
        names = {name.lower() for name in answer.headers}
        assert not [name for name in names if name.startswith("access-control-")]
        assert answer.headers["x-content-type-options"] == "nosniff"


def test_a_large_body_is_refused_unread(shown: Home) -> None:
    client = client_of(shown, api_token=TOKEN)
    answer = client.post(POSTS[0], content=b"[" * 100_000, headers=RIGHT)
    assert answer.status_code == 413
    chunked = client.post(POSTS[0], content=iter([b"{}"]), headers=RIGHT)
    assert chunked.status_code == 413


def test_the_token_is_in_no_text_of_the_settings(tmp_path: Path) -> None:
    settings = Settings.model_validate({"home": tmp_path, "api_token": TOKEN})
    assert TOKEN not in repr(settings) + str(settings.model_dump())
    assert PostGuard(settings).is_on


def test_the_documentation_asks_no_other_machine(client: TestClient) -> None:
    page = client.get("/api/docs").text
    assert re.findall(r"(?:src|href)=\"(?!/api/docs/|data:)([^\"]+)\"", page) == []
    for name in ("swagger-ui-bundle.js", "swagger-ui.css"):
        assert f"/api/docs/{name}" in page
        asset = client.get(f"/api/docs/{name}")
        assert asset.status_code == 200
        assert len(asset.content) > 100_000
    assert client.get("/api/docs/../../etc/passwd").status_code == 404
