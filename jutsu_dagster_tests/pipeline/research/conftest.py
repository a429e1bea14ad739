from __future__ import annotations

import shutil
from pathlib import Path

import pytest

from jutsu_dagster_tests.conftest import _copy
from jutsu_dagster_tests.homes import Home
from jutsu_dagster_tests.pipeline.research.nights import NIGHTS, Nights


@pytest.fixture(scope="session")
def filled_accounts(filled_coins: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A project whose accounts have traded up to the first night; only to be copied."""
    path = tmp_path_factory.mktemp("accounts") / "home"
    shutil.copytree(filled_coins, path)
    traded = Nights(Home(path))
    traded.trade(NIGHTS[0])
    traded.home.ledger.close()
    return path


@pytest.fixture(scope="session")
def filled_nights(filled_accounts: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The project with three nights behind it, in order; only to be copied."""
    path = tmp_path_factory.mktemp("nights") / "home"
    shutil.copytree(filled_accounts, path)
    done = Nights(Home(path))
    for day in NIGHTS:
        done.trade(day, day)
        done.whole(day)
    done.home.ledger.close()
    return path


@pytest.fixture
def nights(filled_nights: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Nights:
    """A copy of the project with three nights behind it."""
    return Nights(_copy(filled_nights, tmp_path, monkeypatch))


@pytest.fixture
def traded(filled_accounts: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Nights:
    """A copy of the project before its first night, without any variant."""
    return Nights(_copy(filled_accounts, tmp_path, monkeypatch))


@pytest.fixture
def fresh(crypto_home: Home) -> Nights:
    """A project whose accounts have not traded and that has had no night."""
    return Nights(crypto_home)
