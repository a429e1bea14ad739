"""The command line as a user meets it: an exit code, what it answers, what it says."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import dataclass
from datetime import date
from pathlib import Path
from typing import Any, NoReturn

import pandas as pd
import pytest

from jutsu_dagster.cli.app import main
from jutsu_dagster.pipeline.backtest import run_years
from jutsu_dagster.settings import Settings
from jutsu_dagster_tests.councils import FILES, candle_rows
from jutsu_dagster_tests.homes import YEARS, Home

SESSIONS = (date(2014, 1, 2), date(2014, 1, 3), date(2014, 1, 6), date(2014, 1, 7))
"""The first ones that ``trading`` has to trade."""


@dataclass(frozen=True)
class Answer:
    """What one command did."""

    code: int
    out: str
    err: str

    @property
    def json(self) -> Any:
        """All of stdout as strict JSON."""
        return json.loads(self.out, parse_constant=_refuse)

    @property
    def faults(self) -> list[str]:
        """The lines of a refusal that the user can mend, stdout being empty."""
        assert (self.code, self.out) == (2, ""), self
        assert "Traceback" not in self.err
        lines = self.err.strip().splitlines()
        first = next(at for at, line in enumerate(lines) if line.startswith("jutsu: "))
        return [lines[first].removeprefix("jutsu: "), *lines[first + 1 :]]


def _refuse(name: str) -> NoReturn:
    raise AssertionError(f"{name} is not JSON")


Jutsu = Callable[..., Answer]
Simulate = Callable[..., Answer]


@pytest.fixture
def jutsu(capsys: pytest.CaptureFixture[str]) -> Jutsu:
    """Run a command in this process."""

    def run(*arguments: object) -> Answer:
        capsys.readouterr()
        code = main([str(argument) for argument in arguments])
        said = capsys.readouterr()
        return Answer(code, said.out, said.err)

    return run


@pytest.fixture
def simulate(jutsu: Jutsu, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Simulate:
    """Run `jutsu simulate` of the reference council over ``rows``, in an empty project."""
    monkeypatch.setenv("JUTSU_HOME", str(tmp_path))

    walked = candle_rows()

    def run(
        *options: object, rows: pd.DataFrame = walked, config: Path = FILES["reference"]
    ) -> Answer:
        candles, out = tmp_path / "eth.csv", tmp_path / "out"
        rows.to_csv(candles, index=False)
        where = ("--config", config, "--candles", candles, "--out", out)
        return jutsu("simulate", *where, *options)

    return run


@pytest.fixture
def recorded(home: Home) -> Home:
    """A project with one strategy's years on record."""
    list(run_years(home.config(), home.store, home.ledger, YEARS))
    return home


@pytest.fixture
def trading(home: Home) -> Home:
    """A project whose paper accounts begin right after the stored bars."""
    for id_ in ("v3_5b", "v3_5d"):
        home.edit(id_, lambda document: document["paper"].update(start=SESSIONS[0]))
    return home


def undisturbed(settings: Settings, nights: int, jutsu: Jutsu) -> Settings:
    """Trade the first sessions, a night each."""
    for day in SESSIONS[:nights]:
        answer = jutsu("trade", "--date", day)
        assert answer.code == 0, answer
    return settings


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
