"""Compiled kernels against the very same source run as plain Python.

A whole path (decision, account, sweep) runs twice: compiled, and with every kernel of the package
replaced by its Python source, in every module that imported it.
"""

from __future__ import annotations

import importlib
import pkgutil
import sys
from collections.abc import Callable, Iterator, Sequence
from functools import wraps
from types import ModuleType
from typing import Any

import numpy as np
import pytest

from jutsu_dagster import core
from jutsu_dagster.core.account import AccountState
from jutsu_dagster.core.bars import Bars
from jutsu_dagster.core.engine import Terms, Timing, run_segment
from jutsu_dagster.core.kalman import kalman_path, trend_strength
from jutsu_dagster.core.metrics import EQUITY_METRICS, equity_metrics
from jutsu_dagster.core.regime import CODES, weight_table
from jutsu_dagster.core.rolling import log_returns, rolling_mean, rolling_std
from jutsu_dagster.core.sweep import SWEEP_METRICS
from jutsu_dagster.core.trade_statistics import trade_statistics
from jutsu_dagster.strategies.base import AllocationStrategy
from jutsu_dagster.strategies.regime_allocator import HierarchicalAdaptiveV35d
from jutsu_dagster_tests.walks import walk, with_split

# Behind a logarithm or a power, libraries may differ in the last bits.
LOOSE = {"z_score", "cagr", "calmar_ratio", "geometric_sharpe_ratio", "geometric_sortino_ratio"}
SHORT = HierarchicalAdaptiveV35d.model_validate(
    {
        "sma_fast": 5, "sma_slow": 15, "realized_vol_window": 5, "vol_baseline_window": 12,
        "bond_sma_fast": 4, "bond_sma_slow": 9, "osc_smoothness": 4, "strength_smoothness": 3,
        "double_smoothing": True, "upper_thresh_z": 0.5, "lower_thresh_z": 0.0,
        "cell1_exit_confirmation_enabled": True, "t_norm_bull_thresh": 0.05,
        "vol_crush_lookback": 3, "leverage_scalar": 1.2, "process_noise_2": 0.5, "T_max": 30.0,
    }
)  # fmt: skip
SETS = [
    SHORT,
    SHORT.model_copy(update={"use_inverse_hedge": True}),
    SHORT.model_copy(update={"cell1_exit_confirmation_enabled": False, "sma_fast": 3}),
]


def kernels() -> dict[str, Any]:
    """Return every kernel that a module of core defines, by its name."""
    found = {}
    for info in pkgutil.iter_modules(core.__path__, f"{core.__name__}."):
        # These have such tests of their own, on candles.
        if info.name.rpartition(".")[2].startswith(("council_", "exploration", "windows")):
            continue
        for value in vars(importlib.import_module(info.name)).values():
            if hasattr(value, "py_func"):
                found[value.py_func.__name__] = value
    return found


def modules() -> Iterator[ModuleType]:
    yield from (m for name, m in list(sys.modules.items()) if name.startswith("jutsu_dagster."))


@pytest.fixture
def as_python(monkeypatch: pytest.MonkeyPatch) -> Callable[[], set[str]]:
    """Return a switch to plain Python; it returns the growing set of kernels called since."""
    called: set[str] = set()

    def plain(function: Callable[..., Any]) -> Callable[..., Any]:
        @wraps(function)
        def run(*args: Any) -> Any:
            called.add(function.__name__)
            return function(*args)

        return run

    def switch() -> set[str]:
        for module in modules():
            for name, value in list(vars(module).items()):
                if hasattr(value, "py_func"):
                    monkeypatch.setattr(module, name, plain(value.py_func))
        return called

    return switch


def market() -> Bars:
    bars = walk(SHORT.universe, 140, 5, late={"TMF": 60, "TQQQ": 70}, volatility=0.03)
    return with_split(bars, "QQQ", 100, 2.0)


