"""Registry changes on disk: none lost, none half-made, the file before kept."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, date, datetime
from functools import partial
from pathlib import Path

import pytest

from jutsu_dagster.core.errors import ConfigError, JutsuError
from jutsu_dagster.pipeline import registry_edits
from jutsu_dagster.pipeline.new_strategy import NewStrategy, add_new_strategy
from jutsu_dagster.pipeline.registry_edits import KEPT_BACKUPS, apply_edit
from jutsu_dagster.registry.edit import RegistryEdit, set_active
from jutsu_dagster.storage.atomic import write_bytes_atomic
from jutsu_dagster_tests.homes import Home, write_config

SATURDAY = datetime(2026, 1, 3, 12, tzinfo=UTC)


@pytest.fixture
def bare(tmp_path: Path) -> Home:
    """A project of configuration only."""
    write_config(tmp_path)
    return Home(tmp_path)


def switch(home: Home, *, active: bool) -> RegistryEdit:
    return set_active(home.settings.registry_path, home.path, "v3_5d", active=active)


def add(home: Home, strategy_id: str, **asked: object) -> None:
    wanted = NewStrategy(strategy_id=strategy_id, **asked)  # type: ignore[arg-type]
    add_new_strategy(home.settings, wanted, None, SATURDAY)


def backups(home: Home) -> list[Path]:
    return sorted((home.path / "state" / "config_backups").iterdir())


def test_edits_at_once_all_survive(bare: Home) -> None:
    ids = ["one", "two", "three", "four"]
    with ThreadPoolExecutor(4) as pool:
        list(pool.map(lambda id_: add(bare, id_), ids))
    assert set(bare.registry.entries) == {"v3_5b", "v3_5d", *ids}
    assert bare.registry.broken == {}
    assert len(backups(bare)) == 4


def test_ten_backups_are_kept_the_newest_being_the_file_before(bare: Home) -> None:
    for turn in range(KEPT_BACKUPS + 3):
        before = bare.settings.registry_path.read_bytes()
        done = apply_edit(bare.settings, partial(switch, bare, active=turn % 2 == 1))
        assert done.backup == backups(bare)[-1]
        assert done.backup.read_bytes() == before
    assert len(backups(bare)) == KEPT_BACKUPS
    done = apply_edit(bare.settings, lambda: switch(bare, active=False))
    assert done.backup is None  # nothing to do, so nothing written
    assert len(backups(bare)) == KEPT_BACKUPS


def test_a_symlink_stays_one_and_its_target_changes(bare: Home) -> None:
    path, real = bare.settings.registry_path, bare.path / "elsewhere.yaml"
    path.rename(real)
    path.symlink_to("../elsewhere.yaml")
    apply_edit(bare.settings, lambda: switch(bare, active=False))
    assert path.is_symlink()
    assert "is_active: false" in real.read_text()


def test_a_change_by_hand_meanwhile_is_not_overwritten(bare: Home) -> None:
    path = bare.settings.registry_path

    def make() -> RegistryEdit:
        edit = switch(bare, active=False)
        path.write_text(path.read_text() + "# by hand\n")
        return edit

    with pytest.raises(JutsuError, match="was changed meanwhile; run the command again"):
        apply_edit(bare.settings, make)
    assert path.read_text().endswith("# by hand\n")
    assert not (bare.path / "state" / "config_backups").exists()


def test_a_fault_of_the_disk_leaves_nothing_of_a_new_strategy(
    bare: Home, monkeypatch: pytest.MonkeyPatch
) -> None:
    before = bare.content()

    def full(path: Path, content: bytes) -> None:
        if path.name == "strategies_registry.yaml":
            raise OSError(28, "No space left on device", str(path))
        write_bytes_atomic(path, content)

    monkeypatch.setattr(registry_edits, "write_bytes_atomic", full)
    with pytest.raises(OSError, match="No space"):
        add(bare, "slow")
    after = bare.content()
    after.pop("state/.registry.lock")
    assert after == before
    assert [path.name for path in (bare.path / "state").iterdir()] == [".registry.lock"]
    monkeypatch.undo()
    add(bare, "slow")
    assert bare.registry.is_strategy_active("slow")


def test_a_new_account_begins_with_the_next_session_and_its_own_money(bare: Home) -> None:
    bare.edit("v3_5b", lambda document: document["portfolio"].update(initial_capital=5000))
    add(bare, "slow", source="v3_5b", description="tries it")
    config = bare.config("slow")
    assert config.paper_start == date(2026, 1, 5)  # the Monday after
    assert config.strategy == bare.config("v3_5b").strategy
    assert bare.registry.entries["slow"].description == "tries it"
    folder = bare.path / "state" / "strategies" / "slow"
    assert '"account_equity": 5000.0' in (folder / "state.json").read_text()
    assert '"created_at": "2026-01-03T12:00:00Z"' in (folder / "state.json").read_text()
    assert (folder / "backups").is_dir()


def test_the_template_keeps_its_comments(bare: Home) -> None:
    add(bare, "slow", paper_start=date(2025, 6, 2))
    template = bare.file("_template").read_text().splitlines()
    slow = bare.file("slow").read_text().splitlines()
    assert slow[:3] == [
        "# config/strategies/slow.yaml",
        "# slow",
        "# Copied from config/strategies/_template.yaml",
    ]
    pairs = list(zip(template[6:], slow[3:], strict=True))
    assert [new for old, new in pairs if old != new] == [
        'strategy_id: "slow"  # Unique identifier (used in ledger, API, state)',
        '  file_path: "state/strategies/slow/state.json"',
        '  backup_path: "state/strategies/slow/backups/"',
        "  start: 2025-06-02",
    ]


def test_a_file_that_names_the_id_is_registered_as_it_is(bare: Home) -> None:
    text = bare.file("v3_5b").read_text().replace("v3_5b/", "mine/")
    bare.file("mine").write_text(text)
    with pytest.raises(ConfigError, match="is there already and is not overwritten"):
        add(bare, "mine")
    bare.file("mine").write_text(text.replace("strategy_id: v3_5b", "strategy_id: mine"))
    kept = bare.file("mine").read_bytes()
    with pytest.raises(JutsuError, match="leave out --from, or remove the file"):
        add(bare, "mine", source="v3_5d")
    add(bare, "mine")
    assert bare.file("mine").read_bytes() == kept


def test_an_id_that_was_ever_used_is_refused(bare: Home) -> None:
    folder = bare.path / "state" / "strategies" / "old"
    folder.mkdir(parents=True)
    (folder / "state.json").write_text("{")
    with pytest.raises(JutsuError, match=r"'old' was used before: state/strategies/old knows it"):
        add(bare, "old")
    (folder / "state.json").unlink()
    add(bare, "old")  # an empty folder is no history
