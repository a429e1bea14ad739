"""Drawn mutations: valid, new, in bounds, the same by seed, and honest where there are no more."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from jutsu_dagster.core.errors import ConfigError
from jutsu_dagster.registry.mutation_axes import axes_of, step_of
from jutsu_dagster.registry.mutation_sampling import METHODS, Method, sample_mutations
from jutsu_dagster.registry.mutations import mutate
from jutsu_dagster.registry.param_specs import ParamSpec, param_specs
from jutsu_dagster.strategies.base import Strategy
from jutsu_dagster.strategies.kinds import KINDS
from jutsu_dagster_tests.councils import council, walk
from jutsu_dagster_tests.registry.mutable import every

ALLOCATOR = KINDS["Hierarchical_Adaptive_v3_5b"].model_validate(
    {"signal_symbol": "QQQ", "leveraged_long_symbol": "TQQQ", "sma_fast": 40, "sma_slow": 140}
)
PARENTS = {
    "allocator": ALLOCATOR,
    "council": council("default"),
    "reference": council("reference"),
    "every": every(),
}


def drawn(parent: Strategy, count: int, **options: Any) -> list[dict[str, object]]:
    return list(sample_mutations(parent, count, **options).mutations)


@pytest.mark.parametrize("method", METHODS)
@pytest.mark.parametrize("name", PARENTS)
def test_every_mutation_is_valid_within_bounds_and_like_no_other(name: str, method: Method) -> None:
    parent = PARENTS[name]
    found = [mutate(parent, each) for each in drawn(parent, 150, method=method, seed=1)]
    assert len(found) >= 30 or (name, method) == ("every", "neighbours")
    assert all(not each.clamped and each.strategy != parent for each in found)
    assert len({each.strategy.parameter_hash for each in found}) == len(found)
    assert (
        max(len(each.changed) for each in found)
        == {"random": 3, "grid": 2, "neighbours": 1}[method]
    )


@pytest.mark.parametrize("method", METHODS)
def test_the_same_seed_draws_the_same_and_another_does_not(method: Method) -> None:
    parent = PARENTS["council"]
    one, same, other = (drawn(parent, 20, method=method, seed=seed) for seed in (7, 7, 8))
    assert one == same
    assert (one == other) == (method != "random")


@pytest.mark.parametrize("method", METHODS)
def test_what_was_tried_before_is_not_drawn_again_however_it_was_written(method: Method) -> None:
    parent, names = PARENTS["council"], ("exploration_cap", "exit_min_conf")
    first = drawn(parent, 3, method=method, names=names)
    absolute = [dict(mutate(parent, each).changed) for each in first]
    sample = sample_mutations(parent, 1000, method=method, names=names, past=absolute)
    assert sample.known == 3
    assert sample.exhausted
    everything = sample_mutations(parent, 1000, method=method, names=names)
    assert len(sample.mutations) == len(everything.mutations) - 3
    assert not [each for each in sample.mutations if each in first]


def test_fewer_than_wanted_are_all_there_are() -> None:
    sample = sample_mutations(PARENTS["council"], 50, names=["exploration_cap"])
    changes = sorted(each["exploration_cap_delta"] for each in sample.mutations)  # type: ignore[type-var]
    assert changes == [-1, 1, 2, 3, 4, 5]
    assert (sample.wanted, sample.exhausted) == (50, True)


def test_a_combination_that_the_class_refuses_is_drawn_again() -> None:
    parent = every(fast=10, slow=12)
    sample = sample_mutations(parent, 60, names=["fast", "slow"], seed=3)
    assert sample.refused > 0
    for each in sample.mutations:
        assert mutate(parent, each).strategy.fast < mutate(parent, each).strategy.slow  # type: ignore[attr-defined]


def test_neighbours_are_one_step_of_one_parameter() -> None:
    found = drawn(PARENTS["council"], 6, method="neighbours")
    assert found[:3] == [
        {"conf_min.trend_delta": 0.02}, {"conf_min.trend_delta": -0.02},
        {"conf_min.chop_delta": 0.02},
    ]  # fmt: skip
    flags = drawn(ALLOCATOR, 99, method="neighbours", names=["use_inverse_hedge", "sma_fast"])
    assert flags == [{"use_inverse_hedge": True}, {"sma_fast_delta": 5}, {"sma_fast_delta": -5}]


def test_a_grid_goes_outwards_and_a_map_goes_as_one() -> None:
    found = drawn(PARENTS["council"], 9, method="grid", names=["conf_min", "exploration_cap"])
    assert found == [
        {"conf_min_delta": 0.02}, {"conf_min_delta": -0.02},
        {"exploration_cap_delta": 1}, {"exploration_cap_delta": -1},
        {"conf_min_delta": 0.04}, {"conf_min_delta": -0.04},
        {"conf_min_delta": 0.02, "exploration_cap_delta": 1},
        {"conf_min_delta": 0.02, "exploration_cap_delta": -1},
        {"conf_min_delta": -0.02, "exploration_cap_delta": 1},
    ]  # fmt: skip


def test_enums_flags_and_clashing_names_are_changed_by_the_grammar() -> None:
    names = ["kind", "colour", "flag", "fast"]
    found = drawn(every(), 99, method="neighbours", names=names)
    assert found[:4] == [{"kind": "b"}, {"kind": 1}, {"colour": "blue"}, {"flag": True}]
    # fast_delta is a parameter of its own there.
    assert found[4:] == [{"fast": 6}, {"fast": 4}]


def test_a_bound_is_reached_to_the_bit() -> None:
    parent = council("default", conf_min={"trend": 0.93, "chop": 0.72, "high_vol": 0.71})
    found = drawn(parent, 99, method="grid", names=["conf_min.trend"])
    up = [mutate(parent, each) for each in found if each["conf_min.trend_delta"] > 0]  # type: ignore[operator]
    assert [(each.changed, each.clamped) for each in up] == [({"conf_min.trend": 0.95}, {})]


def test_a_step_is_the_fields_own_or_a_round_share_of_value_and_range() -> None:
    specs = param_specs(ALLOCATOR)
    steps = [step_of(specs[name]) for name in ("sma_fast", "sma_slow", "leverage_scalar", "T_max")]
    assert steps == [5, 10, 0.05, 5.0]

    def number(value: float | None, **more: Any) -> ParamSpec:
        return ParamSpec("x", ("x",), "float", value, mutable=True, **more)

    assert step_of(number(0.7, low=0.5, high=0.95, step=0.03)) == 0.03
    assert step_of(number(0.0, low=0.0, high=1.0)) == 0.05
    assert [step_of(number(0.0)), step_of(number(None, low=0.0, high=1.0))] == [None, None]


def test_what_would_change_nothing_is_left_out_unless_it_is_named() -> None:
    parent = PARENTS["council"]
    names = {axis.name for axis in axes_of(parent)}
    assert "weights_trend.momentum" in names
    # Nobody votes for positioning, and mean reversion is alone in chop.
    assert names.isdisjoint({"weights_trend.positioning", "weights_chop.meanrev"})
    assert [axis.name for axis in axes_of(parent, ["weights_chop.meanrev"])]


def test_what_is_left_out_as_idle_decides_nothing() -> None:
    parent, bars = council("default"), walk(1500)
    before = parent.direct(bars)
    assert len(parent.idle_parameters) == 7
    for name in parent.idle_parameters:
        mutant = mutate(parent, {name: 0.35}).strategy
        after = mutant.direct(bars)  # type: ignore[attr-defined]
        np.testing.assert_array_equal(after.direction, before.direction)
        np.testing.assert_array_equal(after.confidence, before.confidence)


@pytest.mark.parametrize(
    ("names", "rule"),
    [
        (["conf_mni"], "conf_mni is no parameter of Council. Did you mean 'conf_min'"),
        (["symbol"], "symbol is immutable"),
        (["signals.Ret_G5"], "has immutable signals.Ret_G5.method"),
        (["conf_min", "conf_min.chop"], "conf_min.chop is named twice"),
    ],
)
def test_a_name_that_cannot_be_changed_is_refused(names: list[str], rule: str) -> None:
    with pytest.raises(ConfigError, match=rule):
        sample_mutations(PARENTS["council"], 5, names=names)
    with pytest.raises(ConfigError, match="maybe has no other value in reach"):
        sample_mutations(every(), 5, names=["maybe"])
