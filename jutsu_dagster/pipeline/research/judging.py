"""The judging of one family: cheap gates first, costly evidence for what is left.

The order saves work, not strictness: a candidate is proposed only where every gate was computed
and holds. What is not computed says which gate failed before.

1. Of every member: its record beside the control's, and ``FIRST_GATES`` (trades, minimum track
   record, probabilistic Sharpe ratio); drawdowns and the result at double costs.
2. Of those that pass: the deflated Sharpe ratio.
3. Of those that hold so far, and of the one that leads the family: the family's overfitting and
   superior set, once for each first day, and the paired bootstrap.
4. Of those that pass all of that and the promotion rule: what needs bars, neighbours and the test
   for look-ahead.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Container, Mapping
from dataclasses import dataclass, field, replace

import numpy as np

from jutsu_dagster.core.bars import FloatArray
from jutsu_dagster.pipeline.research.families import FamilyData
from jutsu_dagster.research.promotion_rule import Circumstances, Limits, Verdict
from jutsu_dagster.research.promotion_rule import judge as judge_rule
from jutsu_dagster.research.statistics import (
    FIRST_GATES,
    Case,
    Evidence,
    Family,
    Gate,
    Gates,
    Sampling,
    evidence,
    family,
    first_numbers,
    held_numbers,
    judge,
    kin,
    trial_numbers,
)
from jutsu_dagster.research.statistics.gates import Number
from jutsu_dagster.research.statistics.records import Kin

# What needs no draws, and what needs bars.
_PLAIN = (*FIRST_GATES, "dsr", "double_costs", "drawdown")
LOOK_AHEAD = "look_ahead"
_NEEDS_BARS = ("plateau", LOOK_AHEAD)


@dataclass(frozen=True, eq=False, slots=True)
class OnBars:
    """What only the bars can tell of a candidate.

    Attributes
    ----------
    neighbours : mapping of str to float64 of shape (T,)
        Daily returns of the variants one step aside, on the candidate's days.
    look_ahead : Gate
    left_out : tuple of str
        Neighbours that undo the mutation, and are not asked.
    """

    neighbours: Mapping[str, FloatArray]
    look_ahead: Gate
    left_out: tuple[str, ...] = ()


@dataclass(frozen=True, eq=False, slots=True)
class Judged:
    """What is known of one member.

    Attributes
    ----------
    column : int
        In the family's data.
    name : str
    numbers : mapping
        Keys of ``statistics.DEFINITIONS``, as far as they were computed.
    gates : tuple of Gate
        Those that were asked, in the order of the rule, ``look_ahead`` last.
    rule : Verdict
        Of the promotion rule.
    about : Circumstances
    evidence : Evidence or None
        Where it was computed in full.
    left_out : tuple of str
    """

    column: int
    name: str
    numbers: Mapping[str, Number]
    gates: tuple[Gate, ...]
    rule: Verdict
    about: Circumstances
    evidence: Evidence | None = None
    left_out: tuple[str, ...] = ()

    @property
    def failed(self) -> tuple[str, ...]:
        """The gates that were asked and do not hold."""
        return tuple(gate.name for gate in self.gates if not gate.passed)

    @property
    def not_computed(self) -> str:
        """Why some gates were not asked; empty where all were."""
        if any(gate.name == LOOK_AHEAD for gate in self.gates):
            return ""
        because = self.failed[0] if self.failed else "the promotion rule"
        return f"not computed, because {because} already fails"

    @property
    def passed(self) -> bool:
        """Whether all gates were asked and hold, and the promotion rule with them."""
        asked = any(gate.name == LOOK_AHEAD for gate in self.gates)
        return asked and not self.failed and self.rule.eligible and not self.rule.reasons

    @property
    def rank(self) -> tuple[float, str]:
        """Sorts the best first: by the studentised difference from the control."""
        statistic = self.numbers.get("stepm_statistic")
        return (-float(statistic) if statistic is not None else math.inf, self.name)


@dataclass(frozen=True, eq=False, slots=True)
class Court:
    """By what a family is judged.

    Attributes
    ----------
    trial_sharpes : float64 of shape (N,)
        See ``trials.trial_sharpes``.
    on_bars : callable of str
        Asked of candidates that pass everything else.
    about : Circumstances
        What else speaks for or against the family; ``p_better`` is filled in.
    gates, limits, sampling : optional
    in_full : container of str
        Members that are evaluated in full, whatever fails.
    """

    trial_sharpes: FloatArray
    on_bars: Callable[[str], OnBars]
    about: Circumstances = field(default_factory=Circumstances)
    gates: Gates = field(default_factory=Gates)
    limits: Limits = field(default_factory=Limits)
    sampling: Sampling | None = None
    in_full: Container[str] = ()


def judge_family(data: FamilyData, court: Court) -> list[Judged]:
    """Return what is known of every member whose account reaches the family's last day."""
    judging = _Judging(data, court)
    found = [judging.first(column) for column in data.current]
    leader = judging.leader(found)
    return [judging.further(one, leads=one.name == leader) for one in found]


