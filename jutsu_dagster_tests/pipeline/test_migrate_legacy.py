from __future__ import annotations

import json
from datetime import date
from pathlib import Path

import pytest
import yaml

from jutsu_dagster.core.errors import JutsuError
from jutsu_dagster.pipeline.paper import trade_sessions
from jutsu_dagster.storage.legacy_import import imported
from jutsu_dagster_tests.homes import Home
from jutsu_dagster_tests.legacy import FLAVOURS, create_legacy, facts
from jutsu_dagster_tests.pipeline.moving import PAPER, Move
from jutsu_dagster_tests.single import Single

LAST_LEGACY = date(2013, 12, 30)


@pytest.fixture
def move(home: Home, tmp_path: Path) -> Move:
    return Move(home, Single(tmp_path / "old").write())


def test_a_dry_run_writes_nothing_and_says_all(move: Move) -> None:
    before, old = move.home.content(), move.single.content()
    done = move.go(dry_run=True)
    assert (move.home.content(), move.single.content()) == (before, old)
    assert done.status == "planned"
    wanted = move.go()
    assert [line.removeprefix("would write ") for line in done.steps[1:]] == [
        line.removeprefix("written: ") for line in wanted.steps if line.startswith("written: ")
    ]


def test_the_strategy_becomes_the_primary_with_what_it_ran_on(move: Move) -> None:
    done = move.go()
    config = move.home.config()
    document = yaml.safe_load(move.home.file("v3_5b").read_text())
    assert document["strategy"]["parameters"]["osc_smoothness"] == 15
    assert "# as it ran" in move.home.file("v3_5b").read_text()
    assert config.execution_time == "close"
    assert config.paper_start == date(2013, 12, 31)
    assert move.home.registry.get_primary_strategy().id == "v3_5b"
    assert set(done.left) == {
        f"config/live_trading_config.yaml: {key}"
        for key in ("schwab", "portfolio.mode", "execution.order_type", "schedule", "alerts")
    }
    assert any("'15min_after_open'" in line for line in done.steps)


def test_the_state_is_the_strategys_and_the_old_path_a_link_to_it(move: Move) -> None:
    move.go()
    link = move.home.path / "state" / "state.json"
    assert str(link.readlink()) == "strategies/v3_5b/state.json"
    state = json.loads(link.read_text())
    assert state["metadata"]["strategy_id"] == "v3_5b"
    assert state["current_positions"] == {"QQQ": 40, "TQQQ": 30}
    backups = sorted(path.name for path in (link.resolve().parent / "backups").iterdir())
    assert backups == ["state_backup_20131227_144500.json"]


@pytest.mark.parametrize("flavour", sorted(FLAVOURS))
def test_the_history_is_the_accounts_in_units_of_the_ledger(
    home: Home, tmp_path: Path, flavour: str
) -> None:
    move = Move(home, Single(tmp_path / "old").write(flavour))
    done = move.go()
    snapshots, trades = imported(home.ledger.engine, PAPER)
    last = snapshots[-1]
    assert last["snapshot_date"] == LAST_LEGACY
    assert last["daily_return"] == pytest.approx(-0.00396236)
    assert last["cumulative_return"] == pytest.approx(0.0055)
    assert last["drawdown"] == pytest.approx(-0.00396236)
    assert {row["snapshot_source"] for row in snapshots} == {"legacy"}
    assert [(row["trade_date"].day, row["sequence"]) for row in trades] == [
        (26, 0),
        (26, 1),
        (30, 0),
    ]
    assert {row["cash_after"] for row in trades} == {None}
    rows = {name: len(each) for name, each in FLAVOURS[flavour][1].items()}
    assert done.verified["snapshots"] == dict.fromkeys(
        ("legacy", "ledger"), rows["performance_snapshots"]
    )
    assert done.verified["sum_of_shares_times_price"] == {"legacy": 7_220.0, "ledger": 7_220.0}
    assert home.ledger.snapshots(PAPER).empty


