"""Arguments that cannot be: refused before anything is computed or written."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from jutsu_dagster_tests.cli.conftest import Jutsu, untouched
from jutsu_dagster_tests.homes import Home

ADHOC = ["backtest", "--config", "{config}", "--market", "{market}", "--out", "{out}"]
SWEEP = ["sweep", "--strategy", "v3_5b", "--grid", "{grid}", "--out", "{out}/s.parquet"]


@pytest.mark.parametrize(
    ("command", "said"),
    [
        ([*ADHOC, "--set", "sma_fats=30"], r"sma_fats .*is no known.*mean 'sma_fast'"),
        ([*ADHOC, "--set", "sma_fast=150"], r"sma_fast \(150\) must be < sma_slow \(140\)"),
        ([*ADHOC, "--set", "sma_fast=x"], r"sma_fast \('x'\) must be"),
        ([*ADHOC, "--set", "sma_fast=[1"], r"--set sma_fast: line 1, column \d is not valid YAML"),
        ([*ADHOC, "--set", "costs.slipage_rate=0"], r"mean 'costs.slippage_rate'"),
        ([*ADHOC, "--start", "2005-01-03"], r"data start on 2008-09-02; .*from 2003-"),
        ([*ADHOC, "--start", "2015-01-02", "--end", "2016-01-04"], r"data end on 2013-12-31"),
        ([*ADHOC, "--end", "2009-01-02"], r"backtest.end \(2009-01-02\) must be after start"),
        (["backtest", "--config", "no.yaml", *ADHOC[3:]], r"no\.yaml is missing"),
        ([*ADHOC[:3], "--market", "no.parquet", *ADHOC[5:]], r"no\.parquet: there is no such"),
        ([*ADHOC[:3], "--market", "{config}", *ADHOC[5:]], r"must be a \.parquet or \.csv file"),
        ([*ADHOC[:5], "--out", "{config}/sub"], r"--out .*v3_5b.yaml is a file; name a folder"),
        (["backtest", "--strategy", "v3_5c"], r"v3_5c.* is not registered; .*mean 'v3_5d'"),
        (["backtest", "--start", "2005-01-03"], r"its backtest starts on 2010-01-01"),
        (["backtest", "--end", "2009-01-02"], r"nothing to compute to 2009-01-02"),
        (["backtest", "--start", "2013-01-01", "--end", "2012-01-01"], "--start must be before"),
        (["export", "dashbord"], r"'dashbord' must be one of .*mean 'dashboard'"),
        (["export", "summary", "--out", "{config}"], r"--out .*is a file"),
        (["export", "summary", "--strategy", "v3_5d"], r"v3_5d has no recorded session"),
        ([*SWEEP[:4], "no.yaml", *SWEEP[5:]], r"no\.yaml is missing"),
        ([*SWEEP, "--sort", "sharp"], r"--sort 'sharp' must be one of"),
        ([*SWEEP[:2], "v3_5c", *SWEEP[3:]], r"v3_5c.* is not registered"),
        ([*SWEEP, "--curves", "{config}/c.parquet"], r"--curves .*is a file"),
        (SWEEP, r"grid.yaml: parameters \('sma_fats'\) is no parameter.*mean 'sma_fast'"),
    ],
    ids=lambda value: " ".join(value[-2:]) if isinstance(value, list) else "",
)
def test_a_bad_argument_is_refused_before_anything_is_written(
    recorded: Home, jutsu: Jutsu, tmp_path: Path, command: list[str], said: str
) -> None:
    market, grid, out = tmp_path / "bars.parquet", tmp_path / "grid.yaml", tmp_path / "out"
    recorded.store.rows("etf_daily").to_parquet(market, index=False)
    grid.write_text("parameters: {sma_fats: [30]}\n")
    places = {"config": recorded.file("v3_5b"), "market": market, "out": out, "grid": grid}
    filled = [word.format(**places) for word in command]
    assert re.search(said, untouched(recorded, lambda: jutsu(*filled))[0])
    assert not out.exists()
    assert set(recorded.ledger.trials("v3_5b")["source"]) == {"backtest"}


@pytest.mark.parametrize(
    "command",
    [
        ["backtest", "--market", "x"],
        ["backtest", "--config", "x"],
        ["backtest", "--end", "soon"],
        [*ADHOC, "--force"],
        [*ADHOC, "--set", "sma_fast"],
        ["sweep", "--grid", "g", "--out", "o"],
        ["sweep", "--grid", "g"],
        ["nonsense"],
    ],
    ids=" ".join,
)
def test_a_command_used_wrongly_says_how_it_is_used(jutsu: Jutsu, command: list[str]) -> None:
    done = jutsu(*command)
    assert (done.code, done.out) == (2, "")
    assert "Usage: " in done.err
    assert "Traceback" not in done.err


def test_an_inactive_strategy_is_not_backtested(recorded: Home, jutsu: Jutsu) -> None:
    recorded.edit_registry(lambda d: d["strategies"]["v3_5d"].update(is_active=False))
    recorded.edit_registry(lambda d: d.update(execution_order=["v3_5b"]))
    faults = untouched(recorded, lambda: jutsu("backtest", "--strategy", "v3_5d"))
    assert "strategies.v3_5d.is_active (false) must be true" in faults[0]


def test_a_project_without_market_or_ledger_is_told_what_to_run(
    home: Home, jutsu: Jutsu, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    grid = tmp_path / "grid.yaml"
    grid.write_text("parameters: {sma_fast: [30]}\n")
    swept = tmp_path / "s.parquet"
    commands = (["backtest"], ["sweep", "--strategy", "v3_5b", "--grid", grid, "--out", swept])
    with monkeypatch.context() as elsewhere:
        elsewhere.setenv("JUTSU_MARKET_STORE", str(tmp_path / "nothing"))
        for command in commands:
            assert jutsu(*command).faults == ["etf_daily: nothing ingested yet; run `jutsu ingest`"]
    monkeypatch.setenv("JUTSU_DATABASE_URL", f"sqlite:///{tmp_path / 'new.db'}")
    for command in (*commands, ["export", "summary"]):
        assert re.search(r"new\.db is empty; run jutsu init", jutsu(*command).faults[0])
    assert not swept.exists()
    assert not (home.settings.dagster_home).exists()


@pytest.mark.usefixtures("home")
def test_a_market_of_closed_days_only_has_no_bars(
    jutsu: Jutsu, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("JUTSU_MARKET_STORE", str(tmp_path / "market"))
    assert jutsu("ingest", "--from", "2012-01-01", "--to", "2012-01-02").code == 0
    assert "holds no bars yet; run `jutsu ingest`" in jutsu("backtest").faults[0]
