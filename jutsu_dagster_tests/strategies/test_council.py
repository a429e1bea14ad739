"""The contract of the council, in both profiles: pure, causal, without units, whole by parts."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np
import pytest

from jutsu_dagster.core.bars import PRICE_FIELDS
from jutsu_dagster.core.council_regime import REGIMES
from jutsu_dagster.core.errors import DataError, StrategyError
from jutsu_dagster.strategies.council import Council
from jutsu_dagster_tests.councils import assert_same, changed, council, parameters, walk
from jutsu_dagster_tests.walks import scaled

PROFILES = ("reference", "default")
# Of the default profile, everything that a file can say otherwise.
CHANGES: list[dict[str, Any]] = [
    {},
    {"regime_window": 20},
    {"signal_window": 100, "min_bars": 30},
    {"weights_chop": {"meanrev": 0.5, "flow": 0.5}, "masks": {"trend_up": ["flow"]}},
    {"high_vol_ratio": 1.5, "dead_zone": 0.2},
    {"conf_min": {"trend": 0.6}, "exploration_cap": 5},
]


@pytest.fixture(params=PROFILES)
def strategy(request: pytest.FixtureRequest) -> Council:
    return council(request.param, regime_window=120)


def test_the_future_cannot_change_the_past(strategy: Council) -> None:
    bars = walk(900)
    whole = strategy.direct(bars)
    for known in (1, 2, 26, 199, 200, 777, 899):
        assert_same(strategy.direct(bars.head(known)), whole, slice(None), slice(0, known))
    other = strategy.direct(changed(bars, slice(600, None), 1.5))
    assert_same(other, whole, slice(0, 600))
    assert (other.direction[600:] != whole.direction[600:]).any()


def test_a_decision_is_a_function_of_its_windows_to_the_last_bit(strategy: Council) -> None:
    bars = walk(900, 2)
    whole, first = strategy.direct(bars), strategy.warmup_bars
    for start in (1, 3, 96, 500):
        part = strategy.direct(bars.window(start, len(bars)))
        assert_same(part, whole, slice(first, None), slice(start + first, None))


def test_day_by_day_equals_at_once(strategy: Council) -> None:
    bars, first = walk(600, 3), strategy.warmup_bars
    whole = strategy.direct(bars)
    for day in range(288, 600, 96):
        part = strategy.direct(bars.window(day - first, day + 96))
        assert_same(part, whole, slice(first, None), slice(day, min(day + 96, 600)))


@pytest.mark.parametrize("power", [-11, 4])
def test_a_price_has_no_unit_in_the_default_profile(power: int) -> None:
    default, bars = council("default"), walk(700, 4)
    one, two = default.direct(bars), default.direct(scaled(bars, 2.0**power))
    assert_same(one, two)
    # Of another factor only rounding can remain.
    odd = default.direct(scaled(bars, 1.0 / 3700.0))
    assert np.mean(odd.direction != one.direction) < 0.01
    np.testing.assert_allclose(odd.diagnostics["score"], one.diagnostics["score"], atol=1e-9)
    more = replace(bars, volume=bars.volume * 8.0)
    assert_same(default.direct(more), one)


def test_the_reference_profile_has_one_as_recorded() -> None:
    bars = walk(700, 4)
    one, two = (council("reference").direct(scaled(bars, factor)) for factor in (1.0, 2.0**-11))
    name = "score_momentum"
    assert not np.array_equal(one.diagnostics[name], two.diagnostics[name])


def test_a_missing_bar_has_no_decision_and_spoils_only_its_windows(strategy: Council) -> None:
    bars = walk(700, 5)
    whole = strategy.direct(bars)
    gap = {name: getattr(bars, name).copy() for name in (*PRICE_FIELDS, "volume")}
    for values in gap.values():
        values[300] = np.nan
    decision = strategy.direct(replace(bars, **gap))
    assert decision.direction[300] == decision.confidence[300] == 0.0
    assert decision.regimes[decision.regime[300]] == "unknown"
    assert_same(decision, whole, slice(0, 300))
    assert_same(decision, whole, slice(501, None))
    assert np.isfinite(decision.confidence).all()


def test_a_short_series_is_decided_once_there_are_enough_bars(strategy: Council) -> None:
    for count in (0, 1, strategy.min_bars - 1):
        decision = strategy.direct(walk(300).head(count))
        assert len(decision.regime) == count
        assert not decision.direction.any()
        assert not decision.confidence.any()
    assert strategy.direct(walk(300)).direction[strategy.min_bars - 1] != 0


def test_decisions_are_what_the_contract_says(strategy: Council) -> None:
    decision = strategy.direct(walk(500))
    dtypes = [getattr(decision, name).dtype for name in ("direction", "confidence", "regime")]
    assert [str(dtype) for dtype in dtypes] == ["int8", "float64", "int64"]
    assert set(np.unique(decision.direction)) <= {-1, 0, 1}
    assert decision.confidence.min() >= 0.0
    assert decision.confidence.max() <= 1.0
    assert decision.regimes == REGIMES
    assert all(len(values) == 500 for values in decision.diagnostics.values())


def test_sets_together_decide_as_each_alone() -> None:
    sets = [council("default", **change) for change in CHANGES] + [council("reference")]
    bars = walk(600, 6)
    together = Council.direct_many(sets, bars)
    for one, decision in zip(sets, together, strict=True):
        assert_same(one.direct(bars), decision)
    # What only trades otherwise decides the same, and is not decided again.
    assert together[-2] is together[0]
    assert len({id(decision) for decision in together}) == len(sets) - 1


def test_one_wish_is_one_hash_however_it_is_written() -> None:
    values = parameters("default")
    signals = dict(reversed(values["signals"].items()))
    signals["RSI_14"] = signals["RSI_14"] | {"votes": {"meanrev": -1, "flow": 0, "momentum": 1.0}}
    masks = {"trend_up": ["flow", "momentum"], "chop": ["meanrev"]}
    same = dict(reversed(masks.items())) | {"trend_up": ["momentum", "flow"]}
    one = Council.model_validate(values | {"masks": masks})
    two = Council.model_validate(values | {"masks": same, "signals": signals})
    assert one.parameter_hash == two.parameter_hash
    assert one.decision_key == two.decision_key
    again = Council.model_validate_json(one.model_dump_json())
    assert again.parameter_hash == one.parameter_hash
    assert len({council("default", **change).parameter_hash for change in CHANGES}) == len(CHANGES)


def test_another_symbols_bars_and_a_split_are_refused() -> None:
    bars = walk(50)
    with pytest.raises(DataError, match="BTCUSDT"):
        council("default", symbol="BTCUSDT").direct(bars)
    bars.splits[20] = 2.0
    with pytest.raises(StrategyError, match="ETHUSDT was split"):
        council("default").direct(bars)
