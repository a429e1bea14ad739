"""`jutsu strategies`, as the README has a person use it."""

from __future__ import annotations

from typing import Any

import pytest

from jutsu_dagster.core.account import AccountKey
from jutsu_dagster_tests.cli.conftest import Jutsu, untouched
from jutsu_dagster_tests.homes import Home


def listed(jutsu: Jutsu) -> dict[str, dict[str, Any]]:
    answer = jutsu("strategies", "list", "--json")
    assert answer.code == 0, answer
    assert answer.json["ledger"] is None
    return {row["id"]: row for row in answer.json["strategies"]}


def test_the_steps_of_the_readme(home: Home, jutsu: Jutsu) -> None:
    shipped = home.settings.registry_path.read_text()
    link = home.path / "state" / "state.json"
    (home.path / "state" / "strategies" / "v3_5b").mkdir(parents=True)
    link.symlink_to("strategies/v3_5b/state.json")

    # Add a strategy.
    added = jutsu("strategies", "add", "slow", "--from", "v3_5b", "--name", "Slow")
    assert added.code == 0, added
    assert "written: config/strategies/slow.yaml" in added.out
    assert "its paper account begins on 20" in added.out
    assert "the registry before: state/config_backups/strategies_registry_" in added.out
    doctor = {check["name"]: check for check in jutsu("doctor", "--json").json}
    assert doctor["registry"]["detail"] == "active: v3_5b, v3_5d, slow; primary: v3_5b"

    # Promote it.
    promoted = jutsu("strategies", "set-primary", "slow")
    assert "line 13: is_primary: true → is_primary: false\n" in promoted.out
    assert home.registry.execution_order == ("slow", "v3_5b", "v3_5d")
    assert link.is_symlink()
    assert link.readlink().parts == ("strategies", "slow", "state.json")

    # Back, and to one strategy.
    for arguments in (("set-primary", "v3_5b"), ("deactivate", "v3_5d"), ("deactivate", "slow")):
        assert jutsu("strategies", *arguments).code == 0
    assert [entry.id for entry in home.registry.get_active_strategies()] == ["v3_5b"]
    assert link.readlink().parts == ("strategies", "v3_5b", "state.json")
    assert [id_ for id_, row in listed(jutsu).items() if row["is_active"]] == ["v3_5b"]

    # Nothing but these lines ever changed.
    kept = [line for line in shipped.splitlines() if line]
    now = home.settings.registry_path.read_text().splitlines()
    assert [line for line in kept if line not in now] == []


def test_an_edit_shows_in_the_ledger_too(home: Home, jutsu: Jutsu) -> None:
    assert jutsu("strategies", "add", "slow").code == 0
    assert jutsu("strategies", "deactivate", "v3_5d", "--json").json["warnings"] == []
    shown = home.ledger.strategies().set_index("strategy_id")
    assert list(shown.index) == ["slow", "v3_5b", "v3_5d"]
    assert shown.loc["slow", "is_active"]
    assert not shown.loc["v3_5d", "is_active"]


def test_a_ledger_that_does_not_answer_stops_no_edit_but_a_new_id(home: Home, jutsu: Jutsu) -> None:
    home.ledger.close()
    (home.path / "state" / "jutsu.db").write_bytes(b"no database" * 100)
    done = jutsu("strategies", "deactivate", "v3_5d")
    assert done.code == 0
    assert "warning: the ledger does not show it yet: cannot open the ledger" in done.err
    assert not home.registry.is_strategy_active("v3_5d")
    assert jutsu("strategies", "add", "slow").code == 2
    assert not home.file("slow").exists()
    seen = jutsu("strategies", "list")
    assert "v3_5d  secondary, inactive, on paper from 2026-01-02" in seen.out
    assert "warning: the accounts are not shown" in seen.err


def test_without_a_ledger_none_is_made(home: Home, jutsu: Jutsu) -> None:
    home.ledger.close()
    for path in (home.path / "state").glob("jutsu.db*"):
        path.unlink()
    assert jutsu("strategies", "add", "slow").code == 0
    assert listed(jutsu)["slow"]["last_session"] is None
    assert not (home.path / "state" / "jutsu.db").exists()


def test_an_id_in_the_ledger_is_never_given_again(recorded: Home, jutsu: Jutsu) -> None:
    assert jutsu("strategies", "set-primary", "v3_5d").code == 0

    def forget(document: dict[str, Any]) -> None:
        del document["strategies"]["v3_5b"]
        document["execution_order"].remove("v3_5b")

    recorded.edit_registry(forget)
    recorded.file("v3_5b").unlink()
    faults = untouched(recorded, lambda: jutsu("strategies", "add", "v3_5b"))
    assert faults[0].startswith("the id 'v3_5b' was used before: the ledger knows it.")


REFUSED = [
    (["add", "v3_5b"], "strategies.v3_5b is registered already"),
    (["add", "3d"], "strategies.3d must be a letter, then at most 49"),
    (["add", "slow", "--from", "v3_5c"], "Did you mean"),
    (["add", "slow", "--class", "Hierarchical_Adaptive_v3_5"], "Did you mean"),
    (["add", "slow", "--name", ""], "strategies.slow.display_name ('') must not be empty"),
    (["add", "slow", "--paper-start", "1980-01-01"], "paper.start (1980-01-01) must lie between"),
    (["deactivate", "v3_5b"], "is the primary; make another one the primary first"),
    (["activate", "v3_5"], "('v3_5') is not registered; there are v3_5b, v3_5d."),
    (["set-primary", "vv3_5d"], "Did you mean 'v3_5d'?"),
]


@pytest.mark.parametrize(("arguments", "rule"), REFUSED)
def test_a_refusal_names_the_fault_and_changes_no_byte(
    recorded: Home, jutsu: Jutsu, arguments: list[str], rule: str
) -> None:
    (recorded.path / "state" / ".registry.lock").touch()
    faults = untouched(recorded, lambda: jutsu("strategies", *arguments))
    assert rule in faults[0]


def test_a_wrong_folder_is_named_and_not_made_a_project(
    home: Home, jutsu: Jutsu, monkeypatch: pytest.MonkeyPatch
) -> None:
    empty = home.path / "empty"
    monkeypatch.setenv("JUTSU_HOME", str(empty))
    assert jutsu("strategies", "add", "x").faults == ["config/strategies_registry.yaml is missing."]
    assert not empty.exists()


def test_the_list_says_what_is_broken_and_where_accounts_stand(
    home: Home, jutsu: Jutsu, monkeypatch: pytest.MonkeyPatch
) -> None:
    home.edit("v3_5d", lambda document: document["strategy"]["parameters"].update(sma_fast=150))
    seen = jutsu("strategies", "list").out
    assert "v3_5b  primary, active, on paper from 2026-01-02" in seen
    assert "v3_5d  secondary, broken, nothing recorded on paper" in seen
    assert "sma_fast (150) must be < sma_slow (140)" in seen
    assert listed(jutsu)["v3_5d"]["broken"]
    assert home.ledger.latest_checkpoint(AccountKey("v3_5b", "paper")) is None
    monkeypatch.setattr("jutsu_dagster.cli.project.Project.ledger_if_made", _Known())
    assert (
        "primary, active, on paper up to 2026-01-05: 10,123.45" in jutsu("strategies", "list").out
    )


class _Known:
    """A ledger that knows one session of every account."""

    def latest_checkpoint(self, _account: AccountKey) -> Any:
        from datetime import date
        from types import SimpleNamespace

        closing = SimpleNamespace(equity=10_123.45)
        return SimpleNamespace(last_session=date(2026, 1, 5), closing=closing)
