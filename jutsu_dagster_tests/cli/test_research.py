"""``jutsu research``: four tools, their files, and what they refuse."""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import Any
from xml.etree import ElementTree as ET

import pandas as pd
import pytest

from jutsu_dagster_tests.cli.conftest import Jutsu
from jutsu_dagster_tests.homes import Home

RANGE = ("--in-sample", "300", "--out-of-sample", "100")
WRITTEN = {
    "walk-forward": {"report.json", "report.md", "stitched.parquet", "stitched.svg"},
    "monte-carlo": {"report.json", "report.md", "courses.parquet", "fan.parquet", "fan.svg"},
    "plateau": {"report.json", "report.md", "neighbours.parquet", "neighbours.svg", "pair.svg"},
    "pbo": {
        "report.json", "report.md", "logits.parquet", "logits.svg", "returns.parquet",
        "sets.parquet",
    },
}  # fmt: skip
ASKED = {
    "walk-forward": [*RANGE, "--seed", "3"],
    "monte-carlo": ["--draws", "300", "--seed", "3"],
    "plateau": ["--pair", "sma_fast,upper_thresh_z", "--pair-steps", "1"],
    "pbo": ["--steps", "1", "--blocks", "8"],
}


def _strict(name: str) -> Any:
    raise AssertionError(f"{name} is not JSON")


def folder(home: Home, tool: str, strategy: str = "v3_5b") -> Path:
    return home.path / "reports" / "research" / "lookback" / strategy / tool


@pytest.mark.parametrize("tool", WRITTEN)
def test_a_tool_writes_its_files_and_the_same_again(home: Home, jutsu: Jutsu, tool: str) -> None:
    command = ("research", tool, "--strategy", "v3_5b", *ASKED[tool])
    answer = jutsu(*command)
    assert answer.code == 0, answer
    found = folder(home, tool)
    assert {path.name for path in found.iterdir()} == WRITTEN[tool]
    document = json.loads((found / "report.json").read_text(), parse_constant=_strict)
    assert document["tool"] == tool
    assert document["window"]["first"] == "2010-01-04"
    assert document["results"]
    for plot in found.glob("*.svg"):
        assert ET.fromstring(plot.read_text()).tag.endswith("svg")  # noqa: S314  (our own)
        assert f"({plot.name})" in (found / "report.md").read_text()
    for frame in found.glob("*.parquet"):
        assert len(pd.read_parquet(frame))
    before = {path.name: path.read_bytes() for path in found.iterdir()}
    tried = len(home.ledger.trials("v3_5b"))
    assert tried
    again = jutsu(*command, "--json")
    assert again.code == 0
    assert {path.name: path.read_bytes() for path in found.iterdir()} == before
    assert again.json["results"] == document["results"]
    assert {Path(path).name for path in again.json["files"]} == WRITTEN[tool]
    assert len(home.ledger.trials("v3_5b")) == tried


def test_a_report_without_a_heat_map_leaves_none_of_an_earlier_one(
    home: Home, jutsu: Jutsu
) -> None:
    assert jutsu("research", "plateau", "--strategy", "v3_5b", *ASKED["plateau"]).code == 0
    note = folder(home, "plateau") / "mine.txt"
    note.write_text("kept")
    assert jutsu("research", "plateau", "--strategy", "v3_5b").code == 0
    left = {path.name for path in folder(home, "plateau").iterdir()}
    assert left == WRITTEN["plateau"] - {"pair.svg"} | {"mine.txt"}


@pytest.mark.usefixtures("home")
def test_a_grid_and_a_range_are_what_is_looked_at(jutsu: Jutsu, tmp_path: Path) -> None:
    grid = tmp_path / "grid.yaml"
    grid.write_text("parameters: {sma_fast: [30, 50], upper_thresh_z: [0.9, 1.1]}\n")
    options = ("--grid", grid, "--start", "2011-01-03", "--end", "2013-06-28")
    answer = jutsu("research", "pbo", "--strategy", "v3_5b", *options, "--json")
    document = answer.json
    assert document["window"]["first"] == "2011-01-03"
    assert document["window"]["last"] == "2013-06-28"
    # The four of the grid and the strategy itself.
    assert document["sets"]["evaluated"] == 5
    assert document["results"]["splits"] == 12_870


