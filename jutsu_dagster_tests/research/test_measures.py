"""Horizons, drift, quality and the self-evaluation."""

from __future__ import annotations

import json
import random
from datetime import timedelta

import numpy as np
import pytest

from jutsu_dagster.research.drift import drift, drift_report, recorded_drift
from jutsu_dagster.research.horizons import trade_horizons
from jutsu_dagster.research.quality import quality_score
from jutsu_dagster.research.self_eval import TuningEvent, tuning_self_eval, verdict
from jutsu_dagster_tests.research.made import DAY, ETH, QQQ, course, trade


def test_horizons_count_trades_and_days() -> None:
    trades = course(*[0.01] * 60, -0.02, *[0.01] * 39)
    random.Random(1).shuffle(trades)  # noqa: S311  (an order, no secret)
    report = trade_horizons(trades, [ETH, QQQ], DAY)
    json.dumps(report, allow_nan=False)
    found = report["strategies"]["ETH_main"]
    counts = {name: row["exp_trades_count"] for name, row in found.items() if name != "symbol"}
    assert counts == {
        "short": 5, "medium": 10, "long": 100, "days_7": 7, "days_30": 30, "days_90": 90,
    }  # fmt: skip
    assert found["days_30"]["exp_pf"] is None
    assert found["days_90"]["exp_pf"] == pytest.approx(0.89 / 0.02)
    assert found["short"]["exit_reason_counts"]["reverse"] == 5
    empty = report["strategies"]["v3_5b"]
    assert empty["long"]["exp_trades_count"] == 0
    assert "volatility_std_pct" not in empty["long"]


def test_a_trade_after_the_night_changes_no_horizon() -> None:
    trades = course(0.01, -0.02, 0.03)
    expected = trade_horizons(trades, [ETH], DAY)
    assert trade_horizons([*trades, trade(9.0, -1)], [ETH], DAY) == expected


def test_closes_that_have_no_reason_of_the_origin_are_other() -> None:
    trades = [trade(0.01, exit_reason=name) for name in ("timeout", "low_conf", "rebalance", "sl")]
    counts = trade_horizons(trades, [ETH], DAY)["strategies"]["ETH_main"]["long"]
    assert counts["exit_reason_counts"]["other"] == 3
    assert counts["exit_reason_counts"]["sl"] == 1


def test_noise_drifts_by_the_recorded_rule_and_not_by_ours() -> None:
    rng = np.random.default_rng(7)
    recorded, ours = 0, 0
    for _ in range(500):
        pcts = rng.normal(0.0, 0.01, 60).tolist()
        recorded += recorded_drift(pcts)["status"] != "stable"
        ours += drift(pcts)["status"] != "stable"
    assert recorded > 350
    assert ours < 50


def test_drift_forgets_the_distant_past() -> None:
    awful_start = [-0.01, -0.02] * 10
    since_then = [0.01, -0.005, 0.012, 0.004] * 10
    assert recorded_drift(awful_start + since_then)["status"] == "improving"
    assert drift(awful_start + since_then)["status"] == "stable"


@pytest.mark.parametrize(("sign", "status"), [(1, "improving"), (-1, "degrading")])
def test_a_real_change_is_found(sign: int, status: str) -> None:
    rng = np.random.default_rng(1)
    early, late = rng.normal(0, 0.01, 20), rng.normal(0.02 * sign, 0.01, 20)
    found = drift([*early.tolist(), *late.tolist()])
    assert found["status"] == status
    expected = np.sqrt(early.var(ddof=1) / 20 + late.var(ddof=1) / 20)
    assert found["standard_error"] == pytest.approx(expected)


def test_too_few_trades_give_no_verdict_but_a_row() -> None:
    report = drift_report(course(*[0.01] * 39), [ETH, QQQ], DAY)
    json.dumps(report, allow_nan=False)
    statuses = {id_: row["status"] for id_, row in report["strategies"].items()}
    assert statuses == {"ETH_main": "insufficient_data", "v3_5b": "insufficient_data"}
    assert report["strategies"]["ETH_main"]["total_trades"] == 39
    constant = drift([0.01] * 20 + [0.02] * 20)
    assert constant["status"] == "improving"
    assert constant["delta_pf"] is None


def test_count_horizons_are_of_the_newest_trades() -> None:
    trades = course(*[-0.02] * 10, *[0.01] * 5, *[0.03] * 5)
    found = trade_horizons(reversed(trades), [ETH], DAY)["strategies"]["ETH_main"]
    assert found["short"]["avg_pct"] == pytest.approx(0.03)
    assert found["medium"]["avg_pct"] == pytest.approx(0.02)


def test_a_lane_without_trades_has_no_say_in_the_quality() -> None:
    assert quality_score(None, 0, 2.0, 0) == 50.0


def test_quality_stays_within_its_scale() -> None:
    assert quality_score(None, 0) == 50.0
    assert quality_score(float("inf"), 20, float("inf"), 9, {"good": 50}) == 100.0
    assert quality_score(0.0, 20, 0.1, 9, {"bad": 50}) == 0.0


def events(*, applied: bool, delta: float = -0.02) -> list[TuningEvent]:
    ts = f"{DAY - timedelta(days=4)}T00:00:00Z"
    return [TuningEvent(ts, "ETH_main", delta, applied=applied)]


def test_only_tuning_that_was_applied_is_judged() -> None:
    trades = course(*[0.01, -0.02] * 3, *[0.02, -0.01] * 2, 0.02)
    unapplied = tuning_self_eval(events(applied=False), trades, DAY)
    assert unapplied["summary"] == {}
    nothing = tuning_self_eval(events(applied=True, delta=0.0), trades, DAY)
    assert nothing["summary"] == {}
    recorded = tuning_self_eval(events(applied=False), trades, DAY, every_event=True)
    assert recorded["summary"]["ETH_main"]["improved"] == 1
    real = tuning_self_eval(events(applied=True), trades, DAY)
    assert real["summary"]["ETH_main"] == {"improved": 1, "degraded": 0, "inconclusive": 0}
    assert tuning_self_eval(events(applied=True), trades, DAY - timedelta(days=9))["events"] == []


WON, LOST, EVEN = [0.01] * 5, [-0.01] * 5, [0.01, -0.01, 0.01, -0.01, 0.0]


@pytest.mark.parametrize(
    ("before", "after", "expected"),
    [
        (EVEN, [0.02, -0.01, 0.01, -0.01, 0.0], "improved"),
        ([0.02, -0.01, 0.01, -0.01, 0.0], EVEN, "degraded"),
        (EVEN, EVEN, "inconclusive"),
        (EVEN, WON, "improved"),
        (WON, EVEN, "degraded"),
        (WON, WON, "inconclusive"),
        (LOST, EVEN, "improved"),
        (LOST, LOST, "inconclusive"),
        (EVEN, LOST, "degraded"),
        (EVEN, WON[:4], "inconclusive"),
    ],
)
def test_tuning_is_judged_by_what_was_earned_after_it(
    before: list[float], after: list[float], expected: str
) -> None:
    assert verdict(before, after) == expected
