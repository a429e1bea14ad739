"""The council's parts against the recorded tables: normalisation, council, thresholds, regime."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping
from typing import Any

import numpy as np
import pytest

from jutsu_dagster.core.council_decision import BUCKETS, bucket_scores, decide
from jutsu_dagster.core.council_regime import CHANGE, REGIMES, regime_features
from jutsu_dagster.strategies.council_parameters import SignalSpec
from jutsu_dagster.strategies.directional import ConfMin
from jutsu_dagster_tests.councils import council, parameters
from jutsu_dagster_tests.oracle.council import ORACLE, document, has_candles, lines, recorded

pytestmark = ORACLE

# Labels of the tables that are no label of ours, and the one whose rules they had.
OURS = {"trend": "trend_up", "unknown_label": "unknown", "something_else": "unknown"}
METHODS = {"flow_dict": "clamp"}


def spec_of(norm: str, bounds: Mapping[str, float] | None) -> SignalSpec:
    if bounds is None:
        return SignalSpec.model_validate({"method": METHODS.get(norm, norm)})
    low, centre, high = bounds["min"], bounds["center"], bounds["max"]
    return SignalSpec(method="bounded", low=low, centre=centre, high=high)


def test_every_method_normalises_as_recorded() -> None:
    for case in lines("normalize.jsonl"):
        raw = np.array([case["raw"]], dtype=np.float64)
        vote = spec_of(case["norm"], case["bounds"]).vote(raw, {}, raw)
        assert vote[0] == pytest.approx(case["normalized"], rel=0, abs=1e-9), case


def test_the_reference_profile_has_the_recorded_constants() -> None:
    recorded_constants, ours = document("constants.json"), council("reference")
    buckets = {name: set(votes) for name, votes in recorded_constants["signal_buckets"].items()}
    for name, spec in ours.signals.items():
        norm = recorded_constants["normalisation"][name]
        expected = spec_of(norm["norm"], norm["bounds"])
        assert spec.model_copy(update={"missing": "abstain", "votes": {}}) == expected, name
        assert spec.votes == dict.fromkeys(spec.votes, norm["weight"]), name
        assert set(spec.votes) == buckets.get(name, set()), name
    assert set(buckets) <= set(ours.signals)
    order = [name for name in recorded_constants["signal_order"] if name in ours.signals]
    assert list(ours.signals) == order
    for name, weights in recorded_constants["council_weights"].items():
        assert getattr(ours, f"weights_{name}").model_dump() == weights
    masks = recorded_constants["regime_bucket_mask_paper"]
    assert masks.pop("trend") == masks["trend_up"]
    assert {label: set(heard) for label, heard in ours.masks.items()} == {
        label: set(heard) for label, heard in masks.items()
    }
    assert ours.dead_zone == recorded_constants["dir_threshold"]


@pytest.mark.parametrize("mode", ["paper", "live"])
def test_the_council_decides_as_recorded(mode: str) -> None:
    reference = council("reference")
    strategy = reference if mode == "paper" else council("reference", masks={})
    cases = lines("council.jsonl")
    names = [name for name, spec in strategy.signals.items() if spec.votes]
    heard = [np.array([case["signals"][name] for case in cases]) for name in names]
    votes = [[strategy.signals[name].votes.get(one, 0.0) for one in BUCKETS] for name in names]
    scores = bucket_scores(heard, np.array(votes), len(cases))
    regime = np.array([REGIMES.index(OURS.get(case["regime"], case["regime"])) for case in cases])
    direction = np.empty(len(cases), dtype=np.int8)
    confidence, total = np.empty((2, len(cases)))
    decide(
        scores, regime, strategy.weight_table(), strategy.dead_zone, 0, direction, confidence, total
    )
    for row, case in enumerate(cases):
        final = case[mode]["final"]
        assert (direction[row], confidence[row]) == (final["dir"], final["conf"]), case
        assert total[row] == pytest.approx(final["score"], rel=0, abs=1e-9), case
        assert strategy.entry_min_conf[regime[row]] == case[mode]["entry_min_conf"]
        for bucket, score in zip(BUCKETS, scores[:, row], strict=True):
            assert score == pytest.approx(case["buckets"][bucket]["score"], rel=0, abs=1e-9)


def test_thresholds_are_clamped_as_recorded() -> None:
    recorded_thresholds = document("thresholds.json")
    base = parameters("reference")["conf_min"]
    assert base == recorded_thresholds["base_thresholds_from_gates_yaml"]
    for case in recorded_thresholds["cases"]:
        moved = {name: value + (case["conf_min_delta"] or 0.0) for name, value in base.items()}
        # A mutation may ask for more than a share: as the engine takes it, unvalidated.
        strategy = council("reference").model_copy(
            update={"conf_min": ConfMin.model_construct(**moved)}
        )
        label = OURS.get(case["regime"], case["regime"])
        assert strategy.rules.threshold(label) == case["threshold"], case


def test_the_regime_is_the_recorded_one_for_every_window() -> None:
    seen: dict[str, set[int]] = defaultdict(set)
    for case in lines("regime.jsonl"):
        # Candles of most datasets are kept back.
        if has_candles(case["dataset"]):
            whole = recorded(case["dataset"])
            part = whole.window(case["start"], case["end_exclusive"])
            assert len(part) == case["length"]
            strategy = council("reference", regime_window=case["length"])
            decision = strategy.direct(part)
            assert REGIMES[decision.regime[-1]] == case["regime"], case
            assert_metrics(part, case)
            seen[case["regime"]].add(case["length"])
    assert set(seen) == {"chop", "high_vol", "trend_up", "trend_down"}


def assert_metrics(part: Any, case: dict[str, Any]) -> None:
    if case["length"] < 20:
        return
    high, low, close = (getattr(part, name)[:, 0] for name in ("high", "low", "close"))
    change = regime_features(high, low, close, case["length"])[CHANGE, -1]
    assert change == pytest.approx(case["metrics"]["slope"], rel=1e-12, abs=1e-15)
