"""Projects and databases for every layer's tests.

The small project on disk is filled once and copied for every test that wants one. The PostgreSQL
server is started for the first test that wants a database, once in each process of the test run.
"""

from __future__ import annotations

import os
import shutil
from collections.abc import Iterator
from datetime import date, timedelta
from importlib.util import find_spec
from pathlib import Path
from typing import NoReturn

import hypothesis
import pytest

from jutsu_dagster.storage.database import parse_url
from jutsu_dagster_tests.homes import (
    COIN_DAYS,
    LAST,
    Home,
    entered,
    write_coin_config,
    write_config,
)
from jutsu_dagster_tests.nights import START, TRADED, starts, trade
from jutsu_dagster_tests.postgres.databases import Databases
from jutsu_dagster_tests.postgres.programs import UnavailableError
from jutsu_dagster_tests.postgres.server import Server

# How long an example takes is no claim of any test.
hypothesis.settings.register_profile("untimed", deadline=None)
hypothesis.settings.load_profile("untimed")

POSTGRES_URL = "JUTSU_TEST_POSTGRES_URL"
REQUIRE_POSTGRES = "JUTSU_TEST_REQUIRE_POSTGRES"

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


@pytest.fixture(scope="session")
def filled_paper(filled_home: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The filled project with two weeks of paper trading behind it; only to be copied."""
    path = tmp_path_factory.mktemp("paper") / "home"
    shutil.copytree(filled_home, path)
    traded = Home(path)
    starts(traded, START, "v3_5b", "v3_5d")
    assert all(result.success for result in trade(traded, START, TRADED, "before").values())
    traded.ledger.close()
    return path


@pytest.fixture(scope="session")
def filled_coins(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A project over both sample markets of January 2025, its ledger empty; only to be copied."""
    from jutsu_dagster.pipeline.ingest import CRYPTO_15M, ingest_range
    from jutsu_dagster.sources.sample import SampleMarket
    from jutsu_dagster.sources.sample_crypto import SampleCrypto

    home = Home(tmp_path_factory.mktemp("coins"))
    write_coin_config(home.path)
    first, last = COIN_DAYS
    etfs, coins = SampleMarket(last + timedelta(days=1)), SampleCrypto(last + timedelta(days=1))
    ingest_range(etfs, home.store, etfs.symbols, date(2023, 8, 1), last)
    ingest_range(coins, home.store, coins.symbols, first, last, table=CRYPTO_15M)
    home.ledger.migrate()
    home.ledger.close()
    return home.path


@pytest.fixture
def crypto_home(filled_coins: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Home:
    """A copy of the project over both markets, where v3_5b and ETH_main begin on paper.

    It holds January 2025 of BTCUSDT, ETHUSDT and SOLUSDT; accounts begin on ``COIN_START``.
    """
    return _copy(filled_coins, tmp_path, monkeypatch)


@pytest.fixture(scope="session")
def filled_shown(filled_coins: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A project with something of everything to show; to be read, or copied."""
    from jutsu_dagster_tests.shown import fill

    path = tmp_path_factory.mktemp("shown") / "home"
    shutil.copytree(filled_coins, path)
    fill(Home(path))
    return path


@pytest.fixture
def shown_home(filled_shown: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Home:
    """A copy of the project with something of everything to show, that the test may spoil."""
    return _copy(filled_shown, tmp_path, monkeypatch)


@pytest.fixture
def home(filled_home: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Home:
    """A copy of the filled project that the test may spoil; ``JUTSU_HOME`` names it."""
    return _copy(filled_home, tmp_path, monkeypatch)


@pytest.fixture
def paper_home(filled_paper: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Home:
    """A copy of the project with two weeks of paper trading; ``JUTSU_HOME`` names it."""
    return _copy(filled_paper, tmp_path, monkeypatch)


def _copy(original: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Home:
    path = tmp_path / "home"
    shutil.copytree(original, path, symlinks=True)
    return entered(path, monkeypatch)


def _without_postgres(reason: str) -> NoReturn:
    if any(os.environ.get(name, "").lower() in {"1", "true"} for name in ("CI", REQUIRE_POSTGRES)):
        pytest.fail(f"no PostgreSQL, and CI or {REQUIRE_POSTGRES} demands one: {reason}")
    pytest.skip(f"no PostgreSQL: {reason}")


@pytest.fixture(scope="session")
def postgres_server() -> Iterator[Server]:
    """A server of this process's own, which tests may stop, start and restart."""
    if find_spec("psycopg2") is None:
        _without_postgres("psycopg2 is not installed; it comes with the extra 'postgres'")
    try:
        server = Server()
    except UnavailableError as error:
        _without_postgres(str(error))
    with server:
        yield server


@pytest.fixture(scope="session")
def postgres(request: pytest.FixtureRequest) -> Databases:
    """The server that the environment names, or else our own; not to be restarted."""
    named = os.environ.get(POSTGRES_URL)
    if named:
        return Databases(parse_url(named))
    server: Server = request.getfixturevalue("postgres_server")
    return server


@pytest.fixture
def postgres_url(postgres: Databases) -> Iterator[str]:
    """URL of an empty PostgreSQL database of the test's own; mark such tests ``postgres``."""
    with postgres.database() as url:
        yield url
