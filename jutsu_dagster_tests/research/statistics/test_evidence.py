"""All numbers of one variant, and the gates."""

from __future__ import annotations

import json
from dataclasses import replace

import numpy as np
import pytest

from jutsu_dagster.core.errors import DataError
from jutsu_dagster.research.statistics import (
    Case,
    Evidence,
    Gates,
    Sampling,
    Track,
    evidence,
    family,
)
from jutsu_dagster.research.statistics.definitions import DEFINITIONS

FEW = Sampling(replications=200, seed=1)
ORDER = ["trades", "track_record", "psr", "dsr", "pbo", "superior_set", "double_costs"]
ORDER += ["drawdown", "plateau"]


def better(days: int = 800) -> Case:
    """Return a variant that is better by far, whatever is asked."""
    rng = np.random.default_rng(2)
    control = rng.standard_normal(days) * 0.01
    returns = control[:, None] + rng.standard_normal((days, 12)) * 0.004
    returns[:, 4] += 0.003
    beside = returns[:, 4] + rng.standard_normal(days) * 0.0005
    names = [f"v{column}" for column in range(12)]
    enough = days > 1
    sharpes = returns.mean(axis=0) / returns.std(axis=0, ddof=1) if enough else np.zeros(12)
    net, base = float(returns[:, 4].sum()), float(control.sum())
    return Case(
        "v4",
        Track(returns[:, 4], 40, net + 0.05, net),
        Track(control, 40, base + 0.05, base),
        family(control, returns, names, sampling=FEW),
        sharpes,
        {"step": beside},
    )


@pytest.fixture(scope="module")
def case() -> Case:
    return better()


def judged(case: Case, gates: Gates | None = None) -> Evidence:
    return evidence(case, compound=False, gates=gates, sampling=FEW)


def failed(found: Evidence) -> list[str]:
    return [gate.name for gate in found.gates if not gate.passed]


def test_what_is_better_by_far_passes_every_gate(case: Case) -> None:
    found = judged(case)
    assert [gate.name for gate in found.gates] == ORDER
    assert failed(found) == []
    assert found.passed


def test_every_number_has_a_definition_and_a_source(case: Case) -> None:
    shown = json.loads(json.dumps(judged(case).as_dict(), allow_nan=False))
    assert set(shown["numbers"]) == set(DEFINITIONS)
    assert all(entry["definition"] and entry["source"] for entry in shown["numbers"].values())
    assert all(entry["value"] is not None for entry in shown["numbers"].values())


def test_it_is_the_same_every_time(case: Case) -> None:
    assert judged(case).as_dict() == judged(better()).as_dict()


@pytest.mark.parametrize(
    ("gates", "gate"),
    [
        (Gates(min_trades=41), "trades"),
        (Gates(confidence=1 - 1e-15), "track_record"),
        (Gates(min_psr=1.1), "psr"),
        (Gates(min_dsr=1.0, dsr_centre="parent"), "dsr"),
        (Gates(max_pbo=-0.1), "pbo"),
        (Gates(max_drawdown_ratio=0.01), "drawdown"),
        (Gates(min_neighbour_share=1.5), "plateau"),
    ],
)
def test_each_threshold_stops_by_its_own_gate(case: Case, gates: Gates, gate: str) -> None:
    found = judged(case, gates)
    assert failed(found) == [gate]
    why = next(one.why for one in found.gates if one.name == gate)
    assert " not " in why or "beyond" in why


def test_costs_that_eat_the_edge_stop_it(case: Case) -> None:
    dear = replace(case.variant, gross=(case.variant.net or 0.0) + 9.0)
    found = judged(replace(case, variant=dear))
    assert failed(found) == ["double_costs"]
    assert found.numbers["net_double_costs"] == pytest.approx((dear.net or 0.0) - 9.0)


def test_a_member_that_is_not_superior_is_stopped(case: Case) -> None:
    found = judged(replace(case, name="v3"))
    assert failed(found) == ["superior_set"]
    assert judged(replace(case, name="stranger")).numbers["in_superior_set"] is None


def test_more_trials_deflate_more(case: Case) -> None:
    many = replace(case, trial_sharpes=np.tile(case.trial_sharpes, 1_000))
    few, more = judged(case), judged(many)
    assert more.numbers["trials"] == 12_000
    assert isinstance(few.numbers["dsr_threshold"], float)
    assert isinstance(more.numbers["dsr_threshold"], float)
    assert more.numbers["dsr_threshold"] > few.numbers["dsr_threshold"]


def test_sharing_the_parents_results_makes_no_trial_less_of_a_trial(case: Case) -> None:
    # All variants are the control and noise of their own: results correlate, differences do not.
    found = judged(case).numbers
    assert found["mean_correlation_returns"] == pytest.approx(1 / (1 + 0.4**2), abs=0.03)
    assert found["mean_correlation"] == pytest.approx(0.0, abs=0.03)
    assert found["trials_effective"] == pytest.approx(12, abs=0.4)


def test_a_variant_equal_to_its_parent_passes_nothing_that_asks_for_an_edge(case: Case) -> None:
    same = replace(case, name="stranger", variant=case.control)
    found = judged(same)
    assert {"track_record", "psr", "superior_set", "double_costs", "plateau"} <= set(failed(found))


@pytest.mark.parametrize("days", [0, 1, 3, 10, 29, 31])
def test_too_few_days_are_undefined_and_do_not_pass(days: int) -> None:
    found = judged(better(days))
    json.dumps(found.as_dict(), allow_nan=False)
    assert {"pbo", "superior_set"} & set(failed(found))
    assert not found.passed


def test_without_siblings_trials_costs_or_neighbours_gates_are_undefined() -> None:
    case = better(200)
    control = case.control.returns
    alone = Case(
        "v4", Track(case.variant.returns, 40), Track(control, 40),
        family(control, np.zeros((200, 0)), []), np.array([]),
    )  # fmt: skip
    undefined = [gate.name for gate in judged(alone).gates if "undefined" in gate.why]
    assert undefined == ["dsr", "pbo", "superior_set", "double_costs", "plateau"]


def test_no_drawdown_at_all_is_within_any_limit(case: Case) -> None:
    rising = Track(np.full(800, 0.001), 40, 1.0, 0.8)
    found = judged(replace(case, variant=rising, control=rising))
    assert found.numbers["drawdown_ratio"] is None
    assert "drawdown" not in failed(found)


def test_what_cannot_be_compared_is_refused(case: Case) -> None:
    short = replace(case, variant=replace(case.variant, returns=case.variant.returns[1:]))
    with pytest.raises(DataError, match="800 days"):
        judged(short)
    with pytest.raises(DataError, match="800 days"):
        judged(replace(case, neighbours={"step": np.zeros(3)}))
    with pytest.raises(DataError, match="stepm_size"):
        judged(case, Gates(stepm_size=0.01))
    broken = case.control.returns.copy()
    broken[5] = np.nan
    with pytest.raises(DataError, match="the control must be finite"):
        judged(replace(case, control=replace(case.control, returns=broken)))
    with pytest.raises(DataError, match="shape"):
        family(broken, np.zeros((800, 2)), ["only"])
