from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path
from uuid import uuid4

import pytest
from sqlalchemy import create_engine, text

from jutsu_dagster.storage.database import parse_url
from jutsu_dagster.storage.ledger import Ledger

POSTGRES_URL = "JUTSU_TEST_POSTGRES_URL"


@pytest.fixture(params=["sqlite", pytest.param("postgres", marks=pytest.mark.postgres)])
def empty_url(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[str]:
    """URL of an empty database of its own, on every server that we support."""
    if request.param == "sqlite":
        yield f"sqlite:///{tmp_path / 'state' / 'jutsu.db'}"
        return
    server = os.environ.get(POSTGRES_URL)
    if not server:
        pytest.skip(f"{POSTGRES_URL} names no PostgreSQL server")
    url, schema = parse_url(server), f"jutsu_{uuid4().hex[:12]}"
    engine = create_engine(url, isolation_level="AUTOCOMMIT")
    with engine.connect() as connection:
        connection.execute(text(f"CREATE SCHEMA {schema}"))
    own = url.update_query_dict({"options": f"-csearch_path={schema}"})
    yield own.render_as_string(hide_password=False)
    with engine.connect() as connection:
        connection.execute(text(f"DROP SCHEMA {schema} CASCADE"))
    engine.dispose()


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
