"""The contract of a strategy: frozen parameters in, one pure and causal decision out."""

from __future__ import annotations

import hashlib
import inspect
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from functools import cache
from pathlib import Path
from typing import Any, ClassVar

import numpy as np
from pydantic import BaseModel, ConfigDict

from jutsu_dagster.core.account import AccountState, Segment
from jutsu_dagster.core.bars import Bars
from jutsu_dagster.core.engine import Terms, run_segment
from jutsu_dagster.core.errors import StrategyError
from jutsu_dagster.core.sweep import SWEEP_METRICS, SweepResult, in_chunks, sweep_row
from jutsu_dagster.strategies.allocation import (
    Allocation,
    allocation_of,
    joined,
    split_pieces,
)

RegimeNames = Mapping[int, tuple[str, str]]


class Strategy(BaseModel):
    """Parameters of a strategy. Subclasses add fields with bounds, units and descriptions.

    A strategy may read only the bars it is given, and a decision for bar ``t`` only bars up to
    ``t``: no I/O, no clock, no global. The contract tests drop future bars and compare.
    """

    model_config = ConfigDict(frozen=True, extra="forbid", ser_json_inf_nan="constants")

    timeframe: ClassVar[str]
    regimes: ClassVar[RegimeNames] = {}

    @property
    def universe(self) -> tuple[str, ...]:
        """Symbols the strategy reads and trades, in the order in which it emits orders."""
        return tuple(getattr(self, "symbols", ()))

    @property
    def signal_of_record(self) -> str:
        """The symbol whose bars define the strategy's sessions and its buy-and-hold baseline."""
        return self.universe[0]

    @property
    def warmup_sessions(self) -> int:
        """Sessions to load before the first one that may trade."""
        raise NotImplementedError(f"{type(self).__name__} must say its warmup_sessions")

    @property
    def idle_parameters(self) -> frozenset[str]:
        """Parameters whose change alone would change no decision; no mutation is drawn of them."""
        return frozenset()

    @property
    def parameter_hash(self) -> str:
        """A short hash of the class and every parameter; equal parameters, equal hashes."""
        text = f"{type(self).__name__}:{self.model_dump_json()}"
        return hashlib.sha256(text.encode()).hexdigest()[:16]


