from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path

import pytest

from jutsu_dagster.core.account import AccountKey, AccountState
from jutsu_dagster.core.errors import ConfigError
from jutsu_dagster.storage import state_manager
from jutsu_dagster.storage.ledger import Ledger
from jutsu_dagster.storage.records import Checkpoint
from jutsu_dagster.storage.state import StateError, TradingState, text_of
from jutsu_dagster.storage.state_manager import MultiStrategyStateManager
from jutsu_dagster.storage.state_view import state_of_checkpoint
from jutsu_dagster_tests.accounts import PROVENANCE, recorded_year
from jutsu_dagster_tests.homes import Home, write_config

CREATED = datetime(2026, 1, 20, tzinfo=UTC)
PAPER = AccountKey("v3_5b", "paper")


@pytest.fixture
def project(tmp_path: Path) -> Home:
    """A project with the shipped configuration only."""
    write_config(tmp_path)
    return Home(tmp_path)


@pytest.fixture
def states(project: Home) -> MultiStrategyStateManager:
    return MultiStrategyStateManager(project.registry)


def link_of(project: Home) -> Path:
    return project.path / "state" / "state.json"


def record(ledger: Ledger, year: int, opening: AccountState | None = None) -> AccountState:
    period = recorded_year(year, opening, account=PAPER)
    metrics = {**period.metrics, "initial_signal_price": 321.25}
    ledger.record(replace(period, metrics=metrics, period=f"{year}-12-31"))
    return period.segment.closing


def test_every_registered_strategy_has_a_state_of_its_own(
    project: Home, states: MultiStrategyStateManager
) -> None:
    found = states.get_all_states()
    assert list(found) == list(states.managers) == ["v3_5b", "v3_5d"]
    for id_, state in found.items():
        assert state.metadata.strategy_id == id_
        file = project.path / "state" / "strategies" / id_ / "state.json"
        assert file.read_text() == text_of(state)
    changed = found["v3_5d"].model_copy(update={"account_equity": 1.0})
    states.save_state("v3_5d", changed)
    assert states.get_all_states() == found | {"v3_5d": changed}


def test_the_configuration_says_the_money_and_whether_backups_are_kept(project: Home) -> None:
    project.edit("v3_5d", lambda document: document["portfolio"].update(initial_capital=777.0))
    project.edit("v3_5d", lambda document: document["state"].update(backup_enabled=False))
    states = MultiStrategyStateManager(project.registry)
    state = states.get_state("v3_5d")
    assert state.account_equity == 777.0
    states.save_state("v3_5d", state.model_copy(update={"account_equity": 778.0}))
    assert states.managers["v3_5d"].backups.names() == []


def test_inactive_and_broken_strategies_have_states_too(project: Home) -> None:
    project.edit_registry(
        lambda document: document["strategies"].update(
            {"resting": {**document["strategies"]["v3_5d"], "is_active": False},
             "../out": {**document["strategies"]["v3_5d"], "is_active": False}}
        )
    )  # fmt: skip
    project.file("v3_5d").write_text("strategy: [")
    states = MultiStrategyStateManager(project.registry)
    assert list(states.get_all_states()) == ["v3_5b", "v3_5d", "resting"]


def test_an_unknown_strategy_is_refused_with_the_nearest(
    states: MultiStrategyStateManager,
) -> None:
    state = TradingState.initial("v3_5", 1.0, CREATED)
    acts: tuple[Callable[[], object], ...] = (
        lambda: states.get_state("v3_5x"),
        lambda: states.save_state("v3_5x", state),
        lambda: states.refresh_from_ledger("v3_5x"),
    )
    for act in acts:
        with pytest.raises(ConfigError, match=r"\('v3_5x'\) is not registered.*Did you mean 'v3_5"):
            act()


def test_one_file_that_nothing_can_replace_hides_no_other(
    states: MultiStrategyStateManager, project: Home
) -> None:
    states.get_all_states()
    states.managers["v3_5b"].path.write_text("{")
    states.managers["v3_5d"].path.unlink()
    with pytest.raises(StateError, match=r"^state/strategies/v3_5b/state\.json is not strict"):
        states.get_all_states()
    assert states.managers["v3_5d"].path.is_file()
    assert list(states.recovered_from) == ["v3_5d"]
    assert link_of(project).is_symlink()


def test_a_state_of_another_strategy_is_not_saved(states: MultiStrategyStateManager) -> None:
    with pytest.raises(StateError, match=r"'v3_5d'\) must be 'v3_5b', as its folder"):
        states.save_state("v3_5b", TradingState.initial("v3_5d", 1.0, CREATED))
    assert not states.managers["v3_5b"].path.exists()


