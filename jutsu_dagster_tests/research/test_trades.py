"""Closed trades: read from rows, ordered, and cut where the night ends."""

from __future__ import annotations

import json
import math
import random
from typing import Any

import pytest

from jutsu_dagster.core.errors import DataError
from jutsu_dagster.research.trades import (
    known_by,
    of_strategy,
    ordered,
    read_pf,
    read_trades,
    since,
    tally,
)
from jutsu_dagster_tests.research.made import DAY, course, trade

ROWS: list[dict[str, Any]] = [
    {"ts": "2025-01-02T00:15:00Z", "type": "open", "regime": "trend_up"},
    {"ts": "2025-01-02T01:00:00Z", "type": "close", "regime": "chop", "pct": 0.01, "dir": 1},
    {"ts": "2025-01-02T01:00:00Z", "type": "open", "regime": "high_vol"},
    {"ts": "2025-01-02T02:00:00Z", "type": "close", "regime": "chop", "pct": -0.02, "dir": -1},
]


def test_the_order_of_a_file_does_not_matter() -> None:
    rows = [{"strategy_id": "ETH_main", "symbol": "ETHUSDT", **row} for row in ROWS]
    expected = read_trades(rows)
    assert [one.pct for one in expected] == [0.01, -0.02]
    for seed in range(20):
        random.Random(seed).shuffle(rows)  # noqa: S311  (an order, no secret)
        assert read_trades(rows) == expected


def test_a_trade_knows_the_regime_that_it_was_entered_in() -> None:
    first, second = read_trades({"variant_id": "ETH_main", "symbol": "E", **row} for row in ROWS)
    assert (first.regime, first.known_regime) == ("chop", "trend_up")
    assert second.known_regime == "high_vol"
    assert trade(0.01, regime="trend_down").known_regime == "trend_down"


def test_trades_of_one_moment_have_one_order() -> None:
    trades = [trade(0.01), trade(0.02), trade(0.01, strategy_id="BTC_main")]
    assert ordered(trades) == ordered(reversed(trades))


def test_the_future_is_not_known() -> None:
    trades = [*course(0.01, 0.02), trade(0.5, -1)]
    assert [one.pct for one in known_by(trades, DAY)] == [0.01, 0.02]
    assert [one.pct for one in since(trades, DAY, 1)] == [0.02]
    midnight = trade(0.3, ts="2025-02-01T00:00:00Z")
    assert midnight not in known_by([midnight], DAY)


def test_any_form_of_a_time_becomes_one() -> None:
    rows = [{"ts": "2025-01-02T02:00:00+01:00", "pct": 0.1}, {"ts": "2025-01-02", "pct": 0.2}]
    found = [one.ts for one in read_trades(rows)]
    assert found == ["2025-01-02T00:00:00Z", "2025-01-02T01:00:00Z"]


@pytest.mark.parametrize(
    ("row", "said"),
    [
        ({"ts": "today", "pct": 0.1}, "has no time"),
        ({"pct": 0.1}, "has no time"),
        ({"ts": "2025-01-02", "pct": None}, "has no result"),
        ({"ts": "2025-01-02", "pct": math.nan}, "has no result"),
        ({"ts": "2025-01-02", "pct": True}, "has no result"),
    ],
)
def test_a_row_that_is_no_trade_is_named(row: dict[str, object], said: str) -> None:
    with pytest.raises(DataError, match=said):
        read_trades([{"strategy_id": "ETH_main", **row}])


def test_a_record_without_losers_is_strict_json_and_still_known() -> None:
    row = tally([0.01, 0.02]).row()
    assert row["exp_pf"] is None
    assert read_pf(json.loads(json.dumps(row, allow_nan=False))) == math.inf
    assert read_pf(tally([0.0]).row()) is None
    assert read_pf(tally([-0.01]).row()) == 0.0
    assert read_pf(None) is None


def test_lanes_are_told_apart() -> None:
    rows = [{"ts": "2025-01-02", "pct": 0.1, "strategy_id": "x", "trade_kind": "normal"}]
    (one,) = read_trades(rows)
    assert of_strategy([one], "x", "normal") == [one]
    assert of_strategy([one], "x", "exploration") == []
