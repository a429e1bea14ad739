"""What one backtest year did: its numbers, and the hash that names them."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from datetime import date
from typing import Any

import numpy as np

from jutsu_dagster.core.account import AccountKey, Segment
from jutsu_dagster.core.bars import FloatArray, TimeArray
from jutsu_dagster.core.metrics import equity_metrics
from jutsu_dagster.core.trade_statistics import trade_statistics
from jutsu_dagster.registry.config import StrategyConfig
from jutsu_dagster.reporting.balance import RegimeBalance
from jutsu_dagster.strategies.base import code_version


def backtest_account(config: StrategyConfig) -> AccountKey:
    """Return the key of the strategy's backtest account."""
    return AccountKey(config.strategy_id, "backtest")


def last_year(config: StrategyConfig) -> int:
    """Return the year of ``backtest.end``, or the last there is."""
    return config.backtest_end.year if config.backtest_end else date.max.year


@dataclass(frozen=True, eq=False, slots=True)
class Curve:
    """Days of an account without positions in shares, and its equity at their ends.

    Attributes
    ----------
    sessions : datetime64[D] of shape (T,)
    equity : float64 of shape (T,)
        Money; results add up, so it may pass below zero.
    opening : float
        Equity before them, money.
    stake : float
        Of every trade, money.
    """

    sessions: TimeArray
    equity: FloatArray
    opening: float
    stake: float

    @property
    def from_stake(self) -> FloatArray:
        """The equity that an account would have that began these days with the stake."""
        return self.stake + (self.equity - self.opening)

    def __len__(self) -> int:
        return len(self.sessions)


@dataclass(frozen=True, eq=False, slots=True)
class YearReport:
    """What one backtest year holds.

    Attributes
    ----------
    year : int
    segment : Segment, Curve or None
        Of a directional strategy a Curve; None for a year that the account does not cover.
    baseline : float64 of shape (T,)
        Buy-and-hold from the account's start, money.
    opening_equity, opening_baseline : float
        At the close before the year's first session.
    metrics : mapping
        Of the year: equity_metrics on the opening equity, and trade_statistics; of a directional
        strategy stake_metrics, since its results are not compounded.
    content_hash : str
        Equal for equal equity, fills and closing state: the year's data version.
    data_version : str
        Table and version read.
    parameter_hash, code_version : str
    source : str or None
        Where the bars came from.
    note : str
        Why there is nothing, or what is unusual.
    balance : tuple of RegimeBalance
        Of a directional strategy's trades.
    """

    year: int
    segment: Segment | Curve | None
    baseline: FloatArray
    opening_equity: float
    opening_baseline: float
    metrics: dict[str, Any]
    content_hash: str
    data_version: str
    parameter_hash: str
    code_version: str
    source: str | None = None
    note: str = ""
    balance: tuple[RegimeBalance, ...] = ()


def year_metrics(segment: Segment, opening_equity: float) -> dict[str, Any]:
    """Return the metrics of one year, its first return measured from the opening equity."""
    equity = np.concatenate(([opening_equity], segment.equity))
    day_before = segment.sessions[:1] - np.timedelta64(1, "D")
    sessions: TimeArray = np.concatenate((day_before, segment.sessions))
    metrics = equity_metrics(equity, sessions, opening_equity) | {"sessions": len(segment)}
    return metrics | trade_statistics(segment.fills.realised)


def content_of(segment: Segment) -> str:
    """Return a short hash of everything a segment did."""
    digest = hashlib.sha256(segment.closing.digest.encode())
    for values in (segment.equity, segment.cash, segment.shares, segment.fills.price):
        digest.update(np.ascontiguousarray(values).tobytes())
    return digest.hexdigest()[:16]


def nothing_report(config: StrategyConfig, year: int, note: str) -> YearReport:
    """Return the report of a year that the account does not cover."""
    return YearReport(
        year=year, segment=None, baseline=np.empty(0), opening_equity=config.initial_capital,
        opening_baseline=config.initial_capital, metrics={}, content_hash="empty",
        data_version="", parameter_hash=config.settings_hash,
        code_version=code_version(type(config.strategy)), note=note,
    )  # fmt: skip
