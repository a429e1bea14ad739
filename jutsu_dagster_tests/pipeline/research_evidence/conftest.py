from __future__ import annotations

import shutil
from collections.abc import Iterator
from datetime import date, timedelta
from pathlib import Path

import pytest

from jutsu_dagster.pipeline.ingest import CRYPTO_15M, ingest_range
from jutsu_dagster.sources.sample_crypto import SampleCrypto
from jutsu_dagster_tests.conftest import _copy
from jutsu_dagster_tests.homes import COIN_DAYS, Home
from jutsu_dagster_tests.pipeline.research_evidence.families import FIRST, LAST, Families


@pytest.fixture(scope="session")
def filled_families(filled_coins: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A project with four variants of ETH_main and 44 days of their accounts; only to be copied."""
    path = tmp_path_factory.mktemp("families") / "home"
    shutil.copytree(filled_coins, path)
    home = Home(path)
    after = COIN_DAYS[1] + timedelta(days=1)
    coins = SampleCrypto(LAST + timedelta(days=1))
    ingest_range(coins, home.store, coins.symbols, after, LAST, table=CRYPTO_15M)
    families = Families(home)
    families.make(
        {"conf_min_delta": -0.02, "exploration_cap_delta": 1}, {"max_bars_open_delta": -4},
        {"signal_window_delta": 20},
    )  # fmt: skip
    families.run(FIRST, date(2025, 1, 19))
    # One that is made two weeks later than its siblings.
    families.make({"exit_min_conf_delta": 0.02}, made=date(2025, 1, 19))
    families.run(date(2025, 1, 20), LAST)
    home.ledger.close()
    return path


@pytest.fixture
def families(
    filled_families: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> Iterator[Families]:
    """A copy of the project with variants that the test may spoil."""
    made = Families(_copy(filled_families, tmp_path, monkeypatch))
    yield made
    made.home.ledger.close()
