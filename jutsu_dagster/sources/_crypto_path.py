"""The random paths of the sample crypto market: closes of days, and bars between two of them."""

from __future__ import annotations

import math
from dataclasses import dataclass
from functools import cache

import numpy as np

from jutsu_dagster.core.bars import FloatArray

BARS = 96
_DAYS_A_YEAR = 365
# Paths are computed to the end of a block, so that a market of tomorrow finds today's.
_BLOCK = 512
_NORMALS = 8
_SEED_MARKET = 96

_BULL, _CHOP, _BEAR, _PANIC = range(4)
# Yearly drift and volatility of each regime, and the chance to leave it on a day.
_DRIFT = (1.10, 0.05, -0.90, -6.0)
_VOLATILITY = (0.42, 0.34, 0.52, 1.15)
_LEAVE = (1 / 40, 1 / 25, 1 / 30, 1 / 5)
# Where a regime goes when it is left: the chance of the first of the two named.
_NEXT = ((_CHOP, _PANIC, 0.85), (_BULL, _BEAR, 0.55), (_CHOP, _PANIC, 0.80), (_CHOP, _BEAR, 0.6))
# Long-run growth that prices are drawn back to, per year, and how strongly.
_TREND = 0.10
_PULL = 0.90
_LIMIT = 0.30


@dataclass(frozen=True, slots=True)
class Coin:
    """One symbol of the sample market, in US dollars.

    Attributes
    ----------
    seed : int
    price : float
        At the first day's open.
    beta : float
        How much of the market's return it takes.
    own : float
        Yearly volatility of its own.
    amount : float
        Usual volume of a bar, coins.
    """

    seed: int
    price: float
    beta: float
    own: float
    amount: float


@dataclass(frozen=True, eq=False, slots=True)
class Days:
    """The frame of a coin's path: D days.

    Attributes
    ----------
    close : float64 of shape (D + 1,)
        At each day's end, to the cent; before them the price at the first day's open.
    sigma : float64 of shape (D,)
        Standard deviation of each day's return.
    """

    close: FloatArray
    sigma: FloatArray


