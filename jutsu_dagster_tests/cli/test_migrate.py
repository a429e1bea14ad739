from __future__ import annotations

from pathlib import Path

from jutsu_dagster_tests.cli.conftest import Jutsu
from jutsu_dagster_tests.homes import Home
from jutsu_dagster_tests.single import Single


def test_moving_in_and_out_prints_every_step(home: Home, tmp_path: Path, jutsu: Jutsu) -> None:
    old = Single(tmp_path / "old").write()
    before = home.config().file
    answer = jutsu("migrate", "legacy", "--from", old.path)
    assert answer.code == 0, answer
    for word in ("validated", "backup", "written", "verified", "not carried over"):
        assert f"{word}: " in answer.out
    answer = jutsu("migrate", "rollback")
    assert answer.code == 0, answer
    assert "verified: performance_snapshots has 4 rows" in answer.out
    assert home.config().file == before


def test_machines_get_json(home: Home, tmp_path: Path, jutsu: Jutsu) -> None:
    old = Single(tmp_path / "old").write()
    planned = jutsu("migrate", "legacy", "--from", old.path, "--dry-run", "--json").json
    assert (planned["status"], planned["folder"]) == ("planned", None)
    done = jutsu("migrate", "legacy", "--from", old.path, "--json").json
    assert (done["status"], done["left"]) == ("migrated", planned["left"])
    back = jutsu("migrate", "rollback", "--json").json
    assert (back["folder"], back["differences"]) == (done["folder"], [])
    assert home.registry.get_primary_strategy().id == "v3_5b"


def test_a_fault_is_the_users_to_mend(home: Home, tmp_path: Path, jutsu: Jutsu) -> None:
    before = home.content()
    faults = jutsu("migrate", "legacy", "--from", tmp_path, "--dry-run").faults
    assert faults == [
        "config/live_trading_config.yaml is missing.",
        "state/state.json cannot be read: No such file or directory.",
    ]
    assert home.content() == before
    assert jutsu("migrate", "rollback").faults[0].startswith("there is no migration to roll back")
