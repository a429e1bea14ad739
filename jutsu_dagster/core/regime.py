"""The regime state machine of the hierarchical allocator and its table of weights."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from jutsu_dagster.core.bars import FloatArray
from jutsu_dagster.core.jit import kernel

# A code names one row of the weight table: (cell - 1) * BOND_STATES + bond state; -1 is "none yet".
BOND_STATES = 3
NO_BOND, BULL_BOND, BEAR_BOND = 0, 1, 2
CODES = 6 * BOND_STATES

LEVERAGED, CORE, INVERSE, BULL, BEAR = range(5)

# The share of the defensive part that may go into bonds is part of the definition (4.2).
_BOND_SHARE = 0.4


@kernel
def regime_path(
    t_norm: FloatArray, uptrend: NDArray[np.bool_], z_score: FloatArray, vol_change: FloatArray,
    bond: NDArray[np.int8], first: int, bull: float, bear: float, upper: float, lower: float,
    crush: float, confirm_days: int, codes: NDArray[np.int8], pending: NDArray[np.int8],
) -> None:  # fmt: skip
    """Walk the state machine over T bars, writing one code a bar (spec sections 3 and 3.4).

    Parameters
    ----------
    t_norm, z_score, vol_change : float64 of shape (T,)
        Normalised trend, z of realised volatility, and its relative change over the lookback.
    uptrend : bool of shape (T,)
        Fast average above slow.
    bond : int8 of shape (T,)
        NO_BOND, BULL_BOND or BEAR_BOND.
    first : int
        First bar that is evaluated; before it the code is -1.
    bull, bear, upper, lower, crush : float
        Thresholds.
    confirm_days : int
        Sessions of weak trend before cell 1 is left; 0 switches the confirmation off.
    codes, pending : int8 of shape (T,)
        Written: table rows, and the confirmation counter after each bar.
    """
    skipped = min(max(first, 0), len(codes))
    codes[:skipped] = -1
    pending[:skipped] = 0
    n = len(codes) - skipped
    strength, up, z = t_norm[skipped:], uptrend[skipped:], z_score[skipped:]
    change, held, code, count = (
        vol_change[skipped:],
        bond[skipped:],
        codes[skipped:],
        pending[skipped:],
    )
    one = np.int8(1)
    # First what needs no memory, in bits and without branches, so that it runs many bars at a
    # time. ``code`` holds the raw trend: 0 bull, 1 sideways, 2 bear; ``count`` the bits below.
    for t in range(n):
        calm = np.int8(not change[t] < crush)
        rising = np.int8(up[t])
        bulls = np.int8(strength[t] > bull) & rising
        bears = np.int8(strength[t] < bear) & (one - rising) & calm
        code[t] = one - bulls + bears
        raises = np.int8(z[t] > upper) & calm
        keeps = np.int8(not z[t] < lower) & calm
        weak = np.int8(strength[t] < bull)
        count[t] = raises | (keeps << one) | (weak << np.int8(2))
    # Then what remembers: the volatility state, and the confirmation where it is on.
    high = np.int8(0)
    if confirm_days <= 0:
        for t in range(n):
            bits = count[t]
            high = (bits & one) | (high & (bits >> one) & one)
            code[t] = np.int8(6) * code[t] + np.int8(3) * high + held[t]
            count[t] = 0
        return
    waited = 0
    cell = 0
    for t in range(n):
        bits = count[t]
        high = (bits & one) | (high & (bits >> one) & one)
        trend = code[t]
        if cell == 1 and (bits >> np.int8(2)) == 1 and trend == 1:
            waited += 1
            if waited >= confirm_days:
                waited = 0
            else:
                trend = np.int8(0)
        else:
            waited = 0
        cell = 2 * trend + high + 1
        code[t] = np.int8(6) * trend + np.int8(3) * high + held[t]
        count[t] = waited


@kernel
def weight_table(
    leverage: float, hedge: bool, hedge_max: float, treasury: bool, bond_max: float,
    table: FloatArray,
) -> None:  # fmt: skip
    """Fill the 18 weight vectors of one parameter set (spec sections 4.1 to 4.3).

    Parameters
    ----------
    leverage : float
        Scales the equity weights before all six, cash included, are normalised.
    hedge, hedge_max : bool, float
        Whether cell 6 holds the inverse ETF, and at most how much.
    treasury, bond_max : bool, float
        Whether defensive cells hold bonds, and at most how much.
    table : float64 of shape (18, N), N >= 5
        Written: fractions of equity, columns LEVERAGED, CORE, INVERSE, BULL, BEAR.
    """
    table[:] = 0.0
    for code in range(CODES):
        cell = code // BOND_STATES + 1
        bond = code % BOND_STATES
        w = table[code]
        cash = 0.0
        if cell == 1:
            w[LEVERAGED], w[CORE] = 0.6, 0.4
        elif cell == 2:
            w[CORE] = 1.0
        elif cell == 3:
            w[LEVERAGED], w[CORE] = 0.2, 0.8
        elif cell == 5:
            w[CORE], cash = 0.5, 0.5
        elif cell == 6 and hedge:
            w[INVERSE] = min(0.5, hedge_max)
            cash = 1.0 - w[INVERSE]
        else:
            cash = 1.0
        defensive = cell == 4 or cell == 5 or (cell == 6 and not hedge)
        if treasury and defensive and bond != NO_BOND:
            share = min(_BOND_SHARE * cash, bond_max)
            w[BULL if bond == BULL_BOND else BEAR] = share
            cash -= share
        total = cash
        for n in range(5):
            if n <= INVERSE:
                w[n] *= leverage
            total += w[n]
        for n in range(5):
            w[n] /= total
