"""Evolver: what deserves more freedom; the rest is checked against the recorded table."""

from __future__ import annotations

import json
import math
from dataclasses import replace
from typing import Any

import pytest

from jutsu_dagster.research.evolver import Evidence, evolve, judge
from jutsu_dagster.research.horizons import trade_horizons
from jutsu_dagster.research.host import run_reflection
from jutsu_dagster.research.quality import quality_scores
from jutsu_dagster.research.reflection import reflection_input
from jutsu_dagster.research.trades import Subject, Trade
from jutsu_dagster_tests.research.made import DAY, ETH, QQQ, course

GOOD = Evidence(
    exp_pf=1.6, exp_trades=30, norm_pf=1.1, norm_trades=3, quality_score=75.0,
    exploration_closes=30,
)  # fmt: skip
POOR = Evidence(tier="tier1", exp_pf=0.0, exp_trades=9, norm_pf=0.4, norm_trades=8)


def test_a_good_strategy_goes_up_and_one_without_a_winner_down() -> None:
    up, down = judge(GOOD), judge(POOR)
    assert (up["promotion_candidate"], up["demotion_candidate"]) == (True, False)
    assert (up["suggested_conf_min_delta"], up["suggested_exploration_cap_delta"]) == (-0.02, 1)
    assert (down["promotion_candidate"], down["demotion_candidate"]) == (False, True)
    assert (down["suggested_conf_min_delta"], down["suggested_exploration_cap_delta"]) == (0.02, -1)


@pytest.mark.parametrize(
    "change",
    [
        {"tier": "tier1"}, {"tier": "tier3"}, {"exp_pf": None}, {"exp_pf": 1.49},
        {"exp_trades": 5}, {"norm_pf": None}, {"norm_pf": 0.99}, {"norm_trades": 1},
        {"quality_score": 69.9}, {"degraded": 2}, {"exploration_closes": 19},
    ],
)  # fmt: skip
def test_each_condition_of_a_promotion_counts(change: dict[str, Any]) -> None:
    assert not judge(replace(GOOD, **change))["promotion_candidate"]


@pytest.mark.parametrize(
    "change",
    [{"quality_score": None}, {"degraded": 2, "improved": 1}, {"exp_pf": math.inf}],
)
def test_what_is_unknown_or_outweighed_does_not_count_against(change: dict[str, Any]) -> None:
    assert judge(replace(GOOD, **change))["promotion_candidate"]


def test_a_strategy_of_one_lane_is_asked_nothing_about_the_other() -> None:
    bare = replace(GOOD, norm_pf=None, norm_trades=0)
    assert not judge(bare)["promotion_candidate"]
    assert judge(replace(bare, one_lane=True))["promotion_candidate"]
    failing = replace(POOR, norm_pf=None, norm_trades=0)
    assert not judge(failing)["demotion_candidate"]
    assert judge(replace(failing, one_lane=True))["demotion_candidate"]


def test_a_spike_takes_the_deltas_with_the_promotion() -> None:
    spiking = judge(replace(GOOD, long_pf=0.9, short_pf=2.5))
    assert not spiking["promotion_candidate"]
    # The recorded evolver cancelled the promotion and left these.
    assert spiking["suggested_conf_min_delta"] == 0.0
    assert spiking["suggested_exploration_cap_delta"] == 0
    assert spiking["notes"]


def evolved(trades: list[Trade], *subjects: Subject) -> dict[str, Any]:
    given = reflection_input(trades, subjects, DAY)
    reflection = run_reflection(given)["output"]
    horizons = trade_horizons(trades, subjects, DAY)
    return evolve(subjects, reflection, given, quality_scores(given, {}), horizons)


def test_normal_results_are_read_where_they_are_written() -> None:
    normal = course(*[0.02, -0.01] * 3, lane="normal")
    given = reflection_input(normal, [ETH], DAY)
    scored = quality_scores(given, {})["scores"]["ETH_main"]
    # The recorded scorer read a key that nobody wrote: 50 and the dreams, whatever was earned.
    assert scored["score"] == 57.0


def test_the_artefact_has_a_row_for_every_strategy() -> None:
    # Profit factor 1.45: tier 2, and all of it in the long horizon.
    found = evolved(course(*[0.0145, -0.01] * 12), ETH, QQQ)
    json.dumps(found, allow_nan=False)
    assert [row["strategy_id"] for row in found["summary"]] == ["ETH_main", "v3_5b"]
    assert [row["symbol"] for row in found["summary"]] == ["ETHUSDT", "QQQ"]
    assert [row["tier"] for row in found["summary"]] == ["tier2", "tier2"]
    assert found["summary"][1]["quality_score"] == 50.0
    losing = evolved(course(*[-0.01] * 9), ETH)["summary"][0]
    assert (losing["tier"], losing["demotion_candidate"]) == ("tier3", False)
