from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest
from alembic import command
from alembic.autogenerate import compare_metadata
from alembic.config import Config
from alembic.migration import MigrationContext
from alembic.script import ScriptDirectory
from sqlalchemy import create_engine, inspect, text

from jutsu_dagster.core.errors import LedgerError
from jutsu_dagster.storage import (  # noqa: F401  (tables are known once imported)
    exploration_models,
    journal_models,
    promotion_models,
    schema,
)
from jutsu_dagster.storage.database import open_engine, parse_url
from jutsu_dagster.storage.ledger import Ledger
from jutsu_dagster.storage.models import Base


def test_the_models_are_the_migrated_schema(ledger_url: str) -> None:
    engine = create_engine(parse_url(ledger_url))
    with engine.connect() as connection:
        options = {"compare_type": True, "version_table": schema.VERSION_TABLE}
        context = MigrationContext.configure(connection, opts=options)
        assert compare_metadata(context, Base.metadata) == []
    engine.dispose()


def test_the_newest_revision_is_the_one_the_code_requires() -> None:
    folder = Path(schema.__file__).parent / "migrations"
    assert ScriptDirectory(str(folder)).get_current_head() == schema.HEAD


def test_downgrading_to_base_leaves_no_table(ledger_url: str) -> None:
    engine = open_engine(parse_url(ledger_url))
    schema.downgrade(engine)
    assert set(inspect(engine).get_table_names()) == {schema.VERSION_TABLE}
    schema.migrate(engine)
    schema.require_current(engine)
    engine.dispose()


def test_an_unmigrated_ledger_says_run_jutsu_init(empty_url: str) -> None:
    ledger = Ledger(empty_url)
    with pytest.raises(LedgerError, match="is empty; run jutsu init"):
        ledger.require_current()
    ledger.close()


def test_an_older_schema_says_run_jutsu_init(ledger_url: str) -> None:
    _set_revision(ledger_url, "0000")
    with pytest.raises(LedgerError, match=r"has schema 0000, this version needs .*jutsu init"):
        Ledger(ledger_url).require_current()


def test_a_newer_schema_is_not_touched(ledger_url: str) -> None:
    _set_revision(ledger_url, "9999")
    for refuse in (Ledger(ledger_url).migrate, Ledger(ledger_url).require_current):
        with pytest.raises(LedgerError, match="has schema 9999"):
            refuse()


def test_foreign_tables_of_our_names_are_not_touched(empty_url: str) -> None:
    engine = open_engine(parse_url(empty_url))
    with engine.begin() as connection:
        connection.execute(text("CREATE TABLE performance_snapshots (id INTEGER)"))
    with pytest.raises(LedgerError, match="foreign tables"):
        schema.migrate(engine)
    assert inspect(engine).get_table_names() == ["performance_snapshots"]
    engine.dispose()


def test_a_failed_migration_leaves_no_half_of_it(
    empty_url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    engine = open_engine(parse_url(empty_url))
    real = command.upgrade

    def fails_late(config: Config, revision: str) -> None:
        real(config, revision)
        raise RuntimeError("killed")

    monkeypatch.setattr(command, "upgrade", fails_late)
    with pytest.raises(RuntimeError, match="killed"):
        schema.migrate(engine)
    assert inspect(engine).get_table_names() == []
    engine.dispose()


def test_two_processes_may_migrate_at_once(empty_url: str) -> None:
    code = (
        "import sys; from jutsu_dagster.storage.ledger import Ledger\n"
        "sys.stdin.readline(); Ledger(sys.argv[1]).migrate()"
    )
    runs = [
        subprocess.Popen(
            [sys.executable, "-c", code, empty_url], stdin=subprocess.PIPE, stderr=subprocess.PIPE
        )
        for _ in range(3)
    ]
    for run in runs:
        assert run.stdin is not None
        run.stdin.write(b"\n")
        run.stdin.flush()
    for run in runs:
        _, stderr = run.communicate(timeout=60)
        assert run.returncode == 0, stderr.decode()
    Ledger(empty_url).require_current()


def test_sqlite_waits_for_other_writers_and_checks_foreign_keys(tmp_path: Path) -> None:
    url = f"sqlite:///{tmp_path / 'deep' / 'jutsu.db'}"
    Ledger(url).migrate()
    engine = open_engine(parse_url(url))
    with engine.connect() as connection:
        found = {
            name: connection.exec_driver_sql(f"PRAGMA {name}").scalar()
            for name in ("journal_mode", "busy_timeout", "foreign_keys", "synchronous")
        }
    engine.dispose()
    expected = {"journal_mode": "wal", "busy_timeout": 30_000, "foreign_keys": 1, "synchronous": 1}
    assert found == expected


@pytest.mark.parametrize(
    ("url", "message"),
    [
        ("not a url", "is not a database URL"),
        ("mysql://host/db", "must be sqlite or postgresql"),
        ("postgresql://nobody@localhost:1/none?connect_timeout=1", "cannot open the ledger"),
    ],
)
def test_a_url_that_cannot_be_is_a_named_fault(url: str, message: str) -> None:
    with pytest.raises(LedgerError, match=message):
        Ledger(url).require_current()


def test_a_password_is_never_shown() -> None:
    with pytest.raises(LedgerError) as fault:
        Ledger("postgresql://me:secret@localhost:1/none?connect_timeout=1").require_current()
    assert "secret" not in str(fault.value)


def _set_revision(url: str, revision: str) -> None:
    engine = open_engine(parse_url(url))
    with engine.begin() as connection:
        connection.execute(
            text("UPDATE jutsu_alembic_version SET version_num = :r"), {"r": revision}
        )
    engine.dispose()
