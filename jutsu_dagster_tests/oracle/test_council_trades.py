"""Entries, exits, positions and statistics of every recorded variant, from recorded decisions."""

from __future__ import annotations

import json
import os
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest

from jutsu_dagster.core.exploration import CapScope, Explored, explore
from jutsu_dagster.core.exploration_rows import bar_columns, trade_rows
from jutsu_dagster.core.exploration_rules import Decided, ExplorationRules
from jutsu_dagster.core.exploration_state import ExplorationState

SHARED = Path(os.environ.get("JUTSU_TEST_SHARED") or Path(__file__).parents[3] / "shared")
COUNCIL = SHARED / "oracle" / "council"
RECORDED = sorted((COUNCIL / "variants").glob("*/*/*_summary.json"))
REBUILT = sorted((COUNCIL / "rebuilt").glob("*/*/*.json"))

pytestmark = [
    pytest.mark.oracle,
    pytest.mark.skipif(not RECORDED, reason="../shared/oracle is not there"),
]

REGIMES = ("chop", "trend_up", "trend_down", "panic_down", "high_vol", "unknown")
# The thresholds on which the recorded mutations were applied; see units/thresholds.json.
BASE = {"trend": 0.70, "chop": 0.25, "high_vol": 0.71}
PCT = 1e-12


def named(path: Path) -> str:
    return "/".join(path.parts[-3:]).removesuffix("_summary.json").removesuffix(".json")


@dataclass(frozen=True)
class Case:
    """A variant's recorded bars, and what our engine made of their decisions."""

    bars: pd.DataFrame
    decided: Decided
    rules: ExplorationRules
    explored: Explored

    @property
    def state(self) -> ExplorationState:
        """The final checkpoint."""
        return self.explored.closing[0]


def replayed(dataset: str, window: str, variant: str, scope: CapScope) -> Case:
    folder = COUNCIL / "variants" / dataset / window
    mutations = json.loads((folder / f"{variant}_summary.json").read_text())["mutations"]
    bars = pd.read_csv(folder / f"{variant}_bars.csv", keep_default_na=False)
    candles = pd.read_csv(COUNCIL / "data" / f"{dataset}.csv").loc[bars["i"]]
    assert candles["ts"].tolist() == bars["ts"].tolist()
    decided = Decided(
        np.array([ts.removesuffix("Z") for ts in bars["ts"]], "datetime64[s]"),
        candles["close"].to_numpy(np.float64),
        bars["dir"].to_numpy(np.int8),
        bars["conf"].to_numpy(np.float64),
        np.array([REGIMES.index(label) for label in bars["regime"]], np.int64),
        REGIMES,
    )
    delta = mutations.get("conf_min_delta", 0.0)
    rules = ExplorationRules(
        {name: base + delta for name, base in BASE.items()},
        2 + mutations.get("exploration_cap_delta", 0),
    )
    return Case(bars, decided, rules, explore(decided, [rules], cap_scope=scope))


@pytest.fixture(params=RECORDED, ids=named)
def recorded(request: pytest.FixtureRequest) -> tuple[Path, Case]:
    path: Path = request.param
    variant = path.name.removesuffix("_summary.json")
    return path, replayed(path.parts[-3], path.parts[-2], variant, "lifetime")


def assert_rows(ours: list[dict[str, Any]], theirs: list[dict[str, Any]]) -> None:
    assert len(ours) == len(theirs)
    for mine, row in zip(ours, theirs, strict=True):
        assert list(mine) == list(row)
        assert {**mine, "pct": 0} == {**row, "pct": 0}
        assert mine.get("pct", 0) == pytest.approx(row.get("pct", 0), rel=0, abs=PCT)


def assert_stats(ours: dict[str, Any], theirs: dict[str, Any]) -> None:
    assert list(ours) == list(theirs)
    for name in ("exp_trades", "norm_trades", "norm_pf", "wins", "losses"):
        assert ours[name] == theirs[name], name
    assert ours["total_pnl"] == pytest.approx(theirs["total_pnl"], rel=0, abs=PCT)
    # Without a loser the recording says Infinity, which is no JSON; we say null.
    known = theirs["exp_pf"] if theirs["exp_pf"] != "Infinity" else None
    assert ours["exp_pf"] == (None if known is None else pytest.approx(known, rel=1e-9))


def test_trades_equal_the_recording(recorded: tuple[Path, Case]) -> None:
    path, case = recorded
    text = path.with_name(path.name.replace("_summary.json", "_trades.jsonl")).read_text()
    theirs = [json.loads(line) for line in text.splitlines()]
    for row in theirs:
        row["ts"] = row["ts"].replace("+00:00", "Z")
    events = case.explored.events_of(0)
    variant, symbol = theirs[0]["variant_id"], theirs[0]["symbol"]
    assert_rows(trade_rows(events, case.decided, symbol=symbol, variant_id=variant), theirs)


def test_the_path_equals_the_recording(recorded: tuple[Path, Case]) -> None:
    _, case = recorded
    events = case.explored.events_of(0)
    ours = bar_columns(events, case.decided, case.rules, ExplorationState())
    for name in ("events", "pos_dir", "pos_bars_open", "exp_trades", "mutated_threshold"):
        assert list(ours[name]) == case.bars[name].tolist(), name
    entries = pd.to_numeric(case.bars["pos_entry_px"])
    np.testing.assert_array_equal(ours["pos_entry_px"], entries)


def test_position_and_statistics_equal_the_recording(recorded: tuple[Path, Case]) -> None:
    path, case = recorded
    theirs = json.loads(path.read_text())
    assert case.state.position == theirs["position"]
    assert_stats(case.state.stats, theirs["stats_correct_pf"])


@pytest.mark.parametrize("path", REBUILT, ids=named)
def test_the_daily_cap_equals_the_rebuilt_cases(path: Path) -> None:
    theirs = json.loads(path.read_text())
    case = replayed(path.parts[-3], path.parts[-2], path.stem, "utc_day")
    cap = theirs["cap_entries_per_utc_day"]
    assert case.rules.exploration_cap == cap or (cap is None and case.rules.exploration_cap > 96)
    assert case.state.position == theirs["position"]
    assert_stats(case.state.stats, theirs["stats"])
    ours = trade_rows(case.explored.events_of(0), case.decided, symbol="-", variant_id="-")
    for row in ours:
        del row["symbol"], row["variant_id"]
        if "mutated_threshold" in row:
            row["threshold"] = row.pop("mutated_threshold")
    assert_rows(ours, theirs["trades"])
