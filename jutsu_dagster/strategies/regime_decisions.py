"""Decisions of the regime allocator: one set with its indicators, or many sets at once."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from jutsu_dagster.core.bars import Bars, FloatArray
from jutsu_dagster.core.kalman import INNOVATION, kalman_path
from jutsu_dagster.core.regime import BOND_STATES, CODES, NO_BOND, regime_path, weight_table
from jutsu_dagster.core.regime_inputs import (
    bond_trend,
    normalised_trend,
    realised_volatility,
    volatility_change,
    volatility_z,
)
from jutsu_dagster.core.rolling import rolling_mean
from jutsu_dagster.strategies.allocation import Allocation, split_pieces
from jutsu_dagster.strategies.regime_shared import (
    AVERAGES,
    BONDS,
    CHANGE,
    KALMAN,
    ROLES,
    SMOOTHING,
    Z_SCORE,
    RegimeInputs,
)

if TYPE_CHECKING:
    from jutsu_dagster.strategies.regime_allocator import RegimeAllocator

# The cell of each code; the last entry is the one of code -1, "none yet".
_CELLS = np.append(np.arange(CODES) // BOND_STATES + 1, 0)


def weights_of(one: RegimeAllocator, n_symbols: int) -> FloatArray:
    """Return a set's weight vectors, of shape (CODES, N)."""
    table = np.empty((CODES, n_symbols))
    weight_table(
        one.leverage_scalar, one.use_inverse_hedge, one.w_PSQ_max, one.allow_treasury,
        one.max_bond_weight, table,
    )  # fmt: skip
    return table


def allocate(one: RegimeAllocator, bars: Bars) -> Allocation:
    """Return a set's decisions over bars of one basis, with every indicator behind them."""
    signal = bars.column(one.signal_symbol)
    close = np.ascontiguousarray(bars.close[:, signal])
    path = kalman_path(
        close, np.ascontiguousarray(bars.volume[:, signal]), one.measurement_noise,
        one.process_noise_1, one.process_noise_2, one.symmetric_volume_adjustment,
    )  # fmt: skip
    strength, t_norm = normalised_trend(
        np.ascontiguousarray(path[:, INNOVATION]), one.osc_smoothness,
        one.strength_smoothness, one.double_smoothing, one.T_max,
    )  # fmt: skip
    fast, slow = rolling_mean(close, one.sma_fast), rolling_mean(close, one.sma_slow)
    volatility = realised_volatility(close, one.realized_vol_window)
    z = volatility_z(volatility, one.realized_vol_window, one.vol_baseline_window)
    change = volatility_change(volatility, one.vol_crush_lookback)
    bonds = bond_trend(
        np.ascontiguousarray(bars.close[:, bars.column(one.treasury_trend_symbol)]),
        one.bond_sma_fast,
        one.bond_sma_slow,
    )
    codes, pending = np.empty((2, len(bars)), dtype=np.int8)
    regime_path(
        t_norm, fast > slow, z, change, bonds.state, one.first_evaluated,
        one.t_norm_bull_thresh, one.t_norm_bear_thresh, one.upper_thresh_z,
        one.lower_thresh_z, one.vol_crush_threshold, one.confirm_days, codes, pending,
    )  # fmt: skip
    ready = codes >= 0
    diagnostics = {
        "kalman_filtered": path[:, 0],
        "kalman_strength": strength,
        "kf_pos": path[:, 0],
        "kf_vel": path[:, 1],
        "kf_P00": path[:, 2],
        "kf_P01": path[:, 3],
        "kf_P11": path[:, 4],
        "T_norm": np.where(ready, t_norm, np.nan),
        "SMA_fast": np.where(ready, fast, np.nan),
        "SMA_slow": np.where(ready, slow, np.nan),
        "z_score": np.where(ready, z, np.nan),
        "vol_crush": (change < one.vol_crush_threshold) & ready,
    }
    if one.allow_treasury:
        known = ready & (bonds.state != NO_BOND)
        diagnostics["Bond_SMA_fast"] = np.where(known, bonds.fast, np.nan)
        diagnostics["Bond_SMA_slow"] = np.where(known, bonds.slow, np.nan)
    if "cell1_exit_confirmation_days" in type(one).model_fields:
        diagnostics["cell1_exit_pending_days"] = pending
    return Allocation(
        codes.astype(np.int64),
        weights_of(one, len(bars.symbols)),
        np.where(ready, codes // BOND_STATES + 1, 0).astype(np.int64),
        diagnostics,
    )


def decide_sets(
    sets: Sequence[RegimeAllocator], bars: Bars, anchors: Sequence[int]
) -> list[Allocation]:
    """Return the decisions of many sets; see ``AllocationStrategy.decide_many``."""
    groups: dict[tuple[int, str, str], list[int]] = {}
    for at, (one, anchor) in enumerate(zip(sets, anchors, strict=True)):
        groups.setdefault((anchor, *ROLES(one)), []).append(at)
    decided: dict[int, Allocation] = {}
    for (anchor, *roles), members in groups.items():
        own = bars.window(anchor, len(bars))
        decided |= zip(
            members, _decide_group([sets[at] for at in members], own, roles), strict=True
        )
    return [decided[at] for at in range(len(sets))]


def _decide_group(
    sets: Sequence[RegimeAllocator], bars: Bars, roles: Sequence[str]
) -> list[Allocation]:
    """Decide sets that begin at the first bar and read the same two symbols."""
    codes, scratch = np.empty((len(sets), len(bars)), dtype=np.int8), np.empty(len(bars), np.int8)
    # Splits of what is only held change no indicator.
    spans = split_pieces(bars.splits[:, [bars.column(role) for role in roles]])
    read = bars if len(spans) == 1 else bars.select(tuple(dict.fromkeys(roles)))
    for start, stop in spans:
        inputs = RegimeInputs(read.head(stop).rebased() if len(spans) > 1 else read, *roles)
        for one, row in zip(sets, codes, strict=True):
            path = np.empty(stop, dtype=np.int8)
            _walk(one, inputs, path, scratch[:stop])
            row[start:stop] = path[start:]
    # But every piece has a table of its own, as in the joined decisions of one set.
    pieces = split_pieces(bars.splits)
    shift = np.repeat(np.arange(len(pieces)) * CODES, [stop - start for start, stop in pieces])
    return [
        Allocation(
            np.where(row < 0, -1, row + shift),
            np.tile(weights_of(one, len(bars.symbols)), (len(pieces), 1)),
            _CELLS[row],
        )
        for one, row in zip(sets, codes, strict=True)
    ]


def _walk(
    one: RegimeAllocator, inputs: RegimeInputs, codes: NDArray[np.int8], pending: NDArray[np.int8]
) -> None:
    regime_path(
        inputs.trend(0, KALMAN(one), SMOOTHING(one)), inputs.uptrend(*AVERAGES(one)),
        inputs.z_score(*Z_SCORE(one)), inputs.change(*CHANGE(one), 0), inputs.bond(*BONDS(one)),
        one.first_evaluated, one.t_norm_bull_thresh, one.t_norm_bear_thresh, one.upper_thresh_z,
        one.lower_thresh_z, one.vol_crush_threshold, one.confirm_days, codes, pending,
    )  # fmt: skip
