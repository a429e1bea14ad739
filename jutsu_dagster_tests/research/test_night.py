"""A whole night of research, step after step, over made-up trades."""

from __future__ import annotations

import json
import random
from datetime import timedelta
from typing import Any

import numpy as np

from jutsu_dagster.research.dream import dream_counts, dream_input
from jutsu_dagster.research.drift import drift_report
from jutsu_dagster.research.evolver import evolve
from jutsu_dagster.research.horizons import trade_horizons
from jutsu_dagster.research.host import run_dream, run_reflection, run_tuner
from jutsu_dagster.research.memory import memory_row, remembered, upsert
from jutsu_dagster.research.meta_review import meta_review
from jutsu_dagster.research.mutation_preview import mutation_preview
from jutsu_dagster.research.quality import quality_scores
from jutsu_dagster.research.reflection import reflection_input, tier_of
from jutsu_dagster.research.self_eval import tuning_self_eval
from jutsu_dagster.research.trades import Trade
from jutsu_dagster.research.tuner import proposal_of, tuner_input
from jutsu_dagster.strategies.regime_allocator import HierarchicalAdaptiveV35b
from jutsu_dagster_tests.councils import council
from jutsu_dagster_tests.research.made import DAY, ETH, QQQ, trade

SUBJECTS = [ETH, QQQ]
PARENTS = {"ETH_main": council("default"), "v3_5b": HierarchicalAdaptiveV35b.model_validate({})}


def history() -> list[Trade]:
    """Return 200 trades of two strategies, also after DAY."""
    rng = np.random.default_rng(5)
    subjects = {"ETH_main": "ETHUSDT", "v3_5b": "QQQ"}
    return [
        trade(
            float(rng.normal(0.001, 0.01)), at // 2 - 10, minute=at % 60, strategy_id=id_,
            symbol=subjects[id_], dir=int(rng.choice([-1, 1])),
            regime=str(rng.choice(["trend_up", "trend_down", "chop"])),
        )
        for at in range(100) for id_ in subjects
    ]  # fmt: skip


def night(trades: list[Trade], memory: list[dict[str, Any]], back: int = 0) -> dict[str, Any]:
    """Return every artefact of the night, by step, and the memory after it."""
    day = DAY - timedelta(days=back)
    are, drift = trade_horizons(trades, SUBJECTS, day), drift_report(trades, SUBJECTS, day)
    past = remembered(memory, day - timedelta(days=1))
    given = reflection_input(trades, SUBJECTS, day, drift=drift, memory=past)
    self_eval = tuning_self_eval([], trades, day)
    reflection = run_reflection(given)
    tuner = run_tuner(tuner_input(given, reflection["output"], self_eval))
    dream = run_dream(dream_input(trades, SUBJECTS, day))
    quality = quality_scores(given, dream_counts([dream["output"]]))
    evolved = evolve(SUBJECTS, reflection["output"], given, quality, are, self_eval)
    preview = mutation_preview(evolved, PARENTS, {})
    parts = {"reflection": reflection, "tuner": tuner, "dream": dream}
    outputs = {name: artefact["output"] for name, artefact in parts.items()}
    row = memory_row(day, {**outputs, "quality_scores": quality, "drift": drift, "are": are})
    memory = upsert(memory, row)
    symbols = {subject.strategy_id: subject.symbol for subject in SUBJECTS}
    meta = meta_review(remembered(memory, day), day, symbols, self_eval)
    steps = {"are": are, "drift": drift, **parts, "quality": quality, "evolver": evolved}
    return {**steps, "preview": preview, "memory": memory, "meta": meta}


def test_a_night_is_strict_json_and_the_same_for_any_order_of_trades() -> None:
    trades = history()
    expected = json.dumps(night(trades, []), allow_nan=False)
    for seed in range(5):
        random.Random(seed).shuffle(trades)  # noqa: S311  (an order, no secret)
        assert json.dumps(night(trades, []), allow_nan=False) == expected


def test_the_future_cannot_change_a_night() -> None:
    trades = history()
    known = [one for one in trades if one.ts < "2025-02-01"]
    assert 0 < len(known) < len(trades)
    assert night(trades, []) == night(known, [])


def test_five_nights_leave_five_rows_also_when_one_is_run_again() -> None:
    trades = history()
    memory: list[dict[str, Any]] = []
    for back in (4, 3, 2, 1, 0):
        memory = night(trades, memory, back)["memory"]
    again = night(trades, memory, 2)
    assert again["memory"] == memory
    assert len(memory) == 5
    assert again["meta"]["memory_entries_analyzed"] == 3


def test_a_strategy_without_any_trade_goes_through_the_night() -> None:
    found = night([], [])
    assert found["meta"]["issues"] == []
    assert set(found["preview"]["candidates"]) == {"ETH_main", "v3_5b"}


def test_a_record_without_losers_is_no_number_to_tune_by() -> None:
    for pf in ("inf", float("inf"), float("nan"), None, True):
        assert tier_of(pf, 30) == "tier2"
        assert proposal_of("tier1", pf, 30) == proposal_of("tier2", 1.0, 30)