class AllocationStrategy(Strategy):
    """A strategy that decides target weights once per session.

    The smallest subclass has a field ``symbols``, ``warmup_sessions`` and ``target_weights``.
    """

    timeframe: ClassVar[str] = "1d"

    @property
    def min_weight_change(self) -> float:
        """Rebalance when the summed change of target weights exceeds this; 0 means any change."""
        return 0.0

    @property
    def exposures(self) -> Mapping[str, float]:
        """How much each symbol moves with the signal: 3 for a threefold fund, -1 for an inverse.

        It says whether an account is long or short; 1 for every symbol unless a class knows more.
        """
        return dict.fromkeys(self.universe, 1.0)

    def target_weights(self, bars: Bars) -> Any:
        """Return target weights of shape (T, N) as an array or DataFrame; NaN row = no opinion."""
        raise NotImplementedError(f"{type(self).__name__} must define target_weights or allocate")

    def allocate(self, bars: Bars) -> Allocation:
        """Return the decision at every close; raise StrategyError for weights that cannot be."""
        weights = np.ascontiguousarray(np.asarray(self.target_weights(bars), dtype=np.float64))
        return allocation_of(type(self).__name__, weights, bars)

    def decide(self, bars: Bars) -> Allocation:
        """Return the decision at every close, each from the history as it then looked.

        After a split, prices before it are rebased. So a range of sessions is cut where splits
        take effect, and every piece is decided from its own view of the past, as if run that day.

        Parameters
        ----------
        bars : Bars
            From the strategy's anchor on, each bar on its own session's basis.
        """
        pieces = split_pieces(bars.splits)
        if len(pieces) == 1:
            return self.allocate(bars)
        views = [self.allocate(bars.head(stop).rebased()) for _, stop in pieces]
        return joined(views, [slice(start, stop) for start, stop in pieces])

    @classmethod
    def decide_many(
        cls, sets: Sequence[AllocationStrategy], bars: Bars, anchors: Sequence[int] | None = None
    ) -> list[Allocation]:
        """Return what ``decide`` says of each parameter set, to the bit; without diagnostics.

        Parameters
        ----------
        sets : sequence of strategies of this class
        bars : Bars
            All symbols of all sets.
        anchors : sequence of int, optional
            Row at which the history of each set begins, for sets with warm-ups of their own;
            a decision's rows then count from there. 0 unless given.
        """
        rows = [0] * len(sets) if anchors is None else anchors
        return [
            replace(one.decide(bars.window(anchor, len(bars))), diagnostics={})
            for one, anchor in zip(sets, rows, strict=True)
        ]

    @classmethod
    def evaluate_many(
        cls,
        sets: Sequence[AllocationStrategy],
        bars: Bars,
        terms: Terms,
        start: int,
        *,
        threads: int = 1,
        curves: bool = False,
    ) -> Iterator[SweepResult]:
        """Backtest many parameter sets over the same bars: the sweep.

        A set gives the same bits alone, in any company, and in a backtest of its own.

        Parameters
        ----------
        sets : sequence of strategies of this class
            All of the same symbols.
        bars : Bars
            With at least the longest warm-up before ``start``.
        terms : Terms
        start : int
            Row of the first session that trades.
        threads : int
            Chunks evaluated at once; kernels hold no GIL.
        curves : bool
            Whether to return equity curves.

        Yields
        ------
        SweepResult
            Of consecutive chunks, in the order of ``sets``.

        Raises
        ------
        StrategyError
            If sets differ in their symbols or bars are too few.
        """
        if not sets:
            return
        universe = sets[0].universe
        for one in sets:
            if one.universe != universe:
                raise StrategyError(
                    f"a sweep has one set of symbols: {one.universe} is not {universe}"
                )
            if one.warmup_sessions > start:
                raise StrategyError(
                    f"a set needs {one.warmup_sessions} sessions of warm-up, there are {start}"
                )
        asked = bars.select(universe)
        yield from in_chunks(
            sets,
            lambda chunk: cls.evaluate_chunk(chunk, asked, terms, start, curves=curves),
            threads=threads,
        )

    @classmethod
    def evaluate_chunk(
        cls,
        sets: Sequence[AllocationStrategy],
        bars: Bars,
        terms: Terms,
        start: int,
        *,
        curves: bool,
    ) -> SweepResult:
        """Evaluate sets one by one; classes with a kernel of their own override this."""
        sessions = bars.sessions[start:]
        rows = np.empty((len(sets), len(SWEEP_METRICS)))
        curve = np.empty((len(sets), len(sessions)))
        for row, out, one in zip(rows, curve, sets, strict=True):
            own = bars.window(start - one.warmup_sessions, len(bars))
            segment = backtest(one, own, terms, one.warmup_sessions)
            out[:] = segment.equity
            sweep_row(segment, terms.initial_capital, row)
        return SweepResult(rows, sessions, curve if curves else None)


def backtest(strategy: AllocationStrategy, bars: Bars, terms: Terms, start: int) -> Segment:
    """Run a fresh account from row ``start`` of ``bars`` to their end."""
    decision = strategy.decide(bars)
    return run_segment(
        bars,
        decision.codes,
        decision.table,
        terms,
        AccountState.open(terms.initial_capital),
        min_weight_change=strategy.min_weight_change,
        start=start,
        stop=len(bars),
    )


@cache
def code_version(kind: type[Strategy]) -> str:
    """Return a short hash of the source that decides: the class's modules, core and strategies.

    A change of any of these files makes recorded results stale, whether or not anybody
    remembered to raise a version number.
    """
    folders = (Path(inspect.getfile(Bars)).parent, Path(__file__).parent)
    classes = [base for base in kind.__mro__ if issubclass(base, Strategy)]
    files = {Path(inspect.getfile(one)) for one in classes}
    files |= {path for folder in folders for path in folder.glob("*.py")}
    digest = hashlib.sha256()
    for path in sorted(files, key=lambda path: (path.parent.name, path.name)):
        digest.update(path.read_bytes())
    return digest.hexdigest()[:16]
