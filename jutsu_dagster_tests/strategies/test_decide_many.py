"""Many sets at once decide what each decides alone; what they hold, and under which regime."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from typing import Any

import numpy as np
import pytest

from jutsu_dagster.core.bars import Bars
from jutsu_dagster.core.regime import CODES
from jutsu_dagster.strategies import regime_shared
from jutsu_dagster.strategies.allocation import Allocation, regime_labels
from jutsu_dagster.strategies.base import AllocationStrategy
from jutsu_dagster.strategies.kinds import KINDS
from jutsu_dagster.strategies.regime_allocator import HierarchicalAdaptiveV35b, RegimeAllocator
from jutsu_dagster_tests.strategies.subjects import MARKETS, parameters, sweep
from jutsu_dagster_tests.walks import with_split


class Evenly(AllocationStrategy):
    """A strategy of its own without a word about exposures or regimes."""

    symbols: tuple[str, ...] = ("QQQ", "TLT")

    def target_weights(self, bars: Bars) -> Any:
        return np.full((len(bars), len(bars.symbols)), 0.1)


class Contrary(HierarchicalAdaptiveV35b):
    """The allocator one cell further on."""

    def allocate(self, bars: Bars) -> Allocation:
        ours = super().allocate(bars)
        return replace(ours, codes=np.where(ours.codes < 0, -1, (ours.codes + 3) % CODES))


@pytest.fixture(params=[name for name, kind in KINDS.items() if issubclass(kind, RegimeAllocator)])
def sets(request: pytest.FixtureRequest) -> list[AllocationStrategy]:
    kind = KINDS[request.param]
    assert issubclass(kind, RegimeAllocator)
    roles = {"signal_symbol": "TQQQ", "treasury_trend_symbol": "TMF"}
    changes = [*parameters(request.param), parameters(request.param)[0] | roles]
    return [kind.model_validate(values) for values in changes]


@pytest.fixture(params=[*MARKETS, "many splits"])
def bars(request: pytest.FixtureRequest) -> Iterator[Bars]:
    if request.param in MARKETS:
        yield MARKETS[request.param]().window(135, 300)
        return
    # Of what is only held, of the bond trend, of the signal; and two on one day.
    market = MARKETS["walk"]().window(130, 300)
    for symbol, row, ratio in (
        ("PSQ", 0, 2.0), ("TMV", 60, 0.1), ("TLT", 90, 3.0), ("QQQ", 120, 1.7), ("TMF", 120, 4.0),
        ("TQQQ", 169, 2.0),
    ):  # fmt: skip
        market = with_split(market, symbol, row, ratio)
    yield market


def assert_equal(many: list[Allocation], alone: list[Allocation]) -> None:
    for one, other in zip(many, alone, strict=True):
        for name in ("codes", "table", "cells"):
            left, right = getattr(one, name), getattr(other, name)
            assert left.dtype == right.dtype
            np.testing.assert_array_equal(left, right, name)
        assert not one.diagnostics


def test_many_sets_decide_what_each_decides_alone(
    sets: list[AllocationStrategy], bars: Bars
) -> None:
    kind, alone = type(sets[0]), [one.decide(bars) for one in sets]
    assert len({int(cell) for one in alone for cell in one.cells}) > 4
    assert_equal(kind.decide_many(sets, bars), alone)
    # The default, which every class has.
    default = AllocationStrategy.decide_many.__func__  # type: ignore[attr-defined]
    assert_equal(default(kind, sets, bars), alone)


def test_each_set_may_begin_at_a_row_of_its_own(sets: list[AllocationStrategy], bars: Bars) -> None:
    anchors = [(at * 7) % 29 for at in range(len(sets))]
    begun = [
        one.decide(bars.window(row, len(bars))) for one, row in zip(sets, anchors, strict=True)
    ]
    assert_equal(type(sets[0]).decide_many(sets, bars, anchors), begun)


def test_more_inputs_than_are_kept_change_nothing(
    sets: list[AllocationStrategy], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(regime_shared, "_KEPT", 3)
    market = MARKETS["walk"]()
    alone = [one.decide(market) for one in sets]
    assert_equal(type(sets[0]).decide_many(sets, market), alone)


def test_a_derived_class_that_decides_otherwise_is_asked_itself() -> None:
    values, market = parameters("Hierarchical_Adaptive_v3_5b")[:3], MARKETS["walk"]()
    theirs: list[AllocationStrategy] = [Contrary.model_validate(one) for one in values]
    ours: list[AllocationStrategy] = [
        HierarchicalAdaptiveV35b.model_validate(one) for one in values
    ]
    assert_equal(Contrary.decide_many(theirs, market), [one.decide(market) for one in theirs])
    swept = [sweep(sets, market, 120).column("final_equity") for sets in (theirs, ours)]
    assert (swept[0] != swept[1]).all()


def test_no_sets_decide_nothing() -> None:
    assert HierarchicalAdaptiveV35b.decide_many([], MARKETS["walk"]()) == []


def test_exposures_follow_the_roles() -> None:
    assert HierarchicalAdaptiveV35b().exposures == {
        "QQQ": 1.0, "TQQQ": 3.0, "PSQ": -1.0, "TLT": 0.0, "TMF": 0.0, "TMV": 0.0,
    }  # fmt: skip
    other = HierarchicalAdaptiveV35b(core_long_symbol="SPY", treasury_trend_symbol="TMF")
    assert other.exposures["SPY"] == other.exposures["QQQ"] == 1.0
    assert set(other.exposures) == set(other.universe)
    assert Evenly().exposures == {"QQQ": 1.0, "TLT": 1.0}


def test_a_label_is_of_the_session_that_decided() -> None:
    cells = np.array([0, 2, 2, 6, 7])
    decision = Allocation(cells, np.zeros((1, 1)), cells)
    names = HierarchicalAdaptiveV35b.regimes
    said = ["none", *["cell 2 (BullStrong, High)"] * 2, "cell 6 (BearStrong, High)", "cell 7"]
    assert regime_labels(decision, names, 0, 5, "close") == said
    assert regime_labels(decision, names, 3, 5, "close") == said[3:]
    assert regime_labels(decision, names, 0, 5, "next_open") == ["none", *said[:4]]
    assert regime_labels(decision, names, 3, 4, "next_close") == said[2:3]
