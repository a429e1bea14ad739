"""Backtest years as tests run them, and what they must equal."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from jutsu_dagster.pipeline.adhoc import FileBacktest, trade_frame
from jutsu_dagster.pipeline.backtest import backtest_account, run_years
from jutsu_dagster.pipeline.ingest import ETF_DAILY
from jutsu_dagster.pipeline.year_report import YearReport
from jutsu_dagster.registry.config import StrategyConfig
from jutsu_dagster_tests.homes import YEARS, Home

TIMINGS = ("close", "next_open", "next_close")


def years(home: Home, config: StrategyConfig, wanted: Sequence[int] = YEARS) -> list[YearReport]:
    return list(run_years(config, home.store, home.ledger, wanted))


def as_recorded(home: Home, config: StrategyConfig, *parts: Sequence[int]) -> Any:
    """Return curve and fills of the account after backtests of the parts, from nothing."""
    account = backtest_account(config)
    home.ledger.forget(account, [str(year) for year in YEARS])
    for part in parts:
        years(home, config, part)
    return home.curve(config.strategy_id), home.fills(config.strategy_id)


def assert_same(one: Any, other: Any) -> None:
    for ours, theirs in zip(one, other, strict=True):
        pd.testing.assert_frame_equal(ours, theirs, check_exact=True)


def market_file(home: Home, path: Path) -> Path:
    home.store.rows(ETF_DAILY).to_parquet(path, index=False)
    return path


def assert_ledger_is(home: Home, result: FileBacktest) -> None:
    """Assert that the recorded account equals an ad-hoc run to the last bit."""
    start = result.evaluation.start
    curve, fills = home.curve(), home.fills()
    np.testing.assert_array_equal(curve["total_equity"], result.segment.equity[start:])
    np.testing.assert_array_equal(curve["cash"], result.segment.cash[start:])
    np.testing.assert_array_equal(curve["baseline_value"], result.evaluation.baseline)
    adhoc = trade_frame(result)
    shared = [name for name in adhoc if name not in ("date", "realised_pnl")]
    pd.testing.assert_frame_equal(fills[shared], adhoc[shared], check_exact=True, check_dtype=False)
    np.testing.assert_array_equal(
        fills["realised_pnl"].to_numpy(np.float64, na_value=np.nan), adhoc["realised_pnl"]
    )
