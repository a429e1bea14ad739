"""Planted truth: families of daily results of which it is known who is better, and why.

Every day's results come from that day's shocks and from volatilities known the day before, so
the first days do not change when more are drawn. The parent earns ``parent_sharpe``; its
variants share most of its results, as parameter sets of one strategy do, and their own part is
luck. In a true family one variant earns more than the rest.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np

from jutsu_dagster.core.bars import FloatArray
from jutsu_dagster.research.statistics.evidence import evidence, family
from jutsu_dagster.research.statistics.gates import Gates
from jutsu_dagster.research.statistics.records import Case, Evidence, Track
from jutsu_dagster.research.statistics.resampling import Sampling

_YEAR = 252
# Volatility clusters (GARCH(1,1), variance 1) and shocks have fat tails (Student's t).
_ARCH, _GARCH, _FREEDOM = 0.06, 0.92, 6.0
_DAILY_VOLATILITY = 0.01
# Costs of a trade: two fees of 6 bps and 2 bps of slippage.
COST_A_TRADE = 0.0014
DAYS_A_TRADE = 5


@dataclass(frozen=True, slots=True)
class Truth:
    """How a family is drawn.

    Attributes
    ----------
    days : int
        T.
    variants : int
        K, the better one included where there is one.
    edge : float
        True annual Sharpe ratio (252 days) of the better variant above the parent's; 0 for a
        family of noise, of which the luckiest is then the candidate.
    parent_sharpe : float
        The parent's true annual Sharpe ratio.
    correlation : float
        Between the daily results of any two members of the family.
    neighbours : int
        Variants one step aside from the candidate.
    likeness : float
        Correlation of a neighbour's own part with the candidate's: it shares its luck, too.
    kept : float
        Share of the true edge that neighbours have.
    """

    days: int = 3 * _YEAR
    variants: int = 100
    edge: float = 2.0
    parent_sharpe: float = 0.5
    correlation: float = 0.8
    neighbours: int = 4
    likeness: float = 0.9
    kept: float = 0.95


def _shocks(truth: Truth, rng: np.random.Generator) -> tuple[FloatArray, FloatArray]:
    """Return the family's volatility at each day, known before, and all its shocks."""
    columns = 2 + truth.variants + truth.neighbours
    drawn = rng.standard_t(_FREEDOM, (truth.days, columns)) * math.sqrt(1 - 2 / _FREEDOM)
    variance = np.empty(truth.days)
    now = 1.0
    for day in range(truth.days):
        variance[day] = now
        now = 1 - _ARCH - _GARCH + (_ARCH * drawn[day, 0] ** 2 + _GARCH) * now
    return np.sqrt(variance), drawn


@dataclass(frozen=True, eq=False, slots=True)
class Planted:
    """A family's daily results: control (T,), variants (T, K), the candidate, its neighbours."""

    control: FloatArray
    variants: FloatArray
    chosen: int
    neighbours: FloatArray


def planted(truth: Truth, seed: int) -> Planted:
    """Return daily results; the candidate is the better variant, or the luckiest of noise."""
    volatility, drawn = _shocks(truth, np.random.default_rng(seed))
    common, own = math.sqrt(truth.correlation), math.sqrt(1 - truth.correlation)

    def results(apart: FloatArray, sharpe: FloatArray | float) -> FloatArray:
        shared = common * drawn[:, 0] + own * apart.T
        found = _DAILY_VOLATILITY * (volatility * shared).T
        return found + _DAILY_VOLATILITY * np.asarray(sharpe) / math.sqrt(_YEAR)

    skill = np.full(truth.variants, truth.parent_sharpe)
    skill[0] += truth.edge
    variants = results(drawn[:, 2 : 2 + truth.variants], skill)
    chosen = 0 if truth.edge else int(_sharpes(variants).argmax())
    like, unlike = truth.likeness, math.sqrt(1 - truth.likeness**2)
    beside = like * drawn[:, 2 + chosen, None] + unlike * drawn[:, 2 + truth.variants :]
    around = results(beside, truth.parent_sharpe + truth.kept * truth.edge)
    return Planted(results(drawn[:, 1], truth.parent_sharpe), variants, chosen, around)


def _sharpes(returns: FloatArray) -> FloatArray:
    found: FloatArray = returns.mean(axis=0) / returns.std(axis=0, ddof=1)
    return found


def planted_case(truth: Truth, seed: int, sampling: Sampling | None = None) -> Case:
    """Return the case of a family's candidate."""
    drawn = planted(truth, seed)
    names = [f"variant_{column:04d}" for column in range(truth.variants)]
    trades = truth.days // DAYS_A_TRADE

    def track(returns: FloatArray) -> Track:
        net = float(returns.sum())
        return Track(returns, trades, net + COST_A_TRADE * trades, net)

    return Case(
        names[drawn.chosen],
        track(drawn.variants[:, drawn.chosen]),
        track(drawn.control),
        family(drawn.control, drawn.variants, names, sampling=sampling),
        _sharpes(drawn.variants),
        {f"neighbour_{k}": drawn.neighbours[:, k] for k in range(truth.neighbours)},
    )


def planted_evidence(truth: Truth, seed: int, gates: Gates | None = None) -> Evidence:
    """Return the evidence for the candidate of one planted family."""
    return evidence(planted_case(truth, seed), compound=False, gates=gates)


def observed_edge(found: Evidence) -> float | None:
    """Return the candidate's observed annual Sharpe ratio less the control's."""
    daily = found.numbers["sharpe_difference"]
    return daily * math.sqrt(_YEAR) if isinstance(daily, float) else None
