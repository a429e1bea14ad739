"""The two random paths of the sample market: an equity index fund and a bond fund."""

from __future__ import annotations

import math
from dataclasses import dataclass
from functools import cache

import numpy as np

from jutsu_dagster.core.bars import FloatArray, IntArray, TimeArray

_SESSIONS_A_YEAR = 252
_EPOCH = np.datetime64("2008-01-01", "D")
_NORMALS = 8
_SEED_EQUITY = 34
_SEED_BOND = 12

_BULL, _SIDEWAYS, _CRASH = range(3)
# Yearly drift and volatility of each regime, and the chance to leave it on a session.
_DRIFT = (0.24, -0.02, -0.75)
_VOLATILITY = (0.155, 0.215, 0.40)
_LEAVE = (1 / 190, 1 / 60, 1 / 45)
# Where a regime goes when it is left: the chance of the first of the two named.
_NEXT = ((_SIDEWAYS, _CRASH, 0.72), (_BULL, _CRASH, 0.80), (_BULL, _SIDEWAYS, 0.70))
# Long-run growth that prices are drawn back to, per year, and how strongly.
_TREND = 0.125
_PULL = 0.45
_LIMIT = 0.11


@dataclass(frozen=True, eq=False, slots=True)
class Path:
    """One symbol's bars over T sessions.

    Attributes
    ----------
    prices : float64 of shape (4, T)
        Open, high, low, close.
    ratios : float64 of shape (4, T)
        The same, divided by the close before.
    volume : float64 of shape (T,)
        Shares.
    activity : float64 of shape (T,)
        Volume as a multiple of the usual.
    shock : float64 of shape (T,)
        The day's standardised surprise.
    """

    prices: FloatArray
    ratios: FloatArray
    volume: FloatArray
    activity: FloatArray
    shock: FloatArray

    def since(self, start: int) -> Path:
        """Return the path from session ``start`` on."""
        return Path(
            self.prices[:, start:],
            self.ratios[:, start:],
            self.volume[start:],
            self.activity[start:],
            self.shock[start:],
        )


def equity_path(sessions: TimeArray) -> Path:
    """Return a QQQ-like path: regimes, clustering volatility that falls feed, pull to a trend."""
    normal, uniform = _draws(_SEED_EQUITY, sessions)
    count = len(sessions)
    returns, scale, shock = np.empty(count), np.empty(count), np.empty(count)
    regime, level, variance = _SIDEWAYS, 0.0, 1.0
    volatility = _VOLATILITY[regime]
    years = ((sessions - sessions[0]).astype(np.int64) / 365.25).tolist()
    for t, (surprise, mixing, leave, choose) in enumerate(
        zip(normal[:, 0].tolist(), normal[:, 1].tolist(), *uniform.T.tolist(), strict=True)
    ):
        if leave < _LEAVE[regime]:
            first, second, chance = _NEXT[regime]
            regime = first if choose < chance else second
        volatility += 0.12 * (_VOLATILITY[regime] - volatility)
        # A normal of random size has the fat tails of daily returns.
        e = surprise * math.exp(0.28 * mixing - 0.0784)
        sigma = volatility * math.sqrt(variance / _SESSIONS_A_YEAR)
        drift = _DRIFT[regime] + _PULL * (_TREND * years[t] - level)
        move = min(max(drift / _SESSIONS_A_YEAR + sigma * e, -_LIMIT), _LIMIT)
        level += move
        returns[t], scale[t], shock[t] = move, sigma, e
        # GJR-GARCH around one: a fall raises tomorrow's variance more than a rise.
        fed = e * e * variance
        variance = min(0.09 + 0.83 * variance + (0.02 if e > 0 else 0.14) * fed, 6.0)
    return _path(50.0, returns, scale, shock, 6.0e7, 0.0095, normal[:, 2:])


def bond_path(sessions: TimeArray, equity_shock: FloatArray) -> Path:
    """Return a TLT-like path that tends to rise on the equity fund's worst days."""
    normal, _ = _draws(_SEED_BOND, sessions)
    count = len(sessions)
    returns, scale = np.empty(count), np.empty(count)
    shock = -0.32 * equity_shock + 0.947 * normal[:, 0]
    level, momentum, log_scale = 0.0, 0.0, 0.0
    for t, (e, turn, stir) in enumerate(
        zip(shock.tolist(), normal[:, 1].tolist(), normal[:, 7].tolist(), strict=True)
    ):
        # Interest rates move in swings of months, which is what a bond trend can catch.
        momentum = 0.99 * momentum + 0.021 * turn
        log_scale = 0.97 * log_scale + 0.07 * stir
        sigma = 0.135 * math.exp(log_scale) / math.sqrt(_SESSIONS_A_YEAR)
        drift = 0.01 + momentum - 0.35 * level
        move = min(max(drift / _SESSIONS_A_YEAR + sigma * e, -0.06), 0.06)
        level += move
        returns[t], scale[t] = move, sigma
    return _path(92.0, returns, scale, shock, 1.4e7, 0.0085, normal[:, 2:])


def _path(
    first_price: float,
    returns: FloatArray,
    scale: FloatArray,
    shock: FloatArray,
    shares: float,
    usual_scale: float,
    normal: FloatArray,
) -> Path:
    """Return bars around closes: an overnight gap, a range about them, volume that follows."""
    gap, up, down, calm = normal[:, 0], normal[:, 1], normal[:, 2], normal[:, 3]
    open_ = 0.35 * returns + 0.45 * scale * np.clip(gap, -3, 3)
    high = np.maximum(open_, returns) + 0.40 * scale * np.minimum(np.abs(up), 3)
    low = np.minimum(open_, returns) - 0.45 * scale * np.minimum(np.abs(down), 3)
    ratios = np.exp(np.stack([open_, high, low, returns]))
    close = first_price * np.cumprod(ratios[3])
    before = np.concatenate([[first_price], close])[: len(close)]
    busy = 0.55 * np.log(scale / usual_scale) + 0.16 * (np.abs(shock) - 0.8) + 0.19 * calm
    activity = np.exp(busy)
    return Path(ratios * before, ratios, shares * activity, activity, shock)


def _draws(seed: int, sessions: TimeArray) -> tuple[FloatArray, FloatArray]:
    """Return (T, 8) normals and (T, 2) uniforms, each row a function of seed and date alone."""
    day: IntArray = (sessions - _EPOCH).astype(np.int64)
    uniform = _uniforms(seed, int(day[-1]) // 512 + 1)[day]
    # Box-Muller on raw bits: numpy promises the bits of a generator, not its normals.
    radius = np.sqrt(-2 * np.log1p(-uniform[:, : _NORMALS // 2]))
    angle = 2 * np.pi * uniform[:, _NORMALS // 2 : _NORMALS]
    normal = np.concatenate([radius * np.cos(angle), radius * np.sin(angle)], axis=1)
    return normal, uniform[:, _NORMALS:]


@cache
def _uniforms(seed: int, blocks: int) -> FloatArray:
    """Return uniforms in [0, 1) of shape (512 * blocks, 10), a row per calendar day."""
    bits = np.random.PCG64(seed).random_raw(512 * blocks * (_NORMALS + 2))
    uniform = (bits >> np.uint64(11)).astype(np.float64) * 2.0**-53
    return uniform.reshape(-1, _NORMALS + 2)
