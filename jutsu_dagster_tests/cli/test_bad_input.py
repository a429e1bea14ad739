"""Bad input: what is wrong, in file, field, value and rule; code 2; and nothing half-written."""

from __future__ import annotations

import errno
import os
import re
from collections.abc import Callable
from datetime import date
from pathlib import Path
from typing import Any

import pandas as pd
import pytest

from jutsu_dagster.pipeline.backtest import run_years
from jutsu_dagster_tests.cli.conftest import Answer, Jutsu
from jutsu_dagster_tests.homes import YEARS, Home

Rows = Callable[[pd.DataFrame], pd.DataFrame]


@pytest.fixture
def recorded(home: Home) -> Home:
    """A project with one strategy's years on record."""
    list(run_years(home.config(), home.store, home.ledger, YEARS))
    return home


def untouched(home: Home, act: Callable[[], Answer]) -> list[str]:
    """Return the faults of a refused command that changed neither ledger, market nor files."""
    files, curve, fills = home.content(), home.curve(), home.fills()
    version = home.store.version("etf_daily")
    faults = act().faults
    assert home.content() == files
    assert home.store.version("etf_daily") == version
    pd.testing.assert_frame_equal(home.curve(), curve)
    pd.testing.assert_frame_equal(home.fills(), fills)
    return faults


def parameter(name: str, value: object) -> Callable[[dict[str, Any]], None]:
    return lambda document: document["strategy"]["parameters"].update({name: value})


@pytest.mark.parametrize("command", [["backtest"], ["init"], ["ingest"], ["export", "summary"]])
def test_broken_yaml_is_named_with_its_line(
    recorded: Home, jutsu: Jutsu, command: list[str]
) -> None:
    path = recorded.settings.registry_path
    path.write_text(path.read_text() + "\n  oops: [1,\n")
    faults = untouched(recorded, lambda: jutsu(*command))
    assert re.match(r"config/strategies_registry.yaml: line \d+, column \d+ is not valid", faults[0])


def test_every_fault_of_registry_and_primary_is_named_at_once(
    recorded: Home, jutsu: Jutsu
) -> None:
    recorded.edit_registry(lambda d: d["strategies"]["v3_5d"].update(is_primary=True, is_activ=1))
    recorded.edit("v3_5b", parameter("sma_fats", 3))
    faults = untouched(recorded, lambda: jutsu("backtest"))
    whole = "\n".join(faults)
    assert "strategies.v3_5d.is_activ" in whole
    assert "Did you mean 'is_active'?" in whole


def test_two_primaries_and_the_primarys_own_faults(recorded: Home, jutsu: Jutsu) -> None:
    recorded.edit_registry(lambda d: d["strategies"]["v3_5d"].update(is_primary=True))
    recorded.edit("v3_5b", parameter("sma_fats", 3))
    faults = untouched(recorded, lambda: jutsu("backtest"))
    assert faults == [
        "config/strategies_registry.yaml: strategies must hold exactly one strategy with"
        " is_primary: true; there are 2: v3_5b, v3_5d.",
        "config/strategies/v3_5b.yaml: strategy.parameters.sma_fats (3) is not a known key."
        " Did you mean 'sma_fast'?",
    ]


def test_a_rule_between_parameters(recorded: Home, jutsu: Jutsu) -> None:
    recorded.edit("v3_5b", parameter("sma_fast", 150))
    faults = untouched(recorded, lambda: jutsu("backtest"))
    assert faults == [
        "config/strategies/v3_5b.yaml: strategy.parameters.sma_fast (150)"
        " must be < sma_slow (140)."
    ]


def test_a_broken_secondary_is_set_aside_and_refused_by_name(recorded: Home, jutsu: Jutsu) -> None:
    recorded.edit("v3_5d", parameter("sma_fast", 150))
    done = jutsu("backtest")
    assert done.code == 0
    assert "set aside: v3_5d: config/strategies/v3_5d.yaml" in done.err
    assert "v3_5d" not in done.out
    faults = untouched(recorded, lambda: jutsu("backtest", "--strategy", "v3_5d"))
    assert "sma_fast (150) must be < sma_slow (140)" in faults[0]


def spoiled(column: str, value: float) -> Rows:
    def spoil(rows: pd.DataFrame) -> pd.DataFrame:
        at = rows.index[(rows["symbol"] == "TMF") & (rows["date"] == "2012-05-10")]
        rows.loc[at, column] = value
        return rows

    return spoil


def without(symbol: str, first: str, last: str) -> Rows:
    return lambda rows: rows[~((rows["symbol"] == symbol) & rows["date"].between(first, last))]


MAY = ("2012-05-01", "2012-05-31")
AT = r"bars\.parquet row \d+: TMF 2012-05-10: "
# What is done to the file, and what a refusal says.
BROKEN_FILES: dict[str, tuple[Rows, str]] = {
    "nan": (spoiled("close", float("nan")), AT + r"close \(nan\) must be a number"),
    "zero": (spoiled("open", 0.0), AT + r"open \(0\.0\) must be > 0"),
    "negative": (spoiled("low", -1.0), AT + r"low \(-1\.0\) must be > 0"),
    "infinite": (spoiled("high", float("inf")), AT + r"high \(inf\) must be"),
    "high": (spoiled("high", 0.01), AT + r"high \(0\.01\) must be >= open and close"),
    "duplicate": (
        lambda rows: pd.concat([rows, rows.iloc[[9]]]),
        r"bars\.parquet row \d+: .* date must be unique for a symbol",
    ),
    "unsorted": (
        lambda rows: rows.sort_values("close"),
        r"bars\.parquet row \d+: .* date must ascend within a symbol",
    ),
    "symbol": (
        lambda rows: rows[rows["symbol"] != "TMF"],
        r"bars\.parquet has no symbol 'TMF' \(did you mean 'TMV'\?\); it has PSQ, QQQ",
    ),
    "column": (lambda rows: rows.drop(columns="volume"), r"bars\.parquet.*volume"),
    "empty": (lambda rows: rows.iloc[:0], r"bars\.parquet"),
}
MISSING = {"month": (without("TMF", *MAY), r"TMF has no bar on 22 sessions: 2012-05-01 … 2012-05-31")}


