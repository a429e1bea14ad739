"""Plateau and heat map by hand, and sets that behave alike."""

from __future__ import annotations

import numpy as np
import pytest

from jutsu_dagster.research.lookback.distinct import distinct_columns
from jutsu_dagster.research.lookback.measures import Basis
from jutsu_dagster.research.lookback.plateau import Aside, heat, profile, verdict

BASIS = Basis()
WAVE = np.tile([0.02, -0.01], 30)


def test_shares_kept_by_hand() -> None:
    # Total returns are what the metric is: the parent's own, half of it, none, and its twin.
    returns = np.column_stack([WAVE, WAVE, np.zeros(60), np.tile([0.01, -0.01], 30)])
    own, falling = 1.02**30 * 0.99**30 - 1, 1.01**30 * 0.99**30 - 1
    asides = [Aside(1, "a", 1, 5), Aside(2, "a", -1, 3), Aside(3, "b", 1, 0.5)]
    base = own / 4
    twin, flat, low = profile(returns, base, asides, "total_return", BASIS)
    assert twin.idle
    assert twin.retained == 1.0
    assert (flat.retained, flat.metric) == (0.0, 0.0)
    assert flat.edge_kept == pytest.approx(-1 / 3)
    assert low.retained == pytest.approx(falling / own)
    told = verdict([twin, flat, low])
    assert (told["neighbours"], told["idle"]) == (3, 1)
    assert told["worst_retained"] == pytest.approx(falling / own)
    assert told["mean_retained"] == pytest.approx(falling / own / 2)
    assert told["cliffs"] == ["a = 3", "b = 0.5"]


def test_without_an_edge_there_is_no_share_of_one() -> None:
    returns = np.column_stack([-WAVE, WAVE])
    (one,) = profile(returns, 0.1, [Aside(1, "a", 1, 5)], "sharpe", BASIS)
    assert one.retained is None
    assert one.edge_kept is None
    assert one.metric is not None
    assert verdict([one])["worst_retained"] is None


def test_a_neighbour_that_never_trades_keeps_nothing() -> None:
    returns = np.column_stack([WAVE, np.zeros(60)])
    (one,) = profile(returns, 0.0, [Aside(1, "a", 1, 5)], "sharpe", BASIS)
    assert one.metric is None
    assert one.retained == 0.0


def test_a_heat_map_leaves_refused_combinations_blank() -> None:
    grid = heat({(0, 0): 0, (0, 1): 2, (1, 1): 1}, np.array([1.0, 2.0, 3.0]), (2, 2))
    np.testing.assert_array_equal(grid, [[1.0, 3.0], [np.nan, 2.0]])


def test_columns_that_behave_alike_are_one() -> None:
    other = WAVE + 1e-18
    returns = np.column_stack([WAVE, -WAVE, WAVE, other * 2, -WAVE])
    assert distinct_columns(returns).tolist() == [0, 1, 3]
