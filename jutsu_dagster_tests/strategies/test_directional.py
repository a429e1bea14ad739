"""What every directional strategy has, a user's own above all."""

from __future__ import annotations

import numpy as np
import pytest
from pydantic import Field

from jutsu_dagster.core.bars import Bars
from jutsu_dagster.core.council_regime import REGIMES
from jutsu_dagster.core.errors import StrategyError
from jutsu_dagster.core.exploration_rules import ENTRY_BOUNDS
from jutsu_dagster.strategies.directional import (
    Directional,
    DirectionalStrategy,
    one_symbol,
)
from jutsu_dagster_tests.councils import council, of_closes


class Follow(DirectionalStrategy):
    """Follow the change over some bars, always in chop."""

    lag: int = Field(2, ge=1, le=100)

    @property
    def warmup_bars(self) -> int:
        return self.lag

    def direct(self, candles: Bars) -> Directional:
        close = one_symbol(candles, self.symbol)["close"]
        direction = np.zeros(len(close), dtype=np.int8)
        direction[self.lag :] = np.sign(close[self.lag :] - close[: -self.lag])
        return Directional(direction, np.abs(direction) * 0.9, np.zeros(len(close), dtype=np.int64))


def test_a_users_own_needs_nothing_but_bars_and_a_warm_up() -> None:
    decision = Follow().direct(of_closes([1.0, 2.0, 3.0, 2.5, 1.0]))
    assert decision.direction.tolist() == [0, 0, 1, 1, -1]
    assert decision.regimes == REGIMES
    assert Follow().universe == ("ETHUSDT",)
    assert Follow().signal_of_record == "ETHUSDT"
    assert (Follow().timeframe, Follow(timeframe="1h").timeframe) == ("15m", "1h")


@pytest.mark.parametrize(
    ("lag", "timeframe", "days"), [(96, "15m", 1), (97, "15m", 2), (25, "1h", 2), (9, "1d", 9)]
)
def test_a_warm_up_is_counted_in_whole_days(lag: int, timeframe: str, days: int) -> None:
    strategy = Follow.model_validate({"lag": lag, "timeframe": timeframe})
    assert strategy.warmup_sessions == days


def test_a_class_that_decides_nothing_says_so() -> None:
    bare = DirectionalStrategy()
    with pytest.raises(NotImplementedError, match="direct"):
        bare.direct(of_closes([1.0]))
    with pytest.raises(NotImplementedError, match="warmup_bars"):
        _ = bare.warmup_sessions


def test_sets_that_only_trade_otherwise_share_a_decision() -> None:
    sets = [Follow(), Follow(exploration_cap=7, max_bars_open=3), Follow(lag=3)]
    decisions = DirectionalStrategy.direct_many(sets, of_closes([1.0, 2.0, 3.0, 4.0]))
    assert decisions[0] is decisions[1]
    assert decisions[0] is not decisions[2]
    assert len({one.parameter_hash for one in sets}) == 3


def test_the_rules_of_the_engine_are_the_strategys_parameters() -> None:
    strategy = council("default", exploration_cap=5, cost_bps_per_side=3.0)
    rules = strategy.rules
    assert (rules.exploration_cap, rules.cost_bps_per_side, rules.max_bars_open) == (5, 3.0, 10)
    assert (rules.exit_min_conf, rules.reverse_min_conf) == (0.30, 0.60)
    stated = dict(zip(REGIMES, strategy.entry_min_conf.tolist(), strict=True))
    assert stated == {
        "chop": 0.72, "trend_up": 0.70, "trend_down": 0.70, "panic_down": 0.70, "high_vol": 0.71,
        "unknown": 0.72,
    }  # fmt: skip
    assert {label: rules.threshold(label) for label in REGIMES} == stated
    # Less than an entry may need can be stated, but never holds.
    low = council("reference")
    assert low.conf_min.chop == 0.25
    assert low.rules.threshold("chop") == ENTRY_BOUNDS[0]


def test_splits_are_refused() -> None:
    bars = of_closes([1.0, 2.0])
    bars.splits[1] = 3.0
    with pytest.raises(StrategyError, match="split"):
        Follow().direct(bars)
