"""What ``jutsu simulate`` refuses, naming row, field, value and rule; and nothing half-written."""

from __future__ import annotations

import re
from collections.abc import Callable
from pathlib import Path

import pandas as pd
import pytest

from jutsu_dagster_tests.cli.conftest import Simulate
from jutsu_dagster_tests.councils import FILES, candle_rows
from jutsu_dagster_tests.own_directional import SOUND, own_strategy

Rows = Callable[[pd.DataFrame], pd.DataFrame]
ROWS = candle_rows()
COUNT = len(ROWS)


def spoiled(column: str, value: float | str) -> Rows:
    def spoil(rows: pd.DataFrame) -> pd.DataFrame:
        rows = rows.astype({column: "object"})
        rows.loc[rows.index[5], column] = value
        return rows

    return spoil


AT = r"eth\.csv line 7: ETHUSDT 2025-01-01 01:15:00Z: "
BROKEN: dict[str, tuple[Rows, str]] = {
    "nan": (spoiled("close", float("nan")), AT + r"close \(''\) must be a number"),
    "negative": (spoiled("low", -1.0), AT + r"low \('-1.0'\) must be > 0"),
    "high": (spoiled("high", 1.0), AT + r"high \('1.0'\) must be >= open and close"),
    "twice": (
        spoiled("ts", "2025-01-01T01:00Z"),
        r"eth\.csv line 7: ETHUSDT 2025-01-01T01:00Z: ts must be unique",
    ),
    "back": (
        lambda rows: rows.iloc[[*range(5), 6, 5, *range(7, COUNT)]],
        r"eth\.csv line 8: ETHUSDT 2025-01-01 01:15:00Z: ts must ascend",
    ),
    "no time": (spoiled("ts", "soon"), r"eth\.csv line 7: ETHUSDT soon: ts must be a time"),
    "column": (lambda rows: rows.drop(columns="volume"), r"column 'volume' is missing"),
    "no rows": (lambda rows: rows.iloc[:0], r"eth\.csv: holds no rows"),
    "short": (lambda rows: rows.iloc[:150], r"150 bars of ETHUSDT; windows are full after 199"),
}


@pytest.mark.parametrize("name", BROKEN)
def test_broken_candles_are_refused_by_name(simulate: Simulate, tmp_path: Path, name: str) -> None:
    spoil, said = BROKEN[name]
    assert re.search(said, "\n".join(simulate(rows=spoil(ROWS)).faults))
    assert not (tmp_path / "out").exists()


@pytest.mark.parametrize(
    ("options", "said"),
    [
        (["--first-bar", COUNT], r"--first-bar 700: .*eth\.csv has 700 bars of ETHUSDT, 0 to 699"),
        (["--mutations", "{conf: 1}"], r"--mutations is no JSON: .*; write '\{"),
        (["--mutations", '{"conf_min_delta": NaN}'], r"--mutations is no JSON: NaN is no number"),
        (["--mutations", "[1]"], r"--mutations \(\[1\]\) must be a JSON object"),
        (["--mutations", '{"conf_mni_delta": 1}'], r"Did you mean 'conf_min_delta'"),
        (["--mutations", '{"symbol_delta": 1}'], r"--mutations: symbol_delta \(1\)"),
        (["--set", "reigme_window=3"], r"Did you mean 'regime_window'"),
    ],
)
def test_what_cannot_be_asked_is_refused(
    simulate: Simulate, tmp_path: Path, options: list[object], said: str
) -> None:
    assert re.search(said, "\n".join(simulate(*options).faults))
    assert not (tmp_path / "out").exists()


def test_an_allocation_strategy_is_sent_to_backtest(simulate: Simulate) -> None:
    config = FILES["default"].with_name("v3_5b.yaml")
    said = simulate(config=config).faults[0]
    assert "decides weights, not the direction of one symbol" in said
    assert "`jutsu backtest --config" in said


@pytest.mark.parametrize(
    ("module", "body", "said"),
    [
        (
            "sim_wrong_0",
            "return 1 / 0",
            r"follow: .*:Follow failed at .*py, line \d+: ZeroDivisionError",
        ),
        ("sim_wrong_1", "return close", r"Follow\.direct must return a Directional, not ndarray"),
        (
            "sim_wrong_2",
            "return Directional(np.sign(moved), confidence * 2, regime)",
            r"confidence at .* is",
        ),
        (
            "sim_wrong_3",
            "return Directional(moved[1:], confidence, regime)",
            r"direction has shape \(699,\)",
        ),
        (
            "sim_wrong_4",
            f"{SOUND[:-1]}, diagnostics={{'x': close[1:]}})",
            r"diagnostic 'x' has shape \(699,\)",
        ),
    ],
)
def test_an_own_strategy_that_fails_is_named(
    simulate: Simulate, tmp_path: Path, module: str, body: str, said: str
) -> None:
    answer = simulate(config=own_strategy(tmp_path, module, body))
    assert re.search(said, answer.faults[0])
