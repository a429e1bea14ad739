"""Sets that behave alike: a choice between them is none, and counting them would flatter."""

from __future__ import annotations

import numpy as np

from jutsu_dagster.core.bars import FloatArray, IntArray


def distinct_columns(returns: FloatArray) -> IntArray:
    """Return the columns of (T, K) returns that differ from all before them, ascending.

    A parameter that is switched off changes nothing, so its neighbours are the parent again.
    """
    seen: dict[bytes, int] = {}
    for column in range(returns.shape[1]):
        seen.setdefault(np.ascontiguousarray(returns[:, column]).tobytes(), column)
    return np.array(sorted(seen.values()), dtype=np.int64)
