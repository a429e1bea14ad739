"""The council's compiled kernels against the very same source run as plain Python."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from jutsu_dagster.core import (
    council_decision,
    council_indicators,
    council_normalise,
    council_regime,
    windows,
)
from jutsu_dagster.core.windows import true_range
from jutsu_dagster_tests.councils import council, walk

MODULES = (council_decision, council_indicators, council_normalise, council_regime, windows)
BARS = walk(330, 7)
HIGH, LOW, CLOSE, VOLUME = (
    getattr(BARS, name)[:, 0] for name in ("high", "low", "close", "volume")
)
RANGES = true_range(HIGH, LOW, CLOSE)
FEATURES = council_regime.regime_features(HIGH, LOW, CLOSE, 120)
RULES = np.array([rule.row for rule in council("reference").trend_rules])
RETURNS = windows.change(CLOSE, 5)

CASES: dict[str, tuple[Any, ...]] = {
    "window_mean": (RETURNS, 20),
    "window_std": (RETURNS, 20),
    "window_extent": (HIGH, LOW, 14),
    "relative_strength": (CLOSE, 14),
    "macd_histogram": (CLOSE, 61, 12, 26, 9),
    "vwap_distance": (CLOSE, VOLUME, 200),
    "z_tanh": (RETURNS,),
    "scaled_tanh": (RETURNS, 0.01),
    "_trailing_atr": (RANGES, 200, 100),
    "_turns": (CLOSE,),
    "_features": (HIGH, LOW, CLOSE, RANGES, 120),
    "regime_labels": (FEATURES, 0.018, 1.1, RULES),
    "two_decimals": (0.165,),
}
# A library's tangent may differ in the last bit.
LOOSE = {"z_tanh", "scaled_tanh"}


def kernels() -> dict[str, Any]:
    """Return the council's own kernels by name."""
    return {
        name: value
        for module in MODULES
        for name, value in vars(module).items()
        if hasattr(value, "py_func")
    }


def test_every_kernel_is_compared() -> None:
    assert {*CASES, "decide"} == set(kernels())


@pytest.mark.parametrize("name", CASES)
def test_compiled_equals_its_python_source(name: str) -> None:
    function, arguments = kernels()[name], CASES[name]
    with np.errstate(all="ignore"):  # as the kernels are compiled: IEEE, without complaint
        compiled, python = function(*arguments), function.py_func(*arguments)
    assert np.isfinite(compiled).any()
    if name in LOOSE:
        np.testing.assert_allclose(compiled, python, rtol=1e-14, atol=0.0)
    else:
        np.testing.assert_array_equal(compiled, python)


def test_the_compiled_decision_equals_its_python_source() -> None:
    rng = np.random.default_rng(8)
    scores, regime = rng.normal(0, 0.7, (5, 400)), rng.integers(0, 6, 400)
    weights = rng.choice([0.0, 0.2, 0.5], (6, 5))
    results = []
    for function in (kernels()["decide"], kernels()["decide"].py_func):
        out = (np.empty(400, dtype=np.int8), np.empty(400), np.empty(400))
        function(scores, regime, weights, 0.05, 10, *out)
        results.append(out)
    for compiled, python in zip(*results, strict=True):
        np.testing.assert_array_equal(compiled, python)
