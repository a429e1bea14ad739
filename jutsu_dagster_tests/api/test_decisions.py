"""Deciding about a proposal over the API."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest
from fastapi.testclient import TestClient

from jutsu_dagster_tests.api.conftest import TOKEN, client_of
from jutsu_dagster_tests.homes import Home
from jutsu_dagster_tests.promoting import files, propose

RIGHT = {"Authorization": f"Bearer {TOKEN}"}
WORDS = {"by": "Ada", "why": "it holds"}


@pytest.fixture
def proposed(shown_home: Home) -> tuple[TestClient, str, str]:
    """A client where POST is on, an open proposal that has not expired, and its hash."""
    night = datetime.now(UTC).date() - timedelta(days=1)
    row = propose(shown_home, "v3_5b_mut_0002", night)
    return client_of(shown_home, api_token=TOKEN), row.id, row.proposal_hash


def test_approving_writes_what_was_shown(
    shown_home: Home, proposed: tuple[TestClient, str, str]
) -> None:
    client, id_, hash_ = proposed
    before = client.get("/api/strategies/v3_5b").json()
    assert client.get(f"/api/promotions/{id_}").json()["status"] == "open"
    answer = client.post(
        f"/api/promotions/{id_}/approve", json={"hash": hash_, **WORDS}, headers=RIGHT
    )
    assert answer.status_code == 200, answer.text
    told = answer.json()
    assert (told["status"], told["warnings"]) == ("approved", [])
    assert told["files"][1:] == ["config/strategies/v3_5b.yaml", "config/strategies_registry.yaml"]
    after = client.get("/api/strategies/v3_5b").json()
    changed = {
        one["name"]: (one["value"], other["value"])
        for one, other in zip(before["parameters"], after["parameters"], strict=True)
        if one != other
    }
    assert list(changed) == ["sma_slow"]
    assert (before["version"], after["version"]) == (told["old_version"], told["new_version"])
    page = client.get(f"/api/promotions/{id_}").json()
    assert page["status"] == "approved"
    decided = next(each for each in page["history"] if each["event"] == "approved")
    assert (decided["who"], decided["why"]) == ("Ada", "it holds")
    assert (shown_home.path / "reports" / "promotions" / f"{id_}.html").exists()


def test_a_wrong_token_decides_nothing(
    shown_home: Home, proposed: tuple[TestClient, str, str]
) -> None:
    client, id_, hash_ = proposed
    before = files(shown_home)
    for what in ("approve", "reject"):
        body = WORDS | ({"hash": hash_} if what == "approve" else {})
        for headers in ({}, {"Authorization": "Bearer wrong"}):
            answer = client.post(f"/api/promotions/{id_}/{what}", json=body, headers=headers)
            assert answer.status_code == 401
    assert files(shown_home) == before
    assert client.get(f"/api/promotions/{id_}").json()["status"] == "open"


def test_a_rejection_is_final(proposed: tuple[TestClient, str, str]) -> None:
    client, id_, hash_ = proposed
    first = client.post(f"/api/promotions/{id_}/reject", json=WORDS, headers=RIGHT)
    assert (first.status_code, first.json()["status"]) == (200, "rejected")
    for what, body in (("reject", WORDS), ("approve", {"hash": hash_, **WORDS})):
        again = client.post(f"/api/promotions/{id_}/{what}", json=body, headers=RIGHT)
        assert (again.status_code, again.json()["type"]) == (409, "not-possible")
        assert "rejected by Ada" in again.json()["detail"]
    row = client.get("/api/variants/v3_5b_mut_0002").json()["variant"]
    assert (row["status"], row["runs"]) == ("rejected", False)


def test_other_evidence_than_shown_is_not_approved(proposed: tuple[TestClient, str, str]) -> None:
    client, id_, hash_ = proposed
    other = hash_[::-1]
    answer = client.post(
        f"/api/promotions/{id_}/approve", json={"hash": other, **WORDS}, headers=RIGHT
    )
    assert (answer.status_code, answer.json()["type"]) == (409, "not-possible")


def test_an_expired_one_is_not_approved(shown_home: Home) -> None:
    client = client_of(shown_home, api_token=TOKEN)
    row = client.get("/api/promotions/v3_5b_mut_0001_20250122").json()
    body = {"hash": row["proposal_hash"], **WORDS}
    answer = client.post(f"/api/promotions/{row['id']}/approve", json=body, headers=RIGHT)
    assert answer.status_code == 409
    assert "expired on 2025-01-29" in answer.json()["detail"]


@pytest.mark.parametrize(
    ("body", "field"),
    [
        ({}, "by"),
        ({"by": "", "why": "x"}, "by"),
        ({"by": "Ada", "why": "   "}, "why"),
        ({"by": "A" * 101, "why": "x"}, "by"),
        ({"by": "Ada", "why": "x", "force": True}, "force"),
    ],
)
def test_who_and_why_must_be_said(
    proposed: tuple[TestClient, str, str], body: dict[str, object], field: str
) -> None:
    client, id_, _ = proposed
    answer = client.post(f"/api/promotions/{id_}/reject", json=body, headers=RIGHT)
    assert answer.status_code == 422
    assert field in [each["field"] for each in answer.json()["errors"]]


def test_an_unknown_proposal_is_404_with_those_near_it(shown: Home) -> None:
    client = client_of(shown, api_token=TOKEN)
    id_ = "v3_5b_mut_0001_20250121"
    for answer in (
        client.get(f"/api/promotions/{id_}"),
        client.post(f"/api/promotions/{id_}/reject", json=WORDS, headers=RIGHT),
    ):
        assert answer.status_code == 404
        assert "v3_5b_mut_0001_20250122" in answer.json()["nearest"]