def path(timing: Timing) -> dict[str, Any]:
    """Run everything once and return all numbers by name."""
    bars, terms = market(), Terms(timing=timing)
    decision = SHORT.decide(bars)
    segment = run_segment(
        bars, decision.codes, decision.table, terms, AccountState.open(10_000.0),
        min_weight_change=0.01, start=0, stop=len(bars), first_trade=40,
    )  # fmt: skip
    unsplit = walk(SHORT.universe, 120, 6, late={"TMF": 60}, volatility=0.03)
    swept = next(iter(many(SETS, unsplit, terms)))
    numbers: dict[str, Any] = dict(decision.diagnostics)
    numbers |= {"codes": decision.codes, "cells": decision.cells, "table": decision.table}
    numbers |= {name: getattr(segment, name) for name in ("equity", "cash", "shares", "marks")}
    numbers |= {f"fills.{name}": getattr(segment.fills, name) for name in ("price", "realised")}
    numbers |= {"weights": segment.weights, "rebalanced": segment.rebalanced}
    numbers |= equity_metrics(segment.equity[40:], segment.sessions[40:], 10_000.0)
    numbers |= trade_statistics(segment.fills.realised)
    numbers |= {f"sweep.{name}": swept.column(name) for name in SWEEP_METRICS}
    return numbers | {"sweep.curves": swept.curves}


def many(sets: Sequence[AllocationStrategy], bars: Bars, terms: Terms) -> Iterator[Any]:
    start = max(one.warmup_sessions for one in sets)
    return type(sets[0]).evaluate_many(sets, bars, terms, start, curves=True)


@pytest.mark.parametrize("timing", ["close", "next_open"])
def test_compiled_equals_its_python_source(
    timing: Timing, as_python: Callable[[], set[str]]
) -> None:
    compiled, known = path(timing), set(kernels())
    called = as_python()
    with np.errstate(all="ignore"):  # as the kernels are compiled: IEEE, without complaint
        python = path(timing)
    # No kernel was left out of the comparison, none is unused.
    assert called == known
    assert len(compiled["fills.price"]) > 10
    assert len(set(compiled["cells"].tolist())) > 4
    for name, value in compiled.items():
        if name.removeprefix("sweep.") in LOOSE:
            np.testing.assert_allclose(value, python[name], rtol=1e-12, atol=1e-12, err_msg=name)
        else:
            np.testing.assert_array_equal(value, python[name], err_msg=name)


def test_each_kernel_of_indicators_equals_its_python_source() -> None:
    rng = np.random.default_rng(2)
    close, volume = 50 * np.exp(np.cumsum(rng.normal(0, 0.02, 700))), rng.lognormal(10, 1, 700)
    errors = rng.standard_t(3, 700)
    cases: list[tuple[Any, tuple[Any, ...]]] = [
        (kalman_path, (close, volume, 30.0, 0.1, 0.2, True)),
        (kalman_path, (close, volume, 3000.0, 0.01, 0.01, False)),
        (trend_strength, (errors, 10, 15, False)),
        (trend_strength, (errors, 30, 12, True)),
        (rolling_mean, (close, 140)),
        (rolling_std, (close, 21, 3)),
    ]
    for function, arguments in cases:
        np.testing.assert_array_equal(function(*arguments), function.py_func(*arguments))
    python: Any = log_returns
    np.testing.assert_allclose(log_returns(close), python.py_func(close), rtol=1e-12)
    tables = np.empty((2, CODES, 5))
    plain: Any = weight_table
    for arguments in ((1.2, True, 0.3, True, 0.1), (0.9, False, 0.5, True, 0.4)):
        weight_table(*arguments, tables[0])
        plain.py_func(*arguments, tables[1])
        np.testing.assert_array_equal(*tables)


def test_the_metrics_kernel_is_nan_where_python_is() -> None:
    row: Any = kernels()["equity_row"]
    for equity in ([5.0], [5.0, 6.0], [5.0, 5.0, 5.0], [1.0, 2.0, 3.0]):
        compiled, python = np.empty((2, len(EQUITY_METRICS)))
        row(np.array(equity), 3, 5.0, 0.0, 252.0, compiled)
        row.py_func(np.array(equity), 3, 5.0, 0.0, 252.0, python)
        np.testing.assert_allclose(compiled, python, rtol=1e-12)
