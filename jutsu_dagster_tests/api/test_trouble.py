"""What is said while something is away, and that it needs no restart when it is back."""

from __future__ import annotations

import shutil
import sqlite3
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import pytest
from fastapi.testclient import TestClient

from jutsu_dagster.storage.freshness import _PAUSE
from jutsu_dagster.storage.ledger import Ledger
from jutsu_dagster_tests.api.conftest import client_of
from jutsu_dagster_tests.homes import Home
from jutsu_dagster_tests.postgres.server import Server

PATHS = (
    "/api/strategies",
    "/api/performance/equity-curve?mode=backtest",
    "/api/trades",
    "/api/status",
    "/api/variants",
)


def unavailable(client: TestClient, *signs: str) -> None:
    for path in PATHS:
        answer = client.get(path)
        assert answer.status_code == 503, path
        found = answer.json()
        assert found["type"] == "ledger-unavailable"
        assert int(answer.headers["retry-after"]) > 0
        for sign in signs:
            assert sign in found["detail"]
    ready = client.get("/api/health/ready")
    assert ready.status_code == 503
    checks = {each["name"]: each for each in ready.json()["checks"]}
    assert [name for name, each in checks.items() if not each["ok"]] == ["ledger"]
    assert client.get("/api/health").status_code == 200


def available(client: TestClient) -> None:
    for path in PATHS:
        assert client.get(path).status_code == 200, path
    assert client.get("/api/health/ready").json()["status"] == "ready"


def database(home: Home) -> Path:
    return home.settings.state_dir / "jutsu.db"


def test_a_ledger_that_is_gone_is_said_and_found_again(shown_home: Home, tmp_path: Path) -> None:
    client = client_of(shown_home)
    available(client)
    for suffix in ("", "-wal", "-shm"):
        file = database(shown_home).with_name(f"jutsu.db{suffix}")
        if file.exists():
            shutil.move(file, tmp_path / file.name)
    unavailable(client, "gone", "jutsu init")
    # Looking made no file: the next `jutsu init` starts from nothing.
    assert not database(shown_home).exists()
    for file in tmp_path.glob("jutsu.db*"):
        shutil.move(file, database(shown_home).with_name(file.name))
    time.sleep(_PAUSE)
    available(client)


def test_another_ledger_in_its_place_is_read(shown_home: Home) -> None:
    client = client_of(shown_home)
    assert len(client.get("/api/backtest/strategies").json()) == 3
    for suffix in ("", "-wal", "-shm"):
        database(shown_home).with_name(f"jutsu.db{suffix}").unlink(missing_ok=True)
    made = Ledger(shown_home.settings.ledger_url)
    made.migrate()
    made.close()
    assert client.get("/api/backtest/strategies").json() == []
    answer = client.get("/api/performance")
    assert (answer.status_code, answer.json()["type"]) == (404, "nothing-recorded")
    assert "jutsu trade" in answer.json()["detail"]
    row = client.get("/api/strategies").json()["strategies"][0]
    # An account that never traded holds its initial capital.
    assert (row["status"], row["last_run"], row["current_equity"]) == ("waiting", None, 10_000.0)
    state = client.get("/api/strategies/v3_5b/state").json()["state"]
    assert (state["account_equity"], state["current_positions"]) == (10_000.0, {})


def test_an_empty_ledger_says_what_to_run(shown_home: Home) -> None:
    for suffix in ("", "-wal", "-shm"):
        database(shown_home).with_name(f"jutsu.db{suffix}").unlink(missing_ok=True)
    database(shown_home).touch()
    client = client_of(shown_home)
    unavailable(client, "is empty", "jutsu init")
    made = Ledger(shown_home.settings.ledger_url)
    made.migrate()
    made.close()
    assert client.get("/api/strategies").status_code == 200


def test_a_locked_ledger_is_said_within_seconds(shown_home: Home) -> None:
    holder = sqlite3.connect(database(shown_home), isolation_level=None)
    # What a repair does; a writer of ours locks no reader out.
    holder.execute("PRAGMA locking_mode = EXCLUSIVE")
    holder.execute("BEGIN EXCLUSIVE")
    client = client_of(shown_home)
    began = time.monotonic()
    with ThreadPoolExecutor(8) as pool:
        answers = list(pool.map(client.get, ["/api/trades"] * 8))
    assert time.monotonic() - began < 6
    assert {answer.status_code for answer in answers} == {503}
    assert "locked" in answers[0].json()["detail"]
    holder.close()
    time.sleep(_PAUSE)
    available(client)


def test_a_writer_locks_no_reader_out(shown_home: Home) -> None:
    client = client_of(shown_home)
    holder = sqlite3.connect(database(shown_home), isolation_level=None)
    holder.execute("BEGIN IMMEDIATE")
    available(client)
    holder.close()


def test_a_registry_that_breaks_leaves_the_last_good_one(shown_home: Home) -> None:
    client = client_of(shown_home)
    available(client)
    text = shown_home.settings.registry_path.read_text()
    shown_home.settings.registry_path.write_text("strategies: [")
    assert len(client.get("/api/strategies").json()["strategies"]) == 3
    found = client.get("/api/status").json()
    assert found["status"] == "failed"
    assert "strategies_registry.yaml" in found["registry_faults"][0]
    assert client.get("/api/health/ready").status_code == 503
    shown_home.settings.registry_path.write_text(text)
    assert client.get("/api/status").json()["registry_faults"] == []
    available(client)


def test_a_registry_that_never_was_good_is_503_with_its_faults(shown_home: Home) -> None:
    text = shown_home.settings.registry_path.read_text()
    shown_home.settings.registry_path.write_text(text.replace("is_primary: true", "is_primary: 7"))
    client = client_of(shown_home)
    answer = client.get("/api/strategies")
    assert (answer.status_code, answer.json()["type"]) == (503, "configuration-broken")
    assert answer.json()["errors"]
    shown_home.settings.registry_path.write_text(text)
    assert client.get("/api/strategies").status_code == 200


def test_a_broken_strategy_is_shown_and_its_record_stays(shown_home: Home) -> None:
    client = client_of(shown_home)
    before = client.get("/api/performance/equity-curve?strategy_id=ETH_main").json()

    def spoil(document: dict[str, Any]) -> None:
        document["strategy"]["parameters"] = {"no_such": 1}

    shown_home.edit("ETH_main", spoil)
    row = client.get("/api/status/strategies").json()["ETH_main"]
    assert (row["state"], row["health"]) == ("broken", "failed")
    assert "no_such" in row["problem"]
    detail = client.get("/api/strategies/ETH_main").json()
    assert detail["parameters"] is None
    assert any("no_such" in fault for fault in detail["faults"])
    assert client.get("/api/performance/equity-curve?strategy_id=ETH_main").json() == before


@pytest.mark.postgres
def test_a_restarted_postgresql_is_said_and_found_again(
    shown_home: Home, postgres_server: Server
) -> None:
    with postgres_server.database() as url:
        made = Ledger(url)
        made.migrate()
        client = client_of(shown_home, database_url=url)
        assert client.get("/api/trades").json()["total"] == 0
        tag = client.get("/api/strategies").headers["etag"]
        postgres_server.stop()
        began = time.monotonic()
        unavailable(client)
        assert time.monotonic() - began < 20
        postgres_server.start()
        available_again = client.get("/api/strategies")
        assert available_again.status_code == 200
        assert available_again.headers["etag"] == tag
        made.close()
        client.app.state.desk.close()  # type: ignore[attr-defined]
