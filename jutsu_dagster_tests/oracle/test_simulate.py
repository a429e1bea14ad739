"""``jutsu simulate`` on the recorded candles: every table, through the command line."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest

from jutsu_dagster.cli.app import main
from jutsu_dagster.core.council_decision import BUCKETS
from jutsu_dagster_tests.councils import FILES
from jutsu_dagster_tests.oracle.council import CASES, DATASETS, ORACLE, table

pytestmark = ORACLE

RECORDED = sorted((CASES / "variants").glob("*/*/*_summary.json"))
REBUILT = sorted((CASES / "rebuilt").glob("*/*/*.json"))
PCT = 1e-12


def named(path: Path) -> str:
    return "/".join(path.parts[-3:]).removesuffix(".json").removesuffix("_summary")


def first_bar(dataset: str) -> int:
    manifest = json.loads((CASES / "MANIFEST.json").read_text())
    index: int = manifest["datasets"][dataset]["first_decision_index"]
    return index


def simulated(dataset: str, window: str, out: Path, *options: str) -> Path:
    """Run the command as it is asked for, and return the folder that it wrote."""
    command = ["simulate", "--config", str(FILES["reference"]), "--out", str(out)]
    command += ["--candles", str(CASES / "data" / f"{dataset}.csv")]
    command += ["--first-bar", str(first_bar(dataset))]
    command += ["--regime-window", window.removeprefix("w")]
    assert main([*command, *options]) == 0
    return out


def strict(text: str) -> Any:
    return json.loads(text, parse_constant=pytest.fail)


def trades_in(path: Path) -> list[dict[str, Any]]:
    return [strict(line) for line in path.read_text().splitlines()]


def assert_trades(ours: list[dict[str, Any]], theirs: list[dict[str, Any]]) -> None:
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


@pytest.mark.parametrize("path", RECORDED, ids=named)
def test_a_variant_of_a_lifetime_is_the_recorded_one(path: Path, tmp_path: Path) -> None:
    theirs = json.loads(path.read_text())
    variant = theirs["variant_id"]
    mutations = json.dumps(theirs["mutations"])
    out = simulated(
        path.parts[-3], path.parts[-2], tmp_path / "out",
        "--mutations", mutations, "--cap-scope", "lifetime", "--variant-id", variant,
    )  # fmt: skip
    # Nothing in these columns is a sum: to the last character, then.
    assert (out / "bars.csv").read_text() == path.with_name(f"{variant}_bars.csv").read_text()
    recorded = trades_in(path.with_name(f"{variant}_trades.jsonl"))
    for row in recorded:
        row["ts"] = row["ts"].replace("+00:00", "Z")
    assert_trades(trades_in(out / "trades.jsonl"), recorded)
    summary = strict((out / "summary.json").read_text())
    assert list(summary) == ["variant_id", "symbol", "mutations", "position", "stats"]
    for name in ("variant_id", "symbol", "mutations", "position"):
        assert summary[name] == theirs[name]
    assert_stats(summary["stats"], theirs["stats_correct_pf"])


@pytest.mark.parametrize("path", REBUILT, ids=named)
def test_a_variant_capped_by_the_day_is_the_rebuilt_one(path: Path, tmp_path: Path) -> None:
    theirs = json.loads(path.read_text())
    dataset, window = path.parts[-3:-1]
    known = CASES / "variants" / dataset / window / f"{path.stem}_summary.json"
    mutations = json.dumps(json.loads(known.read_text())["mutations"])
    out = simulated(dataset, window, tmp_path / "out", "--mutations", mutations)
    summary = strict((out / "summary.json").read_text())
    assert summary["position"] == theirs["position"]
    assert_stats(summary["stats"], theirs["stats"])
    ours = trades_in(out / "trades.jsonl")
    for row in ours:
        assert (row.pop("symbol"), row.pop("variant_id")) == ("ETHUSDT", "council_reference")
        if row["type"] == "open":
            row["threshold"] = row.pop("mutated_threshold")
    assert_trades(ours, theirs["trades"])


@pytest.mark.parametrize("window", ["w20", "w200"])
@pytest.mark.parametrize("dataset", DATASETS)
def test_decisions_are_the_recorded_ones(dataset: str, window: str, tmp_path: Path) -> None:
    ours = pd.read_csv(simulated(dataset, window, tmp_path / "out") / "decisions.csv")
    theirs = table(f"decisions/{dataset}.csv")
    for name in ("i", "ts", "close"):
        assert ours[name].tolist() == theirs[name].tolist(), name
    for name in ("regime", "dir", "conf", "entry_min_conf"):
        assert ours[name].tolist() == theirs[f"{name}_{window}"].tolist(), name
    scores = {"score": f"score_{window}"} | {f"score_{one}": f"score_{one}" for one in BUCKETS}
    for name, column in scores.items():
        np.testing.assert_allclose(ours[name], theirs[column], rtol=0, atol=1e-9, err_msg=name)


@pytest.mark.parametrize(("kind", "rtol", "atol"), [("raw", 1e-9, 0.0), ("normalized", 0.0, 1e-9)])
@pytest.mark.parametrize("dataset", DATASETS)
def test_signals_are_the_recorded_ones(
    dataset: str, kind: str, rtol: float, atol: float, tmp_path: Path
) -> None:
    ours = pd.read_csv(simulated(dataset, "w20", tmp_path / "out") / f"signals_{kind}.csv")
    theirs = table(f"signals/{dataset}_{kind}.csv")
    assert list(ours) == list(theirs)
    for name in ("i", "ts"):
        assert ours[name].tolist() == theirs[name].tolist(), name
    for name in theirs.columns[2:]:
        np.testing.assert_allclose(ours[name], theirs[name], rtol=rtol, atol=atol, err_msg=name)


@pytest.mark.parametrize("dataset", DATASETS)
def test_the_tables_are_written_as_the_recorded_ones_are(dataset: str, tmp_path: Path) -> None:
    ours = (simulated(dataset, "w20", tmp_path / "out") / "signals_raw.csv").read_text()
    theirs = (CASES / "signals" / f"{dataset}_raw.csv").read_text()
    # Whole numbers without a point, what is not there as the same word.
    for mine, row in zip(ours.splitlines(), theirs.splitlines(), strict=True):
        written = [[("." in one, one == "nan") for one in each.split(",")] for each in (mine, row)]
        assert written[0] == written[1]
