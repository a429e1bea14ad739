"""The nightly summary says of every step what became of it, and why."""

from __future__ import annotations

from jutsu_dagster.research.summary import nightly_summary
from jutsu_dagster_tests.research.made import DAY

STEPS = ["strategies", "drift", "memory", "meta", "variants", "extra"]
NEEDS = {"memory": ["drift"], "meta": ["memory"], "variants": ["strategies", "meta"]}


def test_a_good_night_is_ok_throughout() -> None:
    found = nightly_summary(DAY, STEPS, dict.fromkeys(STEPS), NEEDS, ["caught up"])
    assert found["ts"] == "2025-02-01T00:00:00Z"
    assert [step["name"] for step in found["steps"]] == STEPS
    assert all(step == {"name": step["name"], "status": "OK"} for step in found["steps"])
    assert found["notes"] == ["caught up"]


def test_a_failed_step_is_named_by_all_that_it_stopped() -> None:
    results = {"strategies": None, "drift": "no trades", "extra": None}
    steps = {step["name"]: step for step in nightly_summary(DAY, STEPS, results, NEEDS)["steps"]}
    assert steps["drift"] == {"name": "drift", "status": "FAILED", "error": "no trades"}
    for name in ("memory", "meta", "variants"):
        assert steps[name]["status"] == "SKIPPED"
        assert steps[name]["error"] == "because of drift"
    assert steps["extra"]["status"] == "OK"


def test_every_failure_that_stopped_a_step_is_named() -> None:
    results = {"strategies": "no bars", "drift": None, "memory": None, "meta": "bad row"}
    steps = nightly_summary(DAY, STEPS, results, NEEDS)["steps"]
    assert steps[4]["error"] == "because of strategies, meta"


def test_a_step_that_nothing_stopped_was_not_run() -> None:
    found = nightly_summary(DAY, ["a", "b"], {}, {"a": ["b"], "b": ["a"]})
    assert {step["error"] for step in found["steps"]} == {"was not run"}
