from __future__ import annotations

from pathlib import Path

import pytest

from jutsu_dagster_tests.homes import Home
from jutsu_dagster_tests.promoting import project


@pytest.fixture
def made(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Home:
    """A project of the shipped configuration, as people wrote it; ``JUTSU_HOME`` names it."""
    monkeypatch.delenv("JUTSU_DATABASE_URL", raising=False)
    monkeypatch.setenv("JUTSU_HOME", str(tmp_path))
    return project(tmp_path)
