from __future__ import annotations

from pathlib import Path

import pytest
from sqlalchemy import Engine, inspect, text

from jutsu_dagster.core.errors import LedgerError
from jutsu_dagster.storage import schema
from jutsu_dagster.storage.database import open_engine, parse_url
from jutsu_dagster.storage.migrations.legacy_names import TABLES
from jutsu_dagster_tests.legacy import FLAVOURS, create_legacy, facts

PERF = "performance_snapshots"


@pytest.fixture(params=sorted(FLAVOURS))
def flavour(request: pytest.FixtureRequest) -> str:
    return str(request.param)


@pytest.fixture
def legacy_url(empty_url: str, flavour: str) -> str:
    """URL of an earlier system's database with rows."""
    path = parse_url(empty_url).database
    if empty_url.startswith("sqlite"):
        Path(str(path)).parent.mkdir()
    create_legacy(empty_url, flavour)
    return empty_url


@pytest.fixture
def engine(legacy_url: str) -> Engine:
    return open_engine(parse_url(legacy_url))


def test_every_row_of_every_table_learns_its_strategy(engine: Engine, flavour: str) -> None:
    schema.migrate_legacy(engine)
    for table, rows in FLAVOURS[flavour][1].items():
        assert counts(engine, table) == {"v3_5b": len(rows)}
        (column,) = (c for c in inspect(engine).get_columns(table) if c["name"] == "strategy_id")
        assert (str(column["type"]), column["nullable"]) == ("VARCHAR(50)", True)
    moment = "snapshot_date" if flavour == "dated" else "timestamp"
    indexes = {index["name"]: index["column_names"] for index in inspect(engine).get_indexes(PERF)}
    assert indexes["idx_perf_snapshots_strategy"] == ["strategy_id", moment]
    assert schema.recorded(engine) == "0000"
    engine.dispose()


def test_the_old_tools_go_on_writing(engine: Engine, flavour: str) -> None:
    schema.migrate_legacy(engine)
    names = {"dated": ("snapshot_date", "2013-12-31"), "timed": ("timestamp", "2013-12-31 21:00")}
    column, value = names[flavour]
    with engine.begin() as connection:
        connection.exec_driver_sql(
            f"INSERT INTO {PERF} (id, {column}, total_equity) VALUES (9, '{value}', 10001)"
        )
    assert counts(engine, PERF) == {"v3_5b": len(FLAVOURS[flavour][1][PERF]) + 1}
    engine.dispose()


@pytest.mark.parametrize("flavour", ["timed"], indirect=True)  # the other has no mode
def test_two_strategies_may_share_a_moment_and_a_symbol(engine: Engine) -> None:
    schema.migrate_legacy(engine)
    twice = {
        PERF: "(id, timestamp, total_equity, mode, strategy_id)"
        " VALUES (9, '2013-12-26 14:45:00', 1, 'offline_mock', 'v3_5d')",
        "positions": "(id, symbol, quantity, mode, strategy_id)"
        " VALUES (9, 'QQQ', 1, 'offline_mock', 'v3_5d')",
    }
    with engine.begin() as connection:
        for table, values in twice.items():
            connection.exec_driver_sql(f"INSERT INTO {table} {values}")
    engine.dispose()


@pytest.mark.parametrize("times", [1, 2])
def test_down_again_leaves_schema_and_rows_as_they_were(
    legacy_url: str, engine: Engine, times: int
) -> None:
    before = facts(legacy_url)
    for _ in range(times):
        schema.migrate_legacy(engine)
        schema.migrate_legacy(engine)
        assert facts(legacy_url) != before
        schema.rollback_legacy(engine)
        assert facts(legacy_url) == before
    engine.dispose()


def test_the_ledger_moves_in_beside_the_old_tables_and_out_again(
    legacy_url: str, engine: Engine, flavour: str
) -> None:
    before = facts(legacy_url)
    schema.migrate(engine)
    schema.require_current(engine)
    schema.migrate(engine)
    for table, rows in FLAVOURS[flavour][1].items():
        renamed = f"legacy_{table}" if table in TABLES else table
        assert counts(engine, renamed) == {"v3_5b": len(rows)}
    assert counts(engine, PERF) == {}
    schema.rollback_legacy(engine)
    assert facts(legacy_url) == before
    engine.dispose()


def test_revision_by_revision_is_the_same_as_at_once(legacy_url: str, engine: Engine) -> None:
    before = facts(legacy_url)
    schema.migrate_legacy(engine)
    middle = facts(legacy_url)
    schema.migrate(engine)
    schema.downgrade(engine, "0000")
    assert facts(legacy_url) == middle
    schema.downgrade(engine)
    assert {k: v for k, v in facts(legacy_url).items() if k != schema.VERSION_TABLE} == before
    engine.dispose()


def test_what_the_user_had_migrated_already_stays(legacy_url: str, engine: Engine) -> None:
    with engine.begin() as connection:
        connection.exec_driver_sql(f"ALTER TABLE {PERF} ADD COLUMN strategy_id VARCHAR(50)")
        connection.exec_driver_sql(f"UPDATE {PERF} SET strategy_id = 'v3_5d' WHERE id = 1")
        connection.exec_driver_sql(
            f"CREATE INDEX idx_perf_snapshots_strategy ON {PERF} (strategy_id)"
        )
    before = facts(legacy_url)
    schema.migrate(engine)
    rows = counts(engine, f"legacy_{PERF}")
    assert rows.pop("v3_5d") == 1
    assert set(rows) == {"v3_5b"}
    schema.rollback_legacy(engine)
    assert facts(legacy_url) == before
    engine.dispose()


def test_views_and_triggers_survive(tmp_path: Path) -> None:
    url = f"sqlite:///{tmp_path / 'old.db'}"
    create_legacy(
        url, "timed",
        "CREATE TABLE notes (note TEXT)",
        f"CREATE VIEW latest AS SELECT max(timestamp) FROM {PERF}",
        f"CREATE TRIGGER noted AFTER INSERT ON {PERF} BEGIN INSERT INTO notes VALUES ('x'); END",
    )  # fmt: skip
    before, engine = facts(url), open_engine(parse_url(url))
    schema.migrate_legacy(engine)
    with engine.connect() as connection:
        assert connection.execute(text("SELECT * FROM latest")).scalar() is not None
        assert connection.execute(text("SELECT count(*) FROM notes")).scalar() == 0
    schema.migrate(engine)
    schema.rollback_legacy(engine)
    assert facts(url) == before
    engine.dispose()


def test_a_table_changed_since_is_not_downgraded(legacy_url: str, engine: Engine) -> None:
    schema.migrate_legacy(engine)
    with engine.begin() as connection:
        connection.exec_driver_sql(f"ALTER TABLE {PERF} ADD COLUMN fresh INTEGER")
    changed = facts(legacy_url)
    with pytest.raises(LedgerError, match=r"changed since the migration \(fresh\)"):
        schema.rollback_legacy(engine)
    assert facts(legacy_url) == changed
    engine.dispose()


def test_a_database_without_snapshots_is_refused(empty_url: str) -> None:
    engine = open_engine(parse_url(empty_url))
    with pytest.raises(LedgerError, match="holds no performance_snapshots"):
        schema.migrate_legacy(engine)
    assert inspect(engine).get_table_names() == []
    engine.dispose()


def counts(engine: Engine, table: str) -> dict[str, int]:
    query = text(f"SELECT strategy_id, count(*) FROM {table} GROUP BY strategy_id")
    with engine.connect() as connection:
        return {row[0]: row[1] for row in connection.execute(query)}
