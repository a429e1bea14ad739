"""Councils and candles for their tests: both profiles, seeded walks, and series by hand."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import yaml

from jutsu_dagster.core.bars import PRICE_FIELDS, Bars, FloatArray
from jutsu_dagster.strategies.council import Council

HERE = Path(__file__).parent
FILES = {
    "reference": HERE / "data" / "council_reference.yaml",
    "default": HERE.parent / "config" / "strategies" / "ETH_main.yaml",
}
SYMBOL = "ETHUSDT"


def parameters(profile: str) -> dict[str, Any]:
    """Return the parameters of a profile's file, symbols among them."""
    document = yaml.safe_load(FILES[profile].read_text(encoding="utf-8"))
    return {**document["strategy"]["parameters"], **document["symbols"]}


def council(profile: str, **changes: Any) -> Council:
    """Return a profile with other values of some fields."""
    return Council.model_validate({**parameters(profile), **changes})


def candles(
    open_: FloatArray, high: FloatArray, low: FloatArray, close: FloatArray, volume: FloatArray
) -> Bars:
    """Return 15-minute bars of one symbol from its arrays, shape (T,)."""
    fields = {"open": open_, "high": high, "low": low, "close": close, "volume": volume}
    start = np.datetime64("2025-01-01", "s")
    return Bars(
        symbols=(SYMBOL,),
        timestamps=start + np.arange(len(close)) * np.timedelta64(900, "s"),
        **{name: np.asarray(values, dtype=np.float64)[:, None] for name, values in fields.items()},
        splits=np.ones((len(close), 1)),
    )


def from_frame(frame: pd.DataFrame) -> Bars:
    """Return recorded candles; only the order of their times matters here."""
    names = ("open", "high", "low", "close", "volume")
    return candles(*(frame[name].to_numpy(np.float64) for name in names))


def of_closes(close: Sequence[float], reach: float = 0.0) -> Bars:
    """Return candles that open at the previous close and reach ``reach`` beyond both ends."""
    closes = np.array(close, dtype=np.float64)
    opens = np.concatenate([closes[:1], closes[:-1]])
    high, low = np.maximum(opens, closes) + reach, np.minimum(opens, closes) - reach
    return candles(opens, high, low, closes, np.full(len(closes), 100.0))


def walk(count: int = 3000, seed: int = 1, *, price: float = 2000.0) -> Bars:
    """Return a seeded walk whose drift turns every two days and whose volatility daily."""
    rng = np.random.default_rng(seed)
    steps, days = 4, count // 96 + 1
    volatility = 0.004 * np.exp(np.repeat(rng.normal(0, 0.5, days), 96)[:count])
    drift = np.repeat(rng.choice([-0.0004, 0.0, 0.0004], days // 2 + 1), 192)[:count]
    inside = rng.normal(0, 1, (count, steps)) * volatility[:, None] / 2 + drift[:, None] / steps
    path = np.log(price) + np.cumsum(inside).reshape(count, steps)
    close = path[:, -1]
    open_ = np.concatenate([[np.log(price)], close[:-1]])
    high, low = np.maximum(path.max(axis=1), open_), np.minimum(path.min(axis=1), open_)
    volume = rng.lognormal(6, 0.6, count) * (1 + np.abs(inside.sum(axis=1)) / volatility)
    return candles(np.exp(open_), np.exp(high), np.exp(low), np.exp(close), np.round(volume, 3))


def candle_rows(count: int = 700) -> pd.DataFrame:
    """Return a walk as the rows of a candles file, its times as text."""
    bars = walk(count)
    columns = {name: getattr(bars, name)[:, 0] for name in (*PRICE_FIELDS, "volume")}
    return pd.DataFrame({"ts": [f"{ts}Z" for ts in bars.timestamps.tolist()], **columns})


def changed(bars: Bars, rows: slice | int, factor: float) -> Bars:
    """Return the bars with prices and volume of some rows multiplied."""
    fields = {name: getattr(bars, name).copy() for name in (*PRICE_FIELDS, "volume")}
    for values in fields.values():
        values[rows] *= factor
    return replace(bars, **fields)


def assert_same(
    one: Any, other: Any, rows: slice = slice(None), rows_2: slice | None = None
) -> None:
    """Compare two decisions bit for bit over some rows of each."""
    second = rows if rows_2 is None else rows_2
    for name in ("direction", "confidence", "regime"):
        np.testing.assert_array_equal(getattr(one, name)[rows], getattr(other, name)[second], name)
    assert one.diagnostics.keys() == other.diagnostics.keys()
    for name, values in one.diagnostics.items():
        np.testing.assert_array_equal(values[rows], other.diagnostics[name][second], name)
