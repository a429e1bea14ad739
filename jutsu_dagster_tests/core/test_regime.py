"""The regime state machine, bar by bar, and its table of weights."""

from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np
import pytest

from jutsu_dagster.core.bars import FloatArray
from jutsu_dagster.core.regime import (
    BEAR,
    BEAR_BOND,
    BOND_STATES,
    BULL,
    BULL_BOND,
    CODES,
    CORE,
    INVERSE,
    LEVERAGED,
    NO_BOND,
    regime_path,
    weight_table,
)

# Trend strengths on their side of the thresholds 0.2 and -0.3.
STRONG, WEAK, BEARISH = 0.5, 0.1, -0.5
CALM, MIDDLE, WILD = -1.0, 0.5, 2.0


@dataclass
class Walk:
    """Bars of the machine's inputs; unset ones are calm, in an uptrend, without bonds."""

    t_norm: list[float]
    up: list[bool] = field(default_factory=list)
    z: list[float] = field(default_factory=list)
    change: list[float] = field(default_factory=list)
    first: int = 0

    def run(self, confirm_days: int = 0) -> tuple[list[int], list[int]]:
        """Return the cell and the exit counter of each bar."""
        n = len(self.t_norm)
        codes, pending = np.empty((2, n), dtype=np.int8)
        regime_path(
            np.array(self.t_norm), np.array(self.up or [True] * n), np.array(self.z or [CALM] * n),
            np.array(self.change or [np.nan] * n), np.zeros(n, dtype=np.int8), self.first,
            0.2, -0.3, 1.0, 0.2, -0.15, confirm_days, codes, pending,
        )  # fmt: skip
        cells = np.where(codes < 0, 0, codes // BOND_STATES + 1)
        return cells.tolist(), pending.tolist()

    def cells(self, confirm_days: int = 0) -> list[int]:
        """Return the cell of each bar."""
        return self.run(confirm_days)[0]


def test_trend_and_volatility_make_six_cells() -> None:
    trends = [STRONG, WEAK, BEARISH] * 2
    walk = Walk(trends, up=[True, True, False] * 2, z=[CALM] * 3 + [WILD] * 3)
    assert walk.cells() == [1, 3, 5, 2, 4, 6]


def test_trend_needs_strength_and_averages_to_agree() -> None:
    assert Walk([STRONG, BEARISH], up=[False, True]).cells() == [3, 3]


def test_thresholds_are_strict() -> None:
    walk = Walk([0.2, -0.3, 0.5, 0.5, 0.5], up=[True, False, True, True, True])
    walk.z = [CALM, CALM, 1.0, WILD, 0.2]
    assert walk.cells() == [3, 3, 1, 2, 2]


def test_volatility_has_a_memory_between_its_thresholds() -> None:
    walk = Walk([STRONG] * 6, z=[MIDDLE, WILD, MIDDLE, CALM, MIDDLE, WILD])
    assert walk.cells() == [1, 2, 2, 1, 1, 2]


def test_a_crush_beats_a_wild_z_and_is_remembered() -> None:
    walk = Walk([STRONG] * 4, z=[WILD, WILD, MIDDLE, WILD], change=[0.0, -0.2, 0.0, -0.15])
    # A fall of exactly the threshold is none.
    assert walk.cells() == [2, 1, 1, 2]


def test_a_crush_turns_a_bear_sideways_but_leaves_a_bull() -> None:
    walk = Walk([BEARISH, BEARISH, STRONG], up=[False, False, True], change=[0.0, -0.2, -0.2])
    assert walk.cells() == [5, 3, 1]


def test_bars_before_the_first_are_not_evaluated_and_leave_no_trace() -> None:
    walk = Walk([STRONG] * 4, z=[WILD, WILD, MIDDLE, MIDDLE], first=2)
    assert walk.cells() == [0, 0, 1, 1]
    assert Walk([STRONG] * 2, first=9).cells() == [0, 0]


def test_a_code_names_cell_and_bond() -> None:
    bond = np.array([NO_BOND, BULL_BOND, BEAR_BOND], dtype=np.int8)
    codes, pending = np.empty((2, 3), dtype=np.int8)
    regime_path(
        np.full(3, WEAK), np.ones(3, dtype=np.bool_), np.full(3, WILD), np.zeros(3), bond, 0,
        0.2, -0.3, 1.0, 0.2, -0.15, 0, codes, pending,
    )  # fmt: skip
    assert codes.tolist() == [9, 10, 11]


def test_an_exit_waits_for_its_days() -> None:
    walk = Walk([STRONG] + [WEAK] * 6)
    assert walk.run(3) == ([1, 1, 1, 3, 3, 3, 3], [0, 1, 2, 0, 0, 0, 0])


def test_one_day_of_confirmation_is_none() -> None:
    rng = np.random.default_rng(1)
    n = 500
    walk = Walk(
        rng.uniform(-1, 1, n).tolist(), (rng.random(n) < 0.7).tolist(),
        rng.normal(0, 1.5, n).tolist(), rng.normal(0, 0.2, n).tolist(),
    )  # fmt: skip
    assert walk.run(1) == walk.run(0)
    assert walk.cells(2) != walk.cells(0)


def test_a_recovered_trend_starts_the_count_anew() -> None:
    walk = Walk([STRONG, WEAK, STRONG, WEAK, WEAK])
    assert walk.run(2) == ([1, 1, 1, 1, 3], [0, 1, 0, 1, 0])


def test_a_bear_leaves_at_once() -> None:
    walk = Walk([STRONG, WEAK, BEARISH], up=[True, True, False])
    assert walk.run(5) == ([1, 1, 5], [0, 1, 0])


def test_a_crushed_bear_counts_as_sideways() -> None:
    walk = Walk([STRONG, BEARISH, BEARISH], up=[True, False, False], change=[0.0, -0.2, -0.2])
    assert walk.run(2) == ([1, 1, 3], [0, 1, 0])


def test_crossed_averages_leave_at_once_while_the_trend_is_strong() -> None:
    walk = Walk([STRONG, STRONG, 0.2], up=[True, False, True])
    assert walk.run(5)[0] == [1, 3, 3]
    # Exactly at the threshold is not below it: no confirmation there either.
    assert Walk([STRONG, 0.2]).run(5) == ([1, 3], [0, 0])


def test_a_stay_under_high_volatility_is_cell_2_and_ends_the_next_day() -> None:
    walk = Walk([STRONG, WEAK, WEAK, WEAK], z=[CALM, CALM, WILD, WILD])
    assert walk.run(4) == ([1, 1, 2, 4], [0, 1, 2, 0])


def test_cell_2_is_left_without_confirmation() -> None:
    assert Walk([STRONG, WEAK], z=[WILD, WILD]).run(5) == ([2, 4], [0, 0])


def test_entering_cell_1_needs_no_confirmation() -> None:
    assert Walk([WEAK, STRONG, WEAK]).run(5) == ([3, 1, 1], [0, 0, 1])


def test_the_count_runs_through_the_warm_up() -> None:
    # Whatever will be traded, the machine starts at its first evaluated bar.
    walk = Walk([STRONG, STRONG, WEAK, WEAK, WEAK], first=1)
    assert walk.run(3) == ([0, 1, 1, 1, 3], [0, 0, 1, 2, 0])


def table_of(
    leverage: float = 1.0, *, hedge: bool = False, hedge_max: float = 0.5, treasury: bool = True,
    bond_max: float = 0.4,
) -> FloatArray:  # fmt: skip
    table = np.full((CODES, 6), np.nan)
    weight_table(leverage, hedge, hedge_max, treasury, bond_max, table)
    return table


def weights(table: FloatArray, cell: int, bond: int = NO_BOND) -> dict[int, float]:
    row = table[(cell - 1) * BOND_STATES + bond].tolist()
    return {column: weight for column, weight in enumerate(row) if weight}


def test_the_six_mixes() -> None:
    table = table_of()
    assert weights(table, 1) == {LEVERAGED: 0.6, CORE: 0.4}
    assert weights(table, 2) == {CORE: 1.0}
    assert weights(table, 3) == {LEVERAGED: 0.2, CORE: 0.8}
    assert weights(table, 4) == {}
    assert weights(table, 5) == {CORE: 0.5}
    assert weights(table, 6) == {}


@pytest.mark.parametrize(("bond", "column"), [(BULL_BOND, BULL), (BEAR_BOND, BEAR)])
def test_defensive_cells_hold_bonds(bond: int, column: int) -> None:
    table = table_of()
    assert [weights(table, cell, bond) for cell in (1, 2, 3)] == [
        weights(table, cell) for cell in (1, 2, 3)
    ]
    assert weights(table, 4, bond) == {column: 0.4}
    assert weights(table, 5, bond) == {CORE: 0.5, column: 0.2}
    assert weights(table, 6, bond) == {column: 0.4}


def test_without_treasury_there_is_cash() -> None:
    table = table_of(treasury=False)
    assert [weights(table, cell, BULL_BOND) for cell in (4, 5, 6)] == [{}, {CORE: 0.5}, {}]


def test_the_bond_cap_binds_below_forty_percent_only() -> None:
    assert weights(table_of(bond_max=0.1), 4, BULL_BOND) == {BULL: 0.1}
    assert weights(table_of(bond_max=0.1), 5, BULL_BOND) == {CORE: 0.5, BULL: 0.1}
    np.testing.assert_array_equal(table_of(bond_max=0.9), table_of())


def test_the_hedge_replaces_bonds_in_cell_6() -> None:
    assert weights(table_of(hedge=True), 6, BULL_BOND) == {INVERSE: 0.5}
    assert weights(table_of(hedge=True, hedge_max=0.3), 6) == {INVERSE: 0.3}
    assert weights(table_of(hedge=True, hedge_max=0.9), 6) == {INVERSE: 0.5}
    assert weights(table_of(hedge=True), 4, BULL_BOND) == {BULL: 0.4}


def test_the_scalar_is_not_leverage() -> None:
    plain, scaled = table_of(), table_of(1.2)
    for cell in (1, 2, 3):
        assert weights(scaled, cell) == pytest.approx(weights(plain, cell))
    for cell in (4, 6):
        assert weights(scaled, cell, BULL_BOND) == pytest.approx(weights(plain, cell, BULL_BOND))
    assert weights(scaled, 5) == pytest.approx({CORE: 0.6 / 1.1})
    assert weights(scaled, 5, BEAR_BOND) == pytest.approx({CORE: 0.6 / 1.1, BEAR: 0.2 / 1.1})
    hedged = weights(table_of(1.2, hedge=True, hedge_max=0.3), 6)
    assert hedged == pytest.approx({INVERSE: 0.36 / 1.06})


def test_weights_never_exceed_one_and_extra_symbols_hold_nothing() -> None:
    for leverage in (0.5, 1.0, 1.5):
        table = table_of(leverage, hedge=True)
        assert (table >= 0).all()
        assert (table.sum(axis=1) <= 1 + 1e-12).all()
        assert (table[:, 5] == 0).all()
