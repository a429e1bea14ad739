"""A family is judged cheap gates first; what is not computed names the gate that failed."""

from __future__ import annotations

import json
from dataclasses import replace
from datetime import date
from typing import Any

import numpy as np
import pytest

from jutsu_dagster.pipeline.research import judging
from jutsu_dagster.pipeline.research.documents import COLUMNS, row_of
from jutsu_dagster.pipeline.research.families import FamilyData
from jutsu_dagster.pipeline.research.judging import Court, Judged, OnBars, judge_family
from jutsu_dagster.pipeline.research.planted_families import planted_family
from jutsu_dagster.research.promotion_rule import Circumstances
from jutsu_dagster.research.statistics import GATES, Gate
from jutsu_dagster.research.statistics import family as real
from jutsu_dagster.research.statistics.planted import Truth

LAST = date(2025, 6, 30)
TRUE = Truth(days=504, variants=30, edge=4.0)
NOISE = replace(TRUE, edge=0.0)
ALL = (*GATES, "look_ahead")


class Asked:
    """Answers for the bars, and remembers who was asked about."""

    def __init__(self, bars: OnBars) -> None:
        self.bars, self.names = bars, list[str]()

    def __call__(self, name: str) -> OnBars:
        self.names.append(name)
        return self.bars


def family(truth: Truth, seed: int = 1) -> tuple[FamilyData, str, Court, Asked]:
    data, name, tried, bars = planted_family(truth, seed, "ETH_main", LAST)
    asked = Asked(bars)
    return data, name, Court(tried, asked, Circumstances(siblings=truth.variants)), asked


def counted(monkeypatch: pytest.MonkeyPatch) -> list[int]:
    """Count how often the costly part of a family is computed, by its days."""
    found: list[int] = []

    def one(control: Any, *rest: Any) -> Any:
        found.append(len(control))
        return real(control, *rest)

    monkeypatch.setattr(judging, "family", one)
    return found


def by_name(found: list[Judged]) -> dict[str, Judged]:
    return {one.name: one for one in found}


def test_the_better_one_passes_every_gate_and_only_it_is_asked_about_its_bars(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    costly = counted(monkeypatch)
    data, name, court, asked = family(TRUE)
    found = by_name(judge_family(data, court))
    assert [one for one in found if found[one].passed] == [name]
    assert [gate.name for gate in found[name].gates] == list(ALL)
    assert found[name].not_computed == ""
    assert asked.names == [name]
    assert costly == [504]


def test_what_fails_a_cheap_gate_costs_nothing_more(monkeypatch: pytest.MonkeyPatch) -> None:
    costly = counted(monkeypatch)
    data, _, court, asked = family(NOISE)
    # Of a parent that earns so much, no variant is ahead of the rest.
    ahead = replace(data.control, returns=data.control.returns + 0.01)
    found = judge_family(replace(data, control=ahead), court)
    assert len(found) == 30
    assert not costly
    assert not asked.names
    for one in found:
        assert one.evidence is None
        assert "psr" in one.failed
        assert one.not_computed == "not computed, because track_record already fails"
        row: dict[str, Any] = dict(zip(COLUMNS, row_of(data, one), strict=True))
        json.dumps(row, allow_nan=False)
        assert row["psr_parent"] < 0.95
        assert row["max_drawdown"] > 0
        assert row["pbo"] is None


def test_the_leader_is_evaluated_for_its_numbers_though_it_fails(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    costly = counted(monkeypatch)
    data, _, court, asked = family(replace(NOISE, parent_sharpe=2.0), seed=3)
    behind = replace(data.control, returns=data.control.returns - 0.0003)
    found = by_name(judge_family(replace(data, control=behind), court))
    first = [one for one in found.values() if not {"trades", "track_record", "psr"} & {*one.failed}]
    assert len(first) > 1
    full = [one for one in first if one.evidence is not None]
    assert len(full) < len(first)
    assert costly == [504]
    assert not asked.names
    for one in first:
        assert not one.passed
        assert one.numbers["dsr_parent"] is not None
    (leader,) = full
    assert leader.numbers["pbo"] is not None
    assert leader.not_computed.startswith("not computed, because ")


def test_the_luckiest_of_noise_is_stopped_by_gates_with_names_and_numbers() -> None:
    data, name, court, _ = family(NOISE)
    found = by_name(judge_family(data, replace(court, in_full={name})))[name]
    assert not found.passed
    assert {"dsr", "superior_set"} <= {*found.failed}
    for gate in found.gates:
        assert gate.why
        assert gate.passed or (gate.value is not None and gate.why.count(" not ") > 0)


def test_families_of_several_first_days_are_computed_once_each(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    costly = counted(monkeypatch)
    data, name, court, _ = family(replace(TRUE, neighbours=0))
    later = data.first.copy()
    later[20:] = 100
    returns = data.returns.copy()
    returns[:100, 20:] = np.nan
    young = replace(data, first=later, returns=returns)
    found = by_name(judge_family(young, replace(court, in_full={*data.names})))
    assert sorted(costly) == [404, 504]
    assert found[name].numbers["days"] == 504
    assert found[data.names[25]].numbers["days"] == 404
    sizes = {}
    for each in (name, data.names[25]):
        evidence = found[each].evidence
        assert evidence is not None
        sizes[each] = len(evidence.family.names)
    assert sizes == {name: 20, data.names[25]: 30}


@pytest.mark.parametrize(
    ("about", "why"),
    [
        (Circumstances(drift="degrading"), "drift_ok"),
        (Circumstances(dream={"bad": 2, "good": 1}), "dream_ok"),
        (Circumstances(quality=49.9), "quality_ok"),
        (Circumstances(issues=("tier_instability",)), "meta_ok"),
    ],
)
def test_the_rule_stops_what_passes_every_gate(about: Circumstances, why: str) -> None:
    data, name, court, asked = family(TRUE)
    found = by_name(judge_family(data, replace(court, about=about)))[name]
    assert not found.failed
    assert not found.passed
    assert found.rule.reasons == [why]
    assert found.not_computed == "not computed, because the promotion rule already fails"
    assert not asked.names


def test_more_siblings_ask_for_more_confidence() -> None:
    data, name, court, _ = family(replace(TRUE, edge=1.0), seed=1)
    court = replace(court, in_full={name})
    few = by_name(judge_family(data, replace(court, about=Circumstances(siblings=1))))[name]
    better = few.about.p_better
    assert better is not None
    assert 0.999 <= better < 1.0
    assert few.rule.checks["better_ok"] is True
    many = replace(court, about=Circumstances(siblings=100_000))
    assert by_name(judge_family(data, many))[name].rule.checks["better_ok"] is False


def test_look_ahead_is_a_gate_of_its_own() -> None:
    data, name, court, asked = family(TRUE)
    why = "The decision of noon is another one with all bars: it reads what comes later."
    asked.bars = replace(asked.bars, look_ahead=Gate("look_ahead", 3, 0, passed=False, why=why))
    found = by_name(judge_family(data, court))[name]
    assert found.failed == ("look_ahead",)
    assert not found.passed
    assert found.gates[-1].why == why