def test_a_directional_strategy_is_looked_back_on_too(crypto_home: Home, jutsu: Jutsu) -> None:
    short = ("--in-sample", "20", "--out-of-sample", "5", "--steps", "1")
    answer = jutsu("research", "walk-forward", "--strategy", "ETH_main", *short, "--json")
    assert answer.code == 0, answer
    assert answer.json["compounded"] is False
    assert "half the round trip" in answer.json["results"]["assumptions"][0]
    assert {path.name for path in folder(crypto_home, "walk-forward", "ETH_main").iterdir()} == (
        WRITTEN["walk-forward"]
    )


@pytest.mark.parametrize(
    ("command", "said"),
    [
        (["walk-forward", "--strategy", "v3_5c"], r"v3_5c.* is not registered; .*mean 'v3_5d'"),
        (["walk-forward", "--in-sample", "950"], r"950 days in sample and 126 .* there are 1006"),
        (["walk-forward", "--in-sample", "5"], r"--in-sample 5 must be at least 20"),
        (["walk-forward", "--out-of-sample", "0"], r"--out-of-sample 0 must be at least 1"),
        (["walk-forward", "--start", "2015-01-02"], r"must be after start \(2015-01-02\)"),
        (
            ["walk-forward", "--start", "2009-01-02"],
            r"it needs bars of QQQ from 2007-.*there are from 2008",
        ),
        (["walk-forward", "--end", "2009-01-02"], r"backtest.end \(2009-01-02\) must be after"),
        (["walk-forward", "--grid", "no.yaml"], r"no\.yaml is missing"),
        (["walk-forward", "--grid", "{empty}"], r"parameters must map names to lists"),
        (["pbo", "--grid", "{none}"], r"has no valid set: .*must be < sma_slow"),
        (["pbo", "--grid", "{own}"], r"pbo needs at least two parameter sets"),
        (["pbo", "--grid", "{idle}"], r"all 2 sets behave alike"),
        (["pbo", "--grid", "{unknown}"], r"\('sma_fats'\) is no parameter.*mean 'sma_fast'"),
        (["pbo", "--blocks", "7"], r"--blocks 7 must be an even number"),
        (["pbo", "--end", "2010-01-29"], r"--blocks 16 need at least 32 days; there are 19"),
        (["monte-carlo", "--block", "5000"], r"--block 5000 must be between 1 and the 1006"),
        (["monte-carlo", "--horizon", "5000"], r"--horizon 5000 must be between 2 and the 1006"),
        (["monte-carlo", "--ruin", "1.5"], r"--ruin 1.5 must be between 0 and 1"),
        (["monte-carlo", "--end", "2010-01-29"], r"there are 19 days; fewer than 30"),
        (["plateau", "--pair", "sma_fast"], r"must be two different parameters"),
        (["plateau", "--pair", "sma_fats,sma_slow"], r"sma_fats is no parameter.*'sma_fast'"),
    ],
    ids=lambda value: " ".join(value) if isinstance(value, list) else "",
)
def test_what_cannot_be_is_refused_with_the_reason(
    home: Home, jutsu: Jutsu, tmp_path: Path, command: list[str], said: str
) -> None:
    grids = {
        "empty": "parameters: {}\n",
        "none": "parameters: {sma_fast: [150, 200]}\n",
        "own": "parameters: {sma_fast: [40]}\n",
        "idle": "parameters: {w_PSQ_max: [0.5, 0.4]}\n",
        "unknown": "parameters: {sma_fats: [30]}\n",
    }
    for name, text in grids.items():
        (tmp_path / f"{name}.yaml").write_text(text)
    places = {name: tmp_path / f"{name}.yaml" for name in grids}
    filled = [word.format(**places) for word in command]
    which = () if "--strategy" in filled else ("--strategy", "v3_5b")
    answer = jutsu("research", *filled, *which)
    assert re.search(said, " ".join(answer.faults)), answer.err
    assert not (home.path / "reports" / "research").exists()
    # Sets that behave alike were run to find that out, and running them is trying them.
    assert home.ledger.trials("v3_5b").empty == ("{idle}" not in command)


def test_an_unknown_metric_is_refused_with_the_choices(home: Home, jutsu: Jutsu) -> None:
    answer = jutsu("research", "plateau", "--strategy", "v3_5b", "--metric", "sharp")
    assert answer.code == 2
    assert "sharpe" in answer.err
    assert not (home.path / "reports" / "research").exists()


@pytest.mark.parametrize("tool", WRITTEN)
def test_help_says_how_to_read_the_result(jutsu: Jutsu, tool: str) -> None:
    answer = jutsu("research", tool, "--help")
    assert answer.code == 0
    assert "Read it so" in answer.out
    assert f"jutsu research {tool} --strategy v3_5b" in " ".join(answer.out.split())
