"""Memory and meta review."""

from __future__ import annotations

import json
from datetime import date, timedelta
from typing import Any

import pytest

from jutsu_dagster.core.errors import DataError
from jutsu_dagster.research.memory import memory_row, remembered, upsert
from jutsu_dagster.research.meta_review import blocking, is_contradictory, meta_review
from jutsu_dagster_tests.research.made import DAY

SYMBOLS = {"ETH_main": "ETHUSDT", "ETH_slow": "ETHUSDT", "v3_5b": "QQQ"}


def night(day: date, tier: str = "tier2", delta: float = 0.0) -> dict[str, Any]:
    tiers: dict[str, list[str]] = {"tier1": [], "tier2": [], "tier3": []}
    tiers[tier].append("ETH_main")
    tuner = {"proposals": {"ETH_main": {"conf_min_delta": delta, "exploration_cap_delta": 0}}}
    return memory_row(day, {"reflection": {"tiers": tiers}, "tuner": tuner})


def nights(*deltas: float, tiers: str = "") -> list[dict[str, Any]]:
    first = DAY - timedelta(days=len(deltas) - 1)
    labels = tiers or "2" * len(deltas)
    return [
        night(first + timedelta(days=at), f"tier{labels[at]}", delta)
        for at, delta in enumerate(deltas)
    ]


def types(rows: list[dict[str, Any]], self_eval: dict[str, Any] | None = None) -> list[str]:
    report = meta_review(rows, DAY, SYMBOLS, self_eval)
    json.dumps(report, allow_nan=False)
    assert sum(report["issue_count_by_type"].values()) == len(report["issues"])
    return [issue["type"] for issue in report["issues"]]


def test_a_night_run_twice_is_one_row() -> None:
    rows: list[dict[str, Any]] = []
    for day in (DAY, DAY - timedelta(days=1), DAY):
        rows = upsert(rows, night(day))
    assert [row["partition"] for row in rows] == ["2025-01-30", "2025-01-31"]
    again = upsert(rows, night(DAY, "tier1"))
    assert again[0] == rows[0]
    assert again[1]["reflection"]["tiers"]["tier1"] == ["ETH_main"]


def test_memory_is_bounded_and_read_in_order_of_time() -> None:
    rows: list[dict[str, Any]] = []
    for back in range(60):
        rows = upsert(rows, night(DAY - timedelta(days=back)), kept=50)
    assert len(rows) == 50
    last = remembered(reversed(rows), DAY)
    assert [row["partition"][-2:] for row in last] == ["27", "28", "29", "30", "31"]


def test_a_night_does_not_remember_later_ones() -> None:
    rows = nights(0.0, 0.0, 0.0)
    early = remembered(rows, DAY - timedelta(days=1))
    assert [row["partition"] for row in early] == ["2025-01-29", "2025-01-30"]


def test_a_part_that_is_missing_is_null_and_one_that_is_unknown_refused() -> None:
    row = memory_row(DAY, {"drift": {"strategies": {}}})
    assert row["dream"] is None
    assert row["drift"] is not None
    with pytest.raises(DataError, match="no part drfit"):
        memory_row(DAY, {"drfit": {}})


def test_the_review_is_written_on_the_first_night_too() -> None:
    report = meta_review([], DAY, SYMBOLS)
    assert (report["issues"], report["memory_entries_analyzed"]) == ([], 0)
    assert report["ts"] == "2025-02-01T00:00:00Z"
    blank = memory_row(DAY, {})
    assert types([blank]) == []


def test_proposals_are_read_in_the_shape_they_are_written() -> None:
    # The recorded review looked elsewhere, and found nothing in any case.
    assert types(nights(0.02, -0.02, 0.02)) == ["contradictory_tuning"]


def test_a_zero_between_does_not_hide_a_contradiction() -> None:
    deltas = [0.02, 0.0, -0.02, 0.0, 0.02]
    assert types(nights(*deltas)) == ["contradictory_tuning"]
    assert not is_contradictory(deltas, zeros_count=True)
    assert types(nights(0.02, 0.0, 0.0, 0.0, -0.02)) == []


def test_every_issue_names_its_symbols_and_strategies() -> None:
    rows = nights(0.02, -0.02, 0.02, tiers="131")
    self_eval = {
        "summary": {
            "ETH_main": {"degraded": 2, "improved": 1},
            "v3_5b": {"degraded": 3, "improved": 3},
        }
    }
    report = meta_review(rows, DAY, SYMBOLS, self_eval)
    assert report["issue_count_by_type"] == {
        "tier_instability": 1,
        "contradictory_tuning": 1,
        "reflection_tuner_disagreement": 3,
        "tuner_harm_warning": 1,
    }
    for issue in report["issues"]:
        assert issue["symbols"] == ["ETHUSDT"]
        assert issue["strategies"] == ["ETH_main"]
        assert issue["details"]
    assert len(report["recommendations"]) == 4


def test_an_instability_blocks_its_own_strategy_only() -> None:
    # The recorded review wrote `symbol`, the filter read `symbols`: it never blocked.
    issues = meta_review(nights(0.0, 0.0, 0.0, tiers="121"), DAY, SYMBOLS)["issues"]
    assert blocking(issues, "ETHUSDT", "ETH_main") == ["tier_instability"]
    assert blocking(issues, "ETHUSDT", "ETH_slow") == []
    assert blocking(issues, "QQQ", "v3_5b") == []
    assert blocking(issues, "ETHUSDT") == ["tier_instability"]
    plain = [{"type": "tier_instability", "symbols": ["ETHUSDT"]}]
    assert blocking(plain, "ETHUSDT", "ETH_slow") == ["tier_instability"]
