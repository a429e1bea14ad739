from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from jutsu_dagster.pipeline.views.desk import ReadDesk
from jutsu_dagster_tests.homes import Home
from jutsu_dagster_tests.shown import read_desk


@pytest.fixture(scope="session")
def shown(filled_shown: Path) -> Home:
    """The project with something of everything; only to be read."""
    return Home(filled_shown)


@pytest.fixture(scope="session")
def desk(shown: Home) -> Iterator[ReadDesk]:
    """A read desk on it."""
    opened = read_desk(shown)
    yield opened
    opened.close()
