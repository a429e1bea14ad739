"""What is handed to the ledger to keep, and what it hands back."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date, datetime
from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray

from jutsu_dagster.core.account import AccountKey, AccountState, Segment
from jutsu_dagster.core.bars import FloatArray, IntArray

MetricValue = float | int | None


@dataclass(frozen=True, slots=True)
class Provenance:
    """What a result was computed from.

    Attributes
    ----------
    parameter_hash : str
        Of the strategy's class and parameters.
    data_version : str
        Version of the market store that was read.
    data_hash : str
        Content hash of the bars that were read.
    code_version : str
        Hash of the code that decided.
    """

    parameter_hash: str
    data_version: str
    data_hash: str
    code_version: str


@dataclass(frozen=True, eq=False, slots=True, kw_only=True)
class RecordedPeriod:
    """One period of an account, ready to be kept: a backtest year, a paper day.

    Attributes
    ----------
    account : AccountKey
    strategy_class : str
        Name of the strategy's class, as in the registry.
    period : str
        ``"2015"`` for a backtest year, an ISO date for a paper day; at most 10 characters.
    segment : Segment
        The period's sessions only, T >= 1.
    cells : int64 of shape (T,)
        Regime cell at each close; 0 for none.
    regimes : mapping of cell to (trend, volatility)
    indicators : mapping of name to array of shape (T,)
        NaN is kept as null.
    baseline : float64 of shape (T,)
        Money: buy-and-hold of the signal symbol from the initial capital.
    previous_equity : float
        Equity at the close before the first session.
    provenance : Provenance
    metrics : mapping of name to number or None
        Of the period.
    decision_lag : 0 or 1
        Sessions between a decision and its fill: 1 when fills come a session later.
    opening_cell : int
        Cell at the close before the first session; read with a ``decision_lag`` of 1 only.
    """

    account: AccountKey
    strategy_class: str
    period: str
    segment: Segment
    cells: IntArray
    regimes: Mapping[int, tuple[str, str]]
    indicators: Mapping[str, NDArray[Any]]
    baseline: FloatArray
    previous_equity: float
    provenance: Provenance
    metrics: Mapping[str, MetricValue]
    decision_lag: Literal[0, 1] = 0
    opening_cell: int = 0

    @property
    def first_session(self) -> date:
        """The first session."""
        return _date(self.segment.sessions[0])

    @property
    def last_session(self) -> date:
        """The last session."""
        return _date(self.segment.sessions[-1])


@dataclass(frozen=True, slots=True, kw_only=True)
class Checkpoint:
    """A recorded period as the ledger knows it."""

    account: AccountKey
    period: str
    first_session: date
    last_session: date
    opening_hash: str
    closing_hash: str
    closing: AccountState
    sessions: int
    trades: int
    metrics: Mapping[str, MetricValue]
    provenance: Provenance
    recorded_at: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class TrialRecord:
    """One evaluated parameter set, kept for the statistics of how many were tried.

    ``daily_sharpe`` is mean / std of session returns, not annualised; ``total_return`` a fraction.
    """

    parent_id: str
    source: str
    parameter_hash: str
    parameters: Mapping[str, Any]
    first_session: date
    last_session: date
    daily_sharpe: float | None
    total_return: float | None
    data_hash: str
    code_version: str
    metrics: Mapping[str, MetricValue] = field(default_factory=dict)


@dataclass(frozen=True, slots=True, kw_only=True)
class StrategyRecord:
    """One entry of the registry, with the text of its YAML file if there is one."""

    strategy_id: str
    display_name: str
    strategy_class: str
    is_primary: bool
    is_active: bool
    config_yaml: str | None = None


def _date(session: np.datetime64) -> date:
    return session.astype("datetime64[D]").item()  # type: ignore[no-any-return]
