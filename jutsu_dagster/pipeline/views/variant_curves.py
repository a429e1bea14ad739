"""Curves of variants, and of the parent as it was frozen, with the metrics of their kind."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import date
from typing import Any

import numpy as np
import pandas as pd

from jutsu_dagster.core.bars import FloatArray, TimeArray
from jutsu_dagster.core.metrics import equity_metrics
from jutsu_dagster.core.stake_metrics import stake_metrics
from jutsu_dagster.pipeline.views.accounts import Json, in_points
from jutsu_dagster.pipeline.views.curves import fall
from jutsu_dagster.storage import exploration_accounts
from jutsu_dagster.storage.ledger import Ledger


@dataclass(frozen=True, eq=False, slots=True)
class VariantCurve:
    """An account that counts results as fractions, day by day.

    Attributes
    ----------
    days : datetime64[D] of shape (T,)
    equity : float64 of shape (T,)
        Money at each day's end.
    capital : float
        Money that it began with.
    directional : bool
        Whether it stakes the same money on every trade; else results are compounded.
    """

    days: TimeArray
    equity: FloatArray
    capital: float
    directional: bool

    def part(self, first: date | None, last: date | None) -> VariantCurve | None:
        """Return a range of it, as one that begins at the close before; None if it is empty."""
        begin = 0 if first is None else int(np.searchsorted(self.days, np.datetime64(first)))
        end = len(self.days)
        if last is not None:
            end = int(np.searchsorted(self.days, np.datetime64(last), side="right"))
        if begin >= end:
            return None
        days, equity = self.days[begin:end], self.equity[begin:end]
        if begin == 0:
            return replace(self, days=days, equity=equity)
        held = float(self.equity[begin - 1])
        if self.directional:
            return replace(self, days=days, equity=self.capital + (equity - held))
        return replace(self, days=days, equity=equity, capital=held)

    def metrics(self) -> Json:
        """Return its metrics; returns, volatility and drawdown in percent points."""
        if self.directional:
            return in_points(stake_metrics(self.equity, self.capital))
        return in_points(equity_metrics(self.equity, self.days, self.capital))

    def rows(self, kept: Sequence[int]) -> list[Json]:
        """Return points as rows of time, value, cumulative_return and drawdown."""
        drawdown = 100.0 * fall(self.equity, self.capital)
        return [
            {
                "time": str(self.days[at]),
                "value": float(self.equity[at]),
                "cumulative_return": float(100.0 * (self.equity[at] / self.capital - 1.0)),
                "drawdown": float(drawdown[at]),
            }
            for at in kept
        ]


def shadow_curves(
    ledger: Ledger, ids: Sequence[str], directional: dict[str, bool]
) -> dict[str, VariantCurve]:
    """Return the curves of variants by id; one without a recorded day is left out."""
    found = exploration_accounts.curves(ledger.engine, "shadow", ids) if ids else {}
    return {id_: _curve(frame, directional=directional[id_]) for id_, frame in found.items()}


def control_curve(
    ledger: Ledger, parent_id: str, track: str | None, *, directional: bool
) -> VariantCurve | None:
    """Return the parent with frozen parameters over the same bars; None where nothing is kept."""
    if track is None:
        return None
    found = exploration_accounts.curves(ledger.engine, "control", [parent_id], track=track)
    return _curve(found[parent_id], directional=directional) if parent_id in found else None


def _curve(frame: pd.DataFrame, *, directional: bool) -> VariantCurve:
    days: Any = frame["day"].to_numpy().astype("datetime64[D]")
    equity = frame["equity"].to_numpy(np.float64)
    return VariantCurve(days, equity, float(frame["initial_capital"].iloc[0]), directional)
