"""The ledger's stamp, in either database: every commit changes it, and nothing else has to."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest

from jutsu_dagster.core.errors import LedgerError
from jutsu_dagster.storage.freshness import LedgerStamp
from jutsu_dagster.storage.ledger import Ledger
from jutsu_dagster_tests.accounts import ACCOUNT, recorded_year


@pytest.fixture
def reader(ledger_url: str) -> Ledger:
    return Ledger(ledger_url, for_reading=True)


def test_it_changes_with_every_commit_of_another(ledger: Ledger, reader: Ledger) -> None:
    stamp = LedgerStamp(reader.engine)
    seen = {stamp.get()}
    for year in (2010, 2011):
        ledger.record(recorded_year(year))
        seen.add(stamp.get())
    ledger.forget(ACCOUNT, ["2011"])
    seen.add(stamp.get())
    assert len(seen) == 4
    stamp.close()
    reader.close()


def test_it_changes_with_commits_through_the_same_engine(reader: Ledger) -> None:
    stamp = LedgerStamp(reader.engine)
    before = stamp.get()
    reader.record(recorded_year(2010))
    assert stamp.get() != before
    stamp.close()
    reader.close()


def test_looking_changes_nothing(ledger: Ledger, reader: Ledger) -> None:
    stamp = LedgerStamp(reader.engine)
    before = stamp.get()
    assert ledger.checkpoints(ACCOUNT) == reader.checkpoints(ACCOUNT) == []
    generation = stamp.generation
    assert [stamp.get() for _ in range(5)] == [before] * 5
    assert stamp.generation == generation
    stamp.close()
    reader.close()


def test_what_is_not_committed_is_not_seen(ledger: Ledger, reader: Ledger) -> None:
    stamp = LedgerStamp(reader.engine)
    before = stamp.get()
    with ledger.engine.connect() as connection:
        connection.exec_driver_sql("delete from strategy_configs")
        inside = stamp.get()
        connection.rollback()
    # PostgreSQL may count a transaction under way; what it cannot do is miss a commit.
    if ledger.engine.dialect.name == "sqlite":
        assert inside == before == stamp.get()
    stamp.close()
    reader.close()


def test_a_ledger_that_was_replaced_has_another_generation(tmp_path: Path) -> None:
    paths = [tmp_path / name for name in ("one.db", "two.db")]
    for path in paths:
        made = Ledger(f"sqlite:///{path}")
        made.migrate()
        made.close()
    reader = Ledger(f"sqlite:///{paths[0]}", for_reading=True)
    stamp = LedgerStamp(reader.engine)
    before = stamp.get()
    shutil.move(paths[1], paths[0])
    assert stamp.get() != before
    paths[0].unlink()
    with pytest.raises(LedgerError, match="gone"):
        stamp.get()
    assert not paths[0].exists()
    stamp.close()
    reader.close()