def days_of(coin: Coin, count: int) -> Days:
    """Return at least ``count`` days; a day depends on those before it alone."""
    return _days(coin, -(-count // _BLOCK))


@cache
def _days(coin: Coin, blocks: int) -> Days:
    moves, sigmas = _market(blocks)
    own = coin.own / math.sqrt(_DAYS_A_YEAR)
    close, sigma = [coin.price], []
    level = 0.0
    normal = _normals(coin.seed, 0, blocks * _BLOCK, _NORMALS)[:, 0]
    for day, (move, scale, e) in enumerate(zip(moves, sigmas, normal.tolist(), strict=True)):
        pull = _PULL * (_TREND * day / _DAYS_A_YEAR - level) / _DAYS_A_YEAR
        level += min(max(coin.beta * move + own * e + pull, -_LIMIT), _LIMIT)
        close.append(round(coin.price * math.exp(level), 2))
        sigma.append(math.hypot(coin.beta * scale, own))
    return Days(np.array(close), np.array(sigma))


@cache
def _market(blocks: int) -> tuple[list[float], list[float]]:
    """Return what all coins share: each day's return and its standard deviation."""
    draws = _normals(_SEED_MARKET, 0, blocks * _BLOCK, _NORMALS)
    uniform = _uniforms(_SEED_MARKET + 1, 0, blocks * _BLOCK, 2)
    moves, sigmas = [], []
    regime, variance, volatility = _CHOP, 1.0, _VOLATILITY[_CHOP]
    for (surprise, mixing), (leave, choose) in zip(
        draws[:, :2].tolist(), uniform.tolist(), strict=True
    ):
        if leave < _LEAVE[regime]:
            first, second, chance = _NEXT[regime]
            regime = first if choose < chance else second
        volatility += 0.35 * (_VOLATILITY[regime] - volatility)
        # A normal of random size has the fat tails of daily returns.
        e = surprise * math.exp(0.25 * mixing - 0.0625)
        sigma = volatility * math.sqrt(variance / _DAYS_A_YEAR)
        moves.append(_DRIFT[regime] / _DAYS_A_YEAR + sigma * e)
        sigmas.append(sigma)
        # GARCH around one: a large move raises tomorrow's variance, a fall more than a rise.
        fed = e * e * variance
        variance = min(0.10 + 0.80 * variance + (0.06 if e > 0 else 0.12) * fed, 5.0)
    return moves, sigmas


def bars_of(coin: Coin, first: int, count: int) -> dict[str, FloatArray]:
    """Return open, high, low, close and volume of days ``first`` on, each of (count, 96).

    Every day is a bridge from the close before it to its own, so it costs the same whichever
    and however many are asked for, and no bar depends on what is asked for.
    """
    days = days_of(coin, first + count)
    begin, end = days.close[first : first + count], days.close[first + 1 : first + count + 1]
    draws = _normals(coin.seed + 1, first, count, BARS * _NORMALS)
    # Shocks, their mixing, turns of volatility and of drift, wicks up and down, calm, unused.
    shock, mixing, stir, turn, up, down, calm, _ = draws.reshape(count, _NORMALS, BARS).swapaxes(
        0, 1
    )
    wave = _persistent(stir, 0.93) * 0.38
    scale = _clock() * np.exp(wave) * (days.sigma[first : first + count, None] / math.sqrt(BARS))
    e = shock * np.exp(0.32 * mixing - 0.1024)
    move = 0.86 * scale * (e + 0.18 * _persistent(turn, 0.95))
    path = np.cumsum(move, axis=1)
    share = np.cumsum(scale * scale, axis=1)
    path += (np.log(end / begin)[:, None] - path[:, -1:]) * (share / share[:, -1:])
    close = (begin[:, None] * np.exp(path)).round(2)
    close[:, -1] = end
    open_ = np.concatenate([begin[:, None], close[:, :-1]], axis=1)
    wick = 0.5 * scale
    high = np.maximum(open_, close) * np.exp(wick * np.minimum(np.abs(up), 4))
    low = np.minimum(open_, close) * np.exp(-wick * np.minimum(np.abs(down), 4))
    usual = math.hypot(coin.beta * 0.42, coin.own) / math.sqrt(_DAYS_A_YEAR * BARS)
    busy = 0.9 * np.log(scale / usual) + 0.35 * (np.abs(e) - 0.8) + 0.35 * calm
    volume = (coin.amount * np.exp(busy)).round(3)
    return {
        "open": open_,
        "high": high.round(2),
        "low": low.round(2),
        "close": close,
        "volume": volume,
    }


@cache
def _clock() -> FloatArray:
    """Return how lively each bar of a day is: quiet at 04:00 UTC, busy as New York opens."""
    hour = np.arange(BARS) * (24 / BARS)
    lively = 0.80 + 0.50 * np.exp(-(((hour - 15.0) / 3.0) ** 2)) + 0.15 * np.cos(hour * np.pi / 12)
    calibrated: FloatArray = lively / math.sqrt(float((lively**2).mean()))
    return calibrated


def _persistent(normal: FloatArray, memory: float) -> FloatArray:
    """Return a stationary autoregression along each row, of variance one."""
    fresh = math.sqrt(1 - memory * memory)
    found = np.empty_like(normal)
    found[:, 0] = normal[:, 0]
    for bar in range(1, normal.shape[1]):
        found[:, bar] = memory * found[:, bar - 1] + fresh * normal[:, bar]
    return found


def _normals(seed: int, first: int, count: int, width: int) -> FloatArray:
    """Return (count, width) normals, each row a function of seed and day alone."""
    uniform = _uniforms(seed, first, count, width)
    # Box-Muller on raw bits: numpy promises the bits of a generator, not its normals.
    radius = np.sqrt(-2 * np.log1p(-uniform[:, : width // 2]))
    angle = 2 * np.pi * uniform[:, width // 2 :]
    return np.concatenate([radius * np.cos(angle), radius * np.sin(angle)], axis=1)


def _uniforms(seed: int, first: int, count: int, width: int) -> FloatArray:
    """Return (count, width) uniforms in [0, 1), a row per day from day ``first`` on."""
    bits = np.random.PCG64(seed).advance(first * width).random_raw(count * width)
    uniform = (bits >> np.uint64(11)).astype(np.float64) * 2.0**-53
    return uniform.reshape(count, width)
