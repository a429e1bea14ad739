"""Bars for the tests of core and strategies: by hand, and by seeded random walks."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import date

import numpy as np

from jutsu_dagster.core.bars import PRICE_FIELDS, Bars, FloatArray
from jutsu_dagster.core.calendar import sessions_between

ETFS = ("TQQQ", "QQQ", "PSQ", "TMF", "TMV", "TLT")
_FIELDS = (*PRICE_FIELDS, "volume", "splits")


def days(
    count: int, first: date = date(2015, 1, 2)
) -> np.ndarray[tuple[int], np.dtype[np.datetime64]]:
    """Return ``count`` XNYS sessions from ``first`` on."""
    sessions = sessions_between(first, date(first.year + 1 + count // 240, 12, 31))
    return sessions[:count].astype("datetime64[s]")


def bars_of(
    close: Sequence[Sequence[float]],
    *,
    open_: Sequence[Sequence[float]] | None = None,
    splits: Mapping[tuple[int, int], float] | None = None,
    symbols: Sequence[str] | None = None,
) -> Bars:
    """Return bars of rows of closes, one column a symbol (A, B, … where not named)."""
    closes = np.array(close, dtype=np.float64)
    opens = closes if open_ is None else np.array(open_, dtype=np.float64)
    ratios = np.ones_like(closes)
    for cell, ratio in (splits or {}).items():
        ratios[cell] = ratio
    return Bars(
        symbols=tuple(symbols or "ABCDEFG"[: closes.shape[1]]),
        timestamps=days(len(closes)),
        open=opens,
        high=np.maximum(opens, closes),
        low=np.minimum(opens, closes),
        close=closes,
        volume=np.full_like(closes, 1000.0),
        splits=ratios,
    )


def walk(
    symbols: Sequence[str] = ETFS,
    count: int = 400,
    seed: int = 1,
    *,
    late: Mapping[str, int] | None = None,
    volatility: float = 0.015,
) -> Bars:
    """Return a walk whose drift and volatility change now and then, so that regimes do too.

    ``late`` maps a symbol to the row of its first bar.
    """
    rng = np.random.default_rng(seed)
    length = len(symbols)
    stretch = np.repeat(np.arange(count // 30 + 1), 30)[:count]
    drift = rng.normal(0, 0.004, stretch[-1] + 1)[stretch]
    scale = rng.choice([0.4, 1.0, 2.5], stretch[-1] + 1)[stretch] * volatility
    steps = rng.normal(drift[:, None], scale[:, None], (count, length))
    close = np.round(rng.uniform(20, 120, length) * np.exp(np.cumsum(steps, axis=0)), 6)
    open_ = np.round(close * np.exp(rng.normal(0, 0.004, close.shape)), 6)
    volume = np.round(rng.lognormal(14, 0.4, close.shape))
    bars = Bars(
        symbols=tuple(symbols),
        timestamps=days(count),
        open=open_,
        high=np.maximum(open_, close) * 1.01,
        low=np.minimum(open_, close) * 0.99,
        close=close,
        volume=volume,
        splits=np.ones_like(close),
    )
    for symbol, first in (late or {}).items():
        for name in (*PRICE_FIELDS, "volume"):
            getattr(bars, name)[:first, bars.column(symbol)] = np.nan
    return bars


def with_split(bars: Bars, symbol: str, row: int, ratio: float) -> Bars:
    """Return the same market, but ``symbol`` splits at ``row``: later prices are divided."""
    column = bars.column(symbol)
    changed = {name: getattr(bars, name).copy() for name in _FIELDS}
    for name in PRICE_FIELDS:
        changed[name][row:, column] /= ratio
    changed["volume"][row:, column] *= ratio
    changed["splits"][row, column] = ratio
    return replace(bars, **changed)


def scaled(bars: Bars, factor: float) -> Bars:
    """Return the bars with every price multiplied by ``factor``."""
    return replace(bars, **{name: getattr(bars, name) * factor for name in PRICE_FIELDS})


def constant(values: Sequence[float], count: int) -> FloatArray:
    """Return ``count`` equal rows."""
    return np.tile(np.array(values, dtype=np.float64), (count, 1))
