"""Dream: all trades of the day, judged by what was known at the entry."""

from __future__ import annotations

from typing import Any

import pytest

from jutsu_dagster.research.dream import (
    dream_counts,
    dream_input,
    label_of,
    recorded_label,
    review_by_rules,
    side_of,
)
from jutsu_dagster_tests.research.made import DAY, ETH, QQQ, trade


def labelled(pct: float, **changes: Any) -> str:
    (scenario,) = dream_input([trade(pct, **changes)], [ETH], DAY)["scenarios"]
    return label_of(scenario)[0]


@pytest.mark.parametrize(
    ("pct", "changes", "expected", "recorded"),
    [
        (0.05, {"regime": "trend_down"}, "bad", "good"),
        (0.05, {"regime": "trend_up"}, "good", "good"),
        (0.05, {"regime": "trend_up", "dir": -1}, "bad", "good"),
        (0.002, {"regime": "trend_down", "dir": -1}, "good", "flat"),
        (-0.05, {"regime": "trend_up"}, "neutral", "bad"),
        (-0.001, {"bars_open": 2}, "bad", "flat"),
        (-0.001, {"bars_open": 3}, "neutral", "flat"),
        (0.001, {"bars_open": 1}, "neutral", "flat"),
        (0.001, {"exit_reason": "timeout"}, "improve", "flat"),
        (-0.002, {"exit_reason": "timeout"}, "neutral", "flat"),
        (0.05, {"entry_regime": "trend_up", "regime": "trend_down"}, "good", "good"),
    ],
)
def test_a_label_says_whether_the_trade_was_right(
    pct: float, changes: dict[str, Any], expected: str, recorded: str
) -> None:
    assert labelled(pct, **changes) == expected
    assert recorded_label(pct) == recorded


@pytest.mark.parametrize(
    ("regime", "side"),
    [
        ("trend_up", 1), ("trend_down", -1), ("panic_down", -1), ("chop", 0), ("high_vol", 0),
        ("cell 2 (BullStrong, High)", 1), ("cell 6 (BearStrong, High)", -1),
        ("cell 3 (Sideways, Low)", 0), ("none", 0),
    ],
)  # fmt: skip
def test_regimes_of_every_kind_of_strategy_have_a_side(regime: str, side: int) -> None:
    assert side_of(regime) == side


def test_every_trade_of_the_day_is_reviewed_and_no_other() -> None:
    today = [trade(0.0001 * at, minute=at, regime="trend_up") for at in range(60)]
    other = trade(0.1, strategy_id="unknown")
    given = dream_input([*reversed(today), trade(0.5, 1), trade(0.5, -1), other], [ETH, QQQ], DAY)
    output = review_by_rules(given)
    assert len(output["scenario_reviews"]) == 60
    times = [review["time"] for review in output["scenario_reviews"]]
    assert times == sorted(times)
    # The recorded selection, ten best and ten worst, would have called half of them bad.
    counts = dream_counts([output, None, output])
    assert counts["ETH_main"]["good"] == 2 * 59
    assert counts["ETH_main"]["bad"] == 0


def test_a_day_without_trades_is_an_empty_dream() -> None:
    output = review_by_rules(dream_input([], [ETH], DAY))
    assert output["scenario_reviews"] == []
    assert dream_counts([output]) == {}
    bad = [trade(-0.01, minute=at, bars_open=1) for at in range(2)]
    (warning,) = review_by_rules(dream_input(bad, [ETH], DAY))["global_summary"]["warnings"]
    assert warning == "ETH_main: 2 bad trades"
