"""The council's raw signals: once per symbol and bar, whatever parameter sets read them."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np

from jutsu_dagster.core.bars import FloatArray
from jutsu_dagster.core.council_indicators import (
    directional_index,
    macd_histogram,
    relative_strength,
    vwap_distance,
)
from jutsu_dagster.core.windows import change, true_range, window_extent, window_mean, window_std

# In the order in which a bucket sums them, so that equal parameter sets give equal bits.
COMPUTED = (
    "Ret_G5", "RSI_14", "MACD_Hist", "VWAP_Dist", "ATRp", "BB_Width", "Vol_Delta", "RET_1H",
    "RET_4H", "ADX_14", "CHOP_14", "REALVOL_15", "REALVOL_60", "VOL_Z_20", "BODY_PCT",
    "WICK_RATIO", "BREAKOUT_ATR",
)  # fmt: skip
# Named, but candles do not hold them: missing at every bar.
EXTERNAL = ("Funding_Bias", "OI_Beta", "Session_Heat", "Event_Cooldown", "Spread_Normalized")
SIGNALS = (*COMPUTED, *EXTERNAL)
EDGE = ("edge_dir", "edge_conf", "edge_combined")

# The longest of the fixed windows: sixty returns.
SHORTEST_WINDOW = 61

_ATR, _BAND = 14, 20
_EDGE_DEAD_ZONE = 0.05


def raw_signals(
    high: FloatArray, low: FloatArray, open_: FloatArray, close: FloatArray, volume: FloatArray,
    window: int,
) -> dict[str, FloatArray]:  # fmt: skip
    """Return every signal that candles give; each value a function of its trailing window.

    Parameters
    ----------
    high, low, open_, close : float64 of shape (T,)
        Quote currency.
    volume : float64 of shape (T,)
    window : int
        Bars of the window, at least SHORTEST_WINDOW. Its first bar seeds every recursion; a
        series' first bars have a shorter one.

    Returns
    -------
    dict of name to float64 of shape (T,)
        The keys are COMPUTED. Ratios are fractions, not percent; ``MACD_Hist`` is in quote
        currency. NaN where there are too few bars, or a division by zero.
    """
    # A window without movement or volume has no ratio: the NaN says so.
    with np.errstate(divide="ignore", invalid="ignore"):
        ranges = true_range(high, low, close)
        atr = window_mean(ranges, _ATR)
        band, traded = window_mean(close, _BAND), window_mean(volume, _BAND)
        spread = 2.0 * window_std(close, _BAND)
        returns = change(close, 1)
        body = np.abs(close - open_)
        wicks = high - np.maximum(open_, close) + np.minimum(open_, close) - low
        covered = _ATR * atr / window_extent(high, low, _ATR)
        # Where nothing was covered there is no logarithm either.
        log = np.log10(np.where(np.isfinite(covered) & (covered > 0.0), covered, np.nan))
        shift = (volume - traded) / window_std(volume, _BAND)
        # As recorded, a z-score wants one bar more than its window.
        shift[:_BAND] = np.nan
        by_atr = body / atr
        found = {
            "Ret_G5": change(close, 5),
            "RSI_14": relative_strength(close, _ATR),
            "MACD_Hist": macd_histogram(close, window, 12, 26, 9),
            "VWAP_Dist": vwap_distance(close, volume, window),
            "ATRp": atr / close,
            "BB_Width": ((band + spread) - (band - spread)) / band,
            "Vol_Delta": (volume - traded) / traded,
            "RET_1H": change(close, 4),
            "RET_4H": change(close, 16),
            "ADX_14": directional_index(high, low, ranges, _ATR),
            "CHOP_14": 100.0 * log / np.log10(float(_ATR)),
            "REALVOL_15": _volatility(returns, 15),
            "REALVOL_60": _volatility(returns, 60),
            "VOL_Z_20": shift,
            "BODY_PCT": by_atr,
            "WICK_RATIO": np.where(body == 0.0, 0.0, wicks / body),
            "BREAKOUT_ATR": by_atr,
        }
    return {name: _finite(found[name]) for name in COMPUTED}


def edge(raw: Mapping[str, FloatArray]) -> dict[str, FloatArray]:
    """Return the recorded runner's edge triple, which no decision reads; keys are EDGE.

    Parameters
    ----------
    raw : mapping of name to float64 of shape (T,)
        As of ``raw_signals``, missing values filled in.
    """
    with np.errstate(divide="ignore", invalid="ignore"):
        score = (
            0.6 * np.tanh(raw["Ret_G5"] / raw["ATRp"])
            + 0.3 * np.tanh((raw["RSI_14"] - 50.0) / 15.0)
            + 0.2 * np.tanh(5.0 * raw["MACD_Hist"])
        )
    return {
        "edge_dir": np.sign(np.where(np.abs(score) > _EDGE_DEAD_ZONE, score, 0.0)),
        "edge_conf": np.minimum(np.abs(score), 1.0),
        "edge_combined": raw["Ret_G5"],
    }


def _finite(values: FloatArray) -> FloatArray:
    return np.where(np.isfinite(values), values, np.nan)


def _volatility(returns: FloatArray, window: int) -> FloatArray:
    """Deviation of the last returns; as recorded, it begins with as many closes as returns."""
    out = window_std(returns, window)
    out[window - 1 : window] = window_std(returns[:window], window - 1)[window - 1 :]
    return out
