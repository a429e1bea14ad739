"""Families as evidence sees them: daily results of a parent's variants beside its control.

A family shares a track: the frozen parameters that its members were made from. Their control is
that very parent, carried over the same bars. All days are out of sample: an account begins on the
day after the night that made its variant.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date

import numpy as np
from numpy.typing import NDArray

from jutsu_dagster.core.bars import FloatArray, IntArray
from jutsu_dagster.research.promotion_rule import Side
from jutsu_dagster.research.statistics.records import Track
from jutsu_dagster.research.statistics.robustness import max_drawdown

_ROUNDING = 1e-12


@dataclass(frozen=True, slots=True)
class Closed:
    """The closed trades of an account on some days.

    Attributes
    ----------
    trades : int
    net, gross : float
        Sums of their results after and before costs, fractions.
    pf : float or None
        Net winners over net losers; infinite with winners only, None with neither.
    """

    trades: int
    net: float
    gross: float
    pf: float | None


@dataclass(frozen=True, eq=False, slots=True)
class Control:
    """The control over the family's days; its sums count since it began.

    Attributes
    ----------
    returns : float64 of shape (T,)
        Daily net returns, fractions.
    closed : float64 of shape (T + 1, 5)
        Trades, net, gross, won, lost up to each day; the first row before the first day.
    """

    returns: FloatArray
    closed: FloatArray

    def between(self, first: int) -> Closed:
        """Return what was closed from a row on."""
        trades, net, gross, won, lost = (self.closed[-1] - self.closed[first]).tolist()
        # Sums of what came before differ by rounding, and a loss of that size is none.
        lost = min(lost, 0.0) if abs(lost) > _ROUNDING else 0.0
        unlost = math.inf if won > _ROUNDING else None
        return Closed(round(trades), net, gross, won / -lost if lost else unlost)


@dataclass(frozen=True, eq=False, slots=True)
class FamilyData:
    """One family up to a day: what all of its members' evidence is computed from.

    Results are those of the accounts' recorded equity, open positions valued at each day's last
    close. Of accounts with a fixed stake (directional) a day's is the change of equity over the
    stake, so that results add up; of those that compound (allocation) over the equity before.

    Attributes
    ----------
    parent_id, track, symbol : str
    compound : bool
    days : datetime64[D] of shape (T,)
        The control's.
    names : tuple of str, length K
        Every variant that has an account on one of these days, dead ones too.
    returns : float64 of shape (T, K)
        Daily net returns, fractions; NaN before an account's first day and after its last.
    first, last : int64 of shape (K,)
        Rows of these.
    closed : tuple of Closed, length K
        Since each account began.
    control : Control
    """

    parent_id: str
    track: str
    symbol: str
    compound: bool
    days: NDArray[np.datetime64]
    names: tuple[str, ...]
    returns: FloatArray
    first: IntArray
    last: IntArray
    closed: tuple[Closed, ...]
    control: Control

    @property
    def current(self) -> list[int]:
        """The columns whose account reaches the last day: those that can be candidates."""
        return np.flatnonzero(self.last == len(self.days) - 1).tolist()

    def window(self, column: int) -> tuple[date, date]:
        """Return the first and the last day that a member is compared on."""
        return self.days[self.first[column]].item(), self.days[-1].item()

    def variant(self, column: int) -> Track:
        """Return a member's track over its days."""
        returns = self.returns[self.first[column] :, column]
        return _track(returns, self.closed[column])

    def base(self, first: int) -> Track:
        """Return the control's track from a row on."""
        return _track(self.control.returns[first:], self.control.between(first))

    def sides(self, column: int) -> tuple[Side, Side]:
        """Return a member and its control over the same days, as the promotion rule has them."""
        first = int(self.first[column])
        pairs = (
            (self.returns[first:, column], self.closed[column]),
            (self.control.returns[first:], self.control.between(first)),
        )
        own, base = (
            Side(done.trades, done.pf, done.net, max_drawdown(returns, compound=self.compound))
            for returns, done in pairs
        )
        return own, base

    def members(self, first: int) -> tuple[tuple[str, ...], FloatArray]:
        """Return who was there on a day, and their daily returns from it on, shape (T', K').

        A choice was made among those that were there on a candidate's first day; younger ones
        have not seen the same days. One that ended since goes on with the control's returns:
        whoever had chosen it would be back with the parent, and without it only those that
        survived would be left to compare with.
        """
        there = np.flatnonzero((self.first <= first) & (self.last >= first))
        returns = self.returns[first:, there]
        filled = np.where(np.isnan(returns), self.control.returns[first:, None], returns)
        return tuple(self.names[column] for column in there.tolist()), filled


def earliest_due(firsts: Sequence[date], days: NDArray[np.datetime64]) -> date | None:
    """Return the day from which equities are needed: the control's last before the first one."""
    if not len(firsts) or not len(days):
        return None
    at = int(np.searchsorted(days, np.datetime64(min(firsts), "D")))
    found: date = days[max(at - 1, 0)].item()
    return min(found, *firsts)


def _track(returns: FloatArray, closed: Closed) -> Track:
    # What is open has paid one side only, and counts for neither: its costs are not known yet.
    net = float(returns.sum())
    return Track(returns, closed.trades, net + closed.gross - closed.net, net)
