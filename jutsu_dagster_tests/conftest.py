"""A small project on disk, filled once and copied for every test that wants one."""

from __future__ import annotations

import os
import shutil
from datetime import date
from pathlib import Path

import pytest

from jutsu_dagster_tests.homes import LAST, Home, write_config

_FIRST = date(2008, 9, 1)


@pytest.fixture(scope="session")
def filled_home(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A project over the sample market of 2008 to 2013, its ledger empty; only to be copied."""
    from jutsu_dagster.pipeline.ingest import ingest_range
    from jutsu_dagster.sources.sample import SampleMarket

    home = Home(tmp_path_factory.mktemp("filled"))
    write_config(home.path)
    source = SampleMarket(date(2014, 2, 1))
    ingest_range(source, home.store, source.symbols, _FIRST, LAST)
    home.ledger.migrate()
    home.ledger.close()
    return home.path


@pytest.fixture
def home(filled_home: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Home:
    """A copy of the filled project that the test may spoil; ``JUTSU_HOME`` names it."""
    for name in [name for name in os.environ if name.startswith("JUTSU_")]:
        if not name.startswith("JUTSU_TEST_"):
            monkeypatch.delenv(name)
    path = tmp_path / "home"
    shutil.copytree(filled_home, path)
    monkeypatch.setenv("JUTSU_HOME", str(path))
    monkeypatch.setenv("COLUMNS", "120")
    return Home(path)