def test_a_checkpoint_is_seen_as_a_state() -> None:
    closing = AccountState(
        10_000.0, 4.0, 10_004.5, 10_100.0, None, {"QQQ": 20}, accepted={"QQQ": 0.6, "TMF": 0.1}
    )
    checkpoint = Checkpoint(
        account=PAPER,
        period="2026-01-05",
        first_session=CREATED.date(),
        last_session=CREATED.date(),
        opening_hash="",
        closing_hash="",
        closing=closing,
        sessions=1,
        trades=0,
        metrics={"initial_signal_price": 321},
        provenance=PROVENANCE,
        recorded_at=datetime(2026, 1, 6, 0, 5, tzinfo=UTC),
    )
    row = {"vol_state": "High", "trend_state": "Sideways"}
    state = state_of_checkpoint(checkpoint, row, created_at=CREATED)
    assert state.model_dump(mode="json") == {
        "last_run": "2026-01-06T00:05:00Z",
        "vol_state": 1,
        "trend_state": "Sideways",
        "current_positions": {"QQQ": 20},
        "account_equity": 10_004.5,
        "last_allocation": {"QQQ": 0.6, "TMF": 0.1, "CASH": 0.3},
        "metadata": {
            "created_at": "2026-01-20T00:00:00Z",
            "version": "1.0",
            "strategy_id": "v3_5b",
        },
        "initial_qqq_price": 321.0,
    }
    full = replace(closing, accepted={"QQQ": 0.1, "TQQQ": 0.2, "TMF": 0.7000000000001})
    bare = state_of_checkpoint(replace(checkpoint, closing=full, metrics={}), None, created_at=None)
    assert str(bare.last_allocation["CASH"]) == "0.0"
    assert (bare.vol_state, bare.trend_state, bare.initial_qqq_price) == (None, None, None)


def test_without_a_checkpoint_the_ledger_writes_nothing(project: Home, ledger: Ledger) -> None:
    ledger.record(recorded_year(2020))  # of the backtest account
    states = MultiStrategyStateManager(project.registry, ledger)
    assert states.refresh_from_ledger("v3_5b") is None
    assert MultiStrategyStateManager(project.registry).refresh_from_ledger("v3_5b") is None
    assert not (project.path / "state" / "strategies").exists()


def test_the_file_follows_the_ledger(
    project: Home, ledger: Ledger, caplog: pytest.LogCaptureFixture
) -> None:
    states = MultiStrategyStateManager(project.registry, ledger)
    closing = record(ledger, 2020)
    first = states.refresh_from_ledger("v3_5b")
    assert first is not None
    checkpoints = ledger.checkpoints(PAPER)
    assert first.metadata.created_at == checkpoints[0].recorded_at
    assert first.current_positions == {"QQQ": 20, "TMF": 5}
    assert first.initial_qqq_price == 321.25
    row = ledger.snapshots(PAPER).iloc[-1]
    expected = {"Low": 0, "High": 1}.get(row["vol_state"])
    assert (first.vol_state, first.trend_state) == (expected, row["trend_state"])
    path = states.managers["v3_5b"].path
    assert path.read_text() == link_of(project).read_text() == text_of(first)

    states.save_state("v3_5b", first.model_copy(update={"note": "mine"}))
    closing = record(ledger, 2021, closing)
    second = states.refresh_from_ledger("v3_5b")
    assert second is not None
    assert second.account_equity == closing.equity
    assert second.metadata.created_at == first.metadata.created_at
    assert second.model_extra == {"note": "mine"}
    written = path.stat().st_mtime_ns
    assert states.refresh_from_ledger("v3_5b") == second
    assert path.stat().st_mtime_ns == written
    assert len(states.managers["v3_5b"].backups.names()) == 2
    assert caplog.records == []


@pytest.mark.parametrize("content", ["{", None])
def test_a_broken_file_is_recovered_from_the_checkpoint(
    project: Home, ledger: Ledger, caplog: pytest.LogCaptureFixture, content: str | None
) -> None:
    record(ledger, 2021, record(ledger, 2020))
    states = MultiStrategyStateManager(project.registry, ledger)
    expected = states.get_state("v3_5b")
    states.save_state("v3_5b", expected.model_copy(update={"account_equity": 1.0}))
    path = states.managers["v3_5b"].path
    for act in (states.get_state, states.refresh_from_ledger):
        caplog.clear()
        path.unlink()
        if content is not None:
            path.write_text(content)
        assert act("v3_5b") == expected
        assert path.read_text() == text_of(expected)
        assert "Recovered from the ledger's checkpoint of" in caplog.text
        assert states.recovered_from["v3_5b"].startswith("the ledger's checkpoint")


def test_a_link_that_cannot_be_made_stops_no_state(
    states: MultiStrategyStateManager,
    monkeypatch: pytest.MonkeyPatch,
    caplog: pytest.LogCaptureFixture,
) -> None:
    def refuse(*_paths: Path) -> None:
        raise StateError

    state = states.get_state("v3_5b")
    monkeypatch.setattr(state_manager, "link_state", refuse)
    states.save_state("v3_5b", state)
    assert list(states.get_all_states()) == ["v3_5b", "v3_5d"]
    assert len(caplog.records) == 2
    with pytest.raises(StateError):
        states.link_primary()
