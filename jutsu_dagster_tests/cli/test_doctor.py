from __future__ import annotations

import json
from pathlib import Path

import pytest

from jutsu_dagster.cli.app import main
from jutsu_dagster.cli.doctor import Check, exit_code, run_checks, show
from jutsu_dagster.core.errors import DataError
from jutsu_dagster.settings import Settings


def test_a_broken_check_hides_no_other() -> None:
    def refuses(_settings: Settings) -> Check:
        raise DataError("no bars")

    def breaks(_settings: Settings) -> Check:
        raise ZeroDivisionError("oh")

    def passes(_settings: Settings) -> Check:
        return Check("last", "ok", "fine")

    looks = (("first", refuses), ("second", breaks), ("last", passes))
    checks = run_checks(Settings(), looks)
    assert [(check.name, check.status) for check in checks] == [
        ("first", "fail"),
        ("second", "fail"),
        ("last", "ok"),
    ]
    assert checks[0].detail == "no bars"
    assert "ZeroDivisionError" in checks[1].detail
    assert exit_code(checks) == 2
    assert exit_code(checks[2:]) == 0
    assert "3 checks, 2 failed" in show(checks)


def test_an_empty_folder_is_told_what_to_do(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("JUTSU_HOME", str(tmp_path))
    assert main(["doctor", "--json"]) == 2
    checks = {check["name"]: check for check in json.loads(capsys.readouterr().out)}
    assert checks["versions"]["status"] == "ok"
    assert checks["project"]["status"] == "fail"
    assert "JUTSU_HOME" in checks["project"]["mend"]
    assert checks["disk"]["status"] != "fail"
    assert checks["runs"]["status"] == "ok"
    assert list(tmp_path.iterdir()) == []  # a doctor looks and does not touch