@pytest.mark.parametrize("name", [*BROKEN_FILES, *MISSING])
def test_a_broken_market_file_is_refused_by_an_ad_hoc_backtest(
    home: Home, jutsu: Jutsu, tmp_path: Path, name: str
) -> None:
    spoil, said = (BROKEN_FILES | MISSING)[name]
    market, out = tmp_path / "bars.parquet", tmp_path / "out"
    spoil(home.store.rows("etf_daily")).to_parquet(market, index=False)
    command = ["backtest", "--config", home.file("v3_5b"), "--market", market, "--out", out]
    assert re.search(said, untouched(home, lambda: jutsu(*command))[0])
    assert not out.exists()


@pytest.mark.parametrize("name", BROKEN_FILES)
def test_a_broken_market_file_is_refused_by_ingest(
    recorded: Home, jutsu: Jutsu, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, name: str
) -> None:
    spoil, said = BROKEN_FILES[name]
    market = tmp_path / "bars.parquet"
    spoil(recorded.store.rows("etf_daily")).to_parquet(market, index=False)
    monkeypatch.setenv("JUTSU_ETF_SOURCE", f"files:{market}")
    assert re.search(said, untouched(recorded, lambda: jutsu("ingest"))[0])


def test_a_market_that_lacks_a_month_stops_the_backtest(recorded: Home, jutsu: Jutsu) -> None:
    recorded.change_bars(date(2012, 5, 1), date(2012, 5, 31), without("TMF", *MAY))
    faults = untouched(recorded, lambda: jutsu("backtest", "--strategy", "v3_5b"))
    assert "TMF has no bar on 22 sessions: 2012-05-01 … 2012-05-31" in faults[0]


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
    assert recorded.ledger.trials("v3_5b").empty


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
            assert jutsu(*command).faults == [
                "etf_daily: nothing ingested yet; run `jutsu ingest`"
            ]
    monkeypatch.setenv("JUTSU_DATABASE_URL", f"sqlite:///{tmp_path / 'new.db'}")
    for command in (*commands, ["export", "summary"]):
        assert re.search(r"new\.db is empty; run jutsu init", jutsu(*command).faults[0])
    assert not swept.exists()
    assert not (home.settings.dagster_home).exists()


def test_a_market_of_closed_days_only_has_no_bars(
    home: Home, jutsu: Jutsu, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("JUTSU_MARKET_STORE", str(tmp_path / "market"))
    assert jutsu("ingest", "--from", "2012-01-01", "--to", "2012-01-02").code == 0
    assert "holds no bars yet; run `jutsu ingest`" in jutsu("backtest").faults[0]


@pytest.mark.parametrize("command", [["backtest"], ["export", "daily"], ["init"]])
def test_a_damaged_ledger_is_named(home: Home, jutsu: Jutsu, command: list[str]) -> None:
    path = home.settings.state_dir / "jutsu.db"
    path.write_bytes(b"this is no database, whatever its name says" * 100)
    content = home.content()
    assert re.search(r"ledger .*jutsu\.db: file is not a database", jutsu(*command).faults[0])
    assert home.content() == content
    assert path.read_bytes().startswith(b"this is no database")


def test_a_ledger_damaged_in_the_middle_is_named(recorded: Home, jutsu: Jutsu) -> None:
    path = recorded.settings.state_dir / "jutsu.db"
    recorded.ledger.close()
    content = bytearray(path.read_bytes())
    content[4096 * 3 :] = b"\x17" * (len(content) - 4096 * 3)
    path.write_bytes(bytes(content))
    faults = jutsu("backtest").faults
    assert re.search(r"ledger.*(malformed|not a database)", faults[0])


def test_a_damaged_dagster_storage_is_named(home: Home, jutsu: Jutsu) -> None:
    assert jutsu("init").code == 0
    database = home.settings.dagster_home / "history" / "runs.db"
    database.write_bytes(b"rubbish" * 1000)
    assert re.search(r"Dagster's storage in .* cannot be opened", jutsu("backtest").faults[0])


@pytest.mark.parametrize(
    ("number", "said"), [(errno.ENOSPC, "No space left"), (errno.EACCES, "Permission denied")]
)
def test_a_fault_of_the_machine_is_one_line_and_code_1(
    home: Home,
    jutsu: Jutsu,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    number: int,
    said: str,
) -> None:
    market = tmp_path / "bars.parquet"
    home.store.rows("etf_daily").to_parquet(market, index=False)

    def refuse(descriptor: int) -> None:
        raise OSError(number, os.strerror(number), f"descriptor {descriptor}")

    monkeypatch.setattr(os, "fsync", refuse)
    out = tmp_path / "out"
    done = jutsu("backtest", "--config", home.file("v3_5b"), "--market", market, "--out", out)
    assert (done.code, done.out) == (1, "")
    assert re.fullmatch(rf"jutsu: descriptor \d+: {said}.*\n", done.err)
    # Not even the first file, nor a leftover of it.
    assert list(out.iterdir()) == []
