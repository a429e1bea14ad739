"""``jutsu simulate`` as a user meets it: its files, its notes, its options."""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import Any

import pandas as pd
import pytest

from jutsu_dagster_tests.cli.conftest import Jutsu, Simulate
from jutsu_dagster_tests.councils import FILES, SYMBOL, candle_rows
from jutsu_dagster_tests.own_directional import SOUND, own_strategy

ROWS = candle_rows()
COUNT = len(ROWS)
FILE_NAMES = [
    "bars.csv", "signals_raw.csv", "signals_normalized.csv", "decisions.csv", "trades.jsonl",
    "summary.json",
]  # fmt: skip


def content(folder: Path) -> dict[str, str]:
    return {path.name: path.read_text() for path in folder.iterdir()}


def trades(folder: Path) -> list[dict[str, Any]]:
    return [json.loads(line) for line in (folder / "trades.jsonl").read_text().splitlines()]


def test_it_writes_six_files_and_nothing_else(simulate: Simulate, tmp_path: Path) -> None:
    answer = simulate()
    assert answer.code == 0
    assert {path.name for path in tmp_path.iterdir()} == {"eth.csv", "out"}
    assert sorted(content(tmp_path / "out")) == sorted(FILE_NAMES)
    assert "chop" in answer.out
    assert re.search(r"\d+ trades closed, .*profit factor", answer.err)
    first = pd.read_csv(tmp_path / "out" / "bars.csv")
    # By default from the first bar whose windows are full.
    assert first["i"].tolist() == list(range(199, COUNT))
    before = content(tmp_path / "out")
    assert simulate().code == 0
    assert content(tmp_path / "out") == before


def test_json_is_the_only_answer_on_stdout(simulate: Simulate, tmp_path: Path) -> None:
    asked = {"conf_min_delta": -0.02, "exploration_cap_delta": 200}
    answer = simulate("--json", "--mutations", json.dumps(asked), "--variant-id", "look")
    assert answer.err == ""
    summary = json.loads((tmp_path / "out" / "summary.json").read_text())
    assert answer.json["summary"] == summary
    assert (summary["variant_id"], summary["mutations"]) == ("look", asked)
    assert answer.json["changed"]["exploration_cap"] == 96
    assert answer.json["clamped"] == {"conf_min.chop": 0.23, "exploration_cap": 202}
    assert answer.json["notes"] == [
        "conf_min.chop would be 0.23, beyond its bounds; it is 0.5",
        "exploration_cap would be 202, beyond its bounds; it is 96",
    ]
    assert [Path(file).name for file in answer.json["files"]] == FILE_NAMES
    assert answer.json["bars"]["first"] == "2025-01-03T01:45:00Z"


def test_the_scopes_of_the_cap(simulate: Simulate, tmp_path: Path) -> None:
    entries, days = {}, {}
    for scope in ("utc_day", "lifetime", "none"):
        assert simulate("--cap-scope", scope).code == 0
        opens = [row["ts"][:10] for row in trades(tmp_path / "out") if row["type"] == "open"]
        entries[scope], days[scope] = len(opens), pd.Series(opens).value_counts().max()
    assert entries["lifetime"] == days["utc_day"] == 2
    assert 2 < entries["utc_day"] < entries["none"]
    lifted = '{"exploration_cap_delta": 1000000}'
    answer = simulate("--cap-scope", "lifetime", "--mutations", lifted, "--json")
    assert (
        len([row for row in trades(tmp_path / "out") if row["type"] == "open"]) == (entries["none"])
    )
    assert answer.json["changed"] == {"exploration_cap": 1_000_002}
    assert answer.json["clamped"] == {}


def test_costs_are_taken_off_and_the_gross_is_kept(simulate: Simulate, tmp_path: Path) -> None:
    assert simulate("--set", "cost_bps_per_side=5").code == 0
    closed = [row for row in trades(tmp_path / "out") if row["type"] == "close"]
    assert closed
    for row in closed:
        assert row["pct"] == pytest.approx(row["gross_pct"] - 0.001, abs=1e-15)


