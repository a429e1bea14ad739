"""The regime classifier, door by door."""

from __future__ import annotations

import numpy as np
import pytest

from jutsu_dagster.core.bars import Bars, FloatArray
from jutsu_dagster.core.council_regime import (
    CHANGE,
    CHOP,
    HIGH_VOL,
    RATIO,
    REGIMES,
    SHARE,
    SLOPE,
    SWING,
    TREND_DOWN,
    TREND_UP,
    UNKNOWN,
    regime_features,
    regime_labels,
)
from jutsu_dagster_tests.councils import council, of_closes, walk

ANY = -np.inf


def features(bars: Bars, window: int) -> FloatArray:
    return regime_features(bars.high[:, 0], bars.low[:, 0], bars.close[:, 0], window)


def label(profile: str, **last: float) -> int:
    """Return the label of one bar whose features are given; the others are of a calm chop."""
    found = {"share": 0.001, "ratio": 1.0, "slope": 0.0, "change": 0.0, "swing": 0.0} | last
    column = np.array([[found[name]] for name in ("share", "ratio", "slope", "change", "swing")])
    strategy = council(profile)
    rules = np.array([rule.row for rule in strategy.trend_rules])
    high_vol = (strategy.high_vol_atr, strategy.high_vol_ratio)
    return int(regime_labels(column, *high_vol, rules)[0])


def test_features_by_hand() -> None:
    closes = [100.0, 101.0, 100.5, 102.0] + [102.0 + k / 4 for k in range(1, 18)]
    found = features(of_closes(closes), 21)[:, -1]
    assert found[CHANGE] == pytest.approx(0.0625)
    assert found[SLOPE] == pytest.approx((106.25 - 101.0) / 19 / 100.0)
    assert found[SWING] == 0.0  # one peak, one trough
    assert found[SHARE] == pytest.approx(0.25 / 106.25)
    assert found[RATIO] == 1.0
    # In a window that begins at the peak, only the trough is inside.
    assert features(of_closes(closes), 20)[SWING, -1] == -1.0


def test_the_long_average_depends_on_how_much_is_seen() -> None:
    bars = walk(300, 2)
    assert np.array_equal(features(bars, 50)[RATIO], np.ones(300))
    ratios = {window: features(bars, window)[RATIO, -1] for window in (51, 100, 101, 300)}
    assert ratios[51] == ratios[100] != ratios[101] == ratios[300]


def test_too_few_closes_are_chop_and_a_gap_is_unknown() -> None:
    strategy = council("reference", regime_window=40)
    bars = walk(120, 2)
    assert set(strategy.direct(bars).regime[:19]) == {CHOP}
    bars.close[60] = np.nan
    regime = strategy.direct(bars).regime
    assert set(regime[60:100]) == {UNKNOWN}
    assert UNKNOWN not in regime[100:]


@pytest.mark.parametrize("profile", ["reference", "default"])
def test_volatility_goes_before_a_trend(profile: str) -> None:
    strong = {"slope": 0.01, "change": 0.2, "swing": 1.0}
    assert label(profile, **strong) == TREND_UP
    assert label(profile, **strong, share=0.018) == HIGH_VOL
    assert label(profile, **strong, ratio=1.10) == HIGH_VOL
    assert label(profile, **strong, share=0.0179, ratio=1.0999) == TREND_UP


def test_the_reference_has_three_doors_down_and_one_up() -> None:
    assert label("reference", slope=5e-5, change=0.01) == TREND_UP
    assert label("reference", slope=5e-5, change=0.01, swing=-1) == CHOP
    assert label("reference", slope=-5e-5, change=-0.01) == TREND_DOWN
    assert label("reference", slope=-1e-4, change=-0.002, swing=-1) == TREND_DOWN
    assert label("reference", slope=-5e-5, change=0.5, swing=-1) == TREND_DOWN
    assert label("reference", slope=1e-4, change=0.002, swing=1) == CHOP
    assert label("reference", slope=5e-5, change=-0.5, swing=1) == CHOP


def test_the_default_treats_up_and_down_alike() -> None:
    rng = np.random.default_rng(3)
    other = {TREND_UP: TREND_DOWN, TREND_DOWN: TREND_UP, CHOP: CHOP, HIGH_VOL: HIGH_VOL}
    seen = set()
    for _ in range(300):
        slope, change = rng.normal(0, 1e-4), rng.normal(0, 0.02)
        swing, ratio = float(rng.integers(-1, 2)), rng.normal(1.0, 0.1)
        one = label("default", slope=slope, change=change, swing=swing, ratio=ratio)
        two = label("default", slope=-slope, change=-change, swing=-swing, ratio=ratio)
        assert two == other[one]
        seen.add(one)
    assert seen == set(other)


def test_a_condition_that_is_not_stated_always_holds() -> None:
    rules = np.array([[1.0, ANY, ANY, ANY]])
    column = np.array([[0.0], [1.0], [1e-9], [-0.5], [-1.0]])
    assert regime_labels(column, 1.0, 2.0, rules)[0] == TREND_UP
    column[SLOPE] = 0.0
    assert regime_labels(column, 1.0, 2.0, rules)[0] == CHOP


def test_the_order_of_labels_is_fixed() -> None:
    # Stored decisions are indices.
    assert REGIMES == ("chop", "trend_up", "trend_down", "panic_down", "high_vol", "unknown")
