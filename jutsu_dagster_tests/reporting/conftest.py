from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from jutsu_dagster.reporting.account import AccountReport
from jutsu_dagster.storage.ledger import Ledger
from jutsu_dagster.storage.records import RecordedPeriod
from jutsu_dagster_tests.accounts import ACCOUNT, CAPITAL, recorded_years, worked_example

PARAMETERS = {
    "sma_fast": 40,
    "upper_thresh_z": 1.0,
    "lower_thresh_z": 0.2,
    "leverage_scalar": 1.0,
}


def report_of(folder: Path, periods: list[RecordedPeriod]) -> AccountReport:
    """Return the report of periods that went through a ledger."""
    ledger = Ledger(f"sqlite:///{folder / 'jutsu.db'}")
    ledger.migrate()
    for period in periods:
        ledger.record(period)
    snapshots, trades = ledger.snapshots(ACCOUNT), ledger.trades(ACCOUNT)
    ledger.close()
    return AccountReport(
        strategy_id="v3_5b",
        strategy_class="Hierarchical_Adaptive_v3_5b",
        initial_capital=CAPITAL,
        signal_symbol="QQQ",
        snapshots=snapshots,
        trades=trades,
        parameters=PARAMETERS,
    )


@pytest.fixture
def worked(tmp_path: Path) -> AccountReport:
    """The worked example's report."""
    return report_of(tmp_path, [worked_example()])


@pytest.fixture
def worked_next_open(tmp_path: Path) -> AccountReport:
    """The same account, as if every fill had been decided a session earlier."""
    period = replace(worked_example(), decision_lag=1)
    return replace(report_of(tmp_path, [period]), decision_lag=1)


@pytest.fixture
def two_years(tmp_path: Path) -> AccountReport:
    """Two years of random sessions."""
    return report_of(tmp_path, recorded_years(2014, 2015))
