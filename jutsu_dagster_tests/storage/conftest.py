from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from jutsu_dagster.storage.ledger import Ledger


@pytest.fixture(params=["sqlite", pytest.param("postgres", marks=pytest.mark.postgres)])
def empty_url(request: pytest.FixtureRequest, tmp_path: Path) -> str:
    """URL of an empty database of its own, on every server that we support."""
    if request.param == "sqlite":
        return f"sqlite:///{tmp_path / 'state' / 'jutsu.db'}"
    url: str = request.getfixturevalue("postgres_url")
    return url


@pytest.fixture
def ledger_url(empty_url: str) -> str:
    """URL of a migrated ledger without rows."""
    ledger = Ledger(empty_url)
    ledger.migrate()
    ledger.close()
    return empty_url


@pytest.fixture
def ledger(ledger_url: str) -> Iterator[Ledger]:
    """A migrated ledger without rows."""
    opened = Ledger(ledger_url)
    yield opened
    opened.close()
