from __future__ import annotations

from dataclasses import replace
from datetime import date

import pandas as pd

from jutsu_dagster.storage.ledger import Ledger
from jutsu_dagster.storage.records import StrategyRecord, TrialRecord

TRIAL = TrialRecord(
    parent_id="v3_5b",
    source="sweep",
    parameter_hash="a" * 16,
    parameters={"sma_fast": 40, "upper_thresh_z": 1.0},
    first_session=date(2010, 1, 4),
    last_session=date(2020, 12, 31),
    daily_sharpe=0.051,
    total_return=1.5,
    data_hash="d" * 16,
    code_version="c" * 16,
    metrics={"cagr": 0.2, "profit_factor": float("inf")},
)
ENTRY = StrategyRecord(
    strategy_id="v3_5b",
    display_name="Hierarchical Adaptive v3.5b",
    strategy_class="Hierarchical_Adaptive_v3_5b",
    is_primary=True,
    is_active=True,
    config_yaml="strategy_id: v3_5b\n",
)


def test_a_repeated_trial_changes_nothing(ledger: Ledger) -> None:
    others = [replace(TRIAL, parameter_hash=f"{number:016d}") for number in range(1500)]
    assert ledger.record_trials([TRIAL]) == 1
    before = ledger.trials("v3_5b")
    assert ledger.record_trials([TRIAL]) == 0
    pd.testing.assert_frame_equal(ledger.trials("v3_5b"), before)
    assert ledger.record_trials([*others, TRIAL]) == 1500
    assert len(ledger.trials("v3_5b")) == 1501
    assert ledger.record_trials([]) == 0
    assert len(ledger.trials("v3_5d")) == 0


def test_the_same_parameters_on_other_data_are_another_trial(ledger: Ledger) -> None:
    ledger.record_trials([TRIAL, replace(TRIAL, data_hash="e" * 16)])
    assert len(ledger.trials("v3_5b")) == 2


def test_a_trial_comes_back_as_it_was(ledger: Ledger) -> None:
    ledger.record_trials([replace(TRIAL, daily_sharpe=float("nan"))])
    row = ledger.trials("v3_5b").iloc[0]
    assert row["parameters"] == TRIAL.parameters
    assert row["metrics"] == {"cagr": 0.2, "profit_factor": None}
    assert pd.isna(row["daily_sharpe"])
    assert row["total_return"] == 1.5


def test_strategy_configs_follow_the_registry(ledger: Ledger) -> None:
    second = replace(ENTRY, strategy_id="v3_5d", is_primary=False, config_yaml=None)
    ledger.sync_strategies([ENTRY, second])
    before = ledger.strategies()
    assert before["strategy_id"].tolist() == ["v3_5b", "v3_5d"]
    ledger.sync_strategies([ENTRY, second])
    pd.testing.assert_frame_equal(ledger.strategies(), before)
    ledger.sync_strategies([replace(second, is_primary=True)])
    after = ledger.strategies()
    assert after["is_active"].tolist() == [False, True]
    assert after["is_primary"].tolist() == [False, True]
    assert after["updated_at"].iloc[1] > before["updated_at"].iloc[1]
    assert after["created_at"].iloc[1] == before["created_at"].iloc[1]
