"""The contract of a strategy: frozen parameters in, one pure and causal decision out."""

from __future__ import annotations

import hashlib
import inspect
import itertools
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path
from typing import Any, ClassVar

import numpy as np
from numpy.typing import NDArray
from pydantic import BaseModel, ConfigDict

from jutsu_dagster.core.account import AccountState, Segment
from jutsu_dagster.core.bars import Bars, FloatArray
from jutsu_dagster.core.engine import Terms, run_segment
from jutsu_dagster.core.errors import StrategyError
from jutsu_dagster.core.sweep import SWEEP_METRICS, SweepResult, in_chunks, sweep_row

# Weights may miss a sum of one by rounding, never by more.
_WEIGHT_TOLERANCE = 1e-9

RegimeNames = Mapping[int, tuple[str, str]]


@dataclass(frozen=True, eq=False, slots=True)
class Allocation:
    """Target weights decided at each of T closes, as rows of a table of K distinct vectors.

    Attributes
    ----------
    codes : int64 of shape (T,)
        Row of ``table`` decided at each close; -1 where the strategy has no opinion yet.
    table : float64 of shape (K, N)
        Fractions of equity per symbol, long only; what is missing to 1 is cash.
    cells : int64 of shape (T,)
        Regime cell after each close; 0 where there is none.
    diagnostics : mapping of name to array of shape (T,)
        Indicators worth keeping beside the decision; NaN where not ready.
    """

    codes: NDArray[np.int64]
    table: FloatArray
    cells: NDArray[np.int64]
    diagnostics: Mapping[str, NDArray[Any]] = field(default_factory=dict)


class Strategy(BaseModel):
    """Parameters of a strategy. Subclasses add fields with bounds, units and descriptions.

    A strategy may read only the bars it is given, and a decision for bar ``t`` only bars up to
    ``t``: no I/O, no clock, no global. The contract tests drop future bars and compare.
    """

    model_config = ConfigDict(frozen=True, extra="forbid", ser_json_inf_nan="constants")

    timeframe: ClassVar[str] = "1d"
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
    def parameter_hash(self) -> str:
        """A short hash of the class and every parameter; equal parameters, equal hashes."""
        text = f"{type(self).__name__}:{self.model_dump_json()}"
        return hashlib.sha256(text.encode()).hexdigest()[:16]


class AllocationStrategy(Strategy):
    """A strategy that decides target weights once per session.

    The smallest subclass has a field ``symbols``, ``warmup_sessions`` and ``target_weights``.
    """

    @property
    def min_weight_change(self) -> float:
        """Rebalance when the summed change of target weights exceeds this; 0 means any change."""
        return 0.0

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
        cuts = np.flatnonzero((bars.splits[1:] != 1.0).any(axis=1)) + 1
        if not len(cuts):
            return self.allocate(bars)
        edges = [0, *cuts.tolist(), len(bars)]
        views = [self.allocate(bars.head(stop).rebased()) for stop in edges[1:]]
        offsets = np.cumsum([0, *(len(view.table) for view in views[:-1])]).tolist()
        spans = [slice(a, b) for a, b in itertools.pairwise(edges)]
        pieces = list(zip(views, spans, strict=True))
        return Allocation(
            np.concatenate(
                [
                    np.where(view.codes[span] < 0, -1, view.codes[span] + offset)
                    for (view, span), offset in zip(pieces, offsets, strict=True)
                ]
            ),
            np.concatenate([view.table for view in views]),
            np.concatenate([view.cells[span] for view, span in pieces]),
            {
                name: np.concatenate([view.diagnostics[name][span] for view, span in pieces])
                for name in views[0].diagnostics
            },
        )

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


def allocation_of(name: str, weights: FloatArray, bars: Bars) -> Allocation:
    """Validate a matrix of weights and return it as an Allocation."""
    expected = (len(bars), len(bars.symbols))
    if weights.shape != expected:
        raise StrategyError(
            f"{name}: target weights have shape {weights.shape}; expected (bars, symbols) {expected}"
        )
    ready = ~np.isnan(weights).all(axis=1)
    decided = weights[ready]
    for broken, rule in (
        (~np.isfinite(decided).all(axis=1), "must be finite; a whole row of NaN means no opinion"),
        ((decided < 0).any(axis=1), "must be >= 0; short positions are not traded"),
        (decided.sum(axis=1) > 1 + _WEIGHT_TOLERANCE, "must sum to at most 1"),
    ):
        if broken.any():
            row = int(np.flatnonzero(broken)[0])
            session = bars.sessions[ready][row]
            shown = dict(zip(bars.symbols, decided[row].tolist(), strict=True))
            raise StrategyError(f"{name}: target weights of {session} {shown} {rule}")
    codes = np.where(ready, np.arange(len(bars)), -1)
    table = np.where(ready[:, None], weights, 0.0)
    return Allocation(codes, table, np.zeros(len(bars), dtype=np.int64))


@cache
def code_version(kind: type[Strategy]) -> str:
    """Return a short hash of the source that decides: the class's modules and the core.

    A change of any of these files makes recorded results stale, whether or not anybody
    remembered to raise a version number.
    """
    core = Path(inspect.getfile(Bars)).parent
    files = {Path(inspect.getfile(base)) for base in kind.__mro__ if issubclass(base, Strategy)}
    digest = hashlib.sha256()
    for path in sorted([*files, *core.glob("*.py")], key=lambda path: path.name):
        digest.update(path.read_bytes())
    return digest.hexdigest()[:16]
