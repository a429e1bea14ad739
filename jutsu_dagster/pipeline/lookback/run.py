"""One continuous, causal run of every parameter set: what all the tools look back on."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Protocol

import numpy as np

from jutsu_dagster.core.bars import FloatArray, TimeArray
from jutsu_dagster.pipeline.lookback.candidates import Candidate, Candidates
from jutsu_dagster.research.lookback.measures import Basis
from jutsu_dagster.storage.records import TrialRecord

Advance = Callable[[int], None]


@dataclass(frozen=True, slots=True)
class Span:
    """Days ``first`` to ``stop`` (exclusive) that one set rules."""

    chosen: int
    first: int
    stop: int


@dataclass(frozen=True, eq=False, slots=True)
class Switched:
    """One account that follows one set after another.

    Attributes
    ----------
    returns : float64 of shape (D,)
        Daily, over all days of the spans, costs of every switch included.
    turnover : float64 of shape (W,)
        Traded at each switch, as a fraction of equity; the first is the opening.
    costs : float
        Commission and slippage of the whole way, as a fraction of the capital it began with.
    """

    returns: FloatArray
    turnover: FloatArray
    costs: float


class Follow(Protocol):
    """Carries one account along spans that follow each other without a gap."""

    def __call__(self, spans: Sequence[Span]) -> Switched:
        """Return what became of it."""


@dataclass(frozen=True, eq=False, slots=True)
class Run:
    """K parameter sets over the same T days.

    Attributes
    ----------
    sets : sequence of Candidate, length K
        The parent first.
    refused : list of (changes, reason)
    days : datetime64[D] of shape (T,)
    returns : float64 of shape (T, K)
        Daily net returns; the first day's from the capital before it.
    baseline : float64 of shape (T,)
        Buy-and-hold of the signal's symbol, from the close of the first day on.
    baseline_symbol : str
    basis : Basis
    data_version, data_hash, code_version : str
    trials : list of TrialRecord
    follow : Follow
    switching : str
        What is assumed when an account goes over from one set to another.
    """

    sets: Sequence[Candidate]
    refused: list[tuple[dict[str, object], str]]
    days: TimeArray
    returns: FloatArray
    baseline: FloatArray
    baseline_symbol: str
    basis: Basis
    data_version: str
    data_hash: str
    code_version: str
    trials: list[TrialRecord]
    follow: Follow
    switching: str

    @property
    def held(self) -> Basis:
        """How the baseline's returns add up: what is held grows on itself."""
        return Basis(self.basis.per_year)

    def __len__(self) -> int:
        return len(self.days)

    def only(self, columns: Sequence[int]) -> tuple[Sequence[Candidate], FloatArray]:
        """Return some of the sets and their returns."""
        return [self.sets[at] for at in columns], np.ascontiguousarray(self.returns[:, columns])


class Runner(Protocol):
    """Runs candidates of one strategy; one for each kind of decision."""

    def __call__(self, candidates: Candidates, *, threads: int, advance: Advance) -> Run:
        """Return the run."""
