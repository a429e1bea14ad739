"""The grammar of mutations: what each key does, and what is refused and how."""

from __future__ import annotations

from typing import Any

import pytest

from jutsu_dagster.registry.mutations import MutationError, mutate, mutation_hash
from jutsu_dagster.registry.param_specs import param_specs
from jutsu_dagster.strategies.kinds import KINDS
from jutsu_dagster_tests.registry.mutable import Colour, every

V35B = KINDS["Hierarchical_Adaptive_v3_5b"]
V35D = KINDS["Hierarchical_Adaptive_v3_5d"]


def changed(mutations: dict[str, Any], **base: Any) -> dict[str, object]:
    return dict(mutate(every(**base), mutations).changed)


def refusal(mutations: dict[str, Any], **options: Any) -> str:
    with pytest.raises(MutationError) as caught:
        mutate(every(), mutations, **options)
    return str(caught.value)


@pytest.mark.parametrize(
    ("mutations", "expected"),
    [
        ({"fast": 7}, {"fast": 7}),
        ({"fast": 7.0}, {"fast": 7}),
        ({"slow_delta": -5}, {"slow": 15}),
        ({"level_scale": 1.1}, {"level": 0.55}),
        ({"flag": True, "kind": "b", "colour": "blue"},
         {"flag": True, "kind": "b", "colour": "blue"}),
        ({"maybe": 2}, {"maybe": 2.0}),
        # The exact name wins over the suffix: this is no change of `fast`.
        ({"fast_delta": 3.5}, {"fast_delta": 3.5}),
        ({"fast_delta_delta": 0.5}, {"fast_delta": 1.5}),
        ({"threshold.trend_delta": -0.02}, {"threshold.trend": 0.6799999999999999}),
        ({"threshold_delta": 0.05}, {"threshold.trend": 0.75, "threshold.chop": 0.5}),
        ({"threshold": 0.6}, {"threshold.trend": 0.6, "threshold.chop": 0.6}),
        ({"threshold": {"chop": 0.6}}, {"threshold.chop": 0.6}),
        ({"weights.chop_scale": 2}, {"weights.chop.up": 0.4, "weights.chop.down": 1.0}),
        ({"weights": {"trend": {"up": 1}}}, {"weights.trend.up": 1.0}),
        ({"parts.rsi.votes.momentum_delta": -2}, {"parts.rsi.votes.momentum": -1.0}),
    ],
)  # fmt: skip
def test_each_key_does_what_the_grammar_says(
    mutations: dict[str, Any], expected: dict[str, object]
) -> None:
    mutated = mutate(every(), mutations)
    assert dict(mutated.changed) == expected
    specs = param_specs(mutated.strategy)
    assert {name: specs[name].value for name in expected} == expected


@pytest.mark.parametrize(("base", "scale", "result"), [(5, 1.1, 6), (5, 0.9, 4), (15, 0.9, 14)])
def test_scaled_whole_numbers_round_half_to_even(base: int, scale: float, result: int) -> None:
    # 5.5 is 6; 4.5 is 4; 13.5 is 14.
    assert changed({"fast_scale": scale}, fast=base, slow=90) == {"fast": result}


@pytest.mark.parametrize(
    ("mutations", "expected", "clamped"),
    [
        ({"fast_delta_scale": 9}, {"fast_delta": 5.0}, {"fast_delta": 9.0}),
        ({"slow_delta": 1_000_000}, {"slow": 100}, {"slow": 1_000_020}),
        ({"slow": 10**400, "fast": 0}, {"slow": 100, "fast": 1}, None),
        ({"level_delta": 8}, {"level": 0.9999999999999999}, {"level": 8.5}),
        ({"level": -1}, {"level": 5e-324}, {"level": -1.0}),
        ({"threshold_delta": 0.4}, {"threshold.trend": 0.95, "threshold.chop": 0.65},
         {"threshold.trend": 1.1}),
    ],
)  # fmt: skip
def test_results_beyond_a_bound_are_clamped_and_noted(
    mutations: dict[str, Any], expected: dict[str, Any], clamped: dict[str, Any] | None
) -> None:
    if clamped is None:
        assert "slow ('a huge number') must be a finite number" in refusal(mutations)
        return
    mutated = mutate(every(), mutations)
    assert (dict(mutated.changed), dict(mutated.clamped)) == (expected, clamped)


