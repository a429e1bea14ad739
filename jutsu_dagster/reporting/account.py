"""An account as the exports see it: the ledger's DataFrames and what names them."""

from __future__ import annotations

import csv
import io
import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any

import numpy as np
import pandas as pd

from jutsu_dagster.core.bars import FloatArray, IntArray, TimeArray
from jutsu_dagster.core.errors import LedgerError
from jutsu_dagster.core.metrics import beta, equity_metrics, session_returns
from jutsu_dagster.core.trade_statistics import trade_statistics

# Diagnostics that an earlier system's files show; others stay in the ledger.
FILE_INDICATORS = (
    "Bond_SMA_fast",
    "Bond_SMA_slow",
    "SMA_fast",
    "SMA_slow",
    "T_norm",
    "cell1_exit_pending_days",
    "vol_crush",
    "z_score",
)


@dataclass(frozen=True, eq=False)
class AccountReport:
    """What one account did, and under which name.

    Attributes
    ----------
    strategy_id : str
    strategy_class : str
        As in the registry: a known name, or ``module:Class``.
    initial_capital : float
        Money before the first session.
    signal_symbol : str
        The symbol whose buy-and-hold is the baseline.
    snapshots, trades : DataFrame
        As ``Ledger.snapshots`` and ``Ledger.trades`` return them, for the same sessions, from
        the account's first one on.
    parameters : mapping
        The strategy's parameters.
    decision_lag : 0 or 1
        Sessions between a decision and its fill.
    held_lag : 0 or 1
        Closes by which a position trails its decision: 1 where orders fill at the next close.
    """

    strategy_id: str
    strategy_class: str
    initial_capital: float
    signal_symbol: str
    snapshots: pd.DataFrame
    trades: pd.DataFrame
    parameters: Mapping[str, Any] = field(default_factory=dict)
    decision_lag: int = 0
    held_lag: int = 0

    def __post_init__(self) -> None:
        if not len(self.snapshots):
            raise LedgerError(
                f"{self.strategy_id} has no recorded session to export; backtest it first"
            )

    @property
    def class_name(self) -> str:
        """The class's own name, fit for a file name."""
        return re.sub(r"\W", "_", self.strategy_class.rpartition(":")[2])

    @property
    def version_label(self) -> str:
        """``v3.5b`` of ``Hierarchical_Adaptive_v3_5b``; else the strategy's id."""
        found = re.search(r"_v(\d+)_(\w+)$", self.class_name)
        return f"v{found[1]}.{found[2]}" if found else self.strategy_id

    @cached_property
    def sessions(self) -> TimeArray:
        """datetime64[D] of shape (T,)."""
        return self.snapshots["session"].to_numpy().astype("datetime64[D]")

    @cached_property
    def equity(self) -> FloatArray:
        """Money at each close, float64 of shape (T,)."""
        return self.snapshots["total_equity"].to_numpy(np.float64)

    @cached_property
    def baseline(self) -> FloatArray:
        """Money of buy-and-hold at each close, float64 of shape (T,)."""
        return self.snapshots["baseline_value"].to_numpy(np.float64)

    @cached_property
    def cells(self) -> IntArray:
        """Regime cell at each close, 0 for none, int64 of shape (T,)."""
        return self.snapshots["strategy_cell"].fillna(0).to_numpy(np.int64)

    @cached_property
    def metrics(self) -> dict[str, Any]:
        """``equity_metrics`` of the account."""
        return equity_metrics(self.equity, self.sessions, self.initial_capital)

    @cached_property
    def baseline_metrics(self) -> dict[str, Any]:
        """``equity_metrics`` of buy-and-hold."""
        return equity_metrics(self.baseline, self.sessions, self.initial_capital)

    @cached_property
    def trade_metrics(self) -> dict[str, Any]:
        """``trade_statistics``, and ``beta`` against the baseline."""
        realised = self.trades["realised_pnl"].to_numpy(np.float64)
        risk = beta(session_returns(self.equity), session_returns(self.baseline))
        return trade_statistics(realised) | {"beta": risk}

    @cached_property
    def indicators(self) -> dict[str, FloatArray]:
        """Diagnostics that files show, by name in code-point order, float64 of shape (T,).

        Of a strategy with none of the known names all are shown.
        """
        rows: list[dict[str, Any]] = self.snapshots["indicators"].tolist()
        names = {name for row in rows[:1] for name in row}
        shown = sorted(names & set(FILE_INDICATORS) or names)
        return {
            name: np.array([_number(row.get(name)) for row in rows], dtype=np.float64)
            for name in shown
        }


def csv_text(header: Sequence[str], rows: Iterable[Sequence[object]]) -> str:
    """Return a CSV whose lines end as on Unix."""
    file = io.StringIO()
    writer = csv.writer(file, lineterminator="\n")
    writer.writerow(header)
    writer.writerows(rows)
    return file.getvalue()


def decimals(value: float | None, places: int) -> str:
    """Return a number with fixed decimals and no negative zero; empty for None and NaN."""
    return "" if value is None or not np.isfinite(value) else f"{value:z.{places}f}"


def column(values: FloatArray, places: int) -> list[str]:
    """Return ``decimals`` of every value."""
    return [decimals(value, places) for value in values.tolist()]


def words(values: pd.Series) -> list[str]:
    """Return texts, empty where missing."""
    return [value if isinstance(value, str) else "" for value in values.tolist()]


def _number(value: object) -> float:
    # Texts among a user's diagnostics have no place in a column of numbers.
    return float(value) if isinstance(value, int | float) else np.nan
