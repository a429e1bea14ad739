"""Sweeps: results of many parameter sets, in chunks that fit memory, on several threads."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from typing import TYPE_CHECKING, TypeVar

import numpy as np

from jutsu_dagster.core.account import Segment
from jutsu_dagster.core.bars import FloatArray, TimeArray
from jutsu_dagster.core.metrics import EQUITY_METRICS, equity_row
from jutsu_dagster.core.trade_statistics import TRADE_METRICS, trade_row

if TYPE_CHECKING:
    import pandas as pd

SWEEP_METRICS = (*EQUITY_METRICS, *TRADE_METRICS)
# Sets evaluated together: enough to share inputs, few enough that distinct ones stay < 100 MB.
CHUNK = 256

T = TypeVar("T")


@dataclass(frozen=True, eq=False, slots=True)
class SweepResult:
    """Metrics of S parameter sets over the same sessions.

    Attributes
    ----------
    metrics : float64 of shape (S, 21)
        Columns SWEEP_METRICS; NaN where a ratio is undefined.
    sessions : datetime64[D] of shape (T,)
        The traded sessions.
    curves : float64 of shape (S, T), or None
        Equity at each close, if asked for.
    """

    metrics: FloatArray
    sessions: TimeArray
    curves: FloatArray | None = None

    def __len__(self) -> int:
        return len(self.metrics)

    def column(self, name: str) -> FloatArray:
        """Return one metric of all sets, shape (S,)."""
        return self.metrics[:, SWEEP_METRICS.index(name)]

    def frame(self) -> pd.DataFrame:
        """Return the metrics as a DataFrame, one row a set."""
        import pandas as pd  # here, because core must import fast

        frame = pd.DataFrame(self.metrics, columns=list(SWEEP_METRICS))
        return frame.astype(dict.fromkeys(TRADE_METRICS[:4], "int64"))


def sweep_row(segment: Segment, capital: float, out: FloatArray) -> None:
    """Write the SWEEP_METRICS of one finished account into ``out``, of shape (21,)."""
    fills = segment.fills
    days = int((segment.sessions[-1] - segment.sessions[0]).astype(np.int64))
    equity_row(segment.equity, days, capital, 0.0, 252.0, out[: len(EQUITY_METRICS)])
    traded = np.abs(fills.shares) * fills.price
    tape = np.column_stack((fills.realised, fills.commission, traded))
    trade_row(tape, capital, out[len(EQUITY_METRICS) :])


def in_chunks(
    items: Sequence[T],
    evaluate: Callable[[Sequence[T]], SweepResult],
    *,
    threads: int,
    chunk: int = CHUNK,
) -> Iterator[SweepResult]:
    """Yield the results of consecutive chunks in order, ``threads`` of them under way at once.

    The one seam to other machines: whatever maps ``evaluate`` over chunks can take its place.
    """
    size = max(1, min(chunk, -(-len(items) // threads)))
    parts = [items[i : i + size] for i in range(0, len(items), size)]
    if threads <= 1:
        yield from map(evaluate, parts)
        return
    with ThreadPoolExecutor(threads) as pool:
        yield from pool.map(evaluate, parts)


def concatenated(results: Sequence[SweepResult]) -> SweepResult:
    """Join consecutive results over the same sessions into one."""
    curves = [result.curves for result in results if result.curves is not None]
    return SweepResult(
        np.concatenate([result.metrics for result in results]),
        results[0].sessions,
        np.concatenate(curves) if curves else None,
    )