@pytest.mark.parametrize(
    ("mutations", "message"),
    [
        ({"slwo_delta": 5}, "slwo_delta (5) is no parameter of Every. Did you mean 'slow_delta'?"),
        ({"threshold.trnd": 0.6}, ("threshold.trnd (0.6) is no parameter of Every."
         " Did you mean 'threshold.trend'?")),
        ({"threshold": {"trnd": 0.6}}, ("threshold.trnd (0.6) is no entry of threshold."
         " Did you mean 'threshold.trend'?")),
        ({"timeframe": "1h"}, "timeframe ('1h') is fixed by Every."),
        ({"symbol": "BTCUSDT"}, "symbol ('BTCUSDT') must not change symbol, which is immutable."),
        ({"symbols": ["A"]}, "symbols must not change symbols, which is immutable."),
        ({"cost_bps_delta": -7}, "must not change cost_bps, which is immutable."),
        ({"fast": 2.5}, "fast (2.5) must be a whole number, as fast is."),
        ({"slow_delta": 2.5}, "slow_delta (2.5) must be a whole number, as slow is."),
        ({"slow_delta": "5"}, "slow_delta ('5') must be a number."),
        ({"slow_delta": None}, "slow_delta must be a number."),
        ({"slow_delta": True}, "slow_delta (true) must be a number."),
        ({"level": float("nan")}, "level (nan) must be a finite number."),
        ({"drift_delta": 1e308, "drift": 1e308}, "is a second operation on drift"),
        ({"slow_scale": 0}, "slow_scale (0) must be > 0."),
        ({"slow_scale": -1.5}, "slow_scale (-1.5) must be > 0."),
        ({"flag": 1}, "flag (1) must be true or false."),
        ({"flag_delta": 1}, "flag_delta (1) cannot add to flag, which is no number"),
        ({"kind": "c"}, "kind ('c') must be one of 'a', 'b', 1."),
        ({"kind": True}, "kind (true) must be one of 'a', 'b', 1."),
        ({"maybe_delta": 1}, "cannot change maybe, which has no value; override it."),
        ({"parts_scale": 2}, "parts_scale (2) cannot multiply parts.rsi.method"),
        ({"fast": 3, "fast_scale": 2}, "fast_scale (2) is a second operation on fast, beside fast"),
        ({"threshold_delta": 0.1, "threshold.trend": 0.6},
         "threshold.trend (0.6) is a second operation on threshold.trend, beside threshold_delta"),
        ({"fast": 30}, "fast (30) must be < slow (20)."),
        ({"parts.rsi.centre": 0.5}, "parts.rsi centre is of no use to method plain."),
        ({}, "mutations changes nothing: no mutations leaves every parameter where"),
        ({"slow_delta": 0, "level_scale": 1}, "changes nothing: slow_delta, level_scale leaves"),
        ({"threshold.chop_delta": -0.02}, "once threshold.chop is clamped"),
    ],
)  # fmt: skip
def test_a_mutation_that_cannot_be_is_refused_by_name(
    mutations: dict[str, Any], message: str
) -> None:
    text = refusal(mutations)
    assert message in text
    assert text.startswith("mutations")


def test_all_faults_are_named_at_once_with_their_place() -> None:
    text = refusal({"fsat": 1, "flag": 3, "symbol": "X"}, where="shadows.jsonl line 7")
    assert [line.split(" (")[0] for line in text.splitlines()] == [
        f"shadows.jsonl line 7: {key}" for key in ("fsat", "flag", "symbol")
    ]


def test_a_look_at_a_strategy_may_change_nothing_or_more() -> None:
    parent = every()
    assert mutate(parent, {}, creating=False).strategy is parent
    assert mutate(parent, {"fast": 5}, creating=False).strategy is parent
    looked = mutate(parent, {"symbol": "BTCUSDT", "cost_bps": 0}, creating=False).strategy
    assert looked.model_dump(include={"symbol", "cost_bps"}) == {
        "symbol": "BTCUSDT", "cost_bps": 0.0,
    }  # fmt: skip
    # The bounds clamp what the mutation makes, not what the base was.
    low = mutate(parent, {"threshold.chop_delta": 0.4}, creating=False)
    assert low.changed == {"threshold.chop": 0.65}
    for unclear in ({"fast": 3, "fast_scale": 2}, {"fsat": 3}):
        assert "fast" in refusal(unclear, creating=False)


@pytest.mark.parametrize("kind", [V35B, V35D])
def test_the_allocators_mutate_by_the_same_grammar(kind: Any) -> None:
    parent = kind(signal_symbol="QQQ", leveraged_long_symbol="TQQQ", sma_fast=40, sma_slow=140)
    mutated = mutate(parent, {"sma_fast_delta": 5, "upper_thresh_z_scale": 1.1})
    assert mutated.changed == {"sma_fast": 45, "upper_thresh_z": 1.1}
    assert mutated.strategy == parent.model_copy(update=dict(mutated.changed))
    assert mutated.strategy.parameter_hash != parent.parameter_hash
    for mutations, message in (
        ({"sma_fast_delta": 100}, r"sma_fast \(140\) must be < sma_slow \(140\)"),
        ({"lower_thresh_z": 1.5}, r"lower_thresh_z \(1.5\) must be < upper_thresh_z"),
        ({"signal_symbol": "SPY"}, "which is immutable"),
        ({"execution_time": "open"}, "which is immutable"),
        ({"cell1_exit_confirmation_days": 3}, None if kind is V35D else "is no parameter of"),
    ):
        if message is None:
            assert mutate(parent, mutations).changed == mutations
        else:
            with pytest.raises(MutationError, match=message):
                mutate(parent, mutations)


def test_what_was_never_set_stays_unset_and_an_enum_is_one() -> None:
    mutated = mutate(every(), {"parts.rsi.votes": 2, "colour": "blue"}).strategy
    assert mutated.parts["rsi"].model_fields_set == {"votes"}  # type: ignore[attr-defined]
    assert mutated.colour is Colour.BLUE  # type: ignore[attr-defined]


def test_equal_mutations_hash_alike() -> None:
    assert mutation_hash({"a_delta": 5, "b": 0.5}) == mutation_hash({"b": 0.5, "a_delta": 5.0})
    assert mutation_hash({"a": {"x": 1, "y": 2}}) == mutation_hash({"a": {"y": 2.0, "x": 1}})
    assert len({mutation_hash(one) for one in ({"a": 1}, {"a": True}, {"a": "1"}, {})}) == 4
