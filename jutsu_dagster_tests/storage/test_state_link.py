from __future__ import annotations

from pathlib import Path

import pytest

from jutsu_dagster.storage.state import StateError, TradingState, text_of
from jutsu_dagster.storage.state_link import link_state
from jutsu_dagster.storage.state_manager import MultiStrategyStateManager
from jutsu_dagster_tests.homes import Home, write_config
from jutsu_dagster_tests.storage.test_state_files import CREATED

RIGHT = "strategies/v3_5b/state.json"


@pytest.fixture
def states(tmp_path: Path) -> MultiStrategyStateManager:
    write_config(tmp_path)
    return MultiStrategyStateManager(Home(tmp_path).registry)


@pytest.fixture
def link(tmp_path: Path) -> Path:
    return tmp_path / "state" / "state.json"


def names(folder: Path) -> list[str]:
    return sorted(path.name for path in folder.iterdir() if not path.name.endswith(".lock"))


def test_the_link_is_relative_and_made_on_a_save_of_the_primary_only(
    states: MultiStrategyStateManager, link: Path, caplog: pytest.LogCaptureFixture
) -> None:
    states.save_state("v3_5d", TradingState.initial("v3_5d", 1.0, CREATED))
    assert not link.is_symlink()
    states.save_state("v3_5b", TradingState.initial("v3_5b", 1.0, CREATED))
    assert str(link.readlink()) == RIGHT
    assert '"strategy_id": "v3_5b"' in link.read_text()
    before = link.lstat()
    states.save_state("v3_5b", TradingState.initial("v3_5b", 2.0, CREATED))
    assert link.lstat().st_ino == before.st_ino
    assert '"account_equity": 2.0' in link.read_text()
    assert caplog.records == []


@pytest.mark.parametrize("target", ["nowhere.json", "strategies/v3_5d/state.json", "state.json"])
def test_a_wrong_or_broken_link_is_mended_with_a_warning(
    states: MultiStrategyStateManager, link: Path, caplog: pytest.LogCaptureFixture, target: str
) -> None:
    link.parent.mkdir()
    link.symlink_to(target)
    states.get_all_states()
    assert str(link.readlink()) == RIGHT
    assert f"state/state.json was a symlink to {target}; it leads to {RIGHT} now" in caplog.text
    assert names(link.parent) == ["state.json", "strategies"]


def test_a_right_link_to_a_missing_file_is_mended_by_the_file(
    states: MultiStrategyStateManager, link: Path
) -> None:
    states.get_all_states()
    states.managers["v3_5b"].path.unlink()
    assert not link.exists()
    assert link.is_symlink()
    state = states.get_all_states()["v3_5b"]
    assert link.read_text() == text_of(state)


def test_a_file_in_place_of_the_link_is_kept_with_a_warning(
    states: MultiStrategyStateManager, link: Path, caplog: pytest.LogCaptureFixture
) -> None:
    for number in range(2):
        link.parent.mkdir(exist_ok=True)
        link.unlink(missing_ok=True)
        link.write_text(f"an earlier system's {number}")
        states.link_primary()
        assert str(link.readlink()) == RIGHT
    folder = link.parent / "strategies" / "v3_5b" / "backups"
    kept = sorted(folder.glob("state_legacy_*.json"))
    assert [path.read_text() for path in kept] == [
        "an earlier system's 0",
        "an earlier system's 1",
    ]
    assert f"state/state.json was a file, kept as strategies/v3_5b/backups/{kept[0].name}" in (
        caplog.text
    )


def test_a_link_that_cannot_be_made_is_named_and_loses_nothing(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    link, real = tmp_path / "state.json", tmp_path / "one" / "state.json"
    link.write_text("old")
    (tmp_path / "one").write_text("in the way")
    with pytest.raises(StateError, match=r"state\.json cannot be made a symlink to one/state"):
        link_state(link, real)
    assert link.read_text() == "old"
    (tmp_path / "one").unlink()

    def refuse(_path: Path, _target: str) -> None:
        raise OSError(30, "Read-only file system")

    monkeypatch.setattr(Path, "symlink_to", refuse)
    with pytest.raises(StateError, match="Read-only file system"):
        link_state(link, real)
    assert link.read_text() == "old"