def test_a_mutation_that_changes_nothing_is_only_noted(simulate: Simulate, tmp_path: Path) -> None:
    assert simulate().code == 0
    plain = content(tmp_path / "out")
    answer = simulate("--mutations", '{"max_bars_open_delta": 0}')
    assert "note: the mutations change nothing" in answer.err
    assert content(tmp_path / "out")["trades.jsonl"] == plain["trades.jsonl"]


def test_bars_before_the_first_decision_only_warm_up(simulate: Simulate, tmp_path: Path) -> None:
    decisions = {}
    for first in (300, 0):
        assert simulate("--first-bar", first).code == 0
        decisions[first] = (tmp_path / "out" / "decisions.csv").read_text().splitlines()[1:]
    assert decisions[0][300:] == decisions[300]


def test_another_regime_window_is_the_parameter(simulate: Simulate, tmp_path: Path) -> None:
    assert simulate("--regime-window", 150).code == 0
    option = content(tmp_path / "out")
    assert simulate("--set", "regime_window=150").code == 0
    assert content(tmp_path / "out") == option
    assert simulate().code == 0
    assert content(tmp_path / "out") != option
    assert "regime_window (9000)" in simulate("--regime-window", 9000).faults[0]


def test_other_spacings_and_gaps_are_noted(simulate: Simulate) -> None:
    times = pd.date_range("2025-01-01", periods=COUNT, freq="h", tz="UTC")
    answer = simulate(
        rows=ROWS.assign(ts=times).drop(index=[300, 301, 400]),
    )
    assert "note: candles are 1h apart; the strategy's timeframe is 15m" in answer.err
    assert "note: 2 gaps between candles, the first after 2025-01-13T11:00:00Z" in answer.err


def test_of_several_symbols_its_own_is_taken(simulate: Simulate, tmp_path: Path) -> None:
    assert simulate().code == 0
    alone = content(tmp_path / "out")
    other = ROWS.assign(close=ROWS["open"], high=ROWS["high"] * 1.1, symbol="BTCUSDT")
    both = pd.concat([other, ROWS.assign(symbol=SYMBOL)])
    assert simulate(rows=both.sort_values("ts")).code == 0
    assert content(tmp_path / "out") == alone
    assert re.search(r"eth\.csv has no symbol 'ETHUSDT'.*; it has BTCUSDT",
                     simulate(rows=other).faults[0])  # fmt: skip


def test_parquet_and_other_names_of_the_time_are_read(
    simulate: Simulate, jutsu: Jutsu, tmp_path: Path
) -> None:
    assert simulate().code == 0
    from_csv = content(tmp_path / "out")
    times = pd.to_datetime(ROWS["ts"])
    path = tmp_path / "eth.parquet"
    for name in ("date", "timestamp"):
        ROWS.drop(columns="ts").assign(**{name: times}).to_parquet(path)
        out = tmp_path / name
        done = jutsu("simulate", "--config", FILES["reference"], "--candles", path, "--out", out)
        assert done.code == 0
        assert content(out) == from_csv


def test_an_own_strategy_is_simulated(simulate: Simulate, tmp_path: Path) -> None:
    assert simulate().code == 0
    config = own_strategy(tmp_path, "sim_follow", SOUND)
    answer = simulate("--mutations", '{"lookback_delta": 4}', config=config)
    assert answer.code == 0
    assert "note: Follow tells no signals" in answer.err
    assert trades(tmp_path / "out")
    decisions = pd.read_csv(tmp_path / "out" / "decisions.csv")
    assert decisions["i"].iloc[0] == 12
    assert set(decisions["dir"]) == {-1, 1}
    assert decisions["score"].isna().all()
    # Nothing of the council before it is left standing.
    assert list(pd.read_csv(tmp_path / "out" / "signals_raw.csv")) == ["i", "ts"]


def test_help_teaches(jutsu: Jutsu) -> None:
    said = re.sub(r"[\s│]+", " ", jutsu("simulate", "--help").out)
    for words in ("bars.csv", "jutsu simulate --config", "conf_min_delta", "lifetime", "Default:"):
        assert words in said
