"""The council's indicators: worked by hand, and again by plain recursions over one window."""

from __future__ import annotations

import numpy as np
import pytest

from jutsu_dagster.core.bars import Bars, FloatArray
from jutsu_dagster.core.council_indicators import (
    directional_index,
    macd_histogram,
    relative_strength,
    vwap_distance,
)
from jutsu_dagster.core.council_signals import COMPUTED, raw_signals
from jutsu_dagster.core.windows import true_range
from jutsu_dagster_tests.councils import of_closes, walk


def signals(bars: Bars, window: int = 200) -> dict[str, FloatArray]:
    high, low, open_ = bars.high[:, 0], bars.low[:, 0], bars.open[:, 0]
    return raw_signals(high, low, open_, bars.close[:, 0], bars.volume[:, 0], window)


def test_strength_is_a_ratio_of_plain_means() -> None:
    close = np.array([10.0, 13.0, 12.0, 12.0, 14.0])
    # Gains 3 + 2, losses 1: 100 - 100 / (1 + 5).
    assert relative_strength(close, 4)[4] == pytest.approx(100.0 - 100.0 / 6.0)
    assert np.isnan(relative_strength(close, 4)[:4]).all()
    assert relative_strength(np.arange(1.0, 6.0), 4)[4] == 100.0
    assert relative_strength(np.full(5, 3.0), 4)[4] == 50.0
    assert relative_strength(np.arange(6.0, 1.0, -1.0), 4)[4] == 0.0


def test_the_volume_weighted_mean_takes_closes() -> None:
    close, volume = np.array([10.0, 20.0, 30.0]), np.array([1.0, 1.0, 2.0])
    # Whole series: 90 / 4 = 22.5; the last two: 80 / 3.
    assert vwap_distance(close, volume, 200)[2] == pytest.approx(30.0 / 22.5 - 1.0)
    assert vwap_distance(close, volume, 2)[2] == pytest.approx(30.0 / (80.0 / 3.0) - 1.0)
    assert np.isnan(vwap_distance(close, np.zeros(3), 2)).all()


def by_recursion(close: FloatArray) -> float:
    """Return the last histogram of one window, average after average."""

    def smooth(values: FloatArray, span: int) -> FloatArray:
        out, alpha = [values[0]], 2.0 / (span + 1)
        for value in values[1:]:
            out.append(alpha * value + (1.0 - alpha) * out[-1])
        return np.array(out)

    gap = smooth(close, 12) - smooth(close, 26)
    return float((gap - smooth(gap, 9))[-1])


@pytest.mark.parametrize("window", [61, 200])
def test_the_histogram_of_each_bar_starts_anew(window: int) -> None:
    close = walk(430, 4).close[:, 0]
    ours = macd_histogram(close, window, 12, 26, 9)
    expected = [by_recursion(close[max(0, t - window + 1) : t + 1]) for t in range(len(close))]
    np.testing.assert_array_equal(ours, expected)


def test_on_a_tie_of_rise_and_fall_the_fall_counts() -> None:
    high, low = np.array([10.0, 11.0, 12.0]), np.array([9.0, 8.0, 7.0])
    ranges = true_range(high, low, np.array([9.5, 9.5, 9.5]))
    # Every bar widens by one on both sides: only falls, so the index is as far as it goes.
    assert directional_index(high, low, ranges, 2)[2] == 100.0


def test_the_index_of_a_steady_rise_is_full() -> None:
    high = np.arange(10.0, 60.0)
    low, close = high - 1.0, high - 0.5
    index = directional_index(high, low, true_range(high, low, close), 14)
    assert np.isnan(index[:26]).all()
    np.testing.assert_array_equal(index[26:], 100.0)


def test_signals_by_hand() -> None:
    bars = of_closes([100.0] * 61 + [104.0, 102.0], reach=1.0)
    found = {name: values[-1] for name, values in signals(bars).items()}
    # True ranges: twelve of 2, then 6 and 4; their mean is 34 / 14.
    atr = (12 * 2.0 + 6.0 + 4.0) / 14
    assert found["ATRp"] == pytest.approx(atr / 102.0)
    assert found["BODY_PCT"] == found["BREAKOUT_ATR"] == pytest.approx(2.0 / atr)
    assert found["WICK_RATIO"] == pytest.approx(1.0)
    assert found["CHOP_14"] == pytest.approx(100 * np.log10(34 / 6) / np.log10(14))
    assert found["Ret_G5"] == found["RET_1H"] == found["RET_4H"] == pytest.approx(0.02)
    assert found["RSI_14"] == pytest.approx(100 - 100 / 3)
    assert found["Vol_Delta"] == 0.0
    assert np.isnan(found["VOL_Z_20"])  # volume never changed
    closes = np.array([100.0] * 18 + [104.0, 102.0])
    assert found["BB_Width"] == pytest.approx(4 * closes.std(ddof=1) / closes.mean())
    assert found["VWAP_Dist"] == pytest.approx(102 / ((61 * 100 + 206) / 63) - 1)


def test_what_is_too_short_or_divides_by_nothing_is_missing() -> None:
    short = signals(walk(24, 3))
    missing = {name for name, values in short.items() if np.isnan(values[-1])}
    assert missing == {"ADX_14", "REALVOL_60"}
    flat = signals(of_closes([5.0] * 80))
    nothing = {name for name, values in flat.items() if np.isnan(values[-1])}
    assert nothing == {"ADX_14", "CHOP_14", "VOL_Z_20", "BODY_PCT", "BREAKOUT_ATR"}
    assert {len(values) for values in signals(walk(2).head(0)).values()} == {0}


def test_volatility_begins_one_return_early_as_recorded() -> None:
    bars = walk(80, 5)
    returns = np.diff(bars.close[:, 0]) / bars.close[:-1, 0]
    found = signals(bars)["REALVOL_60"]
    assert np.isnan(found[:59]).all()
    assert found[59] == pytest.approx(returns[:59].std(ddof=1))
    assert found[60] == pytest.approx(returns[:60].std(ddof=1))


def test_a_signal_is_a_function_of_its_window_to_the_last_bit() -> None:
    bars, window = walk(700, 6), 61
    whole = signals(bars, window)
    for start in (1, 5, 64, 333):
        part = signals(bars.window(start, len(bars)), window)
        for name in COMPUTED:
            kept = slice(window - 1, None)
            np.testing.assert_array_equal(part[name][kept], whole[name][start:][kept], name)
