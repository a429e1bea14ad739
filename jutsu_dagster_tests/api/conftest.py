from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from fastapi import FastAPI
from fastapi.testclient import TestClient
from pydantic import SecretStr

from jutsu_dagster.api.app import create_app
from jutsu_dagster.pipeline.views.desk import ReadDesk
from jutsu_dagster.settings import Settings
from jutsu_dagster_tests.homes import Home
from jutsu_dagster_tests.shown import NOW, read_desk

TOKEN = "a token of the tests"  # noqa: S105


def client_of(home: Home, **settings: object) -> TestClient:
    """Return a client of the API over a home, at the moment that it is shown at."""
    found = Settings.model_validate({"home": home.path, **settings})
    app = create_app(found, ReadDesk(found, lambda: NOW))
    return TestClient(app, base_url="http://localhost:8000", raise_server_exceptions=False)


@pytest.fixture(scope="session")
def shown(filled_shown: Path) -> Home:
    """The project with something of everything; only to be read."""
    return Home(filled_shown)


@pytest.fixture(scope="session")
def desk(shown: Home) -> Iterator[ReadDesk]:
    """A read desk on it, as the API's own."""
    opened = read_desk(shown, api_token=SecretStr(TOKEN))
    yield opened
    opened.close()


@pytest.fixture(scope="session")
def app(desk: ReadDesk) -> FastAPI:
    """The application over it, where POST is on."""
    return create_app(desk.settings, desk)


@pytest.fixture(scope="session")
def client(app: FastAPI) -> TestClient:
    """A client of it."""
    return TestClient(app, base_url="http://localhost:8000", raise_server_exceptions=False)
