"""The decision of every recorded bar: both regime windows, as called, missing taken as neutral."""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd
import pytest

from jutsu_dagster.core.council_decision import BUCKETS
from jutsu_dagster.core.council_regime import REGIMES
from jutsu_dagster.strategies.directional import Directional
from jutsu_dagster_tests.councils import council, parameters
from jutsu_dagster_tests.oracle.council import DATASETS, ORACLE, recorded, rows, table

pytestmark = [*ORACLE, pytest.mark.parametrize("dataset", DATASETS)]

WINDOWS = {"w20": 20, "w200": 200}


def decided(dataset: str, **changes: Any) -> tuple[Directional, pd.DataFrame]:
    expected = table(f"decisions/{dataset}.csv")
    return council("reference", **changes).direct(recorded(dataset)), expected


def assert_column(ours: Any, expected: pd.DataFrame, column: str) -> None:
    np.testing.assert_array_equal(ours[rows(expected)], expected[column].to_numpy(), column)


def labels(decision: Directional) -> Any:
    return np.array(decision.regimes, dtype=object)[decision.regime]


@pytest.mark.parametrize("window", WINDOWS)
def test_decisions_are_the_recorded_ones(dataset: str, window: str) -> None:
    decision, expected = decided(dataset, regime_window=WINDOWS[window])
    assert_column(labels(decision), expected, f"regime_{window}")
    assert_column(decision.direction, expected, f"dir_{window}")
    assert_column(decision.confidence, expected, f"conf_{window}")
    thresholds = council("reference").entry_min_conf[decision.regime]
    assert_column(thresholds, expected, f"entry_min_conf_{window}")
    ours, theirs = decision.diagnostics["score"][rows(expected)], expected[f"score_{window}"]
    np.testing.assert_allclose(ours, theirs, rtol=0.0, atol=1e-9)


def test_bucket_scores_are_the_recorded_ones(dataset: str) -> None:
    decision, expected = decided(dataset)
    for bucket in BUCKETS:
        name = f"score_{bucket}"
        ours = decision.diagnostics[name][rows(expected)]
        np.testing.assert_allclose(ours, expected[name], rtol=0.0, atol=1e-9, err_msg=name)


def test_a_classifier_without_a_past_decides_as_recorded(dataset: str) -> None:
    decision, expected = decided(dataset, regime_window=1)
    assert_column(labels(decision), expected, "regime_as_called")
    assert_column(decision.direction, expected, "dir_as_called")
    assert_column(decision.confidence, expected, "conf_as_called")


def test_missing_inputs_that_abstain_decide_as_recorded(dataset: str) -> None:
    signals = parameters("reference")["signals"]
    for name in ("Session_Heat", "Event_Cooldown", "Spread_Normalized"):
        signals[name]["missing"] = "abstain"
    decision, expected = decided(dataset, regime_window=20, signals=signals)
    assert_column(decision.direction, expected, "dir_w20_neutral_missing")
    assert_column(decision.confidence, expected, "conf_w20_neutral_missing")


def test_the_recorded_bias_is_there(dataset: str) -> None:
    decision, expected = decided(dataset, regime_window=20)
    sideways = np.isin(decision.regime, [REGIMES.index("chop"), REGIMES.index("high_vol")])
    sideways[: expected["i"].iloc[0]] = False
    assert sideways.any()
    assert set(decision.direction[sideways].tolist()) == {-1}
