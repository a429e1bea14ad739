"""Planted truth in small: benchmarks/planted_truth.py does it with 1,000 variants and 20 seeds."""

from __future__ import annotations

import math

import numpy as np
import pytest

from jutsu_dagster.research.statistics.planted import (
    Truth,
    observed_edge,
    planted,
    planted_evidence,
)

BETTER = Truth(edge=2.5)
NOISE = Truth(edge=0.0, variants=300)


@pytest.mark.parametrize("seed", range(4))
def test_what_is_truly_better_passes_every_gate(seed: int) -> None:
    found = planted_evidence(BETTER, seed)
    assert [gate for gate in found.gates if not gate.passed] == []


@pytest.mark.parametrize("seed", range(4))
def test_the_luckiest_of_many_does_not_pass(seed: int) -> None:
    found = planted_evidence(NOISE, seed)
    edge = observed_edge(found)
    assert edge is not None
    assert edge > 0  # it looks better
    stopped = {gate.name for gate in found.gates if not gate.passed}
    assert "superior_set" in stopped


def test_a_good_parent_is_no_excuse_for_its_lucky_variant() -> None:
    # Deflated about 0, whatever shares a good parent's results looks skilled; about the parent's
    # Sharpe ratio it does not. The published one is the default, and StepM stops it then.
    found = planted_evidence(Truth(edge=0.0, parent_sharpe=1.5), 3)
    published, about_parent = found.numbers["dsr"], found.numbers["dsr_parent"]
    assert published is not None
    assert about_parent is not None
    assert published > 0.95
    assert about_parent < 0.9
    assert not found.passed


def test_the_future_does_not_change_the_past() -> None:
    short, long = (planted(Truth(days=days), 5) for days in (100, 300))
    np.testing.assert_array_equal(short.variants, long.variants[:100])
    np.testing.assert_array_equal(short.control, long.control[:100])
    np.testing.assert_array_equal(short.neighbours, long.neighbours[:100])


def test_families_are_drawn_as_they_say() -> None:
    truth = Truth(days=40_000, variants=3, edge=1.5)
    drawn = planted(truth, 1)
    chosen = drawn.variants[:, drawn.chosen]
    pair = np.corrcoef(chosen, drawn.control)[0, 1]
    assert pair == pytest.approx(truth.correlation, abs=0.03)
    near = np.corrcoef(chosen, drawn.neighbours[:, 0])[0, 1]
    assert near == pytest.approx(0.8 + 0.2 * 0.9, abs=0.02)
    daily = (chosen - drawn.control).mean()
    assert daily == pytest.approx(1.5 * 0.01 / math.sqrt(252), rel=0.1)
    assert chosen.std() == pytest.approx(0.01, rel=0.1)
