from __future__ import annotations

import json
from datetime import date
from pathlib import Path
from typing import Any, NoReturn

import pandas as pd
import pytest
from sqlalchemy import create_engine

from jutsu_dagster.core.errors import JutsuError
from jutsu_dagster.pipeline.backtest import run_years
from jutsu_dagster.pipeline.migration import legacy
from jutsu_dagster.pipeline.paper import trade_sessions
from jutsu_dagster_tests.homes import Home
from jutsu_dagster_tests.legacy import FLAVOURS, create_legacy, facts
from jutsu_dagster_tests.pipeline.moving import PAPER, Move
from jutsu_dagster_tests.single import Single

DAY = date(2013, 12, 31)
STEPS = ("_write_files", "_write_database", "import_account", "sync_ledger", "_verify", "link")


@pytest.fixture(params=sorted(FLAVOURS))
def move(request: pytest.FixtureRequest, home: Home, tmp_path: Path) -> Move:
    return Move(home, Single(tmp_path / "old").write(request.param))


def test_what_was_moved_in_and_used_moves_out_and_nothing_is_lost(move: Move) -> None:
    home = move.home
    list(run_years(home.config("v3_5d"), home.store, home.ledger, (2010,)))
    before, old, curve = move.files(), move.old(), home.curve("v3_5d")
    move.go()
    assert move.old() != old
    list(trade_sessions(home.config(), home.store, home.ledger, DAY, DAY))
    done = move.back()
    assert (move.files(), move.old()) == (before, old)
    assert home.ledger.checkpoints(PAPER) == []
    assert home.ledger.trades(PAPER).empty
    pd.testing.assert_frame_equal(home.curve("v3_5d"), curve)
    assert done.differences == []
    assert done.tables == {name: len(rows) for name, rows in old_rows(move).items()}
    assert done.exported["checkpoints"] == 1
    lines = (done.folder / "after" / "checkpoints.jsonl").read_text().splitlines()
    assert [json.loads(line)["period"] for line in lines] == ["2013-12-31"]
    assert (done.folder / "after" / "files" / "config" / "strategies" / "v3_5b.yaml").is_file()


def test_moving_in_again_after_moving_out_works(move: Move) -> None:
    first = move.go().verified
    move.back()
    assert move.go().verified == first


def test_rolling_back_twice_is_refused(move: Move) -> None:
    move.go()
    move.back()
    with pytest.raises(JutsuError, match="no migration to roll back"):
        move.back()


@pytest.mark.parametrize("step", STEPS)
def test_a_failure_in_the_middle_leaves_nothing(
    move: Move, monkeypatch: pytest.MonkeyPatch, step: str
) -> None:
    before, old = move.files(), move.old()
    with monkeypatch.context() as patch:
        patch.setattr(legacy, step, fails)
        with pytest.raises(OSError, match="no space left"):
            move.go()
    assert (move.files(), move.old()) == (before, old)
    assert move.home.ledger.checkpoints(PAPER) == []
    assert move.go().status == "migrated"


@pytest.mark.parametrize("step", STEPS)
def test_a_killed_migration_is_refused_until_it_is_rolled_back(
    move: Move, monkeypatch: pytest.MonkeyPatch, step: str
) -> None:
    before, old = move.files(), move.old()
    with monkeypatch.context() as patch:
        patch.setattr(legacy, step, fails)
        patch.setattr(legacy, "undo", lambda *_args, **_options: None)
        with pytest.raises(OSError, match="no space left"):
            move.go()
    with pytest.raises(JutsuError, match="run `jutsu migrate rollback` first"):
        move.go()
    move.back()
    assert (move.files(), move.old()) == (before, old)
    assert move.go().status == "migrated"


def test_rows_that_the_old_tools_wrote_since_are_kept_and_told(move: Move) -> None:
    move.go()
    rows = old_rows(move)["performance_snapshots"][-1]
    moment = "snapshot_date" if "snapshot_date" in rows else "timestamp"
    engine = create_engine(move.single.url)
    with engine.begin() as connection:
        connection.exec_driver_sql(
            f"INSERT INTO performance_snapshots (id, {moment}, total_equity)"
            " VALUES (99, '2013-12-31', 10060)"
        )
    engine.dispose()
    done = move.back()
    assert len(done.differences) == 1
    assert "performance_snapshots: rows" in done.differences[0]


@pytest.mark.postgres
@pytest.mark.parametrize("shared", [False, True])
@pytest.mark.parametrize("flavour", sorted(FLAVOURS))
def test_a_database_on_a_server_moves_in_and_out(
    home: Home, tmp_path: Path, postgres_url: str, flavour: str, *, shared: bool
) -> None:
    in_and_out(home, tmp_path, postgres_url, flavour, shared=shared)


@pytest.mark.parametrize("flavour", sorted(FLAVOURS))
def test_the_ledger_may_share_the_old_database(home: Home, tmp_path: Path, flavour: str) -> None:
    in_and_out(home, tmp_path, f"sqlite:///{tmp_path / 'one.db'}", flavour, shared=True)


def test_a_failure_leaves_the_ledger_that_shares_the_old_database(
    home: Home, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    url = f"sqlite:///{tmp_path / 'one.db'}"
    create_legacy(url, "timed")
    move = Move(home, Single(tmp_path / "old").write(None), ledger_url=url, database=url)
    ledger = move.ledger()
    ledger.migrate()
    list(run_years(home.config("v3_5d"), home.store, ledger, (2010,)))
    recorded = facts(url)
    with monkeypatch.context() as patch:
        patch.setattr(legacy, "_verify", fails)
        with pytest.raises(OSError, match="no space left"):
            move.go()
    strategies = "strategy_configs"  # shows the registry, and was written in between
    assert {k: v for k, v in facts(url).items() if k != strategies} == {
        k: v for k, v in recorded.items() if k != strategies
    }
    move.go()
    done = move.back()
    assert (done.differences, done.ledger_rows > 252) == ([], True)
    ledger.close()


def in_and_out(home: Home, tmp_path: Path, url: str, flavour: str, *, shared: bool) -> None:
    create_legacy(url, flavour)
    before = facts(url)
    single = Single(tmp_path / "old").write(None)
    move = Move(home, single, ledger_url=url if shared else None, database=url)
    files = move.files()
    move.go()
    ledger = move.ledger()
    ledger.require_current()
    list(trade_sessions(home.config(), home.store, ledger, DAY, DAY))
    assert len(ledger.checkpoints(PAPER)) == 2
    ledger.close()
    done = move.back()
    assert (facts(url), move.files()) == (before, files)
    assert (done.differences, done.exported["checkpoints"]) == ([], 1)
    assert (done.ledger_rows > 0) is shared
    assert (done.folder / "after" / "ledger.db").is_file() is shared


def old_rows(move: Move) -> dict[str, Any]:
    path = move.single.path / "state" / "trading.db"
    assert path.is_file()
    flavour = "timed" if "positions" in facts(move.single.url) else "dated"
    return dict(FLAVOURS[flavour][1])


def fails(*_args: object, **_options: object) -> NoReturn:
    raise OSError(28, "no space left")
