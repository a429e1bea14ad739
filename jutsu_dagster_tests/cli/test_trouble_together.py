"""Two nights at once, and a server that restarts under one: all is there, and nothing twice."""

from __future__ import annotations

import shutil
import sys
import time
from datetime import date
from pathlib import Path

import pytest

from jutsu_dagster.core.account import AccountKey
from jutsu_dagster.settings import Settings
from jutsu_dagster.storage.ledger import Ledger
from jutsu_dagster_tests.cli.conftest import SESSIONS, Jutsu
from jutsu_dagster_tests.homes import Home
from jutsu_dagster_tests.killable import Content, Night, content, differences, leftovers, unshown
from jutsu_dagster_tests.postgres.server import Mode, Server

FIRST, LAST = SESSIONS[0], SESSIONS[-1]
IDS = ("v3_5b", "v3_5d")
# Waits before each session is recorded, so that others come in between.
SLOWLY = """
import sys, time
from jutsu_dagster.cli.app import main
from jutsu_dagster.storage.ledger import Ledger

append = Ledger.append

def slowly(ledger, period):
    time.sleep(float(sys.argv[1]))
    return append(ledger, period)

Ledger.append = slowly
sys.exit(main(["trade", *sys.argv[2:]]))
"""


def undisturbed(home: Home, jutsu: Jutsu, last: date) -> Content:
    """Return what an undisturbed run on SQLite records."""
    answer = jutsu("trade", "--from", FIRST, "--to", last)
    assert answer.code == 0, answer
    return content(home.settings)


def other(home: Home, path: Path, url: str | None) -> Settings:
    """Return a copy of the project before anything was traded, on a database of its own."""
    settings = Settings(home=path, database_url=url)
    shutil.copytree(home.path, path, symlinks=True)
    if url:
        Ledger(url).migrate()
    return settings


def started(settings: Settings, pause: float, *arguments: object) -> Night:
    environment = {"JUTSU_HOME": str(settings.home)}
    if settings.database_url:
        environment["JUTSU_DATABASE_URL"] = settings.database_url
    return Night([sys.executable, "-c", SLOWLY, str(pause), *map(str, arguments)], environment)


def two_at_once(settings: Settings) -> None:
    """Trade one day in two processes; both end well."""
    with (
        started(settings, 0.7, "--date", FIRST) as one,
        started(settings, 0.9, "--date", FIRST) as another,
    ):
        ends = [one.end(), another.end()]
    assert [(code, "Traceback" in err) for code, _, err in ends] == [(0, False)] * 2, ends
    assert leftovers(settings) + unshown(settings, IDS) == []


def test_two_nights_of_one_day_at_once_both_end_well(
    trading: Home, tmp_path: Path, jutsu: Jutsu
) -> None:
    settings = other(trading, tmp_path / "other", None)
    two_at_once(settings)
    assert differences(undisturbed(trading, jutsu, FIRST), content(settings)) == []


@pytest.mark.postgres
def test_on_postgres_too(trading: Home, postgres_url: str, tmp_path: Path, jutsu: Jutsu) -> None:
    settings = other(trading, tmp_path / "other", postgres_url)
    two_at_once(settings)
    assert differences(undisturbed(trading, jutsu, FIRST), content(settings)) == []


@pytest.mark.postgres
@pytest.mark.parametrize("mode", ["fast", "immediate"])
def test_a_server_that_restarts_in_the_middle_loses_and_doubles_nothing(
    trading: Home, postgres_server: Server, tmp_path: Path, jutsu: Jutsu, mode: Mode
) -> None:
    with postgres_server.database() as url:
        settings = other(trading, tmp_path / "other", url)
        with started(settings, 0.4, "--from", FIRST, "--to", LAST) as night:
            await_session(url, night)
            postgres_server.restart(mode)
            code, _, err = night.end()
        assert "Traceback" not in err, err
        if code != 0:
            said = [line for line in err.splitlines() if line.startswith("jutsu: ")]
            assert len(said) == 1, err
            with started(settings, 0, "--to", LAST) as night:
                code, _, err = night.end()
        assert code == 0, err
        assert leftovers(settings) + unshown(settings, IDS) == []
        found = content(settings)
    assert differences(undisturbed(trading, jutsu, LAST), found) == []


def await_session(url: str, night: Night) -> None:
    """Wait until the first session is recorded."""
    ledger, until = Ledger(url), time.monotonic() + 60
    while not ledger.checkpoints(AccountKey(IDS[0], "paper")):
        assert night.process.poll() is None, night.end()
        assert time.monotonic() < until
        time.sleep(0.05)
    ledger.close()