class _Judging:
    def __init__(self, data: FamilyData, court: Court) -> None:
        self.data, self.court = data, court
        self._kins: dict[int, Kin] = {}
        self._families: dict[int, Family] = {}

    def first(self, column: int) -> Judged:
        """Return what costs next to nothing."""
        data, court = self.data, self.court
        first = int(data.first[column])
        variant, control = data.variant(column), data.base(first)
        numbers = first_numbers(variant, control, court.gates)
        numbers |= held_numbers(variant, control, compound=data.compound)
        asked = judge(numbers, court.gates, (*FIRST_GATES, "double_costs", "drawdown"))
        if all(gate.passed for gate in asked if gate.name in FIRST_GATES):
            numbers |= trial_numbers(variant, control, self._kin(first), court.trial_sharpes)
            asked = judge(numbers, court.gates, _PLAIN)
        rule = judge_rule(*data.sides(column), court.about, court.limits)
        return Judged(column, data.names[column], numbers, asked, rule, court.about)

    def leader(self, found: list[Judged]) -> str | None:
        """Return who is furthest ahead of those that pass the first gates."""

        def lead(one: Judged) -> float:
            apart = self._apart(one.column)
            spread = float(apart.std())
            return float(apart.mean()) / spread * math.sqrt(len(apart)) if spread > 0 else -math.inf

        good = [one for one in found if not set(one.failed) & set(FIRST_GATES)]
        return max(good, key=lambda one: (lead(one), one.name)).name if good else None

    def further(self, one: Judged, *, leads: bool) -> Judged:
        """Return all that is worth computing."""
        wanted = one.name in self.court.in_full
        if one.failed and not leads and not wanted:
            return one
        full = self._full(one, None)
        if wanted or not (set(full.failed) - set(_NEEDS_BARS) or full.rule.reasons):
            return self._full(one, self.court.on_bars(one.name))
        return full

    def _full(self, one: Judged, bars: OnBars | None) -> Judged:
        data, court = self.data, self.court
        first = int(data.first[one.column])
        case = Case(
            one.name, data.variant(one.column), data.base(first), self._family(first),
            court.trial_sharpes, bars.neighbours if bars else {},
        )  # fmt: skip
        found = evidence(case, compound=data.compound, gates=court.gates, sampling=court.sampling)
        better = found.numbers["mean_better"]
        about = replace(court.about, p_better=better)
        rule = judge_rule(*data.sides(one.column), about, court.limits)
        gates = found.gates
        if bars is None:
            gates = tuple(gate for gate in gates if gate.name not in _NEEDS_BARS)
        else:
            gates = (*gates, bars.look_ahead)
        return Judged(
            one.column, one.name, found.numbers, gates, rule, about, found,
            bars.left_out if bars else (),
        )  # fmt: skip

    def _apart(self, column: int) -> FloatArray:
        first = int(self.data.first[column])
        apart: FloatArray = self.data.returns[first:, column] - self.data.control.returns[first:]
        return apart

    def _kin(self, first: int) -> Kin:
        if first not in self._kins:
            _, returns = self.data.members(first)
            self._kins[first] = kin(self.data.control.returns[first:], returns)
        return self._kins[first]

    def _family(self, first: int) -> Family:
        if first not in self._families:
            names, returns = self.data.members(first)
            control = np.ascontiguousarray(self.data.control.returns[first:])
            self._families[first] = family(
                control, returns, names, self.court.gates, self.court.sampling
            )
        return self._families[first]
