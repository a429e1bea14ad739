"""Answers that are asked for again, a page at a time, or thinned."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

import numpy as np
import pytest
from fastapi.testclient import TestClient

from jutsu_dagster.core.account import AccountKey
from jutsu_dagster.pipeline.views.curves import thinned
from jutsu_dagster.storage import journal
from jutsu_dagster_tests.api.conftest import client_of
from jutsu_dagster_tests.homes import Home
from jutsu_dagster_tests.shown import LAST

CURVE = "/api/performance/equity-curve?mode=backtest"


def fail(home: Home) -> None:
    """Record that the last run of v3_5b failed."""
    attempt = journal.Attempt(
        account=AccountKey("v3_5b", "paper"), partition=LAST.isoformat(), status="failed",
        started_at=datetime.now(UTC), run_id="another", error="it did not work",
    )  # fmt: skip
    journal.note_attempts(home.ledger.engine, [attempt])


def test_what_is_known_already_is_not_sent_again(client: TestClient) -> None:
    first = client.get(CURVE)
    tag = first.headers["etag"]
    for header in (tag, f"W/{tag}", f'"other", {tag}', "*"):
        again = client.get(CURVE, headers={"If-None-Match": header})
        assert (again.status_code, again.content) == (304, b"")
        assert again.headers["etag"] == tag
    assert client.get(CURVE, headers={"If-None-Match": '"other"'}).status_code == 200


def test_a_tag_changes_with_the_answer_and_with_nothing_else(shown_home: Home) -> None:
    client = client_of(shown_home)
    before = {path: client.get(path).headers["etag"] for path in (CURVE, "/api/status/strategies")}
    fail(shown_home)
    after = {path: client.get(path).headers["etag"] for path in before}
    assert after[CURVE] == before[CURVE]
    assert after["/api/status/strategies"] != before["/api/status/strategies"]
    row = client.get("/api/status/strategies").json()["v3_5b"]
    assert (row["state"], row["health"]) == ("failed", "failed")
    assert "it did not work" in row["problem"]


def test_a_change_of_the_registry_is_seen_at_once(shown_home: Home) -> None:
    client = client_of(shown_home)
    assert client.get("/api/strategies/v3_5d").status_code == 200

    def remove(registry: dict[str, Any]) -> None:
        del registry["strategies"]["v3_5d"]
        registry["execution_order"].remove("v3_5d")

    shown_home.edit_registry(remove)
    gone = client.get("/api/strategies/v3_5d")
    assert gone.status_code == 404
    assert gone.json()["nearest"] == ["v3_5b"]
    assert len(client.get("/api/strategies").json()["strategies"]) == 2


def test_pages_follow_each_other_without_gap_or_repeat(client: TestClient) -> None:
    path = "/api/trades?mode=backtest&page_size=4"
    whole = client.get("/api/trades?mode=backtest&page_size=500").json()["trades"]
    first = client.get(path).json()
    rows: list[Any] = []
    for page in range(1, first["total_pages"] + 1):
        rows += client.get(f"{path}&page={page}").json()["trades"]
    assert rows == whole
    assert client.get(f"{path}&page={first['total_pages'] + 1}").json()["trades"] == []


@pytest.mark.parametrize("count", [4, 5, 9])
def test_a_thinned_curve_keeps_first_last_and_extremes(client: TestClient, count: int) -> None:
    whole = client.get(CURVE).json()
    thin = client.get(f"{CURVE}&points={count}").json()
    values = [row["value"] for row in whole["data"]]
    kept = [row["value"] for row in thin["data"]]
    assert thin["data_points"] == len(kept) <= count < thin["total_points"] == len(values)
    assert [row for row in whole["data"] if row in thin["data"]] == thin["data"]
    assert (kept[0], kept[-1]) == (values[0], values[-1])
    assert (min(kept), max(kept)) == (min(values), max(values))


@pytest.mark.parametrize("count", [4, 7, 50, 199, 200, 201])
def test_thinning_never_gives_more_than_asked(count: int) -> None:
    values = np.random.default_rng(1).normal(size=200).cumsum()
    kept = thinned(values, count)
    assert len(kept) <= count
    assert {0, 199, int(values.argmin()), int(values.argmax())} <= set(kept.tolist())
    assert (np.diff(kept) > 0).all()


def test_a_part_is_shown_as_one_that_begins_at_the_close_before(client: TestClient) -> None:
    for id_ in ("v3_5b", "ETH_main"):
        whole = client.get(f"{CURVE}&strategy_id={id_}").json()["data"]
        start = whole[8]["time"]
        part = client.get(f"{CURVE}&strategy_id={id_}&start_date={start}").json()
        metrics = client.get(
            f"/api/performance?mode=backtest&strategy_id={id_}&start_date={start}"
        ).json()
        assert part["data"][0]["time"] == start
        assert part["initial_capital"] == metrics["initial_capital"]
        total = metrics["metrics"]["total_return"]
        assert part["data"][-1]["cumulative_return"] == pytest.approx(total, abs=1e-9)
        base = metrics["baseline"]["total_return"]
        assert part["data"][-1]["baseline_return"] == pytest.approx(base, abs=1e-9)


def test_what_was_asked_before_goes_the_short_way_until_something_changes(
    shown_home: Home, monkeypatch: pytest.MonkeyPatch
) -> None:
    client = client_of(shown_home)
    answers = client.app.state.answers  # type: ignore[attr-defined]
    first = client.get(CURVE)

    def gone(*_: object) -> None:
        raise AssertionError("the long way")

    monkeypatch.setattr(answers, "get", gone)
    again = client.get(CURVE)
    assert (again.status_code, again.content) == (200, first.content)
    assert again.headers["etag"] == first.headers["etag"]
    tagged = client.get(CURVE, headers={"If-None-Match": first.headers["etag"]})
    assert (tagged.status_code, tagged.content) == (304, b"")
    assert client.get(f"{CURVE}&points=9").status_code == 500
    fail(shown_home)
    assert client.get(CURVE).status_code == 500