@pytest.mark.parametrize("flavour", [*sorted(FLAVOURS), None])
def test_the_account_goes_on_where_it_stood(
    home: Home, tmp_path: Path, flavour: str | None
) -> None:
    Move(home, Single(tmp_path / "old").write(flavour)).go()
    opening = home.ledger.latest_checkpoint(PAPER)
    assert opening is not None
    state = opening.closing
    assert (opening.period, state.session) == ("opening", LAST_LEGACY)
    assert state.cash + sum(n * state.marks[s] for s, n in state.shares.items()) == pytest.approx(
        state.equity
    )
    assert state.accepted == {"QQQ": 0.36, "TQQQ": 0.18}
    peak = 10_055.0 if flavour is None else 10_095.0
    assert (state.initial_capital, state.equity, state.peak) == (10_000.0, 10_055.0, peak)
    if flavour is not None:
        assert state.basis == {"QQQ": 3_600.0, "TQQQ": 1_815.0}
    if flavour == "timed":
        assert (state.cash, state.marks) == (4_590.0, {"QQQ": 90.5, "TQQQ": 61.5})
    config = home.config()
    (report,) = trade_sessions(
        config, home.store, home.ledger, date(2013, 12, 31), date(2013, 12, 31)
    )
    assert report.status == "recorded"
    assert report.segment is not None
    assert report.segment.opening == state


def test_an_account_that_never_ran_starts_anew(home: Home, tmp_path: Path) -> None:
    single = Single(tmp_path / "old").write(None)
    single.write_state(last_run=None, current_positions={}, last_allocation={})
    Move(home, single).go()
    assert home.ledger.checkpoints(PAPER) == []
    assert home.config().paper_start is not None


def test_without_a_registry_one_is_made(move: Move) -> None:
    move.settings.registry_path.unlink()
    move.home.file("v3_5d").unlink()
    move.go()
    assert [entry.id for entry in move.home.registry.entries.values()] == ["v3_5b"]
    move.back()
    assert not move.settings.registry_path.exists()


def test_another_id_becomes_the_primary_beside_the_others(move: Move) -> None:
    before = move.settings.registry_path.read_text()
    move.go(strategy_id="mine")
    registry = move.home.registry
    assert registry.execution_order == ("mine", "v3_5b", "v3_5d")
    assert registry.get_primary_strategy().id == "mine"
    lines = set(move.settings.registry_path.read_text().splitlines())
    changed = [line for line in before.splitlines() if line not in lines]
    assert all("is_primary: true" in line for line in changed)


def test_again_says_it_is_done_and_changes_nothing(move: Move) -> None:
    move.go()
    before, old = move.home.content(), move.old()
    assert move.go().status == "already"
    assert (move.home.content(), move.old()) == (before, old)


def test_the_project_itself_may_be_the_old_set_up(move: Move) -> None:
    inside = Move(move.home, Single(move.home.path).write())
    before, old = inside.files(), facts(inside.single.url)
    inside.go()
    assert (inside.home.path / "state" / "state.json").is_symlink()
    inside.back()
    assert not (inside.home.path / "state" / "state.json").is_symlink()
    assert (inside.files(), facts(inside.single.url)) == (before, old)


def test_several_databases_must_be_told_apart(move: Move) -> None:
    create_legacy(f"sqlite:///{move.single.path / 'more.db'}", "dated")
    with pytest.raises(JutsuError, match=r"several databases .* name one with --database"):
        move.go()
    assert move.go(database=move.single.url).status == "migrated"


def test_rows_of_others_are_named_and_left(move: Move) -> None:
    create_legacy(
        f"sqlite:///{move.single.path / 'two.db'}", "timed",
        "ALTER TABLE performance_snapshots ADD COLUMN strategy_id VARCHAR(50)",
        "UPDATE performance_snapshots SET strategy_id = 'v3_5d' WHERE id = 1",
        "UPDATE live_trades SET mode = 'online_live' WHERE id = 0",
    )  # fmt: skip
    done = move.go(database=f"sqlite:///{move.single.path / 'two.db'}")
    assert "1 rows of performance_snapshots of v3_5d" in done.left
    assert "1 rows of live_trades in mode online_live" in done.left
    assert done.verified["snapshots"]["ledger"] == 3
